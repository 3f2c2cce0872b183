package cloudtrail

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// entry is a chunk in the list of chunks, which is part of the service state.
type entry struct {
	Log    string // name of its log
	Secret []byte // sealed; what is in the log is sealed under it
	Full   bool   // nothing more will be added, and what follows is known
	From   time.Time
	To     time.Time
	Order  uint64 // of its last event
	Values values // of its events
}

// chunks is the list of all chunks, by their number.
var chunks = store.Table[entry]{Prefix: "cloudtrail/chunk/"}

func chunkName(number uint64) string { return fmt.Sprintf("%016d", number) }

// chunk is a chunk in memory. Those that are written to are written by one goroutine.
type chunk struct {
	// Guarded by trail.mu.
	number uint64  // 0 until it is in the list
	events []event // only appended to, so that a part of it may be read without the lock
	bytes  int     // of events

	// Owned by trail.write, and before it runs by openTrail.
	durable   int // so many of events are in the log
	attempted int // so many more may be, since a write whose outcome is not known
	log       Log
	sealer    *envelope.Sealer
	acquired  bool
	term      store.Term
	next      uint64
}

// aad binds the secret of a chunk to its place.
func aad(name string) []byte { return []byte("secret of the trail's chunk " + name) }

// newEntry makes the entry of a chunk.
func (t *trail) newEntry(number uint64, secret []byte) (entry, error) {
	name := chunkName(number)
	sealed, err := t.cfg.Sealer.Seal(secret, aad(name))
	return entry{Log: "cloudtrail-" + name, Secret: sealed}, err
}

// sealerOf opens the key of a chunk.
func (t *trail) sealerOf(name string, e entry) (*envelope.Sealer, error) {
	secret, err := t.cfg.Sealer.Open(e.Secret, aad(name))
	if err != nil {
		return nil, fmt.Errorf("key of the trail's chunk %s: %w", name, err)
	}
	defer clear(secret)
	return envelope.NewSealer(secret, e.Log, t.cfg.Rand)
}

// place binds a block to its place in the log of a chunk.
func place(number uint64) []byte { return binary.BigEndian.AppendUint64([]byte("trail"), number) }

// read calls fn for the events in a log.
func read(ctx context.Context, log store.Log, sealer *envelope.Sealer, fn func(event) error) error {
	return log.Read(ctx, 0, func(number uint64, block []byte) error {
		plaintext, err := sealer.Open(place(number), block)
		if err != nil {
			return fmt.Errorf("events in block %d: %w", number, err)
		}
		var events []event
		if err := json.Unmarshal(plaintext, &events); err != nil {
			return fmt.Errorf("events in block %d: %w", number, err)
		}
		for _, e := range events {
			if err := fn(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// readClosed calls fn for the events of a chunk that is not in memory.
func (t *trail) readClosed(ctx context.Context, name string, e entry, fn func(event) error) (err error) {
	t.reading.Lock()
	defer t.reading.Unlock()
	found := false
	err = t.cfg.State.View(ctx, func(r store.Reader) (err error) {
		_, found, err = chunks.Get(r, name)
		return err
	})
	if err != nil || !found { // too old by now, and removed
		return err
	}
	sealer, err := t.sealerOf(name, e)
	if err != nil {
		return err
	}
	log, err := t.cfg.Logs.OpenLog(ctx, e.Log)
	if err != nil {
		return fmt.Errorf("chunk %s of the trail: %w", name, err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	var last uint64
	err = read(ctx, log, sealer, func(e event) error {
		last = max(last, e.Order)
		return fn(e)
	})
	if err != nil {
		return fmt.Errorf("chunk %s of the trail: %w", name, err)
	}
	if e.Full && last != e.Order {
		return &LostError{Log: e.Log, From: e.From, To: e.To, Want: e.Order, Got: last}
	}
	return nil
}

// A LostError says that files of the trail are gone, or end too early.
type LostError struct {
	Log       string    // whose files they are
	From, To  time.Time // of the events that were written to it
	Want, Got uint64    // number of the last event; 0 for none
}

func (e *LostError) Error() string {
	what := fmt.Sprintf("ends at event %d instead of %d", e.Got, e.Want)
	if e.Got == 0 {
		what = "is gone"
	}
	return fmt.Sprintf("log %s of the trail, with the events from %s to %s, %s", e.Log,
		e.From.UTC().Format(time.RFC3339), e.To.UTC().Format(time.RFC3339), what)
}

// A Report is what Verify found whole.
type Report struct{ Chunks, Events int }

// Verify reads every event that can be looked up. The error joins what is wrong with each chunk that cannot be read.
func (s *Service) Verify(ctx context.Context) (Report, error) {
	names, entries, err := s.trail.list(ctx)
	if err != nil {
		return Report{}, err
	}
	var r Report
	var wrong []error
	for i, e := range entries {
		if !e.Full { // read when the trail was opened
			s.trail.mu.Lock()
			r.Events += len(s.trail.now.events)
			s.trail.mu.Unlock()
			r.Chunks++
			continue
		}
		if err := s.trail.readClosed(ctx, names[i], e, func(event) error { r.Events++; return nil }); err != nil {
			wrong = append(wrong, err)
			continue
		}
		r.Chunks++
	}
	return r, errors.Join(wrong...)
}

// list is the list of chunks, oldest first.
func (t *trail) list(ctx context.Context) (names []string, entries []entry, err error) {
	err = t.cfg.State.View(ctx, func(r store.Reader) error {
		return chunks.Scan(r, "", "", func(name string, e entry) (bool, error) {
			names, entries = append(names, name), append(entries, e)
			return true, nil
		})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list the chunks of the trail: %w", err)
	}
	return names, entries, nil
}

// make puts c into the list of chunks and opens its log.
func (t *trail) make(ctx context.Context, c *chunk) error {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(t.cfg.Rand, secret); err != nil {
		return fmt.Errorf("draw a key: %w", err)
	}
	defer clear(secret)
	var number uint64
	var made entry
	err := t.cfg.State.Update(ctx, func(w store.Writer) error {
		number = 0
		err := chunks.Scan(w, "", "", func(name string, _ entry) (bool, error) {
			_, err := fmt.Sscanf(name, "%d", &number)
			return true, err
		})
		if err != nil {
			return err
		}
		number++
		if made, err = t.newEntry(number, secret); err != nil {
			return err
		}
		return chunks.Put(w, chunkName(number), made)
	})
	if err != nil {
		return err
	}
	t.mu.Lock()
	c.number = number
	t.mu.Unlock()
	return t.open(ctx, c, made)
}

// open opens the log of c.
func (t *trail) open(ctx context.Context, c *chunk, e entry) (err error) {
	if c.sealer, err = t.sealerOf(chunkName(c.number), e); err != nil {
		return err
	}
	c.log, err = t.cfg.Logs.OpenLog(ctx, e.Log)
	return err
}

// finish notes in the list that c is full, of events, and closes its log.
func (t *trail) finish(ctx context.Context, c *chunk, events []event) error {
	err := t.cfg.State.Update(ctx, func(w store.Writer) error {
		e, found, err := chunks.Get(w, chunkName(c.number))
		if err != nil || !found {
			return err
		}
		e.Full, e.From, e.To, e.Values = true, events[0].Time, events[0].Time, valuesOf(events)
		for i := range events {
			at := events[i].Time
			if at.Before(e.From) {
				e.From = at
			}
			if at.After(e.To) {
				e.To = at
			}
			e.Order = max(e.Order, events[i].Order)
		}
		return chunks.Put(w, chunkName(c.number), e)
	})
	if err != nil {
		return err
	}
	log := c.log
	c.log = nil
	return log.Close()
}
