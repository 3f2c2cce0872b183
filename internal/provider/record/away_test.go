package record_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// keyed is a bench whose ledger is under a customer's key, and what switches the key off and on.
func keyed(t *testing.T) (b bench, usable func(bool)) {
	t.Helper()
	h := acctest.Start(t)
	key, err := h.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	h.LedgerUnder("orders", *key.KeyMetadata.Arn)
	b = bench{h, t}
	b.run("CREATE TABLE Vehicle")
	return b, func(on bool) {
		t.Helper()
		var err error
		if on {
			_, err = h.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyMetadata.KeyId})
		} else {
			_, err = h.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId})
		}
		if err != nil {
			t.Fatal(err)
		}
		h.Advance(time.Minute)
		h.Probe()
	}
}

// A key that is disabled between plan and apply: every operation waits for it within its time limit, then names ledger
// and key. Nothing is lost, and the same apply works when the key is back.
func TestKeyGoneDuringApply(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first, then obj
		says        string
		left        []string
	}{
		"create": {nil, car(nil), "was not created", nil},
		"update": {car(nil), car(obj{"document": `{"VIN": "2"}`}), "was not changed", []string{`{VIN:"1N4",Doors:4}`}},
		"delete": {car(nil), nil, "was not deleted", []string{`{VIN:"1N4",Doors:4}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, usable := keyed(t)
			limit := obj{name: "100ms"}
			var st *acctest.Object
			if test.first != nil {
				test.first["timeouts"] = limit
				var said acctest.Diagnostics
				if st, said = b.apply(test.first, nil, nil); len(said) > 0 {
					t.Fatal(said)
				}
			}
			if test.then != nil {
				test.then["timeouts"] = limit
			}
			left, said := b.apply(test.then, st, func() { usable(false) })
			wants(t, said, test.says, `Ledger "orders" is ACTIVE, its encryption KMS_KEY_INACCESSIBLE`)
			if (left == nil) != (st == nil) {
				t.Errorf("the state is %v", left)
			}
			usable(true)
			if err := b.holds(test.left...)(nil); err != nil {
				t.Error(err)
			}
			delete(test.then, "timeouts")
			if test.then == nil { // a time limit for a deletion is in the state
				if left, said = b.apply(car(nil), left, nil); len(said) > 0 {
					t.Fatal(said)
				}
			}
			if _, said = b.apply(test.then, left, nil); said.Failed() {
				t.Errorf("when the key is back:\n%s", said)
			}
		})
	}
}

// Whatever holds the document can go: the table, the ledger. A read then finds nothing, a destroy has nothing to do.
func TestGone(t *testing.T) {
	t.Parallel()
	for name, drop := range map[string]func(bench){
		"document": func(b bench) { b.run("DELETE FROM Vehicle") },
		"table":    func(b bench) { b.run("DROP TABLE Vehicle") },
		"table made anew": func(b bench) {
			b.run("DROP TABLE Vehicle")
			b.run("CREATE TABLE Vehicle")
			b.run("INSERT INTO Vehicle {'VIN': '1N4', 'Doors': 4}")
		},
		"ledger": func(b bench) { b.DropLedger("orders") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			st := b.created()
			drop(b)
			if read, said := b.Core().Refresh(t.Context(), st); read != nil || len(said) > 0 {
				t.Errorf("read gives %v\n%s", read, said)
			}
			if left, said := b.apply(nil, st, nil); left != nil || said.Failed() {
				t.Errorf("destroy leaves %v\n%s", left, said)
			}
			if name == "table made anew" {
				if err := b.holds(`{VIN:"1N4",Doors:4}`)(nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A document that somebody deleted and made again is another one: it is not taken for the old one, nor doubled, and can
// be adopted.
func TestMadeAgainBySomebodyElse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run("CREATE INDEX ON Vehicle (VIN)")
	config := car(obj{"key_fields": []any{"VIN"}})
	st, _ := b.apply(config, nil, nil)
	b.run("DELETE FROM Vehicle")
	b.run("INSERT INTO Vehicle {'VIN': '1N4', 'Doors': 4, 'Owner': 'A'}")
	if read, said := b.Core().Refresh(t.Context(), st); read != nil || len(said) > 0 {
		t.Fatalf("read gives %v\n%s", read, said)
	}
	_, said := b.apply(config, nil, nil)
	wants(t, said, "has a document with this key", "terraform import")
	config["if_exists"], config["compare"] = "adopt", "subset"
	again, said := b.apply(config, nil, nil)
	if len(said) > 0 || again.Get("version") != "0" || again.Get("document_id") == st.Get("document_id") {
		t.Errorf("adopted version %v of %v\n%s", again.Get("version"), again.Get("document_id"), said)
	}
	if err := b.holds(`{VIN:"1N4",Doors:4,Owner:"A"}`)(nil); err != nil {
		t.Error(err)
	}
}

// What is stored is what was written, at the edges as well, and reads back as no change.
func TestDocumentsAtTheEdges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.Core()
	largest := `{"a":"` + strings.Repeat("x", 131051) + `"}`
	if v := parse(t, largest); len(ion.EncodeBinary(v)) != 128<<10 {
		t.Fatalf("the largest document has %d bytes", len(ion.EncodeBinary(v)))
	}
	for form, documents := range map[string][]string{
		"document": {
			`{}`, `{"a":null}`, `{"a":{"b":null,"c":{}},"d":[]}`, `{"":""}`, `{"select":1,"a b":2,"é":"\u0000😀"}`,
			`{"n":12345678901234567890,"d":0.10,"f":1e5,"z":-0.0}`, largest,
		},
		"document_ion": {
			`{}`, `note::{a:x::null.blob}`, `{a:null.struct,b:null,c:'',d:{{}},e:()}`, `{a:1,a:2}`, `{f:nan,g:-inf,h:-0e0}`,
			`{t:2007T,u:2007-02-23T12:14:33.079123456789-00:00}`, largest,
		},
	} {
		for _, document := range documents {
			b.run("DELETE FROM Vehicle")
			config := obj{"ledger": "orders", "table": "Vehicle", form: document, "verify": true}
			st, said := c.Apply(t.Context(), typeName, config, nil, nil)
			if len(said) > 0 {
				t.Errorf("create %.60s:\n%s", document, said)
				continue
			}
			rows, want := b.run("SELECT VALUE v FROM Vehicle AS v"), parse(t, document).String()
			if form == "document_ion" && (len(rows) != 1 || rows[0] != want) {
				t.Errorf("%.60s: the ledger holds %.60q", document, rows)
			}
			st, said = c.Refresh(t.Context(), st)
			if len(said) > 0 || st.Get(form) != document {
				t.Errorf("read %.60s: got %.60v\n%s", document, st.Get(form), said)
			}
			if st, said = c.Apply(t.Context(), typeName, config, st, nil); len(said) > 0 || st.Get("version") != "0" {
				t.Errorf("apply %.60s again: version %v\n%s", document, st.Get("version"), said)
			}
		}
	}
	over := strings.Replace(largest, "x", "xx", 1)
	wants(t, c.Validate(t.Context(), typeName, car(obj{"document": over})), "larger than 128 KB")
}

// A subset never grows beyond what the service takes without a word, and the rest of the document stays.
func TestSubsetTooLarge(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st, _ := b.apply(car(obj{"compare": "subset"}), nil, nil)
	b.run("UPDATE Vehicle SET Notes = ?", strings.Repeat("x", 100_000))
	st, said := b.Core().Refresh(t.Context(), st)
	if len(said) > 0 {
		t.Fatal(said)
	}
	more := fmt.Sprintf(`{"VIN": "1N4", "More": "%s"}`, strings.Repeat("y", 40_000))
	left, said := b.apply(car(obj{"compare": "subset", "document": more}), st, nil)
	wants(t, said, "was not changed", "Together with the fields that the configuration does not name", "128 KB")
	if strings.Contains(said.String(), "yyy") || left.Get("version") != "1" {
		t.Errorf("version %v\n%.500s", left.Get("version"), said)
	}
}
