package qldb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const arn = "arn:aws:qldb:eu-west-2:111122223333:ledger/orders"

func TestCreateAndDescribe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.create("orders", "alias/orders")
	want := &qldb.CreateLedgerOutput{
		Name: "orders", Arn: arn, State: "CREATING", CreationDateTime: wire.At(start),
		PermissionsMode: "STANDARD", KmsKeyArn: mainKey,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CreateLedger (-want +got):\n%s", diff)
	}
	w.clock.Advance(time.Second - 1)
	if got := w.describe("orders").State; got != "CREATING" {
		t.Errorf("state just before a second is over: got %s, want CREATING", got)
	}
	w.clock.Advance(1)
	wantDescribed := &qldb.DescribeLedgerOutput{
		Name: "orders", Arn: arn, State: "ACTIVE", CreationDateTime: wire.At(start), PermissionsMode: "STANDARD",
		EncryptionDescription: &qldb.EncryptionDescription{KmsKeyArn: mainKey, EncryptionStatus: "ENABLED"},
	}
	if diff := cmp.Diff(wantDescribed, w.describe("orders")); diff != "" {
		t.Errorf("DescribeLedger after a second, without Tick (-want +got):\n%s", diff)
	}
	wantCalls := []string{
		"DescribeKey alias/orders", "CreateGrant " + mainKey, "GenerateDataKey " + mainKey + " v1",
		"Decrypt " + mainKey, // the answer is looked at before anything depends on it
	}
	if diff := cmp.Diff(wantCalls, w.keys.called()); diff != "" {
		t.Errorf("calls to KMS (-want +got):\n%s", diff)
	}
	if w.woken == 0 {
		t.Error("Wake was not called although a probe is due")
	}
}

func TestCreateDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.service.CreateLedger(t.Context(), call(),
		&qldb.CreateLedgerInput{Name: "orders", PermissionsMode: "ALLOW_ALL"})
	if err != nil {
		t.Fatal(err)
	}
	if !out.DeletionProtection || out.KmsKeyArn != "" {
		t.Errorf("got protection %v and key %q, want true and none", out.DeletionProtection, out.KmsKeyArn)
	}
	w.wantStatus("orders", "none")
	if next := w.tick(); !next.IsZero() {
		t.Errorf("a ledger under the default key has work due at %v", next)
	}
	if got := w.keys.called(); len(got) != 0 {
		t.Errorf("calls to KMS: got %q, want none", got)
	}
}

// What DescribeLedger shows, by the history of the ledger.
func TestEncryptionDescription(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		create string
		moves  []string
		during string // right after the last move
		after  string
	}{
		{"never a key", "", nil, "none", "none"},
		{"explicitly owned by AWS", awsOwned, nil, "ENABLED " + awsOwned, "ENABLED " + awsOwned},
		{"key id", mainID, nil, "ENABLED " + mainKey, "ENABLED " + mainKey},
		{"alias", "alias/orders", nil, "ENABLED " + mainKey, "ENABLED " + mainKey},
		{"none to owned by name", "", []string{awsOwned}, "ENABLED " + awsOwned, "ENABLED " + awsOwned},
		{"none to customer", "", []string{mainKey}, "UPDATING " + mainKey, "ENABLED " + mainKey},
		{"customer to owned", mainKey, []string{awsOwned}, "UPDATING " + awsOwned, "ENABLED " + awsOwned},
		{"owned to customer", awsOwned, []string{mainID}, "UPDATING " + mainKey, "ENABLED " + mainKey},
		{"customer to customer", mainKey, []string{otherID}, "UPDATING " + otherKey, "ENABLED " + otherKey},
		{"there and back", mainKey, []string{otherKey, mainKey}, "UPDATING " + mainKey, "ENABLED " + mainKey},
		{"owned twice", mainKey, []string{awsOwned, awsOwned}, "ENABLED " + awsOwned, "ENABLED " + awsOwned},
		{"same by alias", mainKey, []string{"alias/orders"}, "ENABLED " + mainKey, "ENABLED " + mainKey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.active("orders", test.create)
			for i, key := range test.moves {
				if i > 0 {
					w.pass(2 * time.Second)
				}
				out := w.mustRekey("orders", key)
				if got, want := showEncryption(out.EncryptionDescription), w.status("orders"); got != want {
					t.Errorf("UpdateLedger shows %q, DescribeLedger %q", got, want)
				}
				if out.State != "ACTIVE" {
					t.Errorf("state: got %s, want ACTIVE", out.State)
				}
			}
			w.wantStatus("orders", test.during)
			w.pass(2 * time.Second)
			w.wantStatus("orders", test.after)
			w.pass(time.Hour)
			w.wantStatus("orders", test.after)
		})
	}
}

func TestListLedgers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *qldb.Config) { c.MaxLedgers = 200 })
	for _, name := range []string{"c", "a", "b", "B"} {
		w.create(name, "")
	}
	if _, err := w.service.CreateLedger(t.Context(), callFrom(account, "us-east-1"), createInput("z", "")); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Second)
	w.delete("b")

	list := func(in *qldb.ListLedgersInput) *qldb.ListLedgersOutput {
		out, err := w.service.ListLedgers(t.Context(), call(), in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if diff := cmp.Diff([]string{"B ACTIVE", "a ACTIVE", "b DELETING", "c ACTIVE"},
		names(list(&qldb.ListLedgersInput{}))); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	w.clock.Advance(time.Second)
	var pages []string
	in := &qldb.ListLedgersInput{MaxResults: ptr[int32](2)}
	for {
		out := list(in)
		pages = append(pages, fmt.Sprint(names(out)))
		if out.NextToken == "" {
			break
		}
		in.NextToken = out.NextToken
	}
	if diff := cmp.Diff([]string{"[B ACTIVE a ACTIVE]", "[c ACTIVE]"}, pages); diff != "" {
		t.Errorf("pages of two after b is gone (-want +got):\n%s", diff)
	}
}

// A page that holds exactly what is left carries no token.
func TestLastPageIsFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("a", "")
	w.create("b", "")
	out, err := w.service.ListLedgers(t.Context(), call(), &qldb.ListLedgersInput{MaxResults: ptr[int32](2)})
	if err != nil || out.NextToken != "" || len(out.Ledgers) != 2 {
		t.Errorf("got %+v, %v, want both ledgers and no token", out, err)
	}
}

func names(out *qldb.ListLedgersOutput) []string {
	var got []string
	for _, l := range out.Ledgers {
		got = append(got, l.Name+" "+l.State)
	}
	return got
}

func TestUpdateLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.active("orders", mainKey)
	out, err := w.service.UpdateLedger(t.Context(), call(),
		&qldb.UpdateLedgerInput{Name: "orders", DeletionProtection: ptr(true), KmsKey: ptr(otherKey)})
	if err != nil {
		t.Fatal(err)
	}
	want := &qldb.UpdateLedgerOutput{
		Name: "orders", Arn: arn, State: "ACTIVE", CreationDateTime: wire.At(start), DeletionProtection: true,
		EncryptionDescription: &qldb.EncryptionDescription{KmsKeyArn: otherKey, EncryptionStatus: "UPDATING"},
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("both changes (-want +got):\n%s", diff)
	}
	before := w.describe("orders")
	if _, err := w.service.UpdateLedger(t.Context(), call(), &qldb.UpdateLedgerInput{Name: "orders"}); err != nil {
		t.Errorf("nothing to change: %v", err)
	}
	if diff := cmp.Diff(before, w.describe("orders")); diff != "" {
		t.Errorf("changed by an update that changes nothing (-want +got):\n%s", diff)
	}
	// A key that is refused must not let the protection through.
	if _, err := w.service.UpdateLedger(t.Context(), call(),
		&qldb.UpdateLedgerInput{Name: "orders", DeletionProtection: ptr(false), KmsKey: ptr(thirdKey)}); err == nil {
		t.Error("a third key during a change was accepted")
	}
	if !w.describe("orders").DeletionProtection {
		t.Error("protection changed although the update was refused")
	}
	mode, err := w.service.UpdateLedgerPermissionsMode(t.Context(), call(),
		&qldb.UpdateLedgerPermissionsModeInput{Name: "orders", PermissionsMode: "ALLOW_ALL"})
	if err != nil {
		t.Fatal(err)
	}
	wantMode := &qldb.UpdateLedgerPermissionsModeOutput{Name: "orders", Arn: arn, PermissionsMode: "ALLOW_ALL"}
	if diff := cmp.Diff(wantMode, mode); diff != "" {
		t.Errorf("UpdateLedgerPermissionsMode (-want +got):\n%s", diff)
	}
}

func TestDeleteLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.active("orders", mainKey)
	w.mustRekey("orders", otherKey) // a change is running: two grants
	w.wantGrants(mainKey, otherKey)
	w.delete("orders")
	if got := w.describe("orders").State; got != "DELETING" {
		t.Errorf("state: got %s, want DELETING", got)
	}
	w.clock.Advance(time.Second)
	_, err := w.service.DescribeLedger(t.Context(), call(), &qldb.DescribeLedgerInput{Name: "orders"})
	if got, want := code(err), "ResourceNotFoundException"; got != want {
		t.Errorf("after a second, without Tick: got %s, want %s", got, want)
	}
	// The name is free at once, even before the grants of the old ledger are retired.
	w.create("orders", mainKey)
	if next := w.tick(); next.IsZero() {
		t.Error("the new ledger has no probe due")
	}
	w.wantGrants(mainKey)
	w.wantStatus("orders", "ENABLED "+mainKey)
	if got := w.report().LooseGrants; len(got) != 0 {
		t.Errorf("loose grants: got %+v, want none", got)
	}
	w.pass(time.Hour)
	w.wantStatus("orders", "ENABLED "+mainKey)
}

func TestQuota(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.create(fmt.Sprintf("ledger-%d", i), "")
	}
	create := func(c *wire.Call) string {
		_, err := w.service.CreateLedger(t.Context(), c, createInput("orders", mainKey))
		return code(err)
	}
	if got, want := create(call()), "LimitExceededException"; got != want {
		t.Errorf("sixth: got %s, want %s", got, want)
	}
	w.wantGrants()
	if got := create(callFrom("444455556666", "eu-west-2")); got != "none" {
		t.Errorf("sixth in another account: got %s, want none", got)
	}
	w.pass(time.Second)
	w.delete("ledger-3")
	if got := create(call()); got != "none" {
		t.Errorf("after one is being deleted: got %s, want none", got)
	}
}

// Accounts and Regions are apart from each other.
func TestPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("orders", "")
	for _, c := range []*wire.Call{callFrom("444455556666", "eu-west-2"), callFrom(account, "us-east-1")} {
		_, err := w.service.DescribeLedger(t.Context(), c, &qldb.DescribeLedgerInput{Name: "orders"})
		if got, want := code(err), "ResourceNotFoundException"; got != want {
			t.Errorf("from %s in %s: got %s, want %s", c.Caller.Account, c.Region, got, want)
		}
	}
	other, err := w.service.CreateLedger(t.Context(), callFrom(account, "us-east-1"), createInput("orders", ""))
	if err != nil || other.Arn != "arn:aws:qldb:us-east-1:111122223333:ledger/orders" {
		t.Errorf("same name in another Region: got %+v, %v", other, err)
	}
}
