package qldb_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
)

func (d *delivered) tableARN(name string) string {
	d.t.Helper()
	for _, table := range d.engine(name).Tables() {
		return "arn:aws:qldb:eu-west-2:" + account + ":ledger/" + name + "/table/" + table.ID
	}
	d.t.Fatal("the ledger has no table")
	return ""
}

func (d *delivered) tag(arn string) error {
	_, err := d.service.TagResource(d.t.Context(), call(), &qldb.TagResourceInput{
		ResourceArn: arn, Tags: map[string]*string{"a": ptr("b")},
	})
	return err
}

// The tags of tables go with their ledger, and are not those of the next ledger of its name.
func TestTableTagsGoWithTheLedger(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	d.ledger("parts")
	first, other := d.tableARN("orders"), d.tableARN("parts")
	for _, arn := range []string{first, other} {
		if err := d.tag(arn); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() (names []string) {
		for name := range maps.Keys(d.state.(*memory).values) {
			if id, found := strings.CutPrefix(name, "qldb/table-tags/"); found {
				_, id, _ = strings.Cut(id, "/")
				names = append(names, id)
			}
		}
		slices.Sort(names)
		return names
	}
	if len(kept()) != 2 {
		t.Errorf("records of tags: %q, want two", kept())
	}
	d.delete("orders")
	if got := code(d.tag(first)); got != "ResourceNotFoundException" {
		t.Errorf("tag a table of a ledger that is being deleted: got %q", got)
	}
	d.pass(time.Second)
	if diff := cmp.Diff([]string{other[strings.LastIndex(other, "/")+1:]}, kept()); diff != "" {
		t.Errorf("records of tags after the deletion (-want +got):\n%s", diff)
	}
	d.create("orders", mainKey)
	if got := code(d.tag(first)); got != "ResourceNotFoundException" {
		t.Errorf("tag a table of a ledger that is being created: got %q", got)
	}
	d.pass(time.Second)
	if got := code(d.tag(first)); got != "ResourceNotFoundException" {
		t.Errorf("tag a table of the former ledger: got %q", got)
	}
}

// Tags can be changed while the ledger's key is out of reach, as those of the ledger can.
func TestTableTagsWithoutTheKey(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	arn := d.tableARN("orders")
	d.keys.setState(mainKey, "Disabled")
	d.pass(5 * time.Second)
	if got, want := d.status("orders"), "KMS_KEY_INACCESSIBLE "+mainKey; !strings.HasPrefix(got, want) {
		t.Fatalf("status: got %s, want %s", got, want)
	}
	if err := d.tag(arn); err != nil {
		t.Errorf("tag: %v", err)
	}
}
