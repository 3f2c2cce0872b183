package protectedledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// Read asks everything the state names at once, and a second time only about what the first answers brought up. It
// changes nothing, keeps the old value of what it may not see, and turns what needs attention into warnings, because
// an error would stop the plan of the whole configuration.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	st, diags := decode(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, st)...)
	if resp.Diagnostics.HasError() || r.API == nil {
		return // without a configured provider the old state stands
	}
	c, err := r.calls(st, readTimeout)
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Ledger %q was not read", st.Name.ValueString()), cause(err, "QLDB", ""))
		return
	}
	ctx, cancel := context.WithTimeout(withFields(ctx, c), readTimeout)
	defer cancel()
	got := c.look(ctx, st)
	if got.ledgerErr != nil && !isNotFound(got.ledgerErr) {
		if summary, detail, ok := awsclient.Explain(got.ledgerErr, "QLDB", c.region); ok {
			resp.Diagnostics.AddError(summary, detail)
			return
		}
		resp.Diagnostics.AddError(fmt.Sprintf("Ledger %q was not read", c.name), awsclient.Cause(got.ledgerErr)+
			"\n\nNothing is known about the ledger, so nothing can be planned. Nothing was changed.")
		return
	}
	if p, yes := c.astray(ctx, st, got.ledger, got.ledgerErr); yes {
		p.fail(&resp.Diagnostics)
		return
	}
	now, list, keep := c.observe(st, got)
	if !keep {
		resp.State.RemoveResource(ctx)
		return
	}
	addFindings(&resp.Diagnostics, list)
	if imported := !st.exists() && now.exists() && now.Key == nil; imported {
		now.Findings = c.findingsOfReferenced(ctx, now, got.key)
	}
	resp.Diagnostics.Append(writePin(ctx, resp.Private, st, got)...)
	wire, diags := encode(ctx, now)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &wire)...)
}

const readTimeout = 2 * time.Minute

// sight is what a Read saw. An error beside a part means it was not seen.
type sight struct {
	ledger     ledgerInfo
	ledgerErr  error
	ledgerTags map[string]string
	tagsErr    error
	alias      keyInfo // what key.alias, or the alias in kms_key, points to
	aliasErr   error
	key        keyInfo
	keyErr     error
	policy     string
	policyErr  error
	rotation   rotation
	rotateErr  error
	keyTags    map[string]string
	keyTagsErr error
	retained   []keyInfo
	retainErr  []error
}

// look makes the calls: one round for what the state names, a second for what only the first could tell.
func (c *calls) look(ctx context.Context, st model) sight {
	s := sight{retained: make([]keyInfo, len(st.Retained)), retainErr: make([]error, len(st.Retained))}
	var first sync.WaitGroup
	first.Go(func() { s.ledger, s.ledgerErr = c.findLedger(ctx) })
	if st.exists() {
		first.Go(func() { s.ledgerTags, s.tagsErr = c.ledgerTags(ctx, st.ARN.ValueString()) })
	}
	for i, key := range st.Retained {
		first.Go(func() { s.retained[i], s.retainErr[i] = c.findKey(ctx, key.ARN.ValueString()) })
	}
	// An alias answers with its key's description: while it points to the key, one call tells both.
	alias, key := st.aliasName(), st.keyARN()
	switch {
	case alias != "":
		first.Go(func() { s.alias, s.aliasErr = c.findKey(ctx, alias) })
	case key != "":
		first.Go(func() { s.key, s.keyErr = c.findKey(ctx, key) })
	}
	if own := st.ownKey(); own != "" {
		first.Go(func() { s.policy, s.policyErr = c.keyPolicy(ctx, own) })
		first.Go(func() { s.rotation, s.rotateErr = c.keyRotation(ctx, own) })
		first.Go(func() { s.keyTags, s.keyTagsErr = c.keyTags(ctx, own) })
	}
	first.Wait()
	c.lookAgain(ctx, st, &s)
	return s
}

func (c *calls) lookAgain(ctx context.Context, st model, s *sight) {
	var second sync.WaitGroup
	defer second.Wait()
	if s.ledgerErr == nil && s.ledger.ARN != st.ARN.ValueString() {
		second.Go(func() { s.ledgerTags, s.tagsErr = c.ledgerTags(ctx, s.ledger.ARN) })
	}
	key, asked := st.ownKey(), st.aliasName() == ""
	if key == "" && s.ledgerErr == nil && s.ledger.KeyARN != awsOwned {
		key = s.ledger.KeyARN
		asked = asked && key == st.KMSKeyARN.ValueString()
	}
	switch {
	case key == "" || asked:
	case st.aliasName() != "" && s.aliasErr == nil && s.alias.ARN == key:
		s.key = s.alias
	default:
		second.Go(func() { s.key, s.keyErr = c.findKey(ctx, key) })
	}
}

// aliasName is the alias that the ledger's key has by the state: its own, or the one in kms_key; "" for none.
func (m model) aliasName() string {
	switch {
	case m.ownKey() != "":
		return m.Key.Alias.ValueString()
	case m.Key == nil && isAlias(m.KMSKey.ValueString()):
		return m.KMSKey.ValueString()
	}
	return ""
}

// keyARN is the key that the ledger has by the state, "" for the AWS owned key and for none.
func (m model) keyARN() string {
	if own := m.ownKey(); own != "" {
		return own
	}
	if key := m.KMSKeyARN.ValueString(); key != awsOwned {
		return key
	}
	return ""
}

// observe is the state after what was seen. keep is false when nothing of the resource is left.
func (c *calls) observe(st model, s sight) (now model, list []finding, keep bool) {
	now = st
	now.Retained = observeRetained(st, s)
	keyLives := st.ownKey() != "" && !isNotFound(s.keyErr) || len(now.Retained) > 0
	if isNotFound(s.ledgerErr) {
		if !keyLives {
			return now, nil, false
		}
		// A ledger that never came to be leaves the state null; one that was there is marked deleted.
		if st.exists() {
			now = now.withoutLedger(types.StringValue(deleted))
		}
	} else {
		if st.exists() || !isForeign(st, s.ledger) {
			c.observeLedger(&now, st, s)
		}
	}
	if st.Key != nil {
		k := *st.Key
		now.Key = &k
		c.observeKey(now.Key, st, s)
	}
	c.observeTags(&now, st, s)
	fillDefaults(&now)
	return now, c.readFindings(st, now, s), true
}

// isForeign says whether a ledger found by name cannot be the one of a state that has a key but no ledger.
func isForeign(st model, l ledgerInfo) bool { return st.ownKey() != "" && l.KeyARN != st.ownKey() }

func (c *calls) observeLedger(now *model, st model, s sight) {
	s.ledger.show(now)
	now.PermissionsMode = types.StringValue(s.ledger.Mode)
	now.DeletionProtection = types.BoolValue(s.ledger.Protected)
	if st.Change != nil && st.Change.To.ValueString() == s.ledger.KeyARN && st.Change.Status.ValueString() != prepared {
		change := *st.Change
		if change.Status.ValueString() != enabled { // else the change had ended, whatever became of the key since
			change.Status = types.StringValue(s.ledger.Status)
		}
		now.Change = &change
	}
	if st.Key == nil && !st.exists() && s.ledger.Described {
		now.KMSKey = types.StringValue(s.ledger.KeyARN) // an import, which cannot see the configuration
	}
}

func observeRetained(st model, s sight) []retainedKey {
	var list []retainedKey
	for i, key := range st.Retained {
		if isNotFound(s.retainErr[i]) {
			continue
		}
		if s.retainErr[i] == nil {
			key.State = types.StringValue(s.retained[i].State)
		}
		list = append(list, key)
	}
	return list
}

func (c *calls) observeKey(k *keyModel, st model, s sight) {
	arn := st.ownKey()
	switch {
	case isNotFound(s.keyErr):
		k.State = types.StringValue(keyDeleted)
	case s.keyErr == nil:
		k.State, k.KeyID = types.StringValue(s.key.State), types.StringValue(s.key.ID)
		k.Description = types.StringValue(s.key.Description)
		switch s.key.State {
		case keyEnabled:
			k.Enabled = types.BoolValue(true)
		case keyDisabled, keyPending:
			k.Enabled = types.BoolValue(false)
		}
	}
	if s.aliasLost(st) {
		k.Alias = types.StringNull()
	}
	if s.policyErr == nil && s.policy != "" && !samePolicy(s.policy, k.PolicyDocument.ValueString(), arn) {
		k.PolicyDocument = types.StringValue(s.policy)
		if !k.Policy.IsNull() {
			k.Policy = types.StringValue(s.policy)
		}
	}
	if s.rotateErr == nil && s.key.State != keyPending { // a key to be deleted reads as not rotating
		k.Rotation = types.BoolValue(s.rotation.On)
		if s.rotation.On {
			k.RotationPeriod = types.Int64Value(s.rotation.Days)
		}
	}
}

// aliasLost says whether the alias is known not to point to the key. While a change of key runs it still points to the
// former key, as it should.
func (s sight) aliasLost(st model) bool {
	unseen := s.aliasErr != nil && !isNotFound(s.aliasErr)
	if st.Key.Alias.ValueString() == "" || unseen || isNotFound(s.keyErr) { // no alias can point to a key that is gone
		return false
	}
	if isNotFound(s.aliasErr) {
		return true
	}
	if s.alias.ARN == st.ownKey() {
		return false
	}
	c := st.Change
	running := c != nil && c.FinishedAt.IsNull() && s.ledger.Status == updating
	return !(running && s.alias.ARN == c.From.ValueString())
}

// fillDefaults gives arguments that the service does not keep their defaults after an import or a move.
func fillDefaults(m *model) {
	m.WaitForKeyChange = boolOr(m.WaitForKeyChange, defaultWait)
}

// readFindings are the warnings of a refresh. Each names what to do.
func (c *calls) readFindings(st, now model, s sight) []finding {
	var list []finding
	list = append(list, c.unseen(s)...)
	if s.ledgerErr == nil && s.ledger.State == deleting {
		list = append(list, problem{
			At: path.Root("state"), Summary: fmt.Sprintf("Ledger %q is being deleted", c.name),
			Cause: "The service does not take a deletion back.",
			Next:  "Destroy again to remove its key and aliases too, or wait until it is gone and apply to create it anew.",
		}.warning())
	}
	if f := inaccessibleFinding(c.name, now); f != nil {
		list = append(list, *f)
	}
	return append(list, c.keyStateFindings(st, now, s)...)
}

func inaccessibleFinding(name string, now model) *finding {
	if now.EncryptionStatus.ValueString() != inaccessible {
		return nil
	}
	since := "some time ago"
	if t := now.InaccessibleTime.ValueString(); t != "" {
		since = t
	}
	if now.Key != nil && (now.Key.State.ValueString() == keyDeleted || now.meantOff() &&
		now.Key.State.ValueString() == keyDisabled) {
		return nil // keyStateFindings says that it never will again; or it is meant, and listed in policy_findings
	}
	f := problem{
		At: path.Root("encryption_status"), Summary: fmt.Sprintf("Ledger %q cannot use its key", name),
		Cause: fmt.Sprintf("Key %s is inaccessible since %s. The ledger refuses all reads and writes.",
			now.KMSKeyARN.ValueString(), since),
		Next: "The key is disabled or scheduled for deletion, or the ledger's grant on it was revoked. Enable the key; " +
			"when it is enabled, apply to renew the grant. The ledger recovers by itself some minutes later.",
	}.warning()
	return &f
}

func (c *calls) keyStateFindings(st, now model, s sight) []finding {
	at, arn := path.Root("kms_key"), now.KMSKeyARN.ValueString()
	next := "It is not managed here: cancel its deletion and enable it, or move the ledger to another key at once."
	if st.Key != nil {
		at, arn = path.Root("key"), st.ownKey()
		next = "Apply to cancel the deletion and enable the key again."
	}
	switch {
	case isNotFound(s.keyErr):
		return []finding{problem{
			At: at, Summary: fmt.Sprintf("The key of ledger %q is gone", c.name),
			Cause: fmt.Sprintf("KMS no longer knows %s. What it encrypted cannot be read any more, by anybody.", arn),
			Next: "The ledger is kept in the state and can only be destroyed. To start over with an empty one, destroy it " +
				"and apply again.",
		}.warning()}
	case s.keyErr == nil && s.key.State == keyPending:
		when := "soon"
		if s.key.Deletion != nil {
			when = "on " + s.key.Deletion.UTC().Format(time.RFC3339)
		}
		return []finding{problem{
			At: at, Summary: fmt.Sprintf("The key of ledger %q will be deleted", c.name),
			Cause: fmt.Sprintf("KMS deletes %s %s. From then on the ledger's data is lost for ever.", arn, when), Next: next,
		}.warning()}
	case s.keyErr == nil && s.key.State == keyDisabled && st.meantOff():
	case s.keyErr == nil && s.key.State != keyEnabled && s.key.State != "":
		next := "Apply to enable it again."
		if st.Key == nil {
			next = "It is not managed here: enable it where it is managed."
		} else if s.key.State != keyDisabled {
			next = "This resource cannot end that state."
		}
		return []finding{problem{
			At: at, Summary: fmt.Sprintf("The key of ledger %q is %s", c.name, s.key.State),
			Cause: fmt.Sprintf("The ledger refuses reads and writes soon after %s stops being enabled.", arn), Next: next,
		}.warning()}
	}
	return nil
}

// unseen tells once what could not be read and therefore stands as it was.
func (c *calls) unseen(s sight) []finding {
	var causes []string
	for _, part := range []struct {
		service string
		err     error
	}{
		{"QLDB", s.tagsErr}, {"KMS", s.aliasErr}, {"KMS", s.keyErr}, {"KMS", s.policyErr}, {"KMS", s.rotateErr},
		{"KMS", s.keyTagsErr},
	} {
		if part.err != nil && !isNotFound(part.err) {
			causes = append(causes, cause(part.err, part.service, c.region))
		}
	}
	for _, err := range s.retainErr {
		if err != nil && !isNotFound(err) {
			causes = append(causes, cause(err, "KMS", c.region))
		}
	}
	if len(causes) == 0 {
		return nil
	}
	return []finding{problem{
		Summary: fmt.Sprintf("Ledger %q was read only in part", c.name), Cause: "  - " + lines(causes),
		Next: "What could not be read is taken as it was. Allow these calls to see and correct changes made elsewhere.",
	}.warning()}
}
