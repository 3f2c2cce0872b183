package record_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

const typeName = "qldbkms_record"

type obj = map[string]any

func car(more obj) obj {
	all := obj{"ledger": "orders", "table": "Vehicle", "document": `{"VIN": "1N4", "Doors": 4}`}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// wants fails unless the diagnostics say all of texts, whatever the line breaks.
func wants(t *testing.T, said acctest.Diagnostics, texts ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(said.String()), " ")
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("diagnostics do not say %q:\n%s", want, said)
		}
	}
}

// Whichever request's answer is lost, whichever is cut before it arrives and whichever the service fails with: one
// document is there in the end, and the state knows it.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	kinds := map[string]acctest.Fault{
		"lost answer":      {Operation: "SendCommand", Kind: "lost_answer", Count: 1},
		"drop before":      {Operation: "SendCommand", Kind: "drop_before", Count: 1},
		"internal failure": {Operation: "SendCommand", Kind: "error", Code: "InternalFailure", Status: 500, Count: 1},
		"slow down": {
			Operation: "SendCommand", Kind: "error", Code: "RateExceededException", Message: "The rate was exceeded", Count: 1,
		},
	}
	for name, rule := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			c := b.Core()
			for n := range 8 { // start session, start, insert, commit; start, select, commit; none
				b.run("DELETE FROM Vehicle")
				rule.Skip = n
				b.Fault(rule)
				st, said := c.Apply(t.Context(), typeName, car(nil), nil, nil)
				b.ClearFaults()
				if said.Failed() || len(said) > 0 {
					t.Fatalf("create, request %d:\n%s", n, said)
				}
				ids := b.run("SELECT VALUE id FROM Vehicle AS v BY id")
				if want := fmt.Sprintf("%q", st.Get("document_id")); len(ids) != 1 || ids[0] != want {
					t.Errorf("request %d: documents %v, want %s", n, ids, want)
				}
				b.Fault(rule)
				st, said = c.Apply(t.Context(), typeName, car(obj{"document": `{"VIN": "1N4"}`}), st, nil)
				b.ClearFaults()
				if said.Failed() || st.Get("version") != "1" || st.Get("revision_hash") == nil {
					t.Fatalf("update, request %d: version %v\n%s", n, st.Get("version"), said)
				}
				b.Fault(rule)
				_, said = c.Apply(t.Context(), typeName, nil, st, nil)
				b.ClearFaults()
				if said.Failed() {
					t.Fatalf("delete, request %d:\n%s", n, said)
				}
				if err := b.holds()(nil); err != nil {
					t.Errorf("delete, request %d: %v", n, err)
				}
			}
		})
	}
}

// A write over a revision that the plan did not see is refused, in both directions; nothing is overwritten.
func TestCompareAndSet(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.Core()
	st, said := c.Apply(t.Context(), typeName, car(nil), nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	meddle := func() { b.run("UPDATE Vehicle SET Doors = 9") }
	st, said = c.Apply(t.Context(), typeName, car(obj{"document": `{"VIN": "2"}`}), st, meddle)
	wants(t, said, "changed since the plan: version 0 -> 1")
	if st.Get("version") != "0" {
		t.Errorf("version in the state is %v, want 0", st.Get("version"))
	}
	st, said = c.Apply(t.Context(), typeName, nil, st, nil)
	wants(t, said, "changed since the plan: version 0 -> 1")
	if st == nil {
		t.Fatal("the refused delete forgot the document")
	}
	if got := b.run("SELECT VALUE Doors FROM Vehicle"); len(got) != 1 || got[0] != "9" {
		t.Errorf("documents are %v", got)
	}
	meddle = func() { b.run("DELETE FROM Vehicle") }
	_, said = c.Apply(t.Context(), typeName, car(obj{"document": `{"VIN": "2"}`}), st, meddle)
	wants(t, said, "was deleted since the plan")
}

// A record waits for a ledger that is still being created, and names its state when the time is over.
func TestWaitsForTheLedger(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t, acctest.WithTiming(acctest.Timing{LedgerCreate: time.Hour}))
	if _, err := h.QLDB().CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: "STANDARD",
	}); err != nil {
		t.Fatal(err)
	}
	b, c := bench{h, t}, h.Core()
	_, said := c.Apply(t.Context(), typeName, car(obj{"timeouts": obj{"create": "100ms"}}), nil, nil)
	wants(t, said, `was not created`, `Ledger "orders" is CREATING`)

	type outcome struct {
		st   *acctest.Object
		said acctest.Diagnostics
	}
	done := make(chan outcome)
	h.ForgetCalls()
	go func() {
		st, said := c.Apply(t.Context(), "qldbkms_table", obj{"ledger": "orders", "name": "Vehicle"}, nil, nil)
		done <- outcome{st, said}
	}()
	h.Await(func() bool { return len(h.Calls()) > 5 }) // it waits
	h.Advance(2 * time.Hour)
	if o := <-done; len(o.said) > 0 || o.st == nil {
		t.Fatalf("create table:\n%s", o.said)
	}
	if _, said := c.Apply(t.Context(), typeName, car(nil), nil, nil); len(said) > 0 {
		t.Fatalf("create:\n%s", said)
	}
	if err := b.holds(`{VIN:"1N4",Doors:4}`)(nil); err != nil {
		t.Error(err)
	}
}

// An interrupt ends the wait at once and says what it waited for.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t, acctest.WithTiming(acctest.Timing{LedgerCreate: time.Hour}))
	if _, err := h.QLDB().CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: "STANDARD",
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan acctest.Diagnostics)
	c := h.Core()
	go func() {
		_, said := c.Apply(ctx, typeName, car(nil), nil, nil)
		done <- said
	}()
	h.Await(func() bool { return len(h.Calls()) > 5 })
	cancel()
	wants(t, <-done, "was not created", "CREATING", "interrupted")
}

// A ledger that cannot use its key keeps the state through a plan, with a warning; an apply waits for the key.
func TestInaccessibleKey(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	key, err := h.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.QLDB().CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: "STANDARD", KmsKey: key.KeyMetadata.Arn,
	}); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	h.Statement("orders", "CREATE TABLE Vehicle")
	c := h.Core()
	st, said := c.Apply(t.Context(), typeName, car(nil), nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	if _, err := h.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	h.Probe()
	read, said := c.Refresh(t.Context(), st)
	wants(t, said, "Warning", "was not read", "KMS_KEY_INACCESSIBLE", "goes on with what was known")
	if said.Failed() || read.Get("version") != "0" {
		t.Errorf("read gives version %v\n%s", read.Get("version"), said)
	}
	changed := car(obj{"document": `{"VIN": "2"}`, "timeouts": obj{"update": "100ms"}})
	_, said = c.Apply(t.Context(), typeName, changed, st, nil)
	wants(t, said, "was not changed", "KMS_KEY_INACCESSIBLE", *key.KeyMetadata.Arn)
	if _, err := h.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	h.Probe()
	delete(changed, "timeouts")
	if st, said = c.Apply(t.Context(), typeName, changed, st, nil); len(said) > 0 || st.Get("version") != "1" {
		t.Errorf("update gives version %v\n%s", st.Get("version"), said)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	c := newBench(t).Core()
	const secret = "secretword"
	for name, test := range map[string]struct {
		config obj
		want   string
	}{
		"fine":            {car(obj{"key_fields": []any{"VIN"}}), ""},
		"no document":     {obj{"ledger": "orders", "table": "Vehicle"}, "Missing Attribute Configuration"},
		"two documents":   {car(obj{"document_ion": "{}"}), "Invalid Attribute Combination"},
		"not JSON":        {car(obj{"document": "{" + secret}), "not one JSON object"},
		"not JSON, later": {car(obj{"document": "{\n  \"a\": " + secret}), "see line 2, column 8"},
		"not Ion": {
			obj{"ledger": "orders", "table": "Vehicle", "document_ion": "{\n a: '" + secret},
			"not one Ion value in text: see line",
		},
		"too deep":       {car(obj{"document": strings.Repeat("[", 200) + strings.Repeat("]", 200)}), "MaxDepth 128"},
		"too great":      {car(obj{"document": `{"a": 1e400}`}), "beyond what 64 bits can hold"},
		"two values":     {car(obj{"document": `{} {"a": "` + secret + `"}`}), "not one JSON object"},
		"a list":         {car(obj{"document": `["` + secret + `"]`}), "not one JSON object"},
		"a typed null":   {obj{"ledger": "orders", "table": "Vehicle", "document_ion": "null.struct"}, "or null"},
		"repeated field": {car(obj{"document": `{"a": {"b": 1, "b": "` + secret + `"}}`}), "named twice"},
		"repeated, subset": {
			obj{"ledger": "orders", "table": "Vehicle", "compare": "subset", "document_ion": "{a: {b: 1, b: " + secret + "}}"},
			"names a field twice",
		},
		"repeated, exact": {obj{"ledger": "orders", "table": "Vehicle", "document_ion": "{b: 1, b: 2}"}, ""},
		"too large":       {car(obj{"document": `{"a": "` + strings.Repeat(secret, 13200) + `"}`}), "larger than 128 KB"},
		"absent key":      {car(obj{"key_fields": []any{"Color"}}), `key_fields names "Color"`},
		"null key":        {car(obj{"document": `{"VIN": null}`, "key_fields": []any{"VIN"}}), "Nothing equals null"},
		"adopt what":      {car(obj{"if_exists": "adopt"}), "needs key_fields"},
		"table name":      {car(obj{"table": "a b"}), "letters, digits and underscores"},
		"write-only only": {obj{"ledger": "orders", "table": "Vehicle", "document_wo": "{}"}, "document_wo_version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := c.Validate(t.Context(), typeName, test.config)
			if said.Failed() != (test.want != "") {
				t.Errorf("got:\n%s", said)
			}
			wants(t, said, test.want)
			if strings.Contains(said.String(), secret) {
				t.Errorf("the document is in a diagnostic:\n%.300s", said)
			}
		})
	}
}

// An import shows the document so that it can be written back: as JSON, or as Ion where JSON would lose something.
func TestImport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.Core()
	b.run("INSERT INTO Vehicle << {'VIN': '1', 'Doors': 4}, {'VIN': '2', 'Built': `2007T`} >>")
	ids := b.run("SELECT VALUE id FROM Vehicle AS v BY id")
	for i, want := range []struct{ attribute, text string }{
		{"document", `{"VIN":"1","Doors":4}`}, {"document_ion", `{VIN:"2",Built:2007T}`},
	} {
		st, said := c.Import(t.Context(), typeName, acctest.Region+"/orders/Vehicle/"+strings.Trim(ids[i], `"`))
		if len(said) > 0 {
			t.Fatal(said)
		}
		if got := st.Get(want.attribute); got != want.text {
			t.Errorf("%s is %v, want %s", want.attribute, got, want.text)
		}
		config := obj{"ledger": "orders", "table": "Vehicle", "document_ion": `{Doors:4,VIN:"1"}`}
		if i == 0 { // the same document in the other form is no write
			st, said = c.Apply(t.Context(), typeName, config, st, nil)
			if len(said) > 0 || st.Get("version") != "0" || st.Get("document") != nil {
				t.Errorf("version %v, document %v\n%s", st.Get("version"), st.Get("document"), said)
			}
		}
	}
	for _, id := range []string{"", "orders", "orders/Vehicle", "eu-west-2/orders/Vehicle/", "//"} {
		if _, said := c.Import(t.Context(), typeName, id); id != "" && !said.Failed() {
			t.Errorf("%q was imported", id)
		}
	}
	if st, _ := c.Import(t.Context(), typeName, "orders/Vehicle/0000000000000000000000"); st != nil {
		t.Error("a document that is not there was imported")
	}
}
