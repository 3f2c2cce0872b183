package preflight_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

const (
	account = "111122223333"
	region  = "eu-west-2"
)

// pair is one entry of testdata/rules.txt.
type pair struct {
	rule, severity string
	in             preflight.Input
	fires, twin    string
}

func pairs(t testing.TB) []pair {
	t.Helper()
	f, err := os.Open("testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []pair
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch {
		case word == "" || word == "#":
		case word == "fires":
			list[len(list)-1].fires = document(t, strings.TrimSpace(rest))
		case word == "twin":
			list[len(list)-1].twin = document(t, strings.TrimSpace(rest))
		default:
			p := pair{rule: word, in: preflight.Input{Account: account, Region: region, Ledger: "orders"}}
			for i, option := range strings.Fields(rest) {
				name, value, _ := strings.Cut(option, "=")
				arns := []string{role(value)}
				switch {
				case i == 0:
					p.severity = option
				case name == "callers":
					p.in.Callers = arns
				case name == "readers":
					p.in.Readers = arns
				case name == "writers":
					p.in.Writers = arns
				}
			}
			list = append(list, p)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func role(name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// document is the policy that a line of the table stands for.
func document(t testing.TB, line string) string {
	t.Helper()
	if text, whole := strings.CutPrefix(line, "text "); whole {
		return text
	}
	var statements []string
	for one := range strings.SplitSeq(line, " ; ") {
		if !strings.HasPrefix(one, "{") {
			one = statement(t, one)
		}
		statements = append(statements, one)
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + "]}"
}

func statement(t testing.TB, line string) string {
	t.Helper()
	head, condition, conditional := strings.Cut(line, " if ")
	word := strings.Fields(head)
	if len(word) != 3 {
		t.Fatalf("not a statement: %q", line)
	}
	who := map[string][]string{}
	names, not := strings.CutPrefix(word[1], "!")
	for name := range strings.SplitSeq(names, ",") {
		kind, value := principal(name)
		who[kind] = append(who[kind], value)
	}
	s := map[string]any{"Effect": word[0], "Resource": "*"}
	s[map[bool]string{false: "Principal", true: "NotPrincipal"}[not]] = who
	actions, not := strings.CutPrefix(word[2], "!")
	s[map[bool]string{false: "Action", true: "NotAction"}[not]] = strings.Split(actions, ",")
	if conditional {
		s["Condition"] = json.RawMessage(condition)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("encode %q: %v", line, err)
	}
	return string(text)
}

func principal(name string) (kind, value string) {
	of := account
	if other, rest, foreign := strings.Cut(name, ":"); foreign {
		of, name = other, rest
	}
	form, rest, _ := strings.Cut(name, "/")
	switch {
	case name == "root":
		return "AWS", "arn:aws:iam::" + of + ":root"
	case form == "r":
		return "AWS", "arn:aws:iam::" + of + ":role/" + rest
	case form == "u":
		return "AWS", "arn:aws:iam::" + of + ":user/" + rest
	case form == "s":
		return "AWS", "arn:aws:sts::" + of + ":assumed-role/" + rest
	case strings.Contains(name, "."):
		return "Service", name
	}
	return "AWS", name
}

func fired(list []preflight.Finding) []string {
	var names []string
	for _, f := range list {
		names = append(names, f.Rule+" "+f.Severity.String())
	}
	return names
}

// Each policy of the table fires its rule, its twin does not.
func TestRules(t *testing.T) {
	t.Parallel()
	for i, p := range pairs(t) {
		t.Run(fmt.Sprintf("%s/%d", p.rule, i), func(t *testing.T) {
			t.Parallel()
			want := p.rule + " " + p.severity
			p.in.Policy = p.fires
			if got := fired(preflight.Check(p.in)); !slices.Contains(got, want) {
				t.Errorf("got %v for\n%s\nwant %s", got, p.fires, want)
			}
			p.in.Policy = p.twin
			if got := fired(preflight.Check(p.in)); slices.Contains(got, want) {
				t.Errorf("got %v for the twin\n%s\nwant no %s", got, p.twin, want)
			}
		})
	}
}

// withoutPair are the rules of the document that are tested elsewhere, for the size of their policies.
var withoutPair = []string{"KP-501"}

func TestEveryRuleHasAPair(t *testing.T) {
	t.Parallel()
	var tested []string
	for _, p := range pairs(t) {
		tested = append(tested, p.rule)
	}
	rules := preflight.Rules()
	if got, want := len(rules), 83; got != want {
		t.Errorf("got %d rules, want %d", got, want)
	}
	elsewhere := preflight.Unchecked(preflight.Input{
		Callers: []string{"c"}, Readers: []string{"r"}, Writers: []string{"w"},
	})
	for _, r := range rules {
		judged := !slices.ContainsFunc(elsewhere, func(e preflight.Rule) bool { return e.ID == r.ID })
		paired := slices.Contains(tested, r.ID) || slices.Contains(withoutPair, r.ID)
		if judged != paired {
			t.Errorf("%s: judged here %t, in the table %t", r.ID, judged, paired)
		}
	}
	if !slices.IsSortedFunc(rules, func(a, b preflight.Rule) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("the rules are not in order")
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{28_000: "", 28_001: "KP-501 warning", 32_768: "KP-501 warning",
		32_769: "KP-501 error"} {
		text := document(t, "Allow root kms:*")
		text += strings.Repeat(" ", size-len(text))
		got := fired(preflight.Check(preflight.Input{Policy: text, Account: account, Region: region}))
		if want == "" && len(got) != 0 || want != "" && !slices.Equal(got, []string{want}) {
			t.Errorf("%d bytes: got %v, want %q", size, got, want)
		}
	}
}

// What a rule finds says where, who and what to do.
func TestFinding(t *testing.T) {
	t.Parallel()
	list := preflight.Check(preflight.Input{
		Account: account, Region: region, Readers: []string{role("ledger-reader")},
		Policy: document(t, `Allow root kms:Put*,kms:Get*,kms:Describe* ; {"Sid":"Ledger users","Effect":"Allow",`+
			`"Principal":{"AWS":"arn:aws:iam::111122223333:role/ledger-writer"},"Action":"kms:Decypt","Resource":"*"}`),
	})
	got := map[string]preflight.Finding{}
	for _, f := range list {
		got[f.Rule] = f
	}
	want := map[string]preflight.Finding{
		"KP-205": {
			Rule: "KP-205", Severity: preflight.Error, Summary: "A reader cannot decrypt",
			Principal: role("ledger-reader"), Action: "kms:Decrypt",
			Detail: role("ledger-reader") + " cannot call kms:Decrypt through QLDB: no statement of the resource's policy " +
				"allows it. Its reads fail. Allow kms:Decrypt to " + role("ledger-reader") +
				` with StringEquals kms:ViaService "qldb.eu-west-2.amazonaws.com".`,
			Fix: "Allow kms:Decrypt to " + role("ledger-reader") +
				` with StringEquals kms:ViaService "qldb.eu-west-2.amazonaws.com".`,
		},
		"KP-504": {
			Rule: "KP-504", Severity: preflight.Error, Summary: "Unknown action", Statement: `2 ("Ledger users")`,
			Action: "kms:Decypt", Fix: "Write kms:Decrypt.",
			Detail: `Statement 2 ("Ledger users"): KMS has no action "kms:Decypt"; the policy is stored and this has no ` +
				"effect. Write kms:Decrypt.",
		},
	}
	for rule, w := range want {
		if diff := cmp.Diff(w, got[rule]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rule, diff)
		}
	}
}

// byFacts are the rules that no document decides, with their pairs: findings of a case that fires it, and of one that
// does not.
func byFacts(t *testing.T) map[string][2][]preflight.Finding {
	t.Helper()
	at := preflight.Place{Region: region, Partition: "aws", Now: now}
	usable := func(spoil func(*preflight.Key)) [2][]preflight.Finding {
		k := good()
		spoil(&k)
		return [2][]preflight.Finding{preflight.UsableKey(k, at), preflight.UsableKey(good(), at)}
	}
	lost := func(prior, old, next string) []preflight.Finding {
		in := func(line string) preflight.Input {
			return preflight.Input{Policy: document(t, line), Account: account, Region: region}
		}
		s := preflight.Swap{Old: in(old), New: in(next)}
		if prior != "" {
			s.Prior = document(t, prior)
		}
		passages, err := preflight.Passages(s)
		if err != nil {
			t.Fatal(err)
		}
		return preflight.Lost(passages)
	}
	const reader, nobody = "Allow root kms:PutKeyPolicy ; Allow r/reader kms:Decrypt", "Allow root kms:PutKeyPolicy"
	key := func(n int) string { return fmt.Sprintf("arn:aws:kms:%s:%s:key/%d", region, account, n) }
	imported := good()
	imported.Origin = "EXTERNAL"
	named := preflight.Input{Policy: document(t, reader), Account: account, Region: region}
	return map[string][2][]preflight.Finding{
		"KP-308": {preflight.Absent(named, map[string]string{role("reader"): ""}), preflight.Absent(named, nil)},
		"KP-207": {lost("", reader, nobody), lost("", reader, reader)},
		"KP-603": {preflight.Configured(settings(false, 30, true)), preflight.Configured(settings(true, 30, true))},
		"KP-605": {preflight.Configured(settings(true, 7, true)), preflight.Configured(settings(true, 30, true))},
		"KP-607": {preflight.Configured(settings(true, 30, false)), preflight.Configured(settings(true, 30, true))},
		"KP-601": usable(func(k *preflight.Key) { k.Spec = "RSA_2048" }),
		"KP-602": {preflight.Rotation(imported, true), preflight.Rotation(good(), true)},
		"KP-608": usable(func(k *preflight.Key) { k.Expires = now.AddDate(0, 2, 0) }),
		"KP-609": usable(func(k *preflight.Key) { k.State = "Disabled" }),
		"KP-610": usable(func(k *preflight.Key) { k.Region = "us-east-1" }),
		"KP-615": usable(func(k *preflight.Key) { k.Origin = "AWS_CLOUDHSM" }),
		"KP-606": {
			preflight.KeyInUse(key(1), []preflight.Use{{Ledger: "other", State: "ACTIVE", Key: key(1)}}),
			preflight.KeyInUse(key(1), []preflight.Use{{Ledger: "other", State: "ACTIVE", Key: key(2)}, {Ledger: "free"}}),
		},
		"KP-611": {
			preflight.AliasTarget("alias/orders", "444455556666", region, good()),
			preflight.AliasTarget("alias/orders", account, region, good()),
		},
		"KP-612": {
			preflight.Retargeted("alias/orders", key(2), key(1)), preflight.Retargeted("alias/orders", key(1), key(1)),
		},
		"KP-614": {
			preflight.NoSuchKey("alias/orders", account, region), preflight.NoSuchKey(key(1), account, region),
		},
		"KP-617": {lost(reader, nobody, reader), lost(reader, reader, reader)},
		"KP-618": {
			preflight.Stranded(named, nil), preflight.Stranded(preflight.Input{
				Policy: document(t, `Allow root kms:* ; Allow r/reader kms:Decrypt if {"StringEquals":{"kms:ViaService":`+
					`"qldb.eu-west-2.amazonaws.com"}}`), Account: account, Region: region,
			}, []preflight.Grant{{ID: "1", Grantee: "qldb.eu-west-2.amazonaws.com", Operations: []string{"Decrypt"}}}),
		},
	}
}

// byProvider are the rules that the provider judges by its configuration and its plan, with tests of its own.
var byProvider = []string{"KP-604", "KP-613", "KP-616"}

func settings(rotates bool, windowDays int64, enabled bool) preflight.Settings {
	return preflight.Settings{Rotates: rotates, WindowDays: windowDays, Enabled: enabled}
}

// TestBinding: what AWS enforces, or would lose data for ever, cannot be let pass; whatever a rule about key policies
// finds can, and so can what a user may mean to do with a key.
func TestBinding(t *testing.T) {
	t.Parallel()
	free := []string{"KP-603", "KP-605", "KP-607", "KP-608", "KP-610", "KP-612", "KP-615", "KP-617", "KP-618"}
	for _, r := range preflight.Rules() {
		if want := r.ID < "KP-600" || slices.Contains(free, r.ID); (r.Binding == "") != want {
			t.Errorf("%s can be let pass: %t, because %q", r.ID, !want, r.Binding)
		}
	}
	at := preflight.Place{Region: region, Partition: "aws", Now: now}
	replicated, away := good(), good()
	replicated.MultiRegion, away.Region = true, "us-east-1"
	for _, c := range []struct {
		key      preflight.Key
		enforced bool
	}{{replicated, false}, {away, true}} {
		found := preflight.UsableKey(c.key, at)
		if len(found) != 1 || found[0].Rule != "KP-610" || found[0].Enforced != c.enforced {
			t.Errorf("found %+v, want KP-610, enforced: %t", found, c.enforced)
		}
	}
}

// TestRulesByFacts: the rules that the table of documents leaves out have a pair too, or the catalogue says why they
// need none.
func TestRulesByFacts(t *testing.T) {
	t.Parallel()
	pairs := byFacts(t)
	for id, pair := range pairs {
		has := func(list []preflight.Finding) bool {
			return slices.ContainsFunc(list, func(f preflight.Finding) bool { return f.Rule == id })
		}
		if !has(pair[0]) || has(pair[1]) {
			t.Errorf("%s: got %v, and for its twin %v", id, fired(pair[0]), fired(pair[1]))
		}
	}
	for _, r := range preflight.Unchecked(preflight.Input{
		Callers: []string{"c"}, Readers: []string{"r"}, Writers: []string{"w"},
	}) {
		_, paired := pairs[r.ID]
		if judged := paired || slices.Contains(byProvider, r.ID); judged == (r.Covered != "") {
			t.Errorf("%s: has a pair or a test in the provider: %t; needs none: %q", r.ID, judged, r.Covered)
		}
	}
}

// Space around a principal changes nothing, not even what is said of it.
func TestSpaceAroundPrincipals(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/r", "*",
		"arn:aws:sts::111122223333:assumed-role/r/s", "444455556666"} {
		findings := func(value string) []preflight.Finding {
			return preflight.Check(preflight.Input{Account: account, Region: region, Policy: `{"Version":"2012-10-17",
				"Statement":{"Effect":"Allow","Principal":{"AWS":"` + value + `"},"Action":"kms:*","Resource":"*"}}`})
		}
		want := findings(who)
		if root := who == account || strings.HasSuffix(who, ":root"); root == (len(want) > 0) {
			t.Errorf("%s: found %v", who, want)
		}
		for _, spaced := range []string{" " + who, who + " ", " " + who + " "} {
			if diff := cmp.Diff(want, findings(spaced)); diff != "" {
				t.Errorf("%q (-without space +with it):\n%s", spaced, diff)
			}
		}
	}
}
