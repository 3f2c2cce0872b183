package envelope_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
)

const ttl = 5 * time.Second

var start = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)

// A wrapper is a KMS: it can refuse, and answer with another key than it should. Only a fake can do the latter.
type wrapper struct {
	envelope.OwnKey
	mu       sync.Mutex
	refuse   error
	garble   func([]byte) []byte // of what Decrypt answers
	decrypts int
}

func (w *wrapper) Decrypt(ctx context.Context, level0 string, b []byte, ec map[string]string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.decrypts++
	if w.refuse != nil {
		return nil, w.refuse
	}
	plaintext, err := w.OwnKey.Decrypt(ctx, level0, b, ec)
	if err == nil && w.garble != nil {
		plaintext = w.garble(plaintext)
	}
	return plaintext, err
}

// A world is one ledger's Ring over a real state.
type world struct {
	t      testing.TB
	state  *local.Store
	kms    *wrapper
	ledger string
	root   envelope.Root
	ring   *envelope.Ring

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB, ledger string) *world {
	t.Helper()
	state, err := local.Open(t.Context(), t.TempDir(), local.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := state.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{
		t: t, state: state, ledger: ledger, now: start,
		kms:  &wrapper{OwnKey: envelope.OwnKey{Sealer: state.Sealer(), Rand: rand.Reader}},
		root: envelope.Root{NodeID: "1nmeXO2avkRK43C6qhhkWw", NodeVersion: 1},
	}
	key, err := w.root.Generate(t.Context(), w.kms, "key/one", ledger)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.root.Plant(ledger, key, newIDs(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.ring = w.newRing()
	return w
}

func newIDs() func() (string, error) {
	n := 0
	return func() (string, error) {
		n++
		return fmt.Sprintf("%022d", n), nil
	}
}

// newRing is what another process would have.
func (w *world) newRing() *envelope.Ring {
	var ring *envelope.Ring
	ring = envelope.NewRing(envelope.RingConfig{
		LedgerID: w.ledger, State: w.state, Rand: rand.Reader, Now: w.time,
		Refresh: func(ctx context.Context) error { return w.unlock(ctx, ring) },
	})
	return ring
}

func (w *world) unlock(ctx context.Context, ring *envelope.Ring) error {
	now, drops := w.time(), ring.Drops()
	key, err := w.root.Open(ctx, w.kms, "key/one", w.ledger)
	if err != nil {
		return err
	}
	defer key.Wipe()
	return ring.Unlock(drops, &w.root, key, now, now.Add(ttl))
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) move(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) decrypts() int {
	w.kms.mu.Lock()
	defer w.kms.mu.Unlock()
	return w.kms.decrypts
}

func (w *world) refuse(err error) {
	w.kms.mu.Lock()
	defer w.kms.mu.Unlock()
	w.kms.refuse = err
}

func (w *world) hold() *envelope.Held {
	w.t.Helper()
	held, err := w.ring.Hold(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return held
}

func (w *world) seal(place, text string) []byte {
	w.t.Helper()
	held := w.hold()
	defer held.Release()
	sealed, err := held.Seal([]byte(place), []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	return sealed
}

func (w *world) wantOpens(ring *envelope.Ring, place string, sealed []byte, want string) {
	w.t.Helper()
	if got, err := ring.Open(w.t.Context(), []byte(place), sealed); err != nil || string(got) != want {
		w.t.Errorf("open at %q: got %q, %v, want %q", place, got, err, want)
	}
}

// reserved lists the reserved sealings of the strand's segment keys.
func (w *world) reserved() (reserved []int) {
	w.t.Helper()
	err := w.state.View(w.t.Context(), func(r store.Reader) (err error) {
		reserved, err = envelope.Reserved(r, w.ledger)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return reserved
}

var errRefused = errors.New("the key is disabled")
