package preflight

import (
	"fmt"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// covered are the rules whose situation cannot come about here, with what prevents it. They stay in the catalogue: who
// looks for one finds why nothing judges it.
var covered = map[string]string{
	"KP-103": "no argument asks KMS to skip its lock-out safety check, and no call to KMS does",
}

// Retargeted finds an alias that was moved as if that moved the ledger, KP-612. target and under are the key ARNs that
// the alias points to and that the ledger has; "" is not known.
//
// Source: QLDB API reference, DescribeLedger: EncryptionDescription names a key by its ARN, whatever named it to
// CreateLedger or UpdateLedger.
func Retargeted(alias, target, under string) []Finding {
	if target == "" || under == "" || target == under {
		return nil
	}
	return []Finding{byID("KP-612").finding(hit{
		what: fmt.Sprintf("%s points to %s now, but the ledger is under %s: a ledger keeps the key that it was put under, "+
			"whatever becomes of the alias, and only UpdateLedger moves it.", alias, target, under),
		fix: fmt.Sprintf("To leave the ledger where it is, name %s instead of the alias.", under),
	})}
}

// AliasTarget finds why an alias of the account in the Region could not be pointed to k, KP-611. That the key is of
// another type than the one before, or to be deleted, UsableKey finds: a ledger has no other keys than those it lets
// pass.
//
// Source: KMS API reference, UpdateAlias: both keys "must be in the same AWS account and Region".
func AliasTarget(alias, account, region string, k Key) []Finding {
	if account == "" || region == "" || accountOf(k.ARN) == account && k.Region == region {
		return nil
	}
	return []Finding{byID("KP-611").finding(hit{
		what: fmt.Sprintf("%s is an alias of account %s in %s and can only point to keys there; key %s is in account %s "+
			"in %s.", alias, account, region, k.ARN, accountOf(k.ARN), k.Region),
		fix: "Take over a key of this account, or use that key where it is by its ARN in kms_key.",
	})}
}

// NoSuchKey judges a name that KMS does not know: one that is no ARN is looked for in the account of the caller only,
// KP-614. An alias may still be made, so that it is only a warning. account may be "".
//
// Source: KMS API reference, DescribeKey: "To specify a KMS key in a different AWS account, you must use the key ARN or
// alias ARN."
func NoSuchKey(name, account, region string) []Finding {
	if strings.HasPrefix(name, "arn:") {
		return nil
	}
	where := "the account that asks"
	if account != "" {
		where = "account " + account
	}
	h := hit{
		what: fmt.Sprintf("%s does not exist in %s in %s, and KMS looks for what is not an ARN only there.",
			name, region, where),
		fix: "Check the name; a key of another account must be named by its ARN.",
	}
	if strings.HasPrefix(name, "alias/") {
		h.as, h.fix = new(Warning), h.fix+" "+AliasToCome
	}
	f := byID("KP-614").finding(h)
	f.Summary = "KMS key not found"
	return []Finding{f}
}

// AliasToCome is what to know of an alias that does not exist while a plan is made.
const AliasToCome = "If the same apply makes the alias, all is well as long as the ledger depends on that; otherwise " +
	"the apply stops before it writes anything."

// A Use is a ledger with the key it is under.
type Use struct {
	Ledger string // name
	State  string // as DescribeLedger tells it
	Key    string // ARN; "" for the AWS owned key
}

// KeyInUse finds the ledgers that would be lost with a key that is to be deleted or disabled, KP-606. Of a
// ledger that is to be destroyed or moved before the key goes, only the caller can know.
func KeyInUse(key string, ledgers []Use) []Finding {
	var list []Finding
	for _, l := range ledgers {
		if key != "" && l.Key == key {
			list = append(list, byID("KP-606").finding(hit{
				what: fmt.Sprintf("ledger %q (%s) uses key %s, which is therefore neither disabled nor scheduled for deletion.",
					l.Ledger, l.State, key),
				fix: "Move that ledger to another key first, or keep this one.",
			}))
		}
	}
	return list
}

// A Grant is what ListGrants tells about a grant.
type Grant struct {
	ID         string
	Grantee    string   // ARN, or the name of a service
	Operations []string // such as "Decrypt"
}

// Stranded finds who else may read what the key of old encrypted, KP-618, when the ledger leaves that key and it is to
// be disabled or deleted: those whom its policy lets decrypt without QLDB, and those who have a grant. What they
// encrypted under it does not move with the ledger.
func Stranded(old Input, grants []Grant) []Finding {
	if old.Partition == "" {
		old.Partition = PartitionOf(old.Region)
	}
	var who []string
	if p, err := policy.Parse(old.Policy); err == nil {
		j := newJudge(old, p)
		for _, c := range j.named {
			if level := j.direct(c, decrypt).level; c.Kind != policy.RootUser && (level == granted || level == conditional) {
				who = append(who, nameOf(c)+" by the key policy")
			}
		}
	}
	for _, g := range grants {
		if g.Grantee != "qldb."+old.Region+".amazonaws.com" && contains(g.Operations, "Decrypt") {
			who = append(who, g.Grantee+" by grant "+g.ID)
		}
	}
	if who == nil {
		return nil
	}
	return []Finding{byID("KP-618").finding(hit{
		what: fmt.Sprintf("Key %s is not the ledger's alone. Others may decrypt with it: %s. What they encrypted under it "+
			"stays under it, and cannot be read once it is disabled or deleted.", old.KeyARN, strings.Join(who, "; ")),
		fix: "Make sure that nothing of theirs is under the key, or keep it.",
	})}
}
