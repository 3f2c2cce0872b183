package protectedledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// A verdict is what the checks of the key policy came to.
//
// Planned values must not change at the apply, which may be made by somebody else than the plan. So listed, checked and
// unchecked hold what the configuration and the keys say, and what hinges on who runs Terraform is only said.
type verdict struct {
	listed    types.List // policy_findings
	said      []finding
	accepted  []string   // lines of the preview about what is let pass of a move
	checked   types.List // key_change.checked
	unchecked types.List // key_change.not_checked
	unread    string     // the policy that the comparison of the keys lacks, "" for none; then both are unknown

	passages []preflight.Passage // of the comparison; nil without
}

// checks are policy_checks as far as they are known.
type checks struct {
	accept  []string
	callers []string
	open    bool // accept is not known
	partial bool // some of the callers are not known
	useIAM  types.Bool
}

func readChecks(v types.Object) (c checks) {
	members := v.Attributes()
	accept, _ := members["accept"].(types.Set)
	callers, _ := members["callers"].(types.Set)
	c.accept, c.open = elements(accept)
	c.callers, c.partial = elements(callers)
	c.useIAM, _ = members["use_iam"].(types.Bool)
	c.open = c.open || v.IsUnknown()
	return c
}

func (c checks) accepts(rule string) bool { return slices.Contains(c.accept, rule) }

// A subject is the key policy that the plan puts the ledger under.
type subject struct {
	at    path.Path
	in    preflight.Input
	owned bool   // by this resource; the policy of another key is somebody else's
	later string // why it is not known yet, or cannot be read; "" when it is in in
	quiet bool   // something else says so already
}

// judge checks the policy that the plan leads to. It keeps what the state lists as long as nothing that the findings
// are made of changes, so that neither a new release of the provider nor a key managed elsewhere is a change here.
func judge(cfg, p, st model, f facts, mv move) verdict {
	v := verdict{
		listed: types.ListUnknown(findingType), checked: types.ListUnknown(types.StringType),
		unchecked: types.ListUnknown(types.StringType),
	}
	c := readChecks(p.Checks)
	s := subjectOf(p, f, mv, c)
	same := samePolicyAsBefore(p, st, mv)
	if same && (!s.owned || !st.Findings.IsNull() || s.later != "") {
		v.listed = withSettings(st.Findings, p.Key, c)
		return v
	}
	key, open := ofKey(p, st, f, mv)
	var found []preflight.Finding
	if mv.Kind == moves {
		found = v.compare(st, f, mv, c, s)
	}
	if !p.KMSKey.IsUnknown() && !p.KeyUnknown && p.Key == nil && mv.To.ValueString() == awsOwned {
		v.listed = list(nil, c)
		return v
	}
	if s.later != "" {
		if s.owned && p.Key.Policy.IsNull() && p.Key.Access.IsNull() && mv.Kind == stays && !open && !c.open {
			v.listed = list(key, c) // of the default policy there is nothing to say
		}
		if !s.quiet {
			v.said = []finding{notYet(p.Name.ValueString(), s)}
		}
		return v
	}
	document := preflight.Check(s.in)
	if !s.owned {
		document = elsewhere(document)
	}
	found = append(found, document...)
	if s.owned && !p.Key.Access.IsNull() {
		found = inWords(found)
	}
	if !open && !c.open && !c.partial && mv.Kind != maybe && v.unread == "" {
		v.listed = list(append(key, found...), c)
	}
	if c.open {
		v.said = []finding{notYet(p.Name.ValueString(), subject{at: path.Root("policy_checks"),
			later: "policy_checks.accept is known only during the apply"})}
		return v
	}
	var by identities
	if f.Own != nil {
		by = askIdentities(st, f, mv, s, v.passages)
		found = by.amend(found, s.owned && !p.Key.Access.IsNull())
	}
	v.said = append(say(s.at, found, c, standing(cfg, c)), by.said...)
	if c.useIAM.IsUnknown() {
		v.said = append(v.said, notYet(p.Name.ValueString(), subject{at: path.Root("policy_checks").AtName("use_iam"),
			later: "policy_checks.use_iam is known only during the apply"}))
	}
	if c.partial {
		v.said = append(v.said, notYet(p.Name.ValueString(), subject{at: path.Root("policy_checks").AtName("callers"),
			later: "some of policy_checks.callers are known only during the apply"}))
	}
	if s.owned {
		// Not listed: what a policy was before is nothing to say of the one that is in force.
		v.said = append(v.said, say(s.at, narrowed(p, st, mv, s), c, nil)...)
		// Not listed: by the time of the apply they may exist.
		v.said = append(v.said, say(s.at, preflight.Absent(s.in, f.Absent), c, nil)...)
	}
	v.said = append(v.said, sayOfCaller(p, f, c, s, document)...)
	return v
}

// findingsNow judges the policy of an owned key that exists, of which the plan did not know enough.
func (m model) findingsNow(c *calls) types.List {
	f := facts{Region: c.region, Partition: c.partition, Account: accountOf(m.ownKey())}
	st := model{Key: &keyModel{Adopt: m.Key.Adopt}} // what KMS said of a key to adopt was told in the plan
	return judge(model{}, m, st, f, move{Kind: stays, To: m.Key.ARN}).listed
}

// findingsOfReferenced judges the policy of a key that something else manages, as a plan to come under it would. They
// are null when KMS does not show it.
func (c *calls) findingsOfReferenced(ctx context.Context, m model, info keyInfo) types.List {
	f := facts{Region: c.region, Partition: c.partition}
	if key := m.KMSKeyARN.ValueString(); key != awsOwned {
		text, err := c.keyPolicy(ctx, key)
		if err != nil || info.ARN != key {
			return types.ListNull(findingType)
		}
		f.Target = &keyFact{Key: info.Key, Policy: text}
	}
	found := judge(model{}, m, model{}, f, move{Kind: stays, To: m.KMSKeyARN}).listed
	if found.IsUnknown() {
		return types.ListNull(findingType)
	}
	return found
}

// samePolicyAsBefore says whether the ledger stays under the same key and policy, checked for the same.
func samePolicyAsBefore(p, st model, mv move) bool {
	if !st.exists() || replaces(p, st) || mv.Kind != stays || !sameChecks(p.Checks, st.Checks) {
		return false
	}
	if p.Key == nil || st.Key == nil {
		return p.Key == nil && st.Key == nil
	}
	return p.Key.PolicyDocument.Equal(st.Key.PolicyDocument)
}

func sameChecks(a, b types.Object) bool { return a.IsNull() && b.IsNull() || a.Equal(b) }

// subjectOf finds the policy to judge.
func subjectOf(p model, f facts, mv move, c checks) subject {
	const during = " only during the apply"
	s := subject{owned: p.Key != nil, at: path.Root("kms_key")}
	if s.owned {
		s.at = p.Key.policyAt()
	}
	s.in = preflight.Input{
		Region: p.Region.ValueString(), Partition: f.Partition, Ledger: p.Name.ValueString(), Readers: c.callers,
	}
	switch {
	case p.KeyUnknown:
		s.at, s.later = path.Root("key"), "key is known"+during
	case p.KMSKey.IsUnknown():
		s.later = "kms_key is known" + during
	case s.owned:
		s.ofOwnKey(p, f)
	default:
		s.ofReferencedKey(f, mv)
	}
	if s.later == "" && s.in.Region == "" {
		s.later = "the Region is known" + during
	}
	if s.in.Partition == "" {
		s.in.Partition = preflight.PartitionOf(s.in.Region)
	}
	return s
}

func (s *subject) ofOwnKey(p model, f facts) {
	k := *p.Key
	place := p.setting(f, k.ARN.ValueString())
	s.in.Account, s.in.KeyARN, s.in.Policy = place.Account, k.ARN.ValueString(), k.PolicyDocument.ValueString()
	if a, ok := k.access(); ok {
		w, _ := a.words(place)
		s.in.Account = w.Account
		s.in.Readers = append(append([]string{}, s.in.Readers...), w.Users...)
	}
	switch {
	case !k.PolicyDocument.IsUnknown() && s.in.Account != "":
	case k.Policy.IsUnknown():
		s.later = "key.policy is known only during the apply"
	case !k.Access.IsNull():
		s.later = "key.access names what is known only during the apply, such as a role that is still to be " +
			"created (KP-308)"
	case !k.PolicyDocument.IsUnknown():
		s.later = "the account of the key is not known"
	default:
		s.later, s.quiet = "the account is not known", true
	}
}

func (s *subject) ofReferencedKey(f facts, mv move) {
	switch target := f.Target; {
	case target == nil || target.ARN == "":
		s.later, s.quiet = "the key is not known", true // said of the key
	case target.Policy == "":
		s.later = "the policy of " + target.ARN + " cannot be read"
		if target.PolicyUnknown != "" {
			s.later += ": " + strings.TrimSuffix(target.PolicyUnknown, ".")
		}
	default:
		s.in.Account, s.in.KeyARN, s.in.Policy = accountOf(target.ARN), target.ARN, target.Policy
	}
	if mv.Kind == maybe {
		s.quiet = true
	}
}

// policyAt is the argument that the policy comes from.
func (k keyModel) policyAt() path.Path {
	switch at := path.Root("key"); {
	case !k.Access.IsNull():
		return at.AtName("access")
	case !k.Policy.IsNull():
		return at.AtName("policy")
	default:
		return at
	}
}

// elsewhere is what is found of a key that something else manages. Only what keeps the ledger from working stops the
// plan: the rest cannot be mended here.
func elsewhere(found []preflight.Finding) []preflight.Finding {
	for i := range found {
		if !strings.HasPrefix(found[i].Rule, "KP-2") {
			found[i].Severity = min(found[i].Severity, preflight.Warning)
		}
	}
	return found
}

// inWords gives remedies to those who have the policy made from words.
func inWords(found []preflight.Finding) []preflight.Finding {
	for i := range found {
		f := &found[i]
		what := strings.TrimSuffix(f.Detail, f.Fix)
		switch f.Rule {
		case "KP-205", "KP-206", "KP-207":
			f.Fix = fmt.Sprintf("Add %q to key.access.users.", f.Principal)
		case "KP-101", "KP-106":
			f.Fix = "Name its role in key.access.administrators, or leave account_root on."
		}
		f.Detail = what + f.Fix
	}
	return found
}

// standing judges the policy of the configuration alone, whatever the account and, unless it names one, the Region. It
// is all that ValidateConfig knows.
func standing(cfg model, c checks) []preflight.Finding {
	in := preflight.Input{Region: cfg.Region.ValueString(), Ledger: cfg.Name.ValueString(), Readers: c.callers}
	if cfg.Key == nil || c.open {
		return nil
	}
	if a, ok := cfg.Key.access(); ok {
		w, open := a.words(setting{Region: cfg.Region, Ledger: cfg.Name})
		text, err := preflight.Policy(w)
		if open || err != nil || w.Account == "" {
			return nil
		}
		in.Policy, in.Account, in.Partition = text, w.Account, w.Partition
		return inWords(preflight.Anywhere(in))
	}
	in.Policy = cfg.Key.Policy.ValueString()
	if _, err := policy.Parse(in.Policy); err != nil {
		return nil // no policy, or one that is refused in words of its own
	}
	return preflight.Anywhere(in)
}

// sayOfCaller judges whoever runs Terraform: who could not change the policy again, or could not put the ledger under
// the key. document is what is found without.
func sayOfCaller(p model, f facts, c checks, s subject, document []preflight.Finding) []finding {
	if f.Caller == "" {
		return nil
	}
	in := s.in
	in.Callers = []string{roleWithPath(f.Caller, in.Policy)}
	var found, accepted []preflight.Finding
	for _, one := range preflight.Check(in) {
		switch {
		case !slices.Contains([]string{"KP-101", "KP-106", "KP-201"}, one.Rule), one.Severity == preflight.Note,
			slices.ContainsFunc(document, one.Same), !s.owned && !strings.HasPrefix(one.Rule, "KP-2"):
		case c.accepts(one.Rule):
			one.Severity = preflight.Warning
			accepted = append(accepted, one)
		default:
			found = append(found, one)
		}
	}
	if s.owned && !p.Key.Access.IsNull() {
		found = inWords(found)
	}
	said := saying(s.at, found, c, nil, "If somebody else applies this, who can, let it pass")
	return append(said, sayAccepted(s.at, accepted)...)
}

// roleWithPath is the caller as a policy would name it: the ARN of a session does not say the path of its role, so a
// role with a path that the policy names, and that has the session's name, is taken to be the caller's.
func roleWithPath(arn, text string) string {
	_, session, ok := strings.Cut(arn, ":assumed-role/")
	name, _, _ := strings.Cut(session, "/")
	doc, err := policy.Parse(text)
	if !ok || err != nil {
		return arn
	}
	for _, named := range doc.Principals() {
		_, role, isRole := strings.Cut(named.Value, ":role/")
		if isRole && strings.HasSuffix(role, "/"+name) && accountOf(named.Value) == accountOf(arn) {
			return named.Value
		}
	}
	return arn
}
