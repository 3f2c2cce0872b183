package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// Ledgers of two Regions may have the same name, and tables and documents as well. A record knows its Region, is
// imported from it, and a change of it makes another document there and deletes this one.
func TestRegions(t *testing.T) {
	t.Parallel()
	const other = "us-east-1"
	h := acctest.Start(t)
	c := h.Core()
	apply := func(typ string, config obj, prior *acctest.Object) *acctest.Object {
		t.Helper()
		st, said := c.Apply(t.Context(), typ, config, prior, nil)
		if said.Failed() || st == nil {
			t.Fatalf("%s %v:\n%s", typ, config, said)
		}
		return st
	}
	for _, region := range []string{other, acctest.Region} {
		apply("qldbkms_protected_ledger", obj{"name": "orders", "region": region, "kms_key": "AWS_OWNED_KMS_KEY",
			"deletion_protection": false}, nil)
		table := apply("qldbkms_table", obj{"ledger": "orders", "name": "Vehicle", "region": region}, nil)
		want := "arn:aws:qldb:" + region + ":" + acctest.Account + ":ledger/orders/table/"
		if !strings.HasPrefix(fmt.Sprint(table.Get("arn")), want) {
			t.Errorf("arn is %v, want it to begin with %s", table.Get("arn"), want)
		}
		index := apply("qldbkms_index", obj{"ledger": "orders", "table": "Vehicle", "field": "VIN", "region": region}, nil)
		if index.Get("region") != region || index.Get("status") != "ONLINE" {
			t.Errorf("index in %v is %v", index.Get("region"), index.Get("status"))
		}
	}
	count := func(region, want string) {
		t.Helper()
		rows, said := c.Look(t.Context(), "qldbkms_query", obj{"ledger": "orders", "region": region,
			"statement": "SELECT VALUE v.VIN FROM Vehicle AS v"})
		if got := fmt.Sprint(rows["rows"]); got != want {
			t.Errorf("documents in %s: %s, want %s\n%s", region, got, want, said)
		}
	}
	st := apply(typeName, car(obj{"region": other}), nil)
	count(other, `["1N4"]`)
	count(acctest.Region, `[]`)
	id := fmt.Sprint(st.Get("document_id"))
	if in, said := c.Import(t.Context(), typeName, "orders/Vehicle/"+id); in != nil {
		t.Errorf("found in the provider's Region:\n%s", said)
	}
	in, said := c.Import(t.Context(), typeName, other+"/orders/Vehicle/"+id)
	if in == nil || in.Get("region") != other || in.Get("document") == nil {
		t.Fatalf("import gives %v\n%s", in, said)
	}
	in = apply(typeName, car(obj{"region": other}), in)
	if in.Get("document_id") != id || in.Get("version") != "0" {
		t.Errorf("after the import: document %v, version %v", in.Get("document_id"), in.Get("version"))
	}
	moved := apply(typeName, car(nil), in)
	count(other, `[]`)
	count(acctest.Region, `["1N4"]`)
	if moved.Get("region") != acctest.Region || moved.Get("document_id") == id {
		t.Errorf("moved to %v as %v", moved.Get("region"), moved.Get("document_id"))
	}
}
