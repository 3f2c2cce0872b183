package protectedledger

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// mayEndKeys says whether the plan may disable a key or schedule its deletion.
func mayEndKeys(cfg model, st *model) bool {
	switch {
	case st == nil || !st.exists() || st.ownKey() == "" && len(st.Retained) == 0:
		return false
	case cfg.off(), !cfg.Name.Equal(st.Name), known(cfg.Region) && !cfg.Region.Equal(st.Region):
		return true
	}
	action := types.StringValue(defaultOldKey)
	switch {
	case cfg.Key != nil:
		action = stringOr(cfg.Key.OldKey, defaultOldKey)
	case st.Key != nil:
		action = st.Key.OldKey
	case st.Change != nil:
		action = st.Change.OldKeyAction
	}
	if action.ValueString() == retain {
		return false
	}
	unfinished := st.Change != nil && st.Change.FinishedAt.IsNull()
	leaves := st.ownKey() != "" && (cfg.Key == nil || !intOr(cfg.Key.Generation, defaultGeneration).
		Equal(st.Key.Generation))
	return unfinished || leaves || st.KMSKeyARN.ValueString() != st.ownKey()
}

// inUseFindings refuse to disable or delete keys that other ledgers use: the apply would stop before that, and what
// those ledgers need may wait for this one.
func inUseFindings(p, st model, f facts, mv move, rest remainder) []finding {
	var list []finding
	tell := func(at path.Path, arn, next string) {
		for _, one := range preflight.KeyInUse(arn, f.Uses) {
			one.Detail += next
			list = append(list, readChecks(p.Checks).tell(at, []preflight.Finding{one})...)
		}
	}
	if p.off() && readChecks(p.Checks).accepts("KP-607") {
		tell(path.Root("key").AtName(disablingArgument), st.ownKey(), "")
	}
	const keep = ` With key.old_key = "retain" this ledger can move now.`
	if arn := endedKey(p, st, mv, rest); arn != "" {
		tell(oldKeyAt(p), arn, keep)
	}
	return list
}

// endedKey is the former key that this apply disables or schedules for deletion, "" for none.
func endedKey(p, st model, mv move, rest remainder) string {
	switch {
	case replaces(p, st):
	case leavesOwnKey(p, st, mv) && mv.Kind == moves:
		if action := oldKeyAction(p, st, mv).ValueString(); action == disable || action == scheduleDeletion {
			return st.ownKey()
		}
	case st.Change != nil && (rest.oldKey || rest.running && p.WaitForKeyChange.ValueBool()):
		old, kept := st.retained(st.Change.From.ValueString())
		if kept && oldKeyPending(pendingAction(p, st).ValueString(), old.State.ValueString()) {
			return old.ARN.ValueString()
		}
	}
	return ""
}

// pendingAction is what is still to happen to the former key of the last change: what the configuration says by now.
func pendingAction(p, st model) types.String {
	if p.Key == nil {
		return st.Change.OldKeyAction
	}
	if st.Change.OldKeyAction.ValueString() == noAction {
		return st.Change.OldKeyAction
	}
	return p.Key.OldKey
}

// destroyUses are the lines of a destroy about other ledgers that use the keys it schedules for deletion. It stops
// before such a key; but the other ledger may be destroyed or moved first, which no plan can know.
func destroyUses(arns []string, f facts) []string {
	if f.UsesUnknown != "" {
		return []string{"not checked which ledgers: " + f.UsesUnknown}
	}
	var found []string
	for _, arn := range arns {
		for _, u := range f.Uses {
			if u.Key == arn {
				found = append(found, fmt.Sprintf("ledger %q (%s) uses key %s", u.Ledger, u.State, arn))
			}
		}
	}
	return found
}
