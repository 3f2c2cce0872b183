package protectedledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// The rules about the owned key that its arguments decide, with the arguments, and those that KMS decides when the
// ledger comes to a key.
var (
	settingRules = map[string]string{
		"KP-603": "enable_key_rotation", "KP-605": "deletion_window_in_days", "KP-607": disablingArgument,
	}
	keyRules = []string{"KP-608", "KP-610", "KP-615"}
)

const disablingArgument = "enabled"

// settings finds what the arguments of the owned key are to be warned of; open says that one of them is not known.
func (k keyModel) settings() (found []preflight.Finding, open bool) {
	open = k.Rotation.IsUnknown() || k.DeletionWindow.IsUnknown() || k.Enabled.IsUnknown()
	s := preflight.Settings{
		Enabled: k.Enabled.IsUnknown() || boolOr(k.Enabled, defaultEnabled).ValueBool(),
		Rotates: k.Rotation.IsUnknown() || boolOr(k.Rotation, defaultRotation).ValueBool(),
	}
	if !k.DeletionWindow.IsUnknown() {
		s.WindowDays = intOr(k.DeletionWindow, defaultWindow).ValueInt64()
	}
	if !k.Adopt.IsNull() { // who takes a key over takes it as it is
		open = open || !s.Rotates && k.Adopt.IsUnknown()
		s.Rotates = true
	}
	return preflight.Configured(s), open
}

// settingFindings tell what the arguments of the owned key are to be warned of. Whether it is to be disabled needs the
// state, too: see disablingFindings.
func settingFindings(k keyModel, c checks) []finding {
	var list []finding
	found, _ := k.settings()
	for _, f := range found {
		list = append(list, c.tell(path.Root("key").AtName(settingRules[f.Rule]), []preflight.Finding{f})...)
	}
	return list
}

// tell words what is found of a key. Notes and what is accepted are left out, and while that is not known, what may be.
func (c checks) tell(at path.Path, found []preflight.Finding) []finding {
	var list []finding
	for _, f := range found {
		free := !f.Enforced && !binding(f.Rule)
		if f.Severity == preflight.Note || free && (c.open || c.accepts(f.Rule)) {
			continue
		}
		detail := f.Rule + ": " + f.Detail
		if free {
			detail += fmt.Sprintf("\n\nIf this is meant, let it pass:\n  policy_checks = { accept = [%q] }", f.Rule)
		}
		list = append(list, finding{
			Error: f.Severity == preflight.Error, Path: at, Summary: f.Summary, Detail: detail,
		})
	}
	return list
}

// binding says whether no finding of the rule can be let pass.
func binding(id string) bool {
	return slices.ContainsFunc(preflight.Rules(), func(r preflight.Rule) bool { return r.ID == id && r.Binding != "" })
}

// accepted names the rules of found that are let pass, for a line of a preview.
func (c checks) accepted(found []preflight.Finding) []string {
	var list []string
	for _, f := range found {
		if !c.open && c.accepts(f.Rule) && !binding(f.Rule) {
			list = append(list, "Accepted: "+f.Rule+", "+strings.ToLower(f.Summary[:1])+f.Summary[1:])
		}
	}
	return list
}

// ofKey finds what policy_findings lists of the key that the plan leads to, besides its policy; open says that a part
// is not known yet.
func ofKey(p, st model, f facts, mv move) (found []preflight.Finding, open bool) {
	if p.Key != nil {
		found, open = p.Key.settings()
	}
	place := preflight.Place{Region: p.Region.ValueString(), Partition: f.Partition, Now: f.Now}
	comes := mv.Kind != stays || !st.exists() || replaces(p, st)
	switch asked := f.Target; {
	case p.Key != nil && adoptName(p, &st) != "":
		if f.Adopt == nil || f.Adopt.ARN == "" {
			return found, true
		}
		return append(found, preflight.UsableKey(f.Adopt.Key, place)...), open
	case !comes:
		return append(found, listedOf(st.Findings, keyRules)...), open
	case p.Key == nil && asked != nil && asked.ARN != "":
		found = append(found, preflight.UsableKey(asked.Key, place)...)
	}
	return found, open
}

// listedOf reads the findings of some rules back from policy_findings.
func listedOf(listed types.List, rules []string) []preflight.Finding {
	var found []preflight.Finding
	for _, e := range listed.Elements() {
		o, ok := e.(types.Object)
		if !ok {
			continue
		}
		text := func(name string) string {
			s, _ := o.Attributes()[name].(types.String)
			return s.ValueString()
		}
		f := preflight.Finding{Rule: text("id"), Statement: text("statement"), Detail: text("message")}
		for _, s := range []preflight.Severity{preflight.Note, preflight.Warning, preflight.Error} {
			if s.String() == text("severity") {
				f.Severity = s
			}
		}
		if slices.Contains(rules, f.Rule) {
			found = append(found, f)
		}
	}
	return found
}

// withSettings is the list of the state, of which only the arguments of the key may have changed.
func withSettings(listed types.List, k *keyModel, c checks) types.List {
	if k == nil || listed.IsNull() {
		return listed
	}
	found, open := k.settings()
	if open {
		return types.ListUnknown(findingType)
	}
	var rest []string
	for _, r := range preflight.Rules() {
		if settingRules[r.ID] == "" {
			rest = append(rest, r.ID)
		}
	}
	return list(append(listedOf(listed, rest), found...), c)
}

// list makes policy_findings: the gravest first.
func list(found []preflight.Finding, c checks) types.List {
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b preflight.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), strings.Compare(a.Rule, b.Rule))
	})
	elements := []attr.Value{}
	for _, f := range found {
		elements = append(elements, types.ObjectValueMust(findingType.AttrTypes, map[string]attr.Value{
			"id": types.StringValue(f.Rule), "severity": types.StringValue(f.Severity.String()),
			"accepted": types.BoolValue(c.accepts(f.Rule)), "statement": types.StringValue(f.Statement),
			"message": types.StringValue(f.Detail),
		}))
	}
	return types.ListValueMust(findingType, elements)
}
