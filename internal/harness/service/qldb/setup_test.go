package qldb_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	account   = "111122223333"
	keyPrefix = "arn:aws:kms:eu-west-2:111122223333:key/"
	mainID    = "11111111-1111-4111-8111-111111111111"
	mainKey   = keyPrefix + mainID
	otherID   = "22222222-2222-4222-8222-222222222222"
	otherKey  = keyPrefix + otherID
	thirdKey  = keyPrefix + "33333333-3333-4333-8333-333333333333"
	awsOwned  = "AWS_OWNED_KMS_KEY"
)

var start = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)

// world is a QLDB over a fake KMS, on a clock that stands still.
type world struct {
	t       *testing.T
	clock   *clock.Movable
	keys    *fakeKeys
	state   store.State
	service *qldb.Service
	woken   int
}

// newWorld makes the keys mainKey, otherKey and thirdKey, all usable, and alias/orders for mainKey.
func newWorld(t *testing.T, change ...func(*qldb.Config)) *world {
	t.Helper()
	return newWorldOver(t, openState(t), change...)
}

func newWorldOver(t *testing.T, state store.State, change ...func(*qldb.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewFrozen(start), keys: newFakeKeys(), state: state}
	for _, arn := range []string{mainKey, otherKey, thirdKey} {
		w.keys.add(arn)
	}
	w.keys.aliases["alias/orders"] = mainKey
	cfg := qldb.Config{
		State: w.state, Sealer: ownSealer{}, Keys: w.keys, Clock: w.clock, Rand: rand.Reader, Wake: func() { w.woken++ },
	}
	for _, c := range change {
		c(&cfg)
	}
	w.service = newService(t, cfg)
	return w
}

func newService(t *testing.T, cfg qldb.Config) *qldb.Service {
	t.Helper()
	s, err := qldb.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openState(t *testing.T) store.State {
	t.Helper()
	s, err := local.Open(t.Context(), t.TempDir(), local.Options{NoSync: true, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close state: %v", err)
		}
	})
	return s
}

func call() *wire.Call { return callFrom(account, "eu-west-2") }

func callFrom(account, region string) *wire.Call {
	return &wire.Call{
		Service: "qldb", Partition: "aws", Region: region, Time: start,
		Caller: wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root"},
	}
}

func ptr[T any](v T) *T { return &v }

// create makes an unprotected STANDARD ledger; an empty key is the default key. It returns the answer.
func (w *world) create(name, key string) *qldb.CreateLedgerOutput {
	w.t.Helper()
	out, err := w.service.CreateLedger(w.t.Context(), call(), createInput(name, key))
	if err != nil {
		w.t.Fatalf("create %s: %v", name, err)
	}
	return out
}

func createInput(name, key string) *qldb.CreateLedgerInput {
	in := &qldb.CreateLedgerInput{Name: name, PermissionsMode: "STANDARD", DeletionProtection: ptr(false)}
	if key != "" {
		in.KmsKey = &key
	}
	return in
}

// active makes a ledger and lets it become ACTIVE.
func (w *world) active(name, key string) {
	w.t.Helper()
	w.create(name, key)
	w.pass(time.Second)
}

// rekey asks for another key.
func (w *world) rekey(name, key string) (*qldb.UpdateLedgerOutput, error) {
	w.t.Helper()
	return w.service.UpdateLedger(w.t.Context(), call(), &qldb.UpdateLedgerInput{Name: name, KmsKey: &key})
}

func (w *world) mustRekey(name, key string) *qldb.UpdateLedgerOutput {
	w.t.Helper()
	out, err := w.rekey(name, key)
	if err != nil {
		w.t.Fatalf("move %s to %s: %v", name, key, err)
	}
	return out
}

func (w *world) delete(name string) {
	w.t.Helper()
	if _, err := w.service.DeleteLedger(w.t.Context(), call(), &qldb.DeleteLedgerInput{Name: name}); err != nil {
		w.t.Fatalf("delete %s: %v", name, err)
	}
}

func (w *world) describe(name string) *qldb.DescribeLedgerOutput {
	w.t.Helper()
	out, err := w.service.DescribeLedger(w.t.Context(), call(), &qldb.DescribeLedgerInput{Name: name})
	if err != nil {
		w.t.Fatalf("describe %s: %v", name, err)
	}
	return out
}

// status is "ENABLED <key>", or "none" without an encryption description.
func (w *world) status(name string) string {
	w.t.Helper()
	return showEncryption(w.describe(name).EncryptionDescription)
}

func showEncryption(d *qldb.EncryptionDescription) string {
	if d == nil {
		return "none"
	}
	text := d.EncryptionStatus + " " + d.KmsKeyArn
	if d.InaccessibleKmsKeyDateTime != nil {
		text += " since " + d.InaccessibleKmsKeyDateTime.UTC().Format("15:04:05")
	}
	return text
}

// pass moves the clock and has everything done that is due.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.clock.Advance(d)
	w.tick()
}

func (w *world) tick() time.Time {
	w.t.Helper()
	next, err := w.service.Tick(w.t.Context())
	if err != nil {
		w.t.Fatalf("tick: %v", err)
	}
	if !next.IsZero() && !next.After(w.clock.Now()) {
		w.t.Errorf("tick left something that is due now")
	}
	return next
}

func (w *world) report() *qldb.Report {
	w.t.Helper()
	r, err := w.service.Report(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) wantStatus(name, want string) {
	w.t.Helper()
	if got := w.status(name); got != want {
		w.t.Errorf("encryption of %s: got %q, want %q", name, got, want)
	}
}

// wantGrants checks which keys have a grant.
func (w *world) wantGrants(want ...string) {
	w.t.Helper()
	var got []string
	for _, g := range w.keys.granted() {
		key, _, _ := strings.Cut(g, " ")
		got = append(got, key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("keys with grants (-want +got):\n%s", diff)
	}
}

// faultOf shows a fault as its code, status, message and members, and any other error as it is.
func faultOf(err error) string {
	if err == nil {
		return "no error"
	}
	f, ok := errors.AsType[*wire.Fault](err)
	if !ok {
		return err.Error()
	}
	members, err := json.Marshal(f.Members)
	if err != nil {
		return err.Error()
	}
	status := f.Status
	if status == 0 {
		status = 400
	}
	out, err := json.Marshal(status)
	if err != nil {
		return err.Error()
	}
	return f.Code + " " + string(out) + " " + string(members) + "\n" + f.Message
}

func code(err error) string {
	if err == nil {
		return "none"
	}
	if f, ok := errors.AsType[*wire.Fault](err); ok {
		return f.Code
	}
	return err.Error()
}

// operation runs one operation on the ledger called orders, by name, with otherwise good input.
func (w *world) operation(ctx context.Context, name string) error {
	s, c := w.service, call()
	const ledger = "orders"
	block := &qldb.ValueHolder{IonText: `{strandId:"BlFTjlSXze9BIh1KOszcE3",sequenceNo:14}`}
	arn := "arn:aws:qldb:eu-west-2:111122223333:ledger/orders"
	var err error
	switch name {
	case "CreateLedger":
		_, err = s.CreateLedger(ctx, c, createInput(ledger, ""))
	case "DescribeLedger":
		_, err = s.DescribeLedger(ctx, c, &qldb.DescribeLedgerInput{Name: ledger})
	case "ListLedgers":
		_, err = s.ListLedgers(ctx, c, &qldb.ListLedgersInput{})
	case "UpdateLedger":
		_, err = s.UpdateLedger(ctx, c, &qldb.UpdateLedgerInput{Name: ledger, DeletionProtection: ptr(false)})
	case "UpdateLedger same key":
		_, err = s.UpdateLedger(ctx, c, &qldb.UpdateLedgerInput{Name: ledger, KmsKey: ptr(mainKey)})
	case "UpdateLedger other key":
		_, err = s.UpdateLedger(ctx, c, &qldb.UpdateLedgerInput{Name: ledger, KmsKey: ptr(otherKey)})
	case "UpdateLedgerPermissionsMode":
		_, err = s.UpdateLedgerPermissionsMode(ctx, c,
			&qldb.UpdateLedgerPermissionsModeInput{Name: ledger, PermissionsMode: "ALLOW_ALL"})
	case "DeleteLedger":
		_, err = s.DeleteLedger(ctx, c, &qldb.DeleteLedgerInput{Name: ledger})
	case "GetDigest":
		_, err = s.GetDigest(ctx, c, &qldb.GetDigestInput{Name: ledger})
	case "GetBlock":
		_, err = s.GetBlock(ctx, c, &qldb.GetBlockInput{Name: ledger, BlockAddress: block})
	case "GetRevision":
		_, err = s.GetRevision(ctx, c,
			&qldb.GetRevisionInput{Name: ledger, BlockAddress: block, DocumentID: "8F0TPCmdNQ6JTRpiLj2TmW"})
	case "ExportJournalToS3":
		_, err = s.ExportJournalToS3(ctx, c, exportInput(ledger))
	case "StreamJournalToKinesis":
		_, err = s.StreamJournalToKinesis(ctx, c, streamInput(ledger))
	case "ListJournalS3ExportsForLedger":
		_, err = s.ListJournalS3ExportsForLedger(ctx, c, &qldb.ListJournalS3ExportsForLedgerInput{Name: ledger})
	case "ListJournalKinesisStreamsForLedger":
		_, err = s.ListJournalKinesisStreamsForLedger(ctx, c,
			&qldb.ListJournalKinesisStreamsForLedgerInput{LedgerName: ledger})
	case "TagResource":
		_, err = s.TagResource(ctx, c, &qldb.TagResourceInput{ResourceArn: arn, Tags: map[string]*string{"a": nil}})
	case "UntagResource":
		_, err = s.UntagResource(ctx, c, &qldb.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})
	case "ListTagsForResource":
		_, err = s.ListTagsForResource(ctx, c, &qldb.ListTagsForResourceInput{ResourceArn: arn})
	default:
		w.t.Fatalf("no operation %s", name)
	}
	return err
}

func exportInput(ledger string) *qldb.ExportJournalToS3Input {
	return &qldb.ExportJournalToS3Input{
		Name: ledger, RoleArn: "arn:aws:iam::111122223333:role/export",
		InclusiveStartTime: wire.At(start.Add(-time.Hour)), ExclusiveEndTime: wire.At(start.Add(-time.Minute)),
		S3ExportConfiguration: &qldb.S3ExportConfiguration{
			Bucket: "audit", Prefix: ptr(""),
			EncryptionConfiguration: &qldb.S3EncryptionConfiguration{ObjectEncryptionType: "SSE_S3"},
		},
	}
}

func streamInput(ledger string) *qldb.StreamJournalToKinesisInput {
	return &qldb.StreamJournalToKinesisInput{
		LedgerName: ledger, RoleArn: "arn:aws:iam::111122223333:role/stream", StreamName: "audit",
		InclusiveStartTime: wire.At(start.Add(-time.Hour)),
		KinesisConfiguration: &qldb.KinesisConfiguration{
			StreamArn: "arn:aws:kinesis:eu-west-2:111122223333:stream/audit",
		},
	}
}
