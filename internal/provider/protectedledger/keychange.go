package protectedledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const noAction = "none"

// planChange decides key_change: a preview while the plan moves the ledger, else the record of the last change.
func planChange(p *model, st model, f facts, mv move, rest remainder, v verdict) {
	p.Change, p.ChangeUnknown = st.Change, false
	switch {
	case !st.exists() || replaces(*p, st):
		p.Change = nil
	case mv.Kind == maybe:
		p.Change, p.ChangeUnknown = nil, true
	case mv.Kind == moves:
		p.Change = previewChange(*p, st, mv)
		p.Change.Checked, p.Change.NotChecked = v.checked, v.unchecked
	case st.Change != nil && (repairs(*p, st, f) || rest.alias || rest.oldKey || rest.action ||
		rest.running && !p.WaitForKeyChange.Equal(types.BoolValue(false))):
		c := *st.Change
		c.Status, c.FinishedAt, c.AliasTo = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		if recording(st) {
			c.OldKeyAction = pendingAction(*p, st)
		}
		p.Change = &c
	}
}

func previewChange(p, st model, mv move) *changeModel {
	unknown := types.StringUnknown()
	c := &changeModel{
		From: mv.From, To: mv.To, Reason: mv.Reason, OldKeyAction: oldKeyAction(p, st, mv),
		AliasFrom: types.StringNull(), AliasTo: types.StringNull(),
		Status: unknown, RequestedAt: unknown, FinishedAt: unknown,
	}
	if st.Key != nil {
		c.AliasFrom = aliasTarget(st.Key.Alias, st.Key.ARN)
	}
	if p.Key != nil {
		c.AliasTo = aliasTarget(p.Key.Alias, mv.To)
	}
	return c
}

// oldKeyAction is what the new configuration says about the former key. Without an owned key any more, the state's
// last word counts.
func oldKeyAction(p, st model, mv move) types.String {
	switch {
	case !leavesOwnKey(p, st, mv):
		return types.StringValue(noAction)
	case p.Key != nil:
		return p.Key.OldKey
	}
	return st.Key.OldKey
}

// oldKeyAt is the argument that says what happens to the former key.
func oldKeyAt(p model) path.Path {
	if p.Key == nil {
		return path.Empty()
	}
	return path.Root("key").AtName("old_key")
}

func aliasTarget(alias, arn types.String) types.String {
	if alias.IsUnknown() || arn.IsUnknown() {
		return types.StringUnknown()
	}
	if alias.IsNull() {
		return alias
	}
	return types.StringValue(alias.ValueString() + " -> key/" + keyID(arn.ValueString()))
}

// previewFindings tells in words what a change of key means.
func previewFindings(p, st model, f facts, mv move, v verdict) []finding {
	switch mv.Kind {
	case stays:
		return nil
	case maybe:
		return []finding{mayMove(p, st, f)}
	case moves:
	}
	facts := []string{
		"From: " + keyText(mv.From), "To: " + targetText(p, mv), "Reason: " + mv.Reason.ValueString(),
	}
	if line := aliasLine(p, st); line != "" {
		facts = append(facts, line)
	}
	facts = append(append(facts, policyLines(p, st)...), restoreLines(p, st, mv)...)
	facts = append(facts, oldKeyLines(p, st, f, mv)...)
	facts = append(append(facts, v.accepted...), readerLines(p.Change, v)...)
	if f.UsesUnknown != "" && endedKey(p, st, mv, remainder{}) != "" {
		facts = append(facts, "Not checked: which other ledgers use the former key (KP-606): "+f.UsesUnknown)
	}
	if f.GrantsUnknown != "" {
		facts = append(facts, "Not checked: who else has grants on the former key (KP-618): "+f.GrantsUnknown)
	}
	if f.Blind {
		facts = append(facts, blindLine)
	}
	wait := fmt.Sprintf("this apply waits up to %s. ", timeoutText(p))
	if p.WaitForKeyChange.Equal(types.BoolValue(false)) {
		wait = "this apply does not wait for it (wait_for_key_change is false). "
	}
	if isAlias(p.KMSKey.ValueString()) && !p.KMSKey.Equal(st.KMSKey) {
		wait += "Should the alias move before the apply, Terraform calls the plan inconsistent: plan again then. "
	}
	// Terraform breaks lines at 78 columns, but for those that begin with a space.
	return []finding{warning(path.Empty(), fmt.Sprintf("Ledger %q will move to another KMS key", p.Name.ValueString()),
		"  "+strings.Join(facts, "\n  ")+"\n\nThe ledger is not destroyed. Data is not rewritten and stays readable; the "+
			"service changes the key hierarchy in the background, normally within 30 minutes; "+wait+
			"Both keys must stay usable until then. If the service refuses, the ledger keeps its present key.")}
}

// blindLine is what a preview says while the provider's configuration is not known.
const blindLine = "Not checked: what KMS knows of the keys; it can be asked only during the apply"

// mayMove tells what is known of a change of key that hinges on what the plan does not know.
func mayMove(p, st model, f facts) finding {
	facts := []string{"From: " + keyText(st.KMSKeyARN), "To: known during the apply, " + openTarget(p, f)}
	const former = "Former key, if the ledger leaves it: "
	switch {
	case p.Key == nil && st.Key != nil && !p.KeyUnknown:
		facts = append(facts, former+"as key.old_key said last, "+st.Key.OldKey.ValueString())
	case p.Key != nil && st.Key != nil && known(p.Key.OldKey):
		facts = append(facts, former+"as key.old_key says, "+p.Key.OldKey.ValueString())
	}
	if facts = append(facts, "Not checked: who can read afterwards"); f.Blind {
		facts = append(facts, blindLine)
	}
	return warning(path.Empty(), fmt.Sprintf("Ledger %q may move to another KMS key", p.Name.ValueString()),
		"  "+strings.Join(facts, "\n  ")+"\n\nThe apply decides it, and checks the key before the first write: an error "+
			"stops it there. The ledger is not destroyed. To see the change in the plan, create first what it depends on.")
}

// openTarget says why the key that the ledger comes to is not known.
func openTarget(p model, f facts) string {
	asked := p.KMSKey.ValueString()
	switch {
	case p.KeyUnknown:
		return "as key is"
	case p.KMSKey.IsUnknown():
		return "as kms_key is"
	case p.Key != nil && p.Key.Generation.IsUnknown():
		return "as key.generation is"
	case p.Key != nil && p.Key.Adopt.IsUnknown():
		return "as key.adopt is"
	case p.Key != nil:
		asked = p.Key.Adopt.ValueString()
	}
	return "the key that " + asked + " stands for"
}

// readerLines tell who can read while the ledger moves, as far as the policies of the two keys say.
func readerLines(c *changeModel, v verdict) []string {
	var list []string
	for _, part := range []struct {
		title string
		from  types.List
	}{{"Readers and writers, by key policy:", c.Checked}, {"Not checked:", c.NotChecked}} {
		found, _ := elements(part.from)
		if len(found) > 0 {
			list = append(list, part.title)
		}
		for _, line := range found {
			list = append(list, "  - "+line)
		}
	}
	switch {
	case v.unread != "":
		return append(list, "Not checked: who can read afterwards; the policy of "+v.unread+" could not be read")
	case c.Checked.IsUnknown():
		return append(list, "Readers and writers: compared during the apply, before the first write")
	}
	return list
}

func keyText(arn types.String) string {
	switch {
	case arn.IsUnknown():
		return "a key known after apply"
	case arn.ValueString() == awsOwned:
		return "the AWS owned key"
	}
	return arn.ValueString()
}

func targetText(p model, mv move) string {
	switch {
	case mv.NewKey:
		return fmt.Sprintf("a new key, generation %d", p.Key.Generation.ValueInt64())
	case p.Key != nil:
		return fmt.Sprintf("%s, generation %d", keyText(mv.To), p.Key.Generation.ValueInt64())
	case isAlias(p.KMSKey.ValueString()):
		return fmt.Sprintf("%s, through %s", keyText(mv.To), p.KMSKey.ValueString())
	}
	return keyText(mv.To)
}

func aliasLine(p, st model) string {
	switch {
	case p.Key == nil && st.Key == nil, p.Key != nil && p.Key.Alias.IsUnknown():
		return ""
	case p.Key == nil && !st.Key.Alias.IsNull():
		return fmt.Sprintf("Alias: %s is removed after the change", st.Key.Alias.ValueString())
	case p.Key == nil:
		return ""
	}
	return fmt.Sprintf("Alias: %s points to the new key after the change", p.Key.Alias.ValueString())
}

func policyLines(p, st model) []string {
	switch {
	case p.Key == nil && (p.KMSKey.IsNull() || p.KMSKey.ValueString() == awsOwned):
		return []string{"Policy: none; the AWS owned key has no policy, grants or trail in this account (KP-613)"}
	case p.Key == nil:
		return []string{"Policy: that of the key; this resource does not manage it"}
	case p.Key.PolicyDocument.IsUnknown():
		return []string{"Policy: known after apply"}
	case st.Key == nil || st.Key.PolicyDocument.IsNull():
		return []string{"Policy: key.policy_document above"}
	}
	arn := st.ownKey()
	if samePolicy(p.Key.PolicyDocument.ValueString(), st.Key.PolicyDocument.ValueString(), arn) {
		return []string{"Policy: the same as the former key's"}
	}
	list := []string{"Policy, compared with the former key's:"}
	for _, change := range policyChanges(st.Key.PolicyDocument.ValueString(), p.Key.PolicyDocument.ValueString(), arn) {
		list = append(list, "  - "+change)
	}
	return list
}

// restoreLines tell what is done first so that the ledger can leave a key that it cannot use.
func restoreLines(p, st model, mv move) []string {
	switch {
	case revived(p, st, mv):
		return []string{"Former key: " + st.Key.State.ValueString() + "; it is enabled first, since a ledger leaves no key " +
			"that it cannot use"}
	case st.EncryptionStatus.ValueString() == inaccessible && !onItsWay(st) && !mv.From.Equal(types.StringValue(awsOwned)):
		return []string{"Former key: the ledger cannot use it; its grant is renewed first, which needs an enabled key"}
	}
	return nil
}

func oldKeyLines(p, st model, f facts, mv move) []string {
	action := oldKeyAction(p, st, mv)
	if action.IsUnknown() {
		return []string{"Former key: known after apply"}
	}
	switch action.ValueString() {
	case disable:
		return []string{"Former key: disabled after the change (KP-616)"}
	case scheduleDeletion:
		days := st.Key.DeletionWindow
		if p.Key != nil {
			days = p.Key.DeletionWindow
		}
		date := ""
		if !f.Now.IsZero() && !days.IsUnknown() {
			date = fmt.Sprintf(", not before %s", f.Now.AddDate(0, 0, int(days.ValueInt64())).UTC().Format(time.DateOnly))
		}
		return []string{
			fmt.Sprintf("Former key: scheduled for deletion after the change (KP-616), gone %s days later%s;", days, date),
			"  what it encrypted elsewhere, journal exports included, cannot be read after that",
		}
	case retain:
		return []string{"Former key: kept, see retained_keys"}
	}
	return []string{"Former key: not managed by this resource, left as it is"}
}

func timeoutText(p model) string {
	if v, ok := p.Timeouts.Attributes()["update"].(types.String); ok && known(v) {
		return v.ValueString()
	}
	return "60m"
}
