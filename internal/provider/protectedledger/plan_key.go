package protectedledger

import (
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// planKey decides the computed attributes of the owned key.
func planKey(p *model, st model, f facts, mv move) []finding {
	if p.Key == nil {
		return nil
	}
	k := *p.Key
	k.ARN = mv.To
	k.KeyID = types.StringUnknown()
	if !k.ARN.IsUnknown() {
		k.KeyID = types.StringValue(keyID(k.ARN.ValueString()))
	}
	sameKey := st.Key != nil && !k.ARN.IsUnknown() && k.ARN.Equal(st.Key.ARN)
	k.State = types.StringUnknown()
	if sameKey {
		k.State = wantedState(st.Key.State, k.Enabled)
	}
	var found []finding
	k.PolicyDocument, found = effectivePolicy(k, p.setting(f, k.ARN.ValueString()))
	if st.Key != nil {
		arn := ""
		if sameKey {
			arn = st.ownKey()
		}
		keepPolicyText(&k, *st.Key, arn)
	}
	p.Key = &k
	return found
}

// setting is where the policy of the owned key is to be in force; arn is that of the key, "" while there is none.
func (m model) setting(f facts, arn string) setting {
	at := setting{Partition: f.Partition, Account: f.Account, Region: m.Region, Ledger: m.Name}
	if at.Account == "" {
		at.Account = accountOf(arn)
	}
	if at.Partition == "" {
		at.Partition = partitionOf(arn)
	}
	return at
}

// wantedState is the state the key ends up in. States that this resource cannot end, such as PendingImport, stay.
func wantedState(now types.String, want types.Bool) types.String {
	if want.IsUnknown() {
		return types.StringUnknown()
	}
	switch now.ValueString() {
	case keyEnabled, keyDisabled, keyPending:
		if want.ValueBool() {
			return types.StringValue(keyEnabled)
		}
		return types.StringValue(keyDisabled)
	case "":
		return types.StringUnknown()
	}
	return now
}

// keepPolicyText keeps the state's text of a policy that means the same, so that spacing and order are no change. A new
// key gets the former text too: whether there will be one may be known only at apply, and the plan must not change
// then.
func keepPolicyText(k *keyModel, st keyModel, arn string) {
	if k.PolicyDocument.IsUnknown() || st.PolicyDocument.IsNull() {
		return
	}
	if !samePolicy(k.PolicyDocument.ValueString(), st.PolicyDocument.ValueString(), arn) {
		return
	}
	k.PolicyDocument = st.PolicyDocument
	if !k.Policy.IsNull() && !st.Policy.IsNull() &&
		samePolicy(k.Policy.ValueString(), st.Policy.ValueString(), arn) {
		k.Policy = st.Policy
	}
}

// leavesOwnKey says whether the plan takes the ledger off the owned key of the state.
func leavesOwnKey(p, st model, mv move) bool {
	if st.ownKey() == "" || mv.Kind == maybe {
		return false
	}
	if p.Key == nil {
		return true
	}
	return !p.Key.ARN.Equal(st.Key.ARN)
}

// A remainder is what an earlier change of key left to do.
type remainder struct {
	running bool // the service still works on it
	alias   bool // the alias has not followed
	oldKey  bool // the former key waits for its action
	action  bool // the configuration says something else by now about what happens to it
}

func (r remainder) any() bool { return r.running || r.alias || r.oldKey || r.action }

// unfinished finds what the last change of key left to do. A change that still runs is followed only if the apply
// waits for changes; the rest follows once the service is done.
func unfinished(st, p model) remainder {
	var r remainder
	c := st.Change
	if c == nil || !c.FinishedAt.IsNull() || c.Status.ValueString() == prepared ||
		!c.To.Equal(st.KMSKeyARN) {
		// An inaccessible or updating ledger without a record of ours, after an import for instance, is waited for too.
		r.running = st.EncryptionStatus.ValueString() == updating
		return r
	}
	switch st.EncryptionStatus.ValueString() {
	case updating:
		r.running = true
	case enabled:
		r.alias = st.Key != nil && st.Key.Alias.IsNull()
		if old, ok := st.retained(c.From.ValueString()); ok {
			r.alias = r.alias || !old.Alias.IsNull()
			action := pendingAction(p, st)
			r.action = !action.Equal(c.OldKeyAction)
			r.oldKey = oldKeyPending(action.ValueString(), old.State.ValueString())
		}
	}
	return r
}

func oldKeyPending(action, state string) bool {
	switch action {
	case disable:
		return state == keyEnabled
	case scheduleDeletion:
		return state != keyPending && state != keyDeleted
	}
	return false
}

// planRetained decides the keys of other generations.
func planRetained(p *model, st model, mv move, rest remainder) {
	p.Retained, p.RetainedUnknown = nil, false
	if (mv.Kind == maybe || p.KeyUnknown || p.KMSKey.IsUnknown()) && (st.ownKey() != "" || len(st.Retained) > 0) {
		p.RetainedUnknown = true
		return
	}
	list := st.Retained
	waits := p.WaitForKeyChange
	switch {
	case leavesOwnKey(*p, st, mv):
		old := st.Key.asRetained()
		if revived(*p, st, mv) {
			old.State = types.StringValue(keyEnabled)
		}
		action := types.StringValue(retain) // without a ledger there is no change to follow
		if st.exists() && !replaces(*p, st) {
			action = oldKeyAction(*p, st, mv)
		}
		list = withRetained(list, afterChange(old, action, waits))
	case rest.any() && st.Change != nil && (!rest.running || !waits.Equal(types.BoolValue(false))):
		if old, ok := st.retained(st.Change.From.ValueString()); ok {
			list = withRetained(list, afterChange(old, pendingAction(*p, st), waits))
		}
	}
	for _, key := range list {
		if p.Key != nil && key.ARN.Equal(p.Key.ARN) {
			continue // the ledger goes back to it
		}
		if p.Key != nil {
			key.OnDestroy, key.DeletionWindow = p.Key.OnDestroy, p.Key.DeletionWindow
		}
		p.Retained = append(p.Retained, key)
	}
}

// afterChange is a former key once its change is done: without the alias, and in the state that the action leads to. An
// apply that does not wait may leave both for later.
func afterChange(old retainedKey, action types.String, waits types.Bool) retainedKey {
	if !waits.Equal(types.BoolValue(true)) {
		old.Alias, old.State = types.StringUnknown(), types.StringUnknown()
		return old
	}
	old.Alias = types.StringNull()
	switch {
	case action.IsUnknown():
		old.State = types.StringUnknown()
	case !oldKeyPending(action.ValueString(), old.State.ValueString()):
	case action.ValueString() == disable:
		old.State = types.StringValue(keyDisabled)
	default:
		old.State = types.StringValue(keyPending)
	}
	return old
}
