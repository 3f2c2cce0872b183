package table_test

import (
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const typeName = "qldbkms_table"

type obj = map[string]any

func vehicle(more obj) obj {
	all := obj{"ledger": "orders", "name": "Vehicle"}
	for k, v := range more {
		all[k] = v
	}
	return all
}

func wants(t *testing.T, said acctest.Diagnostics, texts ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(said.String()), " ")
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("diagnostics do not say %q:\n%s", want, said)
		}
	}
}

// A dropped table comes back with its documents, if the id is that of a dropped table of the name.
func TestUndrop(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	c := h.Core()
	st, said := c.Apply(t.Context(), typeName, vehicle(obj{"drop_with_documents": true}), nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	id, _ := st.Get("table_id").(string)
	h.Statement("orders", "INSERT INTO Vehicle {'VIN': '1N4'}")
	_, said = c.Apply(t.Context(), typeName, vehicle(obj{"name": "Car", "undrop": id}), nil, nil)
	wants(t, said, "Table "+id+" is not dropped.", "Nothing was changed.")
	if left, said := c.Apply(t.Context(), typeName, nil, st, nil); left != nil {
		t.Fatalf("drop:\n%s", said)
	}
	_, said = c.Apply(t.Context(), typeName, vehicle(obj{"name": "Car", "undrop": id}), nil, nil)
	wants(t, said, "Table "+id+` is called "Vehicle".`)
	_, said = c.Apply(t.Context(), typeName, vehicle(obj{"undrop": strings.Repeat("0", 22)}), nil, nil)
	wants(t, said, "is not in the ledger")
	st, said = c.Apply(t.Context(), typeName, vehicle(obj{"undrop": id}), nil, nil)
	if len(said) > 0 || st.Get("table_id") != id {
		t.Fatalf("undrop gives %v, want %s\n%s", st.Get("table_id"), id, said)
	}
	rows := h.Statement("orders", "SELECT VALUE VIN FROM Vehicle")
	if len(rows) != 1 {
		t.Errorf("got %d documents, want 1", len(rows))
	}
}

// Whichever request is lost: one table is there in the end, and the state has its id.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	c := h.Core()
	for _, kind := range []acctest.Fault{
		{Operation: "SendCommand", Kind: "lost_answer", Count: 1},
		{Operation: "SendCommand", Kind: "error", Code: "InternalFailure", Status: 500, Count: 1},
	} {
		for n := range 6 {
			kind.Skip = n
			h.Fault(kind)
			st, said := c.Apply(t.Context(), typeName, vehicle(nil), nil, nil)
			h.ClearFaults()
			if len(said) > 0 {
				t.Fatalf("create, request %d:\n%s", n, said)
			}
			rows := h.Statement("orders", "SELECT VALUE tableId FROM information_schema.user_tables WHERE status = 'ACTIVE'")
			if v, err := ion.DecodeOne(rows[0], ion.Options{}); err != nil || len(rows) != 1 || v.Text() != st.Get("table_id") {
				t.Errorf("request %d: tables %d, first %s, want %v", n, len(rows), v, st.Get("table_id"))
			}
			h.Fault(kind)
			st, said = c.Apply(t.Context(), typeName, nil, st, nil)
			h.ClearFaults()
			if st != nil || len(said) > 0 {
				t.Fatalf("drop, request %d:\n%s", n, said)
			}
		}
	}
}

// A document that comes in while the table is dropped is found: the look for documents is part of the transaction.
func TestRefusals(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	c := h.Core()
	st, said := c.Apply(t.Context(), typeName, vehicle(nil), nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	_, said = c.Apply(t.Context(), typeName, vehicle(nil), nil, nil)
	wants(t, said, `Table "Vehicle" already exists`, "terraform import <address> "+acctest.Region+"/orders/Vehicle")
	h.Statement("orders", "INSERT INTO Vehicle {'VIN': '1N4'}")
	left, said := c.Apply(t.Context(), typeName, nil, st, nil)
	wants(t, said, `Table "Vehicle" holds documents`, "apply drop_with_documents = true first")
	if left == nil {
		t.Error("the refused drop forgot the table")
	}
	_, said = c.Apply(t.Context(), typeName, vehicle(obj{"ledger": "audit"}), nil, nil)
	wants(t, said, `There is no ledger "audit" in `+acctest.Region)
	for _, name := range []string{"", "1a", "a-b", "_ql_x", strings.Repeat("x", 129)} {
		if !c.Validate(t.Context(), typeName, vehicle(obj{"name": name})).Failed() {
			t.Errorf("the name %q was accepted", name)
		}
	}
	h.Fault(acctest.Fault{
		Operation: "ListTagsForResource", Kind: "error", Code: "AccessDeniedException", Message: "no", Status: 400,
	})
	_, said = c.Refresh(t.Context(), st)
	wants(t, said, "Warning", "keeps its tags in the plan as they were", "qldb:ListTagsForResource")
}

// Tags go with CREATE TABLE, quoted as Ion.
func TestTags(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	c := h.Core()
	config := vehicle(obj{"tags": obj{"te`am": "it's \"ours\"", "b": "`"}})
	st, said := c.Apply(t.Context(), typeName, config, nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	if all, _ := st.Get("tags_all").(obj); all["te`am"] != "it's \"ours\"" || len(all) != 2 {
		t.Errorf("tags_all is %v", all)
	}
}
