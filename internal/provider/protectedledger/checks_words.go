package protectedledger

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// say words findings, one diagnostic for each rule: Terraform folds warnings that begin alike. Notes and accepted
// findings are listed only, and those of told were given by ValidateConfig.
func say(at path.Path, found []preflight.Finding, c checks, told []preflight.Finding) []finding {
	return saying(at, found, c, told, "If this is meant, let it pass")
}

// saying is say with the reason to let it pass.
func saying(at path.Path, found []preflight.Finding, c checks, told []preflight.Finding, hint string) []finding {
	var list []finding
	for _, f := range byRule(found) {
		f = slices.DeleteFunc(f, func(one preflight.Finding) bool {
			return one.Severity == preflight.Note || c.accepts(one.Rule) || slices.ContainsFunc(told, one.Same)
		})
		if len(f) == 0 {
			continue
		}
		worst := slices.MaxFunc(f, func(a, b preflight.Finding) int { return int(a.Severity - b.Severity) })
		list = append(list, finding{
			Error: worst.Severity == preflight.Error, Path: at, Summary: worst.Summary,
			Detail: fmt.Sprintf("%s\n\n%s:\n  policy_checks = { accept = [%q] }", paragraphs(at, f), hint, worst.Rule),
		})
	}
	return list
}

// sayAccepted repeats what was accepted of whoever runs Terraform, because no list keeps it.
func sayAccepted(at path.Path, found []preflight.Finding) []finding {
	var list []finding
	for _, f := range byRule(found) {
		list = append(list, warning(at, f[0].Summary+" (accepted)", paragraphs(at, f)+
			"\n\npolicy_checks accepts this. It is true of whoever runs Terraform now."))
	}
	return list
}

// byRule groups findings, in the order in which their rules come first.
func byRule(found []preflight.Finding) [][]preflight.Finding {
	var groups [][]preflight.Finding
	for _, f := range found {
		i := slices.IndexFunc(groups, func(g []preflight.Finding) bool { return g[0].Rule == f.Rule })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

// paragraphs say of each finding what is so, and below what to write instead. Terraform shows no line of a nested
// argument, so the first names it.
func paragraphs(at path.Path, found []preflight.Finding) string {
	var parts []string
	for i, f := range found {
		what := strings.TrimSpace(strings.TrimSuffix(f.Detail, f.Fix))
		if i == 0 {
			what = f.Rule + " in " + strings.Replace(at.String(), "kms_key", "the policy of kms_key", 1) + ": " + what
		}
		parts = append(parts, what, f.Fix)
	}
	return strings.Join(parts, "\n\n")
}

// notYet says that the plan could not judge a policy.
func notYet(ledger string, s subject) finding {
	return warning(s.at, fmt.Sprintf("Ledger %q: key policy not checked yet", ledger), fmt.Sprintf(
		"The plan cannot judge it: %s.\n\nIt is judged during the apply, with what is known by then, before the first call "+
			"that changes anything of this ledger: an error stops the apply there. To have it judged in the plan, create first "+
			"what it depends on.", s.later))
}

// acceptable accepts the ids of rules whose findings can be let pass.
type acceptable struct{}

var _ validator.String = acceptable{}

// Description says what is allowed.
func (acceptable) Description(context.Context) string {
	return "must be the id of a rule, such as KP-207, that AWS does not enforce"
}

// MarkdownDescription says what is allowed.
func (a acceptable) MarkdownDescription(ctx context.Context) string { return a.Description(ctx) }

// ValidateString refuses what is no rule, and rules of which nothing can be let pass.
func (acceptable) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !known(req.ConfigValue) {
		return
	}
	id := req.ConfigValue.ValueString()
	rules := preflight.Rules()
	i := slices.IndexFunc(rules, func(r preflight.Rule) bool { return r.ID == id })
	switch {
	case i < 0:
		resp.Diagnostics.AddAttributeError(req.Path, "No such rule", fmt.Sprintf(
			"%q is not the id of a rule. Copy it from the finding that is to be let pass, such as KP-207.", id))
	case rules[i].Binding != "":
		resp.Diagnostics.AddAttributeError(req.Path, "Rule cannot be let pass", fmt.Sprintf(
			"%s (%s) cannot be accepted: %s. Take it out of the list, and change the argument that the finding blames.", id,
			rules[i].Title, rules[i].Binding))
	}
}

// entity accepts the ARNs of roles and users.
type entity struct{}

var _ validator.String = entity{}

// Description says what is allowed.
func (entity) Description(context.Context) string {
	return "must be the ARN of a role or user, such as arn:aws:iam::111122223333:role/reader"
}

// MarkdownDescription says what is allowed.
func (e entity) MarkdownDescription(ctx context.Context) string { return e.Description(ctx) }

var identityARN = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]*[\w+=,.@-]$`)
})

// ValidateString refuses everything else, such as the ARN of a session.
func (e entity) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !known(req.ConfigValue) || identityARN().MatchString(req.ConfigValue.ValueString()) {
		return
	}
	arn := req.ConfigValue.ValueString()
	text := fmt.Sprintf("%q is not allowed: it %s.", arn, e.Description(ctx))
	if strings.Contains(arn, ":assumed-role/") {
		text = fmt.Sprintf("%q is one session. Name its role instead: every session of the role is meant.", arn)
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Not a role or user", text)
}
