package protectedledger

import (
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The states and statuses of the service that decide something here.
const (
	active       = "ACTIVE"
	creating     = "CREATING"
	deleting     = "DELETING"
	deleted      = "DELETED"
	enabled      = "ENABLED"
	updating     = "UPDATING"
	inaccessible = "KMS_KEY_INACCESSIBLE"
	prepared     = "PREPARED" // ours: the new key exists, the service has not accepted the change
)

const (
	keyEnabled  = "Enabled"
	keyDisabled = "Disabled"
	keyPending  = "PendingDeletion"
	keyDeleted  = "Deleted" // ours: KMS no longer knows the key
)

// plan decides what the ledger will look like. It is pure.
//
// cfg is the configuration as written: null where nothing was said. st is the state, nil when the resource does not
// exist yet. Each computed attribute is decided from its drivers:
//
//	region                     cfg.region, provider Region
//	key.alias, key.description cfg, name
//	key.policy_document        cfg.key.policy, cfg.key.access, name, region, account, key.arn
//	policy_findings            key.policy_document, cfg.policy_checks, the move and the policies of its keys; else state
//	key.arn, key.key_id        the move; else state
//	key.state                  state, key.enabled, the move
//	tags_all                   cfg.tags, default_tags
//	arn, creation_time         state, whether a ledger exists
//	state                      state; CREATING is waited for
//	kms_key_arn                the move; else state
//	encryption_status          the move, the repair, wait_for_key_change; else state
//	inaccessible_kms_key_time  encryption_status
//	key_change                 the move, whether the last change was finished; else state
//	retained_keys              the move, whether the last change was finished, key.on_destroy, window; else state
//
// A driver that is not known yet makes the attribute unknown; drivers that did not change leave the state's value.
func plan(cfg model, st *model, f facts) (model, []finding) {
	p := withDefaults(cfg, f)
	if st == nil {
		st = &model{}
	}
	if cfg.Region.IsNull() && f.Region == "" && !st.Region.IsNull() {
		p.Region = st.Region // the provider block is not known yet: no reason to think of another Region
	}
	if account := accountOf(f.Caller); account != "" && st.exists() && account != knownAccount(st) {
		return p, []finding{otherCredentials(p.Name.ValueString(), knownAccount(st), f.Caller).failure()}
	}
	var list []finding
	mv, found := decideMove(p, *st, f)
	list = append(list, found...)
	p.TagsAll, found = planTags(cfg, *st, f)
	list = append(list, found...)
	list = append(list, planKey(&p, *st, f, mv)...)
	list = append(list, noAccount(p, f)...)
	planLedger(&p, *st, mv)
	rest := unfinished(*st, p)
	planStatus(&p, *st, f, mv, rest)
	c, v := readChecks(p.Checks), judge(cfg, p, *st, f, mv)
	p.Findings = v.listed
	planChange(&p, *st, f, mv, rest, v)
	planRetained(&p, *st, mv, rest)
	if !failed(list) {
		list = append(list, targetFindings(p, *st, f, mv)...)
	}
	list = append(list, transitionFindings(p, *st, mv)...)
	if replaces(p, *st) && !failed(list) {
		list = append(list, planDestroy(*st, f)...)
	}
	list = append(list, inUseFindings(p, *st, f, mv, rest)...)
	if !failed(list) {
		list = append(list, v.said...)
	}
	if failed(list) {
		return p, list // no preview of what will not happen
	}
	stranded := strandedFindings(p, *st, f, mv)
	list = append(list, c.tell(oldKeyAt(p), stranded)...)
	v.accepted = c.accepted(append(movedAlias(p, *st, f, mv), stranded...))
	return p, append(list, previewFindings(p, *st, f, mv, v)...)
}

// withDefaults fills in what the configuration left open.
func withDefaults(cfg model, f facts) model {
	p := cfg
	if cfg.Region.IsNull() {
		p.Region = types.StringUnknown()
		if f.Region != "" {
			p.Region = types.StringValue(f.Region)
		}
	}
	p.PermissionsMode = stringOr(cfg.PermissionsMode, defaultMode)
	p.DeletionProtection = boolOr(cfg.DeletionProtection, defaultProtection)
	p.WaitForKeyChange = boolOr(cfg.WaitForKeyChange, defaultWait)
	if cfg.Key == nil {
		return p
	}
	k := *cfg.Key
	k.Generation = intOr(k.Generation, defaultGeneration)
	k.Rotation = boolOr(k.Rotation, defaultRotation)
	k.RotationPeriod = intOr(k.RotationPeriod, defaultPeriod)
	k.OldKey = stringOr(k.OldKey, defaultOldKey)
	k.OnDestroy = stringOr(k.OnDestroy, defaultOnDestroy)
	k.DeletionWindow = intOr(k.DeletionWindow, defaultWindow)
	k.Enabled = boolOr(k.Enabled, defaultEnabled)
	k.Access = accessWithDefaults(k.Access)
	k.Alias = fromName(k.Alias, cfg.Name, defaultAlias)
	k.Description = fromName(k.Description, cfg.Name, defaultDescription)
	p.Key = &k
	return p
}

func fromName(v, name types.String, text func(string) string) types.String {
	switch {
	case !v.IsNull():
		return v
	case name.IsUnknown():
		return types.StringUnknown()
	}
	return types.StringValue(text(name.ValueString()))
}

func stringOr(v types.String, or string) types.String {
	if v.IsNull() {
		return types.StringValue(or)
	}
	return v
}

func boolOr(v types.Bool, or bool) types.Bool {
	if v.IsNull() {
		return types.BoolValue(or)
	}
	return v
}

func intOr(v types.Int64, or int64) types.Int64 {
	if v.IsNull() {
		return types.Int64Value(or)
	}
	return v
}

// planTags merges the default tags. Without a configured provider the state's merge is kept while its tags are.
func planTags(cfg, st model, f facts) (types.Map, []finding) {
	tags, unknown := stringMap(cfg.Tags)
	switch {
	case unknown:
		return types.MapUnknown(types.StringType), nil
	case f.TagsAll == nil && !st.TagsAll.IsNull() && cfg.Tags.Equal(st.Tags):
		return st.TagsAll, nil
	case f.TagsAll == nil:
		return types.MapUnknown(types.StringType), nil
	}
	all := f.TagsAll(maps.Clone(tags))
	if len(all) > maxTags {
		return mapValue(all), []finding{failure(path.Root("tags"), "Too many tags", fmt.Sprintf(
			"%d tags together with default_tags; at most %d are possible, because AWS allows 50 and the provider needs %d "+
				"to find what it made. Remove %d.", len(all), maxTags, 50-maxTags, len(all)-maxTags))}
	}
	return mapValue(all), nil
}

// planLedger decides what the ledger itself shows.
func planLedger(p *model, st model, mv move) {
	p.ARN, p.CreationTime, p.State, p.KMSKeyARN = st.ARN, st.CreationTime, st.State, st.KMSKeyARN
	if !st.exists() || replaces(*p, st) {
		p.ARN, p.CreationTime, p.State = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		p.KMSKeyARN = mv.To
		return
	}
	if st.CreationTime.IsNull() {
		p.CreationTime = types.StringUnknown()
	}
	if st.State.ValueString() != active && st.State.ValueString() != deleting {
		p.State = types.StringValue(active)
	}
	if mv.Kind != stays || st.KMSKeyARN.IsNull() {
		p.KMSKeyARN = mv.To
	}
}

// planStatus decides encryption_status, and the time that goes with it.
func planStatus(p *model, st model, f facts, mv move, rest remainder) {
	status := st.EncryptionStatus
	switch {
	case p.ARN.IsUnknown(), mv.Kind != stays, repairs(*p, st, f), status.IsNull():
		status = types.StringUnknown()
	case p.maybeOff() && !(p.off() && st.Key != nil && p.Key.State.Equal(st.Key.State) && !rest.running):
		status = types.StringUnknown() // the service notices a disabled key when it next needs it
	case rest.running && p.WaitForKeyChange.IsUnknown():
		status = types.StringUnknown()
	case rest.running && p.WaitForKeyChange.ValueBool():
		status = types.StringValue(enabled)
	}
	p.EncryptionStatus = status
	switch {
	case status.IsUnknown() && st.exists() && !replaces(*p, st) && p.WaitForKeyChange.Equal(types.BoolValue(true)) &&
		!p.maybeOff():
		p.InaccessibleTime = types.StringNull() // an update that waits succeeds only with a usable key
	case status.IsUnknown():
		p.InaccessibleTime = types.StringUnknown()
	case status.Equal(st.EncryptionStatus):
		p.InaccessibleTime = st.InaccessibleTime
	default:
		p.InaccessibleTime = types.StringNull()
	}
}

// replaces says whether the plan destroys the ledger and makes another.
func replaces(p, st model) bool {
	return !st.Name.IsNull() && !p.Name.Equal(st.Name) || !st.Region.IsNull() && !p.Region.Equal(st.Region)
}

// adoptsOwn says whether the plan takes over the key that the ledger is under, in a state that it can end.
func adoptsOwn(p, st model, f facts) bool {
	if st.Key != nil || p.Key == nil || f.Adopt == nil || f.Adopt.ARN != st.KMSKeyARN.ValueString() {
		return false
	}
	state := f.Adopt.State
	return state == keyEnabled || state == keyDisabled || state == keyPending
}

// repairs says whether this apply can give an inaccessible ledger its key back: by enabling the key or cancelling its
// deletion, or, when the key is fine, by asking the service to make its grant again.
func repairs(p, st model, f facts) bool {
	if !st.exists() || st.EncryptionStatus.ValueString() != inaccessible || p.maybeOff() {
		return false
	}
	if adoptsOwn(p, st, f) {
		return true
	}
	if st.Key == nil || p.Key == nil {
		return f.Target != nil && f.Target.State == keyEnabled && f.Target.ARN == st.KMSKeyARN.ValueString()
	}
	switch st.Key.State.ValueString() {
	case keyEnabled, keyDisabled, keyPending:
		return true
	}
	return false
}
