package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// A Swap is a ledger's move from one key to another.
type Swap struct {
	Old   Input  // with the policy that the old key has while the ledger moves
	Prior string // the policy that the old key has until then; "" if it stays the same
	New   Input
	Users []string // ARNs of roles and users that are to read or write, besides those whom the old policy lets
}

// Reach says whether a principal can read or write a ledger, by key policy.
type Reach string

// The reaches, from the least.
const (
	Unreached Reach = "no"
	Sometimes Reach = "under conditions"
	Delegated Reach = "if an identity policy allows it"
	Reached   Reach = "yes"
)

// A Passage is what a swap does to one principal.
type Passage struct {
	Principal             string // ARN
	Before, During, After Reach
	Statements            [2][]string // that allow it by the policy of the old key and of the new: as `2 ("Ledger users")`
	Others                []string    // likewise, of the new key, that allow it to others while this one is refused
	Denying               []string    // likewise, of the new key, that deny it to this one
}

// Loses tells whether the principal can do less after the swap than before.
func (p Passage) Loses() bool { return p.After.less(p.Before) }

// Interrupted tells whether the principal can do less already while the ledger moves.
func (p Passage) Interrupted() bool { return p.During.less(p.Before) }

func (r Reach) less(than Reach) bool { return r.level() < than.level() }

func (r Reach) level() int { return slices.Index(reaches[:], r) }

// Passages compares the keys of a swap: for each principal that could read or write under the old key or is named as a
// user, before, during and after. While the ledger moves, its users need the old key, under the policy that it has
// then; from then on, the new one. Sorted by principal.
//
// The error is that of policy.Parse, wrapped with whose policy it is.
func Passages(s Swap) ([]Passage, error) {
	if s.Prior == "" {
		s.Prior = s.Old.Policy
	}
	prior := s.Old
	prior.Policy = s.Prior
	var judges [3]*judge // before, while it moves, of the new key
	for i, in := range []Input{prior, s.Old, s.New} {
		if in.Partition == "" {
			in.Partition = PartitionOf(in.Region)
		}
		p, err := policy.Parse(in.Policy)
		if err != nil {
			return nil, fmt.Errorf("parse the policy of the %s key: %w", []string{"old", "old", "new"}[i], err)
		}
		judges[i] = newJudge(in, p)
	}
	before, moving, next := judges[0], judges[1], judges[2]
	users := callers(s.Users)
	for _, c := range before.named {
		if before.through(c, decrypt).level > refused && c.Kind != policy.RootUser {
			users = append(users, c)
		}
	}
	var list []Passage
	seen := map[string]bool{}
	for _, c := range users {
		name := nameOf(c)
		if seen[name] {
			continue
		}
		seen[name] = true
		p := Passage{
			Principal: name, Before: before.reach(c), During: moving.reach(c), After: next.reach(c),
			Statements: [2][]string{before.letting(c), next.letting(c)},
		}
		if p.After == Unreached {
			p.Others, p.Denying = next.refusing(c)
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Passage) int { return strings.Compare(a.Principal, b.Principal) })
	return list, nil
}

var reaches = [...]Reach{refused: Unreached, conditional: Sometimes, byIdentity: Delegated, granted: Reached}

func (j *judge) reach(c policy.Caller) Reach { return reaches[j.through(c, decrypt).level] }

// letting names the statements that allow the caller to decrypt through QLDB.
func (j *judge) letting(c policy.Caller) []string {
	answer := j.analyst.Can(policy.Request{
		Caller: c, Action: decrypt, Resource: j.key, Context: j.context(c, decrypt, true),
		Policies: policy.Policies{Key: j.policy, Identity: []*policy.Policy{allowAll}},
	}, policy.Assumptions{})
	var list []string
	for _, d := range answer.Statements {
		if answer.Verdict == policy.Always && d.Kind == policy.KeyPolicy {
			list = append(list, place(&j.policy.Statements[d.Index]))
		}
	}
	return list
}

// refusing names the statements about kms:Decrypt through QLDB that keep the caller out: those that allow it to others,
// and those that deny it to this one.
func (j *judge) refusing(c policy.Caller) (others, denying []string) {
	for _, d := range j.through(c, decrypt).denying {
		if d.Kind == policy.KeyPolicy {
			denying = append(denying, place(&j.policy.Statements[d.Index]))
		}
	}
	for s := range j.each(policy.Allow) {
		services := viaService(s)
		if covers(s, decrypt) && (len(services) == 0 || slices.Contains(services, j.qldb)) {
			others = append(others, place(s))
		}
	}
	return others, denying
}

// Lost finds whom a swap takes access from: for good, KP-207, which is an error when no access is left; or too early,
// KP-617.
func Lost(passages []Passage) []Finding {
	var list []Finding
	for _, p := range passages {
		h := hit{principal: p.Principal, action: decrypt}
		now := p.Principal + " can read the ledger now" + p.Before.restriction() + byStatements(p.Statements[0]) + "."
		if p.Loses() {
			if p.After != Unreached {
				h.as = new(Warning)
			}
			h.what = now + " Under the new key it " + p.afterwards() + "."
			h.fix = p.remedy("the new key's policy")
			list = append(list, byID("KP-207").finding(h))
		}
		if p.Interrupted() {
			h.as = nil
			h.what = now + " While the ledger moves, which needs the old key, it "
			if p.During == Unreached {
				h.what += "cannot."
			} else {
				h.what += "can only" + p.During.restriction() + "."
			}
			h.fix = "Change the policy of the old key in a later apply."
			list = append(list, byID("KP-617").finding(h))
		}
	}
	return list
}

// Narrowed finds whom a new policy of the same key takes access from: KP-207, as a warning, since whoever changes a
// policy may well mean to. passages are those of a Swap from the key to itself.
func Narrowed(passages []Passage) []Finding {
	var list []Finding
	for _, p := range passages {
		if !p.Loses() {
			continue
		}
		f := byID("KP-207").finding(hit{
			principal: p.Principal, action: decrypt, as: new(Warning),
			what: p.Principal + " can read the ledger now" + p.Before.restriction() + byStatements(p.Statements[0]) +
				". By the changed policy it " + p.afterwards() + ".",
			fix: p.remedy("the changed policy"),
		})
		f.Summary = "A policy change takes access away"
		list = append(list, f)
	}
	return list
}

// restriction is what a reach hinges on, as the end of a sentence.
func (r Reach) restriction() string {
	if r == Reached || r == Unreached {
		return ""
	}
	return " " + string(r)
}

// afterwards says how the principal stands under the new key, and by which statements.
func (p Passage) afterwards() string {
	only := func(statements []string, one, many string) string {
		if len(statements) == 1 {
			return "cannot: " + counted(statements) + one
		}
		return "cannot: " + counted(statements) + many
	}
	switch {
	case len(p.Denying) > 0:
		return only(p.Denying, " denies it", " deny it")
	case p.After == Unreached && len(p.Others) > 0:
		return only(p.Others, " allows only others", " allow only others")
	case p.After == Unreached:
		return "cannot: no statement allows kms:Decrypt through QLDB"
	}
	return "can only" + p.After.restriction() + byStatements(p.Statements[1])
}

// remedy is what to write into where, a policy in words.
func (p Passage) remedy(where string) string {
	switch {
	case len(p.Denying) > 0:
		return fmt.Sprintf("Exempt %s from %s of %s.", p.Principal, counted(p.Denying), where)
	case len(p.Others) == 1:
		return fmt.Sprintf("Add %s to %s of %s.", p.Principal, counted(p.Others), where)
	}
	return fmt.Sprintf("Allow kms:Decrypt to %s in %s, as in the old one.", p.Principal, where)
}

func byStatements(statements []string) string {
	if len(statements) == 0 {
		return ""
	}
	return ", by " + counted(statements)
}

// counted is a list of statements in words: `statements 1 and 2 ("Ledger users")`.
func counted(statements []string) string {
	word := "statement "
	if len(statements) > 1 {
		word = "statements "
	}
	return word + strings.Join(statements, " and ")
}
