package comparison_test

import (
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// A claim is what findings of a plan say about what will be answered. An error says no, a warning that it depends, a
// note that it hinges on the caller's identity policies (or, with a witness, on conditions), no finding says yes.
type claim struct {
	what     string
	in       func(*preflight.Input)
	about    func(preflight.Finding) bool
	identity bool // what the caller's identity policies say
	answer   func(p *play) bool
}

func of(rule, principal string, actions ...string) func(preflight.Finding) bool {
	return func(f preflight.Finding) bool {
		return f.Rule == rule && f.Principal == principal && (actions == nil || slices.Contains(actions, f.Action))
	}
}

func either(list ...func(preflight.Finding) bool) func(preflight.Finding) bool {
	return func(f preflight.Finding) bool {
		return slices.ContainsFunc(list, func(about func(preflight.Finding) bool) bool { return about(f) })
	}
}

// claims are the findings that can be tried here.
var claims = []claim{
	{
		what: "the safety check", identity: true,
		in:     func(in *preflight.Input) { in.Callers = []string{arn("u/admin")} },
		about:  either(of("KP-101", arn("u/admin")), of("KP-107", arn("u/admin"))),
		answer: func(p *play) bool { return p.put == nil },
	},
	{
		what: "reads of the reader",
		in:   func(in *preflight.Input) { in.Readers = []string{arn("r/ledger-reader")} },
		about: either(of("KP-205", arn("r/ledger-reader")), of("KP-217", arn("r/ledger-reader"), "kms:Decrypt"),
			of("KP-217", viaQLDB(), "kms:Decrypt")),
		answer: func(p *play) bool { return p.answers["read reader"] },
	},
	{
		what: "writes of the writer", identity: true,
		in: func(in *preflight.Input) { in.Writers = []string{arn("r/apps/ledger-writer")} },
		about: either(of("KP-206", arn("r/apps/ledger-writer")), of("KP-217", arn("r/apps/ledger-writer"), "kms:Decrypt"),
			of("KP-217", viaQLDB(), "kms:Decrypt")),
		answer: func(p *play) bool { return p.answers["read writer"] },
	},
	{
		what: "a ledger of the administrator", identity: true,
		in: func(in *preflight.Input) { in.Callers = []string{arn("u/admin")} },
		about: either(of("KP-201", arn("u/admin")), of("KP-217", arn("u/admin"), "kms:CreateGrant", "kms:DescribeKey"),
			of("KP-217", viaQLDB())),
		answer: func(p *play) bool { return p.answers["ledger admin"] },
	},
	{
		what: "the ledger itself", in: func(*preflight.Input) {}, about: of("KP-217", viaQLDB(), "kms:Decrypt"),
		answer: func(p *play) bool { return p.answers["works root"] },
	},
}

// unreadable are the rules whose errors say that KMS refuses the text.
var unreadable = []string{"KP-305", "KP-306", "KP-402", "KP-406", "KP-501", "KP-502", "KP-513"}

// compareFindings compares what preflight says of the policy with what happened.
func (p *play) compareFindings() {
	in := preflight.Input{Policy: p.text, Account: home, Region: region, KeyARN: p.key, Ledger: p.ledger}
	if !p.started {
		if !slices.ContainsFunc(preflight.Check(in), func(f preflight.Finding) bool {
			return f.Severity == preflight.Error && slices.Contains(unreadable, f.Rule)
		}) {
			p.disagree("KMS refuses the policy, and no error says so")
		}
		return
	}
	for i := range claims {
		p.compareClaim(in, &claims[i])
	}
	p.compareExposure(in)
}

func (p *play) compareClaim(in preflight.Input, c *claim) {
	c.in(&in)
	var told []string
	says, open := true, false
	for _, f := range preflight.Check(in) {
		if !c.about(f) {
			continue
		}
		told = append(told, f.Rule+" "+f.Severity.String())
		switch f.Severity {
		case preflight.Note:
			open = open || !c.identity && f.Witness != ""
			says = says && (c.identity || f.Witness != "")
		case preflight.Warning:
			open = true
		default:
			says = false
		}
	}
	if got := c.answer(p); got != says && !(open && says) {
		p.disagree("%s: findings [%s] say %t, the harness says %t", c.what, strings.Join(told, ", "), says, got)
	}
}

// compareExposure: a stranger, in an account that nobody named, has the key in use only if a finding says so.
func (p *play) compareExposure(in preflight.Input) {
	exposed := false
	for name, got := range p.answers {
		exposed = exposed || got && strings.HasSuffix(name, " stranger")
	}
	if exposed && !slices.ContainsFunc(preflight.Check(in), func(f preflight.Finding) bool {
		return f.Rule == "KP-301" || f.Rule == "KP-302" || f.Rule == "KP-303" && strings.Contains(f.Principal, far)
	}) {
		p.disagree("a stranger may use the key, and no error says so")
	}
}
