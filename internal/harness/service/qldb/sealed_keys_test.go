package qldb_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
)

// A grant that was revoked stops the ledger like a disabled key; UpdateLedger with the same key brings it back at once.
func TestGrantRevokedAndRestored(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	if err := d.insertOne(1); err != nil {
		t.Fatal(err)
	}
	d.keys.revoke(mainKey)
	d.pass(5 * time.Second)
	_, err := d.rows()
	wantRefused(t, "without the grant", err)
	_, err = d.rekey("orders", otherKey)
	if got := faultOf(err); got != `InvalidParameterException 400 {"ParameterName":"KmsKey"}`+"\n"+impairedText {
		t.Errorf("another key without the grant: got %s", got)
	}
	d.mustRekey("orders", mainKey)
	d.wantStatus("orders", "ENABLED "+mainKey)
	d.wantRows(1)
}

// An alias is not followed: after it was pointed at another key the ledger still needs the former one.
func TestAliasIsNotFollowed(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.active("orders", "alias/orders")
	if err := d.run("CREATE TABLE Test"); err != nil {
		t.Fatal(err)
	}
	d.keys.aliases["alias/orders"] = otherKey
	d.pass(time.Hour)
	d.wantStatus("orders", "ENABLED "+mainKey)
	d.wantRows(0)
	if calls := d.keys.called(); slices.Contains(calls, "Decrypt "+otherKey) {
		t.Error("the key that the alias points at was used")
	}
	d.keys.setState(mainKey, "Disabled")
	d.pass(5 * time.Second)
	_, err := d.rows()
	wantRefused(t, "with the former key disabled", err)
	d.keys.setState(mainKey, "Enabled")
	d.pass(5 * time.Second)
	d.mustRekey("orders", "alias/orders") // this time it is resolved again
	d.pass(2 * time.Second)
	d.wantStatus("orders", "ENABLED "+otherKey)
	d.keys.setState(mainKey, "Disabled")
	d.pass(time.Hour)
	d.wantRows(0)
}

// Either key that goes away during a change pauses it, and with it the ledger; back again, the change goes on to its
// end with nothing lost.
func TestKeyDeletedDuringChange(t *testing.T) {
	t.Parallel()
	for _, gone := range []string{mainKey, otherKey} {
		d := newDelivered(t)
		d.ledger("orders")
		if err := d.insertOne(1); err != nil {
			t.Fatal(err)
		}
		d.mustRekey("orders", otherKey)
		d.keys.setState(gone, "PendingDeletion")
		d.pass(2 * time.Second)
		if got := d.describe("orders").EncryptionDescription; got.EncryptionStatus != "KMS_KEY_INACCESSIBLE" ||
			got.KmsKeyArn != otherKey {
			t.Errorf("%s gone: got %s", gone, showEncryption(got))
		}
		_, err := d.rows()
		wantRefused(t, gone+" gone", err)
		d.keys.setState(gone, "Enabled")
		d.pass(5 * time.Second)
		d.wantStatus("orders", "UPDATING "+otherKey)
		d.wantRows(1)
		d.pass(2 * time.Second)
		d.wantStatus("orders", "ENABLED "+otherKey)
		d.wantRows(1)
	}
}

// A key that is lost before the ledger has moved to it costs nothing: the ledger goes back, or to a third key, is read
// and written at once, and by a server that starts anew too.
func TestKeyLostDuringChange(t *testing.T) {
	t.Parallel()
	for _, from := range []string{mainKey, awsOwned} {
		for _, to := range []string{from, thirdKey} {
			d := newDelivered(t)
			d.ledger("orders")
			if from != mainKey {
				d.mustRekey("orders", from)
				d.pass(2 * time.Second)
			}
			if err := d.insertOne(1); err != nil {
				t.Fatal(err)
			}
			d.mustRekey("orders", otherKey)
			delete(d.keys.keys, otherKey)
			d.pass(2 * time.Second)
			_, err := d.rows()
			wantRefused(t, "while it is lost", err)
			d.mustRekey("orders", to)
			d.wantRows(1)
			if err := d.insertOne(2); err != nil {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
			d.pass(2 * time.Second)
			d.wantStatus("orders", "ENABLED "+to)
			again, _ := d.branch()
			again.pass(time.Second)
			again.wantRows(2)
		}
	}
}

// unsealed is journals whose sealing is broken.
type unsealed struct{ *ledgers }

func (u unsealed) Open(ctx context.Context, id string, _ engine.Sealer) (*engine.Ledger, error) {
	return u.ledgers.Open(ctx, id, nil)
}

// No file holds anything of what is in a ledger; and the search would find it, had it not been sealed.
func TestNothingIsReadableOnDisk(t *testing.T) {
	t.Parallel()
	words := []string{"Telltale", "firstName", "Rumpelstiltskin", "INSERT INTO"}
	for _, sealed := range []bool{true, false} {
		d := newDelivered(t, func(cfg *qldb.Config) {
			if !sealed {
				cfg.Journals = unsealed{cfg.Journals.(*ledgers)}
			}
		})
		d.active("orders", mainKey)
		for _, statement := range []string{
			"CREATE TABLE Telltale", "CREATE INDEX ON Telltale (firstName)",
			"INSERT INTO Telltale VALUE {'firstName': 'Rumpelstiltskin'}",
		} {
			if err := d.run(statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.journals.closeAll(); err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		look := func(path string, raw []byte) {
			for _, word := range words {
				if bytes.Contains(raw, []byte(word)) {
					found[word] = path
				}
			}
		}
		err := filepath.WalkDir(d.journals.dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			look(path, raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range d.state.(*memory).values {
			look("state "+key, append([]byte(key), value...))
		}
		for _, word := range words {
			if _, ok := found[word]; ok == sealed {
				t.Errorf("sealed %v: %q found: %v in %s", sealed, word, ok, found[word])
			}
		}
	}
}
