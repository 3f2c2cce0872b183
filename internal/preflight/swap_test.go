package preflight_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

func TestPassages(t *testing.T) {
	t.Parallel()
	in := func(line string) preflight.Input {
		return preflight.Input{Policy: document(t, line), Account: account, Region: region}
	}
	const (
		through = ` if {"StringEquals":{"kms:ViaService":"qldb.eu-west-2.amazonaws.com"}}`
		old     = "Allow r/reader,r/writer kms:Decrypt" + through
	)
	for name, c := range map[string]struct {
		prior, old, next string
		users            string
		want             []string // principal: before, during, after; then findings
	}{
		"same policy": {"", old, old, "", []string{"reader: yes, yes, yes", "writer: yes, yes, yes"}},
		"reader left out": {"", old, "Allow r/writer kms:Decrypt" + through, "", []string{
			"reader: yes, yes, no", "writer: yes, yes, yes", "KP-207 error"}},
		"left to identity policies": {"", old, "Allow root kms:*", "", []string{
			"reader: yes, yes, if an identity policy allows it",
			"writer: yes, yes, if an identity policy allows it",
			"KP-207 warning", "KP-207 warning"}},
		"new user": {"", "Allow root kms:PutKeyPolicy", old, "reader", []string{"reader: no, no, yes"}},
		"user of neither": {"", "Allow root kms:PutKeyPolicy", "Allow root kms:PutKeyPolicy", "reader", []string{
			"reader: no, no, no"}},
		"removed from the old key too early": {old, "Allow r/writer kms:Decrypt" + through, old, "", []string{
			"reader: yes, no, yes", "writer: yes, yes, yes", "KP-617 error"}},
		"through another service only": {"", old, `Allow r/reader,r/writer kms:Decrypt if {"StringEquals":` +
			`{"kms:ViaService":"s3.eu-west-2.amazonaws.com"}}`, "", []string{
			"reader: yes, yes, no", "writer: yes, yes, no", "KP-207 error", "KP-207 error"}},
		"denied": {"", old, old + " ; Deny r/reader kms:Decrypt", "", []string{
			"reader: yes, yes, no", "writer: yes, yes, yes", "KP-207 error"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := preflight.Swap{Old: in(c.old), New: in(c.next)}
			if c.prior != "" {
				s.Prior = document(t, c.prior)
			}
			if c.users != "" {
				s.Users = []string{role(c.users)}
			}
			passages, err := preflight.Passages(s)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range passages {
				got = append(got, strings.TrimPrefix(p.Principal, role(""))+": "+
					strings.Join([]string{string(p.Before), string(p.During), string(p.After)}, ", "))
			}
			got = append(got, fired(preflight.Lost(passages))...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is lost is said with the statement that gave it, and with the one that does not give it.
func TestLost(t *testing.T) {
	t.Parallel()
	users := func(name string) string {
		return `{"Sid":"Ledger users","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/` + name + `"},` +
			`"Action":"kms:Decrypt","Resource":"*"}`
	}
	const manage = "Allow root kms:PutKeyPolicy ; "
	reader := role("reader")
	for name, c := range map[string]struct{ old, next, want string }{
		"left to identity policies": {"Allow root kms:* ; " + users("reader"), "Allow root kms:*",
			reader + ` can read the ledger now, by statements 1 and 2 ("Ledger users"). Under the new key it can ` +
				"only if an identity policy allows it, by statement 1. Allow kms:Decrypt to " + reader +
				" in the new key's policy, as in the old one."},
		"left out": {manage + users("reader"), manage + users("writer"),
			reader + ` can read the ledger now, by statement 2 ("Ledger users"). Under the new key it cannot: statement 2 ` +
				`("Ledger users") allows only others. Add ` + reader + ` to statement 2 ("Ledger users") of the new ` +
				"key's policy."},
		"nobody": {manage + users("reader"), "Allow root kms:PutKeyPolicy",
			reader + ` can read the ledger now, by statement 2 ("Ledger users"). Under the new key it cannot: no statement ` +
				"allows kms:Decrypt through QLDB. Allow kms:Decrypt to " + reader + " in the new key's policy, as in the old " +
				"one."},
		"denied": {users("reader"), users("reader") + " ; Deny r/reader kms:Decrypt",
			reader + ` can read the ledger now, by statement 1 ("Ledger users"). Under the new key it cannot: ` +
				"statement 2 denies it. Exempt " + reader + " from statement 2 of the new key's policy."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := func(lines string) preflight.Input {
				return preflight.Input{Account: account, Region: region, Policy: document(t, lines)}
			}
			passages, err := preflight.Passages(preflight.Swap{Old: in(c.old), New: in(c.next)})
			if err != nil {
				t.Fatal(err)
			}
			list := preflight.Lost(passages)
			if len(list) != 1 {
				t.Fatalf("got %v, want one finding", list)
			}
			if diff := cmp.Diff(c.want, list[0].Detail); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPassagesOfNoPolicy(t *testing.T) {
	t.Parallel()
	good := preflight.Input{Account: account, Region: region, Policy: document(t, "Allow root kms:*")}
	bad := good
	bad.Policy = "{"
	for _, s := range []preflight.Swap{{Old: bad, New: good}, {Old: good, New: bad}, {Old: good, New: good, Prior: "{"}} {
		if _, err := preflight.Passages(s); err == nil {
			t.Errorf("no error for %+v", s)
		}
	}
}

// A policy that is edited in place: who loses, in what words; the twins lose nothing.
func TestNarrowed(t *testing.T) {
	t.Parallel()
	const first = "Allow root kms:PutKeyPolicy ; Allow r/reader kms:Decrypt ; Allow r/writer kms:Decrypt"
	for name, c := range map[string]struct{ old, next, want string }{
		"taken out": {first, "Allow root kms:PutKeyPolicy ; Allow r/writer kms:Decrypt",
			"reader can read the ledger now, by statement 2. By the changed policy it cannot: statement 2 allows only others. " +
				"Add reader to statement 2 of the changed policy."},
		"denied": {first, first + " ; Deny r/reader kms:Decrypt",
			"reader can read the ledger now, by statement 2. By the changed policy it cannot: statement 4 denies it. " +
				"Exempt reader from statement 4 of the changed policy."},
		"reordered": {first, "Allow r/writer kms:Decrypt ; Allow r/reader kms:Decrypt ; Allow root kms:PutKeyPolicy", ""},
		"widened":   {first, first + " ; Allow r/other kms:Decrypt", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := func(lines string) preflight.Input {
				return preflight.Input{Account: account, Region: region, Policy: document(t, lines)}
			}
			passages, err := preflight.Passages(preflight.Swap{Old: in(c.old), New: in(c.next)})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, f := range preflight.Narrowed(passages) {
				if f.Rule != "KP-207" || f.Severity != preflight.Warning {
					t.Errorf("got %s %s, want KP-207 as a warning", f.Rule, f.Severity)
				}
				got += strings.ReplaceAll(f.Detail, "arn:aws:iam::"+account+":role/", "")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
