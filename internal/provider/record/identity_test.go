package record_test

import (
	"maps"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// What is in a ledger is named by its identity, with or without the Region; and what was saved by a Terraform without
// identities is read, changed, found missing and destroyed like any other.
func TestIdentities(t *testing.T) {
	t.Parallel()
	vehicle := obj{"ledger": "orders", "name": "Vehicle"}
	vin := obj{"ledger": "orders", "table": "Vehicle", "field": "VIN"}
	for _, test := range []struct {
		typ     string
		config  obj
		changed obj // in place
		names   []string
		id      string // an attribute that the import has to find again
		drop    string
	}{
		{
			"qldbkms_table", vehicle, obj{"ledger": "orders", "name": "Vehicle", "tags": obj{"a": "b"}},
			[]string{"ledger", "name"}, "table_id", "DROP TABLE Vehicle",
		},
		{
			"qldbkms_index", vin, obj{"ledger": "orders", "table": "Vehicle", "field": "VIN", "timeouts": obj{"create": "1h"}},
			[]string{"ledger", "table", "field"}, "index_id", "DROP TABLE Vehicle",
		},
		{
			typeName, car(nil), car(obj{"document": `{"VIN": "2"}`}), []string{"ledger", "table", "document_id"},
			"document_id", "DELETE FROM Vehicle",
		},
	} {
		t.Run(test.typ, func(t *testing.T) {
			t.Parallel()
			h := acctest.Start(t)
			h.Ledger("orders")
			c, b := h.Core(), bench{h, t}
			if test.typ != "qldbkms_table" {
				b.run("CREATE TABLE Vehicle")
			}
			st, said := c.Apply(t.Context(), test.typ, test.config, nil, nil)
			if len(said) > 0 {
				t.Fatal(said)
			}
			want := obj{"region": acctest.Region}
			for _, name := range test.names {
				want[name] = st.Get(name)
			}
			if got := c.Identity(st); !maps.Equal(got, want) {
				t.Errorf("identity is %v, want %v", got, want)
			}
			for _, region := range []any{acctest.Region, nil} {
				by := maps.Clone(want)
				by["region"] = region
				in, said := c.ImportBy(t.Context(), test.typ, by)
				if len(said) > 0 || in == nil || in.Get(test.id) != st.Get(test.id) || !maps.Equal(c.Identity(in), want) {
					t.Fatalf("import by %v gives %v\n%s", by, in, said)
				}
			}
			old, said := c.Refresh(t.Context(), st.WithoutIdentity())
			if len(said) > 0 || !maps.Equal(c.Identity(old), want) {
				t.Errorf("read without an identity: %v\n%s", c.Identity(old), said)
			}
			now, said := c.Apply(t.Context(), test.typ, test.changed, st.WithoutIdentity(), nil)
			if len(said) > 0 || !maps.Equal(c.Identity(now), want) || now.Get(test.id) != st.Get(test.id) {
				t.Errorf("changed without an identity: %v\n%s", c.Identity(now), said)
			}
			b.run(test.drop)
			if gone, said := c.Refresh(t.Context(), now.WithoutIdentity()); gone != nil || len(said) > 0 {
				t.Errorf("missing, without an identity: %v\n%s", gone, said)
			}
			if left, said := c.Apply(t.Context(), test.typ, nil, now.WithoutIdentity(), nil); left != nil || said.Failed() {
				t.Errorf("destroyed without an identity: %v\n%s", left, said)
			}
		})
	}
}
