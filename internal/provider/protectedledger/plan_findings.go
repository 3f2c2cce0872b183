package protectedledger

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// targetFindings checks the key the plan puts the ledger under, before anything is written.
func targetFindings(p, st model, f facts, mv move) []finding {
	var list []finding
	c := readChecks(p.Checks)
	place := preflight.Place{Region: p.Region.ValueString(), Partition: f.Partition, Now: f.Now}
	needed := mv.Kind != stays || !st.exists() || replaces(p, st)
	if outside := keyRegion(path.Root("kms_key"), p.KMSKey.ValueString(), p.Region.ValueString()); len(outside) > 0 {
		return outside
	}
	if f.Target != nil && needed {
		list = append(list, c.keyFindings(path.Root("kms_key"), p.KMSKey.ValueString(), *f.Target, place, f.Account)...)
		list = append(list, c.tell(path.Root("kms_key"), movedAlias(p, st, f, mv))...)
	}
	if f.Adopt == nil || p.Key == nil {
		return list
	}
	at := path.Root("key").AtName("adopt")
	if outside := keyRegion(at, p.Key.Adopt.ValueString(), p.Region.ValueString()); len(outside) > 0 {
		return append(list, outside...)
	}
	adopted := *f.Adopt
	if adopted.ARN != "" && adopted.State != keyEnabled && adoptsOwn(p, st, f) {
		list = append(list, warning(at, fmt.Sprintf("Key of ledger %q will be enabled", p.Name.ValueString()), fmt.Sprintf(
			"Key %s, which the ledger is under, is %s. This apply takes it over and enables it, and waits for the ledger.",
			adopted.ARN, adopted.State)))
		adopted.State = keyEnabled
	}
	list = append(list, c.keyFindings(at, p.Key.Adopt.ValueString(), adopted, place, f.Account)...)
	if !known(p.Key.Rotation) || f.Adopt.ARN == "" {
		return list
	}
	list = append(list, c.tell(path.Root("key").AtName("enable_key_rotation"),
		preflight.Rotation(f.Adopt.Key, p.Key.Rotation.ValueBool()))...)
	list = append(list, c.tell(at,
		preflight.AliasTarget(p.Key.Alias.ValueString(), f.Account, place.Region, f.Adopt.Key))...)
	if failed(list) {
		return list
	}
	return append(list, adoptFinding(p, f))
}

// movedAlias tells who moved the alias that kms_key names that only this apply moves the ledger.
func movedAlias(p, st model, f facts, mv move) []preflight.Finding {
	name := p.KMSKey.ValueString()
	if mv.Kind != moves || !p.KMSKey.Equal(st.KMSKey) || !isAlias(name) {
		return nil
	}
	found := preflight.Retargeted(name, f.Target.ARN, mv.From.ValueString())
	for i := range found {
		found[i].Detail = strings.TrimSuffix(found[i].Detail, found[i].Fix) + "This apply does. " + found[i].Fix
	}
	return found
}

func adoptFinding(p model, f facts) finding {
	policy := "its policy will be replaced by key.policy_document"
	switch {
	case p.Key.PolicyDocument.IsUnknown():
		policy = "its policy will be replaced by one known after apply"
	case f.Adopt.Policy == "":
		policy = "its present policy could not be read and will be replaced"
	case samePolicy(p.Key.PolicyDocument.ValueString(), f.Adopt.Policy, f.Adopt.ARN):
		policy = "its policy is already equal"
	}
	return warning(path.Root("key").AtName("adopt"), fmt.Sprintf("Ledger %q takes over a key", p.Name.ValueString()),
		fmt.Sprintf("Key %s is managed by this resource from now on: %s; description, rotation, tags and alias become what "+
			"the configuration says. On destroy key.on_destroy decides about it. Stop managing it anywhere else.",
			f.Adopt.ARN, policy))
}

func (c checks) keyFindings(at path.Path, name string, k keyFact, place preflight.Place, account string) []finding {
	switch {
	case k.Missing:
		if found := c.tell(at, preflight.NoSuchKey(name, account, place.Region)); len(found) > 0 {
			return found
		}
		const text = "%s does not exist, or is not shown to this account. Nothing was changed. Check the ARN."
		if isAlias(name) {
			return []finding{warning(at, "KMS key not found", fmt.Sprintf(text, name)+" "+preflight.AliasToCome)}
		}
		return []finding{failure(at, "KMS key not found", fmt.Sprintf(text, name))}
	case k.Unknown != "":
		return []finding{warning(at, "KMS key not checked", fmt.Sprintf(
			"KMS was asked about %s and answered: %s.\nState, type and Region of the key are checked by the service when the "+
				"ledger is put under it. To check them in the plan, allow kms:DescribeKey.", name, k.Unknown))}
	}
	return c.tell(at, preflight.UsableKey(k.Key, place))
}

// transitionFindings tells about protection, recreation and repair.
func transitionFindings(p, st model, mv move) []finding {
	var list []finding
	list = append(list, disablingFindings(p, st, mv)...)
	list = append(list, replaceFindings(p, st)...)
	if !st.Name.IsNull() && !st.exists() && !replaces(p, st) {
		list = append(list, recreateFinding(p, st))
	}
	if st.State.ValueString() == deleting {
		list = append(list, warning(path.Root("state"), fmt.Sprintf("Ledger %q is being deleted", p.Name.ValueString()),
			"The service does not take a deletion back. Plan again once the ledger is gone: it is then created anew, under the "+
				"same key if that still exists."))
	}
	list = append(list, renameFindings(p, st)...)
	return append(list, repairFindings(p, st, mv)...)
}

// replaceFindings refuses a rename or another Region while the ledger is protected.
func replaceFindings(p, st model) []finding {
	var list []finding
	for _, a := range []struct {
		name     string
		from, to types.String
		why      string
	}{
		{"name", st.Name, p.Name, "a ledger cannot be renamed"},
		{"region", st.Region, p.Region, "a ledger cannot move to another Region"},
	} {
		if a.from.IsNull() || a.from.Equal(a.to) || !st.exists() {
			continue
		}
		to := a.to.ValueString()
		if a.to.IsUnknown() {
			to = "a value known after apply"
		}
		text := fmt.Sprintf("%s: %s -> %s; this would destroy the ledger with its documents' history and create an empty "+
			"ledger.", a.why, a.from.ValueString(), to)
		if !st.DeletionProtection.ValueBool() {
			list = append(list, warning(path.Root(a.name), fmt.Sprintf("Ledger %q will be destroyed", st.Name.ValueString()),
				"Note: "+text))
			continue
		}
		list = append(list, failure(path.Root(a.name), fmt.Sprintf("Ledger %q is protected", st.Name.ValueString()),
			"Refused: "+text+fmt.Sprintf("\n\nNothing was changed. Set %s back to %q. To destroy the ledger nevertheless, "+
				"first "+
				"apply deletion_protection = false.", a.name, a.from.ValueString())))
	}
	return list
}

// renameFindings refuses a new alias while a change of key runs that nobody waits for: the former alias could not be
// removed before its end.
func renameFindings(p, st model) []finding {
	running := st.EncryptionStatus.ValueString() == updating && p.WaitForKeyChange.Equal(types.BoolValue(false))
	if !running || p.Key == nil || st.Key == nil || !p.Key.ARN.Equal(st.Key.ARN) || !known(st.Key.Alias) ||
		!known(p.Key.Alias) || p.Key.Alias.Equal(st.Key.Alias) {
		return nil
	}
	return []finding{failure(path.Root("key").AtName("alias"), fmt.Sprintf("Ledger %q is changing its key",
		p.Name.ValueString()), fmt.Sprintf("%s follows the ledger when the running change of key has ended; it cannot be "+
		"renamed before that. Nothing was changed. Set it back for now, or set wait_for_key_change = true to wait for the "+
		"change and rename the alias then.", st.Key.Alias.ValueString()))}
}

func recreateFinding(p, st model) finding {
	name := p.Name.ValueString()
	if st.State.ValueString() != deleted {
		return warning(path.Empty(), fmt.Sprintf("Ledger %q is still to be created", name),
			"An earlier apply made the key and stopped before the ledger. This apply finishes it under the same key.")
	}
	return warning(path.Empty(), fmt.Sprintf("Ledger %q is gone and will be created anew", name),
		fmt.Sprintf("The ledger was deleted outside Terraform; its history is lost. Its key %s still exists, so the new, "+
			"empty "+
			"ledger is put under the same key.", st.ownKey()))
}

// repairFindings tells what is wrong with an owned key and what the apply does about it.
func repairFindings(p, st model, mv move) []finding {
	if left := leftKey(st); left != nil && !p.maybeOff() {
		if state := left.State.ValueString(); state == keyDisabled || state == keyPending {
			return []finding{warning(path.Root("retained_keys"), fmt.Sprintf("Former key of ledger %q will be enabled",
				p.Name.ValueString()), fmt.Sprintf("A change of key pauses, because the key that it comes from, %s, is %s. "+
				"This apply enables that key, so that the change can go on.", left.ARN.ValueString(), state))}
		}
	}
	if st.Key == nil || p.Key == nil || leavesOwnKey(p, st, mv) {
		return nil
	}
	at := path.Root("key").AtName("state")
	switch st.Key.State.ValueString() {
	case keyPending:
		if p.off() {
			return []finding{warning(at, fmt.Sprintf("Deletion of ledger %q's key will be cancelled", p.Name.ValueString()),
				fmt.Sprintf("Key %s is scheduled for deletion. This apply cancels that; the key stays disabled.", st.ownKey()))}
		}
		return []finding{warning(at, fmt.Sprintf("Deletion of ledger %q's key will be cancelled", p.Name.ValueString()),
			fmt.Sprintf("Key %s is scheduled for deletion. This apply cancels that and enables the key; the ledger recovers by "+
				"itself some minutes later.", st.ownKey()))}
	case keyDisabled:
		if p.maybeOff() {
			return nil
		}
		return []finding{warning(at, fmt.Sprintf("Key of ledger %q will be enabled", p.Name.ValueString()),
			fmt.Sprintf("Key %s is disabled. This apply enables it; a ledger that became inaccessible recovers by itself some "+
				"minutes later.", st.ownKey()))}
	}
	return nil
}
