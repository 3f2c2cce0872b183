package table_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

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

// seen are the tags that the service keeps of the table.
func seen(t *testing.T, h *acctest.Harness, o *acctest.Object) obj {
	t.Helper()
	arn, _ := o.Get("arn").(string)
	out, err := h.QLDB().ListTagsForResource(t.Context(), &qldb.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	tags := obj{}
	for k, v := range out.Tags {
		tags[k] = aws.ToString(v)
	}
	return tags
}

// Tags change in place, by the calls that are needed and no others.
func TestTagsChangeInPlace(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	c := h.Core()
	st, said := c.Apply(t.Context(), typeName, vehicle(obj{"tags": obj{"a": "1", "b": "2"}}), nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	id := st.Get("table_id")
	for _, step := range []struct {
		tags  obj
		calls []string
	}{
		{obj{"a": "1", "b": "3", "c": "4"}, []string{"TagResource"}},
		{obj{"a": "1", "c": "4"}, []string{"UntagResource"}},
		{obj{"x": "y"}, []string{"UntagResource", "TagResource"}},
		{nil, []string{"UntagResource"}},
	} {
		h.ForgetCalls()
		config := vehicle(nil)
		if step.tags != nil {
			config["tags"] = step.tags
		}
		st, said = c.Apply(t.Context(), typeName, config, st, nil)
		if len(said) > 0 || st.Get("table_id") != id {
			t.Fatalf("tags %v: table %v, want %v\n%s", step.tags, st.Get("table_id"), id, said)
		}
		calls := slices.DeleteFunc(h.Mutations(), func(name string) bool { return name == "SendCommand" })
		if !slices.Equal(calls, step.calls) {
			t.Errorf("tags %v: got calls %q, want %q", step.tags, calls, step.calls)
		}
		if got := seen(t, h, st); !maps.Equal(got, step.tags) {
			t.Errorf("tags are %v, want %v", got, step.tags)
		}
	}
	arn, _ := st.Get("arn").(string)
	in := &qldb.TagResourceInput{ResourceArn: &arn, Tags: map[string]*string{"by": aws.String("hand")}}
	if _, err := h.QLDB().TagResource(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	st, said = c.Refresh(t.Context(), st)
	if all, _ := st.Get("tags_all").(obj); !maps.Equal(all, obj{"by": "hand"}) || len(said) > 0 {
		t.Errorf("after a change by hand tags_all is %v\n%s", all, said)
	}
	refused := acctest.Fault{Kind: "error", Code: "AccessDeniedException", Message: "no", Status: 403, Count: 1}
	refused.Operation = "UntagResource"
	h.Fault(refused)
	st, said = c.Apply(t.Context(), typeName, vehicle(nil), st, nil)
	wants(t, said, `Table "Vehicle" kept its tags`, "qldb:UntagResource")
	if all, _ := st.Get("tags_all").(obj); !maps.Equal(all, obj{"by": "hand"}) {
		t.Errorf("after a refusal tags_all is %v", all)
	}
}

// Where a table cannot be created with its tags, or is there already, they are set afterwards.
func TestTagsAfterwards(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	c := h.Core()
	st, said := c.Apply(t.Context(), typeName, vehicle(obj{"tags": obj{"a": "1"}}), nil, nil)
	if len(said) > 0 {
		t.Fatal(said)
	}
	id := st.Get("table_id")
	if left, said := c.Apply(t.Context(), typeName, nil, st, nil); left != nil {
		t.Fatalf("drop:\n%s", said)
	}
	st, said = c.Apply(t.Context(), typeName, vehicle(obj{"undrop": id, "tags": obj{"b": "2"}}), nil, nil)
	if len(said) > 0 || !maps.Equal(seen(t, h, st), obj{"b": "2"}) {
		t.Errorf("undropped with tags %v\n%s", seen(t, h, st), said)
	}

	_, err := h.QLDB().UpdateLedgerPermissionsMode(t.Context(), &qldb.UpdateLedgerPermissionsModeInput{
		Name: aws.String("orders"), PermissionsMode: "ALLOW_ALL",
	})
	if err != nil {
		t.Fatal(err)
	}
	car := vehicle(obj{"name": "Car", "tags": obj{"c": "3"}})
	refused := acctest.Fault{Kind: "error", Code: "AccessDeniedException", Message: "no", Status: 403, Count: 1}
	refused.Operation = "TagResource"
	h.Fault(refused)
	st, said = c.Apply(t.Context(), typeName, car, nil, nil)
	wants(t, said, `Table "Car" is there, but its tags were not set`, "terraform untaint")
	if all, _ := st.Get("tags_all").(obj); len(all) != 0 {
		t.Errorf("tags_all is %v although none was set", all)
	}
	st, said = c.Apply(t.Context(), typeName, car, st, nil)
	if len(said) > 0 || !maps.Equal(seen(t, h, st), obj{"c": "3"}) {
		t.Errorf("tags in ALLOW_ALL: %v\n%s", seen(t, h, st), said)
	}
}
