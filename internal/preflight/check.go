package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// An Input is a key policy with what is known of its key, its ledger and the people around them. Only Policy, Account
// and Region are needed; rules that need more are not judged without it, see Unchecked.
type Input struct {
	Policy    string // the text, as it will be sent
	Account   string // that owns the key, 12 digits
	Region    string // of the key, such as "eu-west-2"
	Partition string // "" means that of Region
	KeyARN    string // "" while the key does not exist

	Ledger  string   // its name, for the messages; may be ""
	Callers []string // ARNs of roles or users that create the ledger and run its key
	Readers []string // ARNs of roles or users that read the ledger
	Writers []string // ARNs of roles or users that write to it
	Trusted []string // ids of other accounts that may decide about their part of the key's use
}

// A Rule is one entry of the catalogue. Ids never change and are never used again.
type Rule struct {
	ID       string
	Severity Severity // of most of its findings
	Title    string
	Needs    string // what it is judged by besides the document; "" for nothing
	Covered  string // why nothing needs to judge it: what makes its situation impossible; "" for a rule that is judged
	Binding  string // why none of its findings can be let pass; "" where they can
}

// rule is a Rule with the code that judges it; without any, the caller judges, mostly by a function of
// this package that takes what it knows.
type rule struct {
	id       string
	severity Severity
	title    string
	needs    string
	check    func(*judge) []hit
}

// A hit is a finding in the making.
type hit struct {
	as        *Severity // when it is not the rule's
	statement *policy.Statement
	principal string
	action    string
	witness   string
	what      string // one or more sentences
	fix       string // likewise, in the imperative
}

// families are the rules in the order of their ids.
func families() [][]rule {
	return [][]rule{administration(), access(), principals(), conditions(), document(), lifecycleRules()}
}

// Rules lists the whole catalogue.
func Rules() []Rule {
	var list []Rule
	for _, family := range families() {
		for _, r := range family {
			list = append(list, Rule{
				ID: r.id, Severity: r.severity, Title: r.title, Needs: r.needs, Covered: covered[r.id], Binding: binding[r.id],
			})
		}
	}
	return list
}

// Unchecked lists the rules that Check does not judge with what in tells, each with what it needs.
func Unchecked(in Input) []Rule {
	given := map[string]bool{
		needsCaller: len(in.Callers) > 0, needsReaders: len(in.Readers) > 0, needsWriters: len(in.Writers) > 0,
	}
	return slices.DeleteFunc(Rules(), func(r Rule) bool { return r.Needs == "" || given[r.Needs] })
}

// The needs that an Input may meet.
const (
	needsCaller  = "the identity that makes the calls"
	needsReaders = "the roles that read the ledger"
	needsWriters = "the roles that write to the ledger"
)

// Check judges a key policy by the rules that need only the document and in, in the order of their ids. A policy that
// cannot be read gives the findings that say so, and no others.
//
// What identity policies, boundaries and service control policies do to a caller is not known here: the findings hold
// by key policy.
func Check(in Input) []Finding {
	if in.Partition == "" {
		in.Partition = PartitionOf(in.Region)
	}
	p, list := read(in)
	if p != nil {
		j := newJudge(in, p)
		for _, family := range families() {
			for _, r := range family {
				if r.check == nil {
					continue
				}
				for _, h := range r.check(j) {
					list = append(list, r.finding(h))
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Finding) int { return strings.Compare(a.Rule, b.Rule) })
	return list
}

func (r rule) finding(h hit) Finding {
	f := Finding{
		Rule: r.id, Severity: r.severity, Summary: r.title, Principal: h.principal, Action: h.action, Witness: h.witness,
		Fix: h.fix,
	}
	if h.as != nil {
		f.Severity = *h.as
	}
	f.Detail = h.what
	if h.statement != nil {
		f.Statement = place(h.statement)
		f.Detail = "Statement " + f.Statement + ": " + h.what
	}
	if h.witness != "" {
		f.Detail += " For example: " + h.witness + "."
	}
	f.Detail += " " + h.fix
	return f
}

// place names a statement by its number and Sid.
func place(s *policy.Statement) string {
	if s.Sid == "" {
		return fmt.Sprint(s.Number())
	}
	return fmt.Sprintf("%d (%q)", s.Number(), s.Sid)
}

// PartitionOf is the partition that a Region belongs to.
//
// Source: endpoints file of the AWS SDKs, regionRegex of each partition.
func PartitionOf(region string) string {
	for _, p := range [...][2]string{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"},
		{"us-isof-", "aws-iso-f"}, {"eu-isoe-", "aws-iso-e"}, {"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p[0]) {
			return p[1]
		}
	}
	return "aws"
}
