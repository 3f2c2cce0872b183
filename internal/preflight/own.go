package preflight

import (
	"fmt"
	"slices"
	"strings"
)

// Own is what the policies that a role or user has in IAM, with its permissions boundary, say about kms:Decrypt with a
// key through QLDB.
type Own string

// The answers of IAM.
const (
	OwnUnknown Own = "" // not asked, or no answer that holds for every call
	OwnAllows  Own = "its own policies allow it"
	OwnSilent  Own = "its own policies do not allow it" // nor deny it
	OwnDenies  Own = "its own policies deny it"
	OwnBounded Own = "its permissions boundary does not let it" // a role, which no key policy lets past its boundary
)

// With is the reach when a principal's own policies are known too.
//
// Source: IAM User Guide, "Policy evaluation logic": a key policy of the same account allows by itself, what it leaves
// to IAM an identity policy has to allow, and an explicit Deny anywhere decides.
func (r Reach) With(o Own) Reach {
	switch {
	case o == OwnDenies, o == OwnBounded, r == Delegated && o == OwnSilent:
		return Unreached
	case r == Delegated && o == OwnAllows:
		return Reached
	}
	return r
}

// A Standing is a principal with what IAM says of it, under the key that a ledger is under and under the one that it
// gets; of a ledger that stays, both are the same.
type Standing struct {
	Passage
	Old, New Own
	Reader   bool // named as one who reads or writes
	OldKey   string
	NewKey   string // ARN, as OldKey; Unmade of one that is still to be made
}

// before and after are the reaches by key policy and own policies together.
func (s Standing) before() Reach { return s.Before.With(s.Old) }
func (s Standing) after() Reach  { return s.After.With(s.New) }

// Settled tells whether IAM decides what the key policy of the new key leaves open, or overrules it.
func (s Standing) Settled() bool { return s.after() != s.After }

// Line is the standing in words: "before yes, after no (its own policies do not allow it)".
func (s Standing) Line(principal string) string {
	line := principal + ": before " + told(s.Before, s.Old) + ", after " + told(s.After, s.New)
	if !s.moved() && s.Before == s.After {
		line = principal + ": " + told(s.After, s.New)
	}
	return line
}

func told(r Reach, o Own) string {
	with := r.With(o)
	if with == r {
		return string(with)
	}
	return string(with) + ", " + string(o)
}

// moved tells whether the ledger gets another key, rather than its key another policy.
func (s Standing) moved() bool { return s.OldKey != s.NewKey }

// Judged finds what IAM adds: who is let read, or left to IAM, by the key policy, and cannot read all the same. Who
// reads now loses it, KP-207, a warning where only the policy changes; who is named as a reader cannot, KP-205.
func Judged(list []Standing) []Finding {
	var found []Finding
	for _, s := range list {
		if s.After == Unreached || s.after() != Unreached {
			continue // said by the key policy alone, or there is nothing to say
		}
		h := hit{principal: s.Principal, action: decrypt, fix: s.mend()}
		rule, reads := "KP-207", s.before() != Unreached
		switch {
		case reads && s.moved():
			h.what = s.now() + " Under the new key it cannot: " + s.why()
		case s.Reader:
			rule, h.what = "KP-205", s.Principal+" cannot call kms:Decrypt through QLDB: "+s.why()
		case reads:
			h.as = new(Warning)
			h.what = s.now() + " By the changed policy it cannot: " + s.why()
		default:
			continue
		}
		found = append(found, byID(rule).finding(h))
	}
	return found
}

func (s Standing) now() string {
	return s.Principal + " can read the ledger now" + s.before().restriction() + "."
}

// why says which policies keep the principal out.
func (s Standing) why() string {
	own := strings.TrimPrefix(string(s.New), "its ")
	switch {
	case s.New == OwnBounded, s.New == OwnDenies:
		return "its " + own + ", whatever the key policy says."
	}
	return "the key policy leaves it to IAM, and its " + own + "."
}

// mend is what to do about it.
func (s Standing) mend() string {
	key := s.NewKey
	if strings.HasSuffix(key, unmade) {
		key = "the key"
	}
	switch s.New {
	case OwnBounded:
		return fmt.Sprintf("Let its permissions boundary allow kms:Decrypt on %s.", key)
	case OwnDenies:
		return fmt.Sprintf("Remove the Deny on kms:Decrypt from its policies, or exempt %s.", key)
	}
	return fmt.Sprintf("Allow kms:Decrypt on %s in an identity policy of it, or name it in the key policy.", key)
}

// unmade is the id of a key that is still to be made: no policy can name it, but by patterns.
const unmade = "00000000-0000-0000-0000-000000000000"

// Unmade is the ARN that stands for a key that is still to be made.
func Unmade(in Input) string {
	return "arn:" + in.Partition + ":kms:" + in.Region + ":" + in.Account + ":key/" + unmade
}

// DecryptContext is what IAM has to suppose of a call of kms:Decrypt that QLDB makes for a caller of an account, by
// condition key.
func DecryptContext(region, account string) map[string][]string {
	return map[string][]string{
		"kms:ViaService": {"qldb." + region + ".amazonaws.com"}, "kms:CallerAccount": {account},
		"aws:ViaAWSService": {"true"}, "kms:EncryptionContextKeys": slices.Clone(ledgerContext),
	}
}
