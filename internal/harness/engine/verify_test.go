package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
)

// verify checks what w keeps, with the ledger open.
func (w *world) verify() (engine.Verified, error) {
	w.t.Helper()
	scratch, err := index.Open("/scratch", logID, index.Options{FS: vfs.NewMem()})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := scratch.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	return engine.Verify(w.t.Context(), w.cfg, scratch, nil)
}

// However a ledger came to be what it is, its index says what its log says.
func TestVerifyFindsHistoriesWhole(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		w := newWorld(t, func(c *engine.Config) { c.Sealer = newSeal() })
		random := rand.New(rand.NewPCG(seed, 2))
		w.live(randomHistory(seed, 120), func(int) { w.crash(crashfs.Newest, indexFate(random.IntN(3))) })
		digest, err := w.ledger.Digest()
		if err != nil {
			t.Fatal(err)
		}
		found, err := w.verify()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if found.Digest != digest || found.Blocks != w.ledger.Blocks() || found.Indexed != found.Blocks {
			t.Errorf("seed %d: got %+v, want %d blocks with digest %v", seed, found, w.ledger.Blocks(), digest)
		}
		if found.Entries == 0 || found.Revisions == 0 {
			t.Errorf("seed %d: got %d keys and %d revisions", seed, found.Entries, found.Revisions)
		}
	}
}

// Whatever key of the index goes, comes, or holds something else is named.
func TestVerifyNamesWhatTheIndexHasWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("CREATE INDEX ON T (k)")
	w.do("INSERT INTO T {'k':1}")
	w.do("UPDATE T SET k = 2")
	entriesNamed := 0
	for _, key := range w.keys() {
		var value []byte
		var found bool
		err := w.index.View(t.Context(), func(r store.IndexReader) (err error) {
			value, found, err = r.Get([]byte(key))
			value = append([]byte(nil), value...)
			return err
		})
		if err != nil || !found {
			t.Fatalf("key %x: %v, %v", key, found, err)
		}
		other := append([]byte(nil), value...)
		if len(other) > 0 {
			other[len(other)-1] ^= 1
		}
		for what, change := range map[string]store.Change{
			"gone":    {Op: store.OpDelete, Key: []byte(key)},
			"changed": {Op: store.OpPut, Key: []byte(key), Value: other},
		} {
			if key[0] == 'x' && what == "changed" { // has no value
				continue
			}
			w.applyToIndex(change)
			_, err := w.verify()
			wrong, named := errors.AsType[*engine.IndexError](err)
			if key[0] == 'x' && err == nil { // the entry of an older value: superfluous, so it may be gone
				named, wrong = true, &engine.IndexError{Key: []byte(key)}
			}
			if key[0] == 'x' && err != nil {
				entriesNamed++
			}
			if !named || string(wrong.Key) != key {
				t.Errorf("%s %x: got %v", what, key, err)
			}
			w.applyToIndex(store.Change{Op: store.OpPut, Key: []byte(key), Value: value})
		}
	}
	if entriesNamed != 2 {
		t.Errorf("got %d entries that are missed, want those of both values", entriesNamed)
	}
	w.applyToIndex(store.Change{Op: store.OpPut, Key: []byte("lnobody")})
	if _, err := w.verify(); err == nil {
		t.Error("a key that follows from nothing was not noticed")
	}
	w.applyToIndex(store.Change{Op: store.OpDelete, Key: []byte("lnobody")})
	if _, err := w.verify(); err != nil {
		t.Errorf("with all as it was: %v", err)
	}
}

// applyToIndex changes the index behind the ledger's back.
func (w *world) applyToIndex(change store.Change) {
	w.t.Helper()
	ctx := context.Background()
	position, err := w.index.Position(ctx)
	if err == nil {
		err = w.index.Apply(ctx, position, []store.Change{change})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
