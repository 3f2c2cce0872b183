package envelope_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// The places of the three nodes.
const (
	block = "log/7"
	value = "d0000000000000000000001"
	table = "c"
)

func TestSealedDataOpensOnlyWhereItBelongs(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t, "one"), newWorld(t, "two")
	for _, place := range []string{block, value, table} {
		sealed := w.seal(place, "Walker")
		w.wantOpens(w.ring, place, sealed, "Walker")
		w.wantOpens(w.newRing(), place, sealed, "Walker") // after a restart
		if bytes.Contains(sealed, []byte("Walker")) {
			t.Errorf("%s: the plaintext is in what was sealed", place)
		}
		for _, elsewhere := range []string{"log/8", "d0000000000000000000002", "b", block, value, table} {
			if elsewhere == place {
				continue
			}
			if _, err := w.ring.Open(t.Context(), []byte(elsewhere), sealed); !errors.Is(err, envelope.ErrSealed) {
				t.Errorf("sealed at %q, opened at %q: got %v, want ErrSealed", place, elsewhere, err)
			}
		}
		other.seal(place, "so that the other ledger has its keys")
		if _, err := other.ring.Open(t.Context(), []byte(place), sealed); !errors.Is(err, envelope.ErrSealed) {
			t.Errorf("%s in another ledger: got %v, want ErrSealed", place, err)
		}
		for i := range sealed {
			changed := slices.Clone(sealed)
			changed[i] ^= 4
			if _, err := w.ring.Open(t.Context(), []byte(place), changed); err == nil {
				t.Errorf("%s with byte %d changed was opened", place, i)
			}
			if _, err := w.ring.Open(t.Context(), []byte(place), sealed[:i]); err == nil {
				t.Errorf("%s cut to %d bytes was opened", place, i)
			}
		}
	}
}

// Data of the format before the hierarchy, and a ledger from that time, are named as what they are.
func TestOlderFormatIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "one")
	_, err := w.ring.Open(t.Context(), []byte(block), append([]byte{1}, make([]byte, 64)...))
	if !errors.Is(err, envelope.ErrNoHierarchy) {
		t.Errorf("got %v, want ErrNoHierarchy", err)
	}
	old := envelope.Root{NodeID: "1nmeXO2avkRK43C6qhhkWw", NodeVersion: 1, Ciphertext: []byte("from KMS")}
	if _, err := old.Open(t.Context(), w.kms, "key/one", "one"); !errors.Is(err, envelope.ErrNoHierarchy) {
		t.Errorf("got %v, want ErrNoHierarchy", err)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t, "one"), newWorld(t, "one")
	hash := func(ring *envelope.Ring, text string) [32]byte {
		h, err := ring.Hash(t.Context(), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if hash(w.ring, "a") != hash(w.newRing(), "a") {
		t.Error("the hash of a value changed with a restart")
	}
	if hash(w.ring, "a") == hash(w.ring, "b") || hash(w.ring, "a") == hash(other.ring, "a") {
		t.Error("two values, or two ledgers, have one hash")
	}
}

// Keys are asked for again when they expire, once for all who wait; an answer is not used longer than it may be, also
// when the clock is moved back.
func TestExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "one")
	sealed := w.seal(block, "Walker")
	for _, step := range []struct {
		name string
		move time.Duration
		asks int
	}{
		{"at once", 0, 0}, {"before the time is over", ttl - 1, 0}, {"when it is over", 1, 1},
		{"long after", time.Hour, 1}, {"after the clock was moved back", -time.Hour, 1}, {"again", 0, 0},
	} {
		before, wiped := w.decrypts(), envelope.Watch(w.ring)
		w.move(step.move)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { w.wantOpens(w.ring, block, sealed, "Walker") })
		}
		all.Wait()
		if got := w.decrypts() - before; got != step.asks {
			t.Errorf("%s: KMS was asked %d times, want %d", step.name, got, step.asks)
		}
		if got, want := wiped(), step.asks > 0; got != want {
			t.Errorf("%s: old keys overwritten: got %v, want %v", step.name, got, want)
		}
	}
	w.move(ttl)
	wiped := envelope.Watch(w.ring)
	w.ring.Expire()
	if !wiped() {
		t.Error("keys outlive their time while nobody asks for them")
	}
	w.refuse(errRefused)
	if _, err := w.ring.Open(t.Context(), []byte(block), sealed); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want the refusal", err)
	}
	if _, err := w.ring.Hold(t.Context()); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want the refusal", err)
	}
	if _, err := w.ring.Hash(t.Context(), nil); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want the refusal", err)
	}
	w.refuse(nil)
	w.wantOpens(w.ring, block, sealed, "Walker")
}

// Who waits for keys goes on as soon as they are there, while the one that asked for them is still busy; and whoever
// gives up waiting is let go.
func TestWaitingForKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "one")
	asked, answer, rest := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var ring *envelope.Ring
	ring = envelope.NewRing(envelope.RingConfig{
		LedgerID: w.ledger, State: w.state, Rand: rand.Reader, Now: w.time,
		Refresh: func(ctx context.Context) error {
			close(asked)
			<-answer
			err := w.unlock(ctx, ring)
			<-rest
			return err
		},
	})
	var all sync.WaitGroup
	all.Go(func() {
		if err := ring.Ensure(context.Background()); err != nil {
			t.Error(err)
		}
	})
	<-asked
	impatient, leave := context.WithCancel(t.Context())
	leave()
	if err := ring.Ensure(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left: got %v, want its own context's error", err)
	}
	waited := make(chan error, 1)
	go func() { waited <- ring.Ensure(context.Background()) }()
	close(answer)
	if err := <-waited; err != nil { // rest is still open
		t.Error(err)
	}
	close(rest)
	all.Wait()
}

// What holds keys goes on to its end after they were dropped; nobody else gets them; then they are overwritten.
func TestDropWhileHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "one")
	held := w.hold()
	wiped := envelope.Watch(w.ring)
	w.refuse(errRefused)
	w.ring.Drop()
	if w.ring.Ready() {
		t.Error("dropped keys are there")
	}
	sealed, err := held.Seal([]byte(value), []byte("Walker"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := held.Open(t.Context(), []byte(value), sealed); err != nil || string(got) != "Walker" {
		t.Errorf("got %q, %v, want Walker", got, err)
	}
	if _, err := w.ring.Open(t.Context(), []byte(value), sealed); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want the refusal", err)
	}
	if wiped() {
		t.Error("held keys were overwritten")
	}
	held.Release()
	if !wiped() {
		t.Error("keys that nobody uses any more were not overwritten")
	}
	w.refuse(nil)
	w.wantOpens(w.ring, value, sealed, "Walker")
}

// An answer of KMS that is older than a refusal does not bring the keys back.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "one")
	drops := w.ring.Drops()
	key, err := w.root.Open(t.Context(), w.kms, "key/one", w.ledger)
	if err != nil {
		t.Fatal(err)
	}
	w.ring.Drop()
	if err := w.ring.Unlock(drops, &w.root, key, start, start.Add(ttl)); err != nil || w.ring.Ready() {
		t.Errorf("ready %v, %v, want no keys", w.ring.Ready(), err)
	}
}

// A key change keeps everything readable, under the new root alone.
func TestAdopt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "one")
	sealed := w.seal(value, "Walker")
	hash, err := w.ring.Hash(t.Context(), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	old := w.root
	oldKey, err := old.Open(t.Context(), w.kms, "key/one", "one")
	if err != nil {
		t.Fatal(err)
	}
	next := envelope.Root{NodeID: old.NodeID, NodeVersion: 2}
	nextKey, err := next.Generate(t.Context(), w.kms, "key/one", "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Adopt("one", nextKey, &old, oldKey, rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.root = next
	again := w.newRing()
	w.wantOpens(again, value, sealed, "Walker")
	if got, err := again.Hash(t.Context(), []byte("a")); err != nil || got != hash {
		t.Errorf("the hash of a value changed with the key: %v", err)
	}
	for name, try := range map[string]func() error{
		"old nodes under the new key": func() error {
			return w.ring.Unlock(0, &old, nextKey, start, start.Add(ttl))
		},
		"new nodes under the old key": func() error {
			return w.ring.Unlock(0, &next, oldKey, start, start.Add(ttl))
		},
		"in another ledger": func() error {
			return newWorld(t, "two").ring.Unlock(0, &next, nextKey, start, start.Add(ttl))
		},
		"nodes of another root": func() error {
			mixed := next
			mixed.Nodes = old.Nodes
			return w.ring.Unlock(0, &mixed, nextKey, start, start.Add(ttl))
		},
		"nodes that changed places": func() error {
			mixed := next
			mixed.Nodes = slices.Clone(next.Nodes)
			mixed.Nodes[0].Wrapped, mixed.Nodes[1].Wrapped = mixed.Nodes[1].Wrapped, mixed.Nodes[0].Wrapped
			return w.ring.Unlock(0, &mixed, nextKey, start, start.Add(ttl))
		},
	} {
		if err := try(); !errors.Is(err, envelope.ErrSealed) {
			t.Errorf("%s: got %v, want ErrSealed", name, err)
		}
	}
}

// A KMS that answers with anything but the key is found out before the answer is used.
func TestGarbage(t *testing.T) {
	t.Parallel()
	for name, garble := range map[string]func([]byte) []byte{
		"nothing":     func([]byte) []byte { return nil },
		"too short":   func(b []byte) []byte { return b[:31] },
		"too long":    func(b []byte) []byte { return append(b, 0) },
		"another key": func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) },
	} {
		w := newWorld(t, "one")
		w.kms.garble = garble
		_, err := w.ring.Hold(t.Context())
		if _, ok := errors.AsType[*envelope.GarbageError](err); !ok || !strings.Contains(err.Error(), w.root.NodeID) {
			t.Errorf("%s: got %v, want a *GarbageError that names the node", name, err)
		}
	}
}

// Sealings are counted per key, over restarts too, and a key that is used up is replaced.
func TestSegmentKeysRotate(t *testing.T) {
	t.Parallel()
	const portion, limit = 1 << 16, 1 << 20
	w := newWorld(t, "one")
	first := w.seal(block, "first")
	if diff := cmp.Diff([]int{portion}, w.reserved()); diff != "" {
		t.Errorf("reserved at the first use (-want +got):\n%s", diff)
	}
	w.ring = w.newRing()
	w.seal(block, "second")
	if diff := cmp.Diff([]int{2 * portion}, w.reserved()); diff != "" {
		t.Errorf("reserved after a restart (-want +got):\n%s", diff)
	}
	for range limit/portion - 2 {
		envelope.UseUp(w.ring)
		w.seal(block, "more")
	}
	if diff := cmp.Diff([]int{limit}, w.reserved()); diff != "" {
		t.Errorf("reserved when the key is used up (-want +got):\n%s", diff)
	}
	envelope.UseUp(w.ring)
	last := w.seal(block, "last")
	if diff := cmp.Diff([]int{limit, portion}, w.reserved()); diff != "" {
		t.Errorf("reserved with the next key (-want +got):\n%s", diff)
	}
	for _, ring := range []*envelope.Ring{w.ring, w.newRing()} {
		w.wantOpens(ring, block, first, "first")
		w.wantOpens(ring, block, last, "last")
	}
	err := w.state.Update(t.Context(), func(s store.Writer) error { return envelope.Forget(s, "one") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.newRing().Open(t.Context(), []byte(block), first); !errors.Is(err, envelope.ErrSealed) {
		t.Errorf("after the ledger's keys were forgotten: got %v, want ErrSealed", err)
	}
}

// Many that use, drop and expire keys at once: each use works or says why not.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "one")
	sealed := w.seal(value, "Walker")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 300 {
				switch i {
				case 0:
					w.ring.Drop()
				case 1:
					w.move(ttl)
					w.ring.Expire()
				case 2, 3:
					held := w.hold()
					if got, err := held.Open(t.Context(), []byte(value), sealed); err != nil || string(got) != "Walker" {
						t.Errorf("held: got %q, %v", got, err)
					}
					if _, err := held.Seal([]byte(block), []byte("more")); err != nil {
						t.Errorf("seal: %v", err)
					}
					held.Release()
				default:
					got, err := w.ring.Open(t.Context(), []byte(value), sealed)
					if err == nil && string(got) != "Walker" {
						t.Errorf("got %q", got)
					}
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkSeal(b *testing.B) {
	w := newWorld(b, "one")
	held, err := w.ring.Hold(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer held.Release()
	document := make([]byte, 400)
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if _, err := held.Seal([]byte(value), document); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	w := newWorld(b, "one")
	sealed := w.seal(value, strings.Repeat("x", 400))
	b.SetBytes(400)
	for b.Loop() {
		if _, err := w.ring.Open(b.Context(), []byte(value), sealed); err != nil {
			b.Fatal(err)
		}
	}
}
