package harness_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/amzn/ion-go/ion"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

type record struct {
	ID   int    `ion:"id"`
	Name string `ion:"firstName"`
}

func newDriver(t *testing.T, cfg aws.Config, ledger string) *qldbdriver.QLDBDriver {
	t.Helper()
	driver, err := qldbdriver.New(ledger, qldbsession.NewFromConfig(cfg), func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driver.Shutdown(context.Background()) })
	return driver
}

func execute(t *testing.T, driver *qldbdriver.QLDBDriver, statement string, parameters ...any) int {
	t.Helper()
	rows, err := driver.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		result, err := txn.Execute(statement, parameters...)
		if err != nil {
			return nil, err
		}
		n := 0
		for result.Next(txn) {
			n++
		}
		return n, result.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return rows.(int)
}

// TestArticleThroughTheDriver is the article's first scenario in small: records created and read back through the real
// driver, on a ledger under a customer managed key, across a restart; then the digest proves a revision offline.
func TestArticleThroughTheDriver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h, server := open(t, config(dir))
	cfg := sdk(h, server, "eu-west-2")
	createLedger(t, qldb.NewFromConfig(cfg), makeKey(t, kms.NewFromConfig(cfg)))
	advance(t, h, 2*time.Second)
	driver := newDriver(t, cfg, "orders")
	execute(t, driver, "CREATE TABLE Test")
	execute(t, driver, "CREATE INDEX ON Test (id)")
	for id := 1; id <= 5; id++ {
		execute(t, driver, "INSERT INTO Test ?", record{ID: id, Name: "Ada"})
	}
	if got := execute(t, driver, "SELECT * FROM Test WHERE id = ?", 3); got != 1 {
		t.Errorf("rows with id 3: got %d, want 1", got)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	h, server = open(t, config(dir))
	advance(t, h, 2*time.Second)
	cfg = sdk(h, server, "eu-west-2")
	if got := execute(t, newDriver(t, cfg, "orders"), "SELECT * FROM Test"); got != 5 {
		t.Errorf("rows after a restart: got %d, want 5", got)
	}
	proveRecord(t, cfg, 3, nil)
}

// proveRecord asks for the revision of the record with an id, with its proof, and checks it offline against a digest;
// nil is the digest of now.
func proveRecord(t *testing.T, cfg aws.Config, id int, digest *qldb.GetDigestOutput) {
	t.Helper()
	ledgers, name := qldb.NewFromConfig(cfg), aws.String("orders")
	if digest == nil {
		var err error
		if digest, err = ledgers.GetDigest(t.Context(), &qldb.GetDigestInput{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	at := committed(t, newDriver(t, cfg, "orders"), id)
	out, err := ledgers.GetRevision(t.Context(), &qldb.GetRevisionInput{
		Name: name, DocumentId: &at.Metadata.ID, DigestTipAddress: digest.DigestTipAddress,
		BlockAddress: &types.ValueHolder{IonText: aws.String(fmt.Sprintf("{strandId: %q, sequenceNo: %d}",
			at.Address.StrandID, at.Address.SequenceNo))},
	})
	if err != nil {
		t.Fatal(err)
	}
	revision, err := verify.ParseRevision([]byte(aws.ToString(out.Revision.IonText)))
	if err != nil {
		t.Fatal(err)
	}
	proof, err := verify.ParseProof([]byte(aws.ToString(out.Proof.IonText)))
	if err != nil {
		t.Fatal(err)
	}
	tip, err := verify.ParseAddress([]byte(aws.ToString(digest.DigestTipAddress.IonText)))
	if err != nil {
		t.Fatal(err)
	}
	if err := verify.Inclusion(revision, proof, digest.Digest, tip); err != nil {
		t.Errorf("revision of document %s: %v", at.Metadata.ID, err)
	}
	wrong := slices.Clone(digest.Digest)
	wrong[0] ^= 1
	if err := verify.Inclusion(revision, proof, wrong, tip); err == nil {
		t.Error("another digest: got no error")
	}
}

// place is where a revision is, as the committed view tells.
type place struct {
	Address struct {
		StrandID   string `ion:"strandId"`
		SequenceNo int    `ion:"sequenceNo"`
	} `ion:"blockAddress"`
	Metadata struct {
		ID string `ion:"id"`
	} `ion:"metadata"`
}

// committed looks the record with an id up in the committed view.
func committed(t *testing.T, driver *qldbdriver.QLDBDriver, id int) place {
	t.Helper()
	found, err := driver.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		result, err := txn.Execute("SELECT blockAddress, metadata FROM _ql_committed_Test WHERE data.id = ?", id)
		if err != nil {
			return nil, err
		}
		var p place
		if !result.Next(txn) {
			return nil, fmt.Errorf("no record %d: %w", id, result.Err())
		}
		return p, ion.Unmarshal(result.GetCurrentData(), &p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found.(place)
}

func TestDeletedLedgerLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h, server := open(t, config(dir))
	cfg := sdk(h, server, "eu-west-2")
	ledgers, name := qldb.NewFromConfig(cfg), aws.String("orders")
	createLedger(t, ledgers, makeKey(t, kms.NewFromConfig(cfg)))
	advance(t, h, 2*time.Second)
	driver := newDriver(t, cfg, "orders")
	execute(t, driver, "CREATE TABLE Test")
	if entries, err := os.ReadDir(filepath.Join(dir, "ledgers")); err != nil || len(entries) != 1 {
		t.Fatalf("ledgers on disk: got %v, %v, want one", entries, err)
	}
	if _, err := ledgers.UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{
		Name: name, DeletionProtection: aws.Bool(false),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := ledgers.DeleteLedger(t.Context(), &qldb.DeleteLedgerInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	advance(t, h, 2*time.Second)
	if entries, err := os.ReadDir(filepath.Join(dir, "ledgers")); err != nil || len(entries) != 0 {
		t.Errorf("ledgers on disk after the deletion: got %v, %v, want none", entries, err)
	}
	if _, err := driver.GetTableNames(t.Context()); err == nil {
		t.Error("a driver of the deleted ledger: got no error")
	}
}

// TestPlaintextIsNowhereOnDisk looks for what was stored, and for what it was stored in, in every file: after the
// statements of a document's life, in the middle of a key change, after it, and when the harness has stopped.
func TestPlaintextIsNowhereOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h, server := open(t, config(dir))
	s := (&troubled{t: t, h: h, cfg: sdk(h, server, "eu-west-2")}).withKeys()
	if err := s.create(); err != nil {
		t.Fatal(err)
	}
	advance(t, h, 2*time.Second)
	driver := newDriver(t, s.cfg, "orders")
	execute(t, driver, "CREATE TABLE Telltale")
	execute(t, driver, "CREATE INDEX ON Telltale (firstName)")
	live := func(id int) {
		t.Helper()
		execute(t, driver, "INSERT INTO Telltale ?", record{ID: id, Name: "Rumpelstiltskin"})
		execute(t, driver, "UPDATE Telltale SET straw = {'spunInto': 'SolidGold'} WHERE id = ?", id)
		execute(t, driver, "SELECT * FROM Telltale WHERE firstName = 'Rumpelstiltskin'")
		execute(t, driver, "SELECT * FROM history(Telltale) AS h WHERE h.data.straw.spunInto = 'SolidGold'")
		execute(t, driver, "DELETE FROM Telltale WHERE id = ?", id)
	}
	live(1)
	wantUnreadable(t, "before a key change", dir)
	if err := rekeyTo(t.Context(), s.ledgers, s.next); err != nil {
		t.Fatal(err)
	}
	live(2)
	wantUnreadable(t, "during a key change", dir)
	s.settle("the key change", s.next, s.first)
	live(3)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	wantUnreadable(t, "afterwards", dir)
}

func wantUnreadable(t *testing.T, when, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the index is compacted meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files++
		for _, secret := range []string{
			"Rumpelstiltskin", "Telltale", "firstName", "straw", "spunInto", "SolidGold", "INSERT INTO", "DELETE FROM",
		} {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s, %s holds %q", when, path, secret)
			}
		}
		return err
	})
	if err != nil || files < 4 {
		t.Errorf("%s, files looked at: got %d, %v", when, files, err)
	}
}
