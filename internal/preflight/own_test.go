package preflight_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// What key policy and own policies come to together.
func TestReachWithOwnPolicies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		by   preflight.Reach
		own  preflight.Own
		want preflight.Reach
	}{
		{preflight.Delegated, preflight.OwnUnknown, preflight.Delegated},
		{preflight.Delegated, preflight.OwnAllows, preflight.Reached},
		{preflight.Delegated, preflight.OwnSilent, preflight.Unreached},
		{preflight.Delegated, preflight.OwnDenies, preflight.Unreached},
		{preflight.Delegated, preflight.OwnBounded, preflight.Unreached},
		{preflight.Reached, preflight.OwnUnknown, preflight.Reached},
		{preflight.Reached, preflight.OwnSilent, preflight.Reached},
		{preflight.Reached, preflight.OwnDenies, preflight.Unreached},
		{preflight.Reached, preflight.OwnBounded, preflight.Unreached},
		{preflight.Sometimes, preflight.OwnAllows, preflight.Sometimes},
		{preflight.Sometimes, preflight.OwnSilent, preflight.Sometimes},
		{preflight.Sometimes, preflight.OwnDenies, preflight.Unreached},
		{preflight.Unreached, preflight.OwnAllows, preflight.Unreached},
	} {
		if got := c.by.With(c.own); got != c.want {
			t.Errorf("%q with %q: got %q, want %q", c.by, c.own, got, c.want)
		}
	}
}

// Who is found, and in which words; the twins differ in one answer and are not.
func TestJudged(t *testing.T) {
	t.Parallel()
	const old, next = "arn:aws:kms:eu-west-2:111122223333:key/old", "arn:aws:kms:eu-west-2:111122223333:key/new"
	of := func(before, after preflight.Reach, was, is preflight.Own, reader bool, from, to string) preflight.Standing {
		return preflight.Standing{Passage: preflight.Passage{Principal: "R", Before: before, After: after}, Old: was, New: is,
			Reader: reader, OldKey: from, NewKey: to}
	}
	unmade := preflight.Unmade(preflight.Input{Partition: "aws", Region: region, Account: account})
	const yes, leaves, no = preflight.Reached, preflight.Delegated, preflight.Unreached
	for name, c := range map[string]struct {
		standing preflight.Standing
		want     []string
		line     string
	}{
		"loses by a swap": {of(yes, leaves, preflight.OwnAllows, preflight.OwnSilent, false, old, next), []string{
			"KP-207 error: R can read the ledger now. Under the new key it cannot: the key policy leaves it to IAM, and its " +
				"own policies do not allow it. Allow kms:Decrypt on " + next + " in an identity policy of it, or name it in the " +
				"key policy."}, "R: before yes, after no, its own policies do not allow it"},
		"keeps it": {of(yes, leaves, preflight.OwnAllows, preflight.OwnAllows, false, old, next), nil,
			"R: before yes, after yes, its own policies allow it"},
		"never had it": {of(leaves, leaves, preflight.OwnSilent, preflight.OwnSilent, false, old, next), nil,
			"R: before no, its own policies do not allow it, after no, its own policies do not allow it"},
		"may have had it": {of(leaves, leaves, preflight.OwnUnknown, preflight.OwnDenies, false, old, unmade), []string{
			"KP-207 error: R can read the ledger now if an identity policy allows it. Under the new key it cannot: its own " +
				"policies deny it, whatever the key policy says. Remove the Deny on kms:Decrypt from its policies, or exempt the " +
				"key."}, "R: before if an identity policy allows it, after no, its own policies deny it"},
		"reader of a new ledger": {of(yes, yes, preflight.OwnBounded, preflight.OwnBounded, true, unmade, unmade), []string{
			"KP-205 error: R cannot call kms:Decrypt through QLDB: its permissions boundary does not let it, whatever the key " +
				"policy says. Let its permissions boundary allow kms:Decrypt on the key."},
			"R: no, its permissions boundary does not let it"},
		"loses by a new policy": {of(yes, leaves, preflight.OwnSilent, preflight.OwnSilent, false, old, old), []string{
			"KP-207 warning: R can read the ledger now. By the changed policy it cannot: the key policy leaves it to IAM, and " +
				"its own policies do not allow it. Allow kms:Decrypt on " + old + " in an identity policy of it, or name it in " +
				"the key policy."}, "R: before yes, after no, its own policies do not allow it"},
		"shut out by the key policy": {of(yes, no, preflight.OwnAllows, preflight.OwnUnknown, true, old, next), nil,
			"R: before yes, after no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range preflight.Judged([]preflight.Standing{c.standing}) {
				got = append(got, f.Rule+" "+f.Severity.String()+": "+f.Detail)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if line := c.standing.Line("R"); line != c.line {
				t.Errorf("line %q, want %q", line, c.line)
			}
		})
	}
}
