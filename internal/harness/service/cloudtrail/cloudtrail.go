// Package cloudtrail keeps a record of the calls that were made of all services.
//
// Observe is told of every call and returns at once: it puts the call into a queue. One goroutine makes records of
// what is in the queue, with the members and the spelling of CloudTrail's own, and nothing secret in them. Another
// writes them down in groups, sealed, in logs of a few megabytes, "chunks". LookupEvents finds them from the moment on
// at which the call was answered.
//
//	Observe -> queue -> build -> events in memory -> write -> chunk (sealed, fsynced)
//	                                   |                        |
//	                                   +----- LookupEvents -----+
//
// No call waits for the disk because of its record, so a crash may lose the records of the last moments: those of half
// a second, or of as long as the disk takes. Close loses none. Should the disk fail or be slow for so long that what
// waits for it passes 16 MiB, newer records are dropped, and the log says how many.
//
// Events are kept for 90 days on the harness clock. A chunk is removed, its files and then its key, when its newest
// event is that old. In memory are the events of at most two chunks; of every other one the list of chunks tells what
// its events can be looked up by, up to 64 values of each attribute, so that most lookups read few of them.
package cloudtrail

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Config is what a Service needs. State, Sealer, Logs, Clock and Rand are required.
type Config struct {
	State  store.State  // the list of chunks, and the keys that seal them
	Sealer store.Sealer // seals those keys, and the tokens of pages
	Logs   Logs         // the chunks
	// Identities tells how callers got temporary credentials. Nil: nobody has any.
	Identities Identities
	Clock      clock.Clock
	Rand       io.Reader    // ids and keys; read by several goroutines at once
	Log        *slog.Logger // nil discards
	// Delay is how long after a call LookupEvents finds it, on the harness clock. At AWS it is up to 15 minutes.
	Delay time.Duration
	// LookupsPerSecond bounds LookupEvents per account and Region, on the harness clock; 0 bounds nothing. At AWS it
	// is 2.
	LookupsPerSecond int
	// Linger is how long a record may wait for others to be written with, in machine time; 0 means half a second.
	Linger time.Duration
	// ChunkBytes is the size from which on the next chunk is begun; 0 means 4 MiB.
	ChunkBytes int
}

// Logs keeps append-only logs by name.
type Logs interface {
	// OpenLog opens a log, and makes one where there is none. A log is opened once at a time.
	OpenLog(ctx context.Context, name string) (Log, error)
	// RemoveLog deletes a log, which is closed. One that is not there is no error.
	RemoveLog(name string) error
}

// A Log is a store.Log that can be closed.
type Log interface {
	store.Log
	Close() error
}

// Identities knows temporary credentials.
type Identities interface {
	// Session says how the caller got its credentials; found is false if they are lasting ones.
	Session(ctx context.Context, c wire.Caller) (s Session, found bool, err error)
}

// Session is what a record tells of temporary credentials.
type Session struct {
	IssuerARN string // of the role that was assumed, or of the user, with its path
	IssuerID  string // unique id of the role or user; the account of a root user
	Issued    time.Time
}

// ServiceEvent is something that a service did by itself.
type ServiceEvent struct {
	Service     string // "kms"
	Name        string // "RotateKey"
	ResourceARN string
	At          time.Time
	Details     map[string]string
}

// maxQueued is how many calls may wait for their records to be made.
const maxQueued = 4096

// Service is CloudTrail for all accounts and Regions. Its methods may be called concurrently.
type Service struct {
	cfg     Config
	trail   *trail
	limiter limiter

	mu     sync.Mutex // guards what follows
	queue  []item
	lost   int // since it was last logged
	closed bool

	wake    chan struct{} // there is something in the queue, or closed was set
	written sync.WaitGroup
}

// item is one thing in the queue: a call, an event, or a mark.
type item struct {
	call  *wire.Observation
	event *ServiceEvent
	mark  chan<- struct{} // closed when everything that was put in before can be found
}

// New returns a Service over cfg and reads the newest events. The caller must Close it.
func New(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.State == nil || cfg.Sealer == nil || cfg.Logs == nil || cfg.Clock == nil || cfg.Rand == nil {
		return nil, errors.New("cloudtrail: Config needs State, Sealer, Logs, Clock and Rand")
	}
	if cfg.Delay < 0 || cfg.LookupsPerSecond < 0 || cfg.Linger < 0 || cfg.ChunkBytes < 0 {
		return nil, errors.New("cloudtrail: a number in Config is negative")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Linger == 0 {
		cfg.Linger = time.Second / 2
	}
	if cfg.ChunkBytes == 0 {
		cfg.ChunkBytes = 4 << 20
	}
	opened, err := openTrail(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, trail: opened, limiter: newLimiter(cfg.LookupsPerSecond), wake: make(chan struct{}, 1)}
	s.written.Go(s.build)
	s.written.Go(opened.write)
	return s, nil
}

// Wire is the service for the wire.
//
// Source: CloudTrail API reference, version 2013-11-01.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		SigningName: "cloudtrail", Protocol: wire.AWSJSON11,
		TargetPrefix: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
		Operations: wire.Table{
			"LookupEvents": wire.Op("cloudtrail:LookupEvents", wire.Read, s.LookupEvents),
		},
	}
}

// Observe records a call, if it is one that CloudTrail records. It never waits.
//
// The transactions of QLDB Session are not recorded: QLDB tells CloudTrail of its resource management API alone, and
// has no data events.
//
// Source: Amazon QLDB Developer Guide, "Logging Amazon QLDB API calls with AWS CloudTrail".
func (s *Service) Observe(o wire.Observation) {
	if o.Call.Service == "qldb" && o.Call.Operation == "SendCommand" {
		return
	}
	s.put(item{call: &o})
}

// Happened records what a service did by itself. It never waits.
func (s *Service) Happened(e ServiceEvent) { s.put(item{event: &e}) }

// put adds to the queue. A mark always finds room, and is refused only after Close.
func (s *Service) put(i item) (accepted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if i.mark == nil && len(s.queue) >= maxQueued {
		s.lost++
		return false
	}
	s.queue = append(s.queue, i)
	s.poke()
	return true
}

// poke wakes build. It never blocks.
func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take empties the queue.
func (s *Service) take() (queue []item, lost int, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue, lost, closed = s.queue, s.lost, s.closed
	s.queue, s.lost = nil, 0
	return queue, lost, closed
}

// build makes events of what is put into the queue, until Close.
func (s *Service) build() {
	defer s.trail.stop()
	for range s.wake {
		queue, lost, closed := s.take()
		for _, i := range queue {
			lost += s.keep(i)
		}
		if lost > 0 {
			s.cfg.Log.Error("calls were not recorded in the trail", "count", lost)
		}
		if closed {
			return
		}
	}
}

// keep makes the events of i and returns how many were lost.
func (s *Service) keep(i item) (lost int) {
	if i.mark != nil {
		close(i.mark)
		return 0
	}
	events, err := s.eventsOf(i)
	if err != nil {
		s.cfg.Log.Error("a call could not be recorded in the trail", "error", err)
		return 1
	}
	for _, e := range events {
		if !s.trail.add(e) {
			lost++
		}
	}
	return lost
}

// caughtUp waits until everything that Observe was told can be found.
func (s *Service) caughtUp(ctx context.Context) error {
	reached := make(chan struct{})
	if !s.put(item{mark: reached}) {
		return nil // closed: nothing more comes
	}
	select {
	case <-reached:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Tick removes what is older than 90 days. It returns when the next chunk will be, zero if there is none.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) { return s.trail.expire(ctx) }

// Close writes down what was recorded and frees what the Service holds. Later calls do nothing.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.poke()
	s.written.Wait()
	return s.trail.close()
}
