package cloudtrail_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/cloudtrail"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	account = "111122223333"
	other   = "444455556666"
	region  = "eu-west-2"
	keyARN  = "arn:aws:kms:eu-west-2:" + account + ":key/6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01"
	day     = 24 * time.Hour
)

var start = time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)

// shelf is Logs in memory. Unlike the disk it fails when it is told to, and lets two writers at one log, as a
// database does.
type shelf struct {
	mu      sync.Mutex
	logs    map[string]*shelfLog
	removed int
	opened  int
	// fail is asked before each write; done says whether the write happens all the same.
	fail func() (done bool, err error)
	// wrote is sent to after each write.
	wrote chan struct{}
}

type shelfLog struct {
	*shelf
	term   store.Term
	blocks [][]byte
}

func newShelf() *shelf { return &shelf{logs: map[string]*shelfLog{}, wrote: make(chan struct{}, 1000)} }

func (s *shelf) OpenLog(_ context.Context, name string) (cloudtrail.Log, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	if s.logs[name] == nil {
		s.logs[name] = &shelfLog{shelf: s}
	}
	return s.logs[name], nil
}

func (s *shelf) RemoveLog(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logs, name)
	s.removed++
	return nil
}

// opens is how often a log was opened since it was last asked.
func (s *shelf) opens() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, s.opened = s.opened, 0
	return n
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.logs)
}

func (l *shelfLog) Acquire(context.Context) (store.Term, uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.term++
	return l.term, uint64(len(l.blocks)), nil
}

func (l *shelfLog) Append(_ context.Context, term store.Term, first uint64, blocks [][]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.wrote <- struct{}{} }()
	if term != l.term {
		return &store.StaleTermError{Term: term, Current: l.term}
	}
	if first != uint64(len(l.blocks)) {
		return &store.GapError{First: first, Next: uint64(len(l.blocks))}
	}
	if l.fail != nil {
		if done, err := l.fail(); err != nil {
			if done {
				l.blocks = append(l.blocks, blocks...)
			}
			return errors.Join(store.ErrUncertain, err)
		}
	}
	l.blocks = append(l.blocks, blocks...)
	return nil
}

func (l *shelfLog) Read(_ context.Context, from uint64, fn func(uint64, []byte) error) error {
	l.mu.Lock()
	blocks := l.blocks
	l.mu.Unlock()
	for i := from; i < uint64(len(blocks)); i++ {
		if err := fn(i, blocks[i]); err != nil {
			return err
		}
	}
	return nil
}

// Replace is part of a store.Log; a trail has nothing to replace.
func (l *shelfLog) Replace(context.Context, store.Term, uint64, func([]byte) ([]byte, error)) error {
	return errors.ErrUnsupported
}

func (l *shelfLog) Close() error { return nil }

// world is a Service with what it stands on.
type world struct {
	*cloudtrail.Service
	cfg   cloudtrail.Config
	clock *clock.Movable
	shelf *shelf
	log   *lines
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newWorld(t *testing.T, changes ...func(*cloudtrail.Config)) *world {
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
	w := &world{clock: clock.NewFrozen(start), shelf: newShelf(), log: &lines{}}
	w.cfg = cloudtrail.Config{
		State: state, Sealer: state.Sealer(), Logs: w.shelf, Clock: w.clock, Rand: rand.Reader, Linger: time.Hour,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, change := range changes {
		change(&w.cfg)
	}
	w.start(t)
	return w
}

// start opens the Service; it is closed with the test.
func (w *world) start(t *testing.T) {
	t.Helper()
	s, err := cloudtrail.New(t.Context(), w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Service = s
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// again closes the Service and opens another over the same state.
func (w *world) again(t *testing.T) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.start(t)
}

func user(name string) wire.Caller {
	return wire.Caller{
		Account: account, ARN: "arn:aws:iam::" + account + ":user/" + name, UserID: "AIDAEXAMPLE" + name,
		AccessKeyID: "AKIA" + strings.ToUpper(name),
	}
}

// call is a call of KMS about keyARN, by alice, now.
func (w *world) call(operation string) *wire.Call {
	c := &wire.Call{
		Service: "kms", Operation: operation, Action: "kms:" + operation, Partition: "aws", Region: region,
		RequestID: "request of " + operation, Time: w.clock.Now(), Caller: user("alice"), SourceIP: "192.0.2.1",
		UserAgent: "test/1",
	}
	c.Touch(keyARN)
	return c
}

// make records n calls, a second apart, named first, first+1 and so on.
func (w *world) make(first, n int) {
	for i := range n {
		w.Observe(wire.Observation{Call: w.call(fmt.Sprintf("Op%03d", first+i)), Access: wire.Read})
		w.clock.Advance(time.Second)
	}
}

// look is one page; without an account of its own it is the owner's.
func (w *world) look(t *testing.T, in *cloudtrail.LookupEventsInput) *cloudtrail.LookupEventsOutput {
	t.Helper()
	out, err := w.LookupEvents(t.Context(), w.call("LookupEvents"), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// names are the names of all events, page by page.
func (w *world) names(t *testing.T, in cloudtrail.LookupEventsInput) (names []string) {
	t.Helper()
	for {
		out := w.look(t, &in)
		for _, e := range out.Events {
			names = append(names, e.EventName)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return names
		}
	}
}

// newestFirst are the names that make gives to calls 0 to n-1.
func newestFirst(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("Op%03d", n-1-i))
	}
	return names
}

func ptr[T any](v T) *T { return &v }
