package cloudtrail_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/cloudtrail"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// small makes chunks of about five events.
func small(cfg *cloudtrail.Config) { cfg.ChunkBytes = 6 << 10 }

// eager writes each event down at once.
func eager(cfg *cloudtrail.Config) { cfg.Linger = time.Nanosecond }

// written waits until n writes were tried.
func (w *world) written(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-w.shelf.wrote:
		case <-t.Context().Done():
			t.Fatal("waited for a write in vain")
		}
	}
}

// wantAll looks for the calls 0 to n-1, each once and in order.
func (w *world) wantAll(t *testing.T, what string, n int) {
	t.Helper()
	if diff := cmp.Diff(newestFirst(n), w.names(t, cloudtrail.LookupEventsInput{MaxResults: ptr(7)})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestEventsOfManyChunks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small, eager)
	for i := range 40 {
		w.make(i, 1)
		w.written(t, 1)
	}
	if n := w.shelf.count(); n < 5 {
		t.Fatalf("got %d chunks, want more", n)
	}
	w.wantAll(t, "while it runs", 40)
	w.again(t)
	w.wantAll(t, "after a restart", 40)
	w.make(40, 1)
	w.wantAll(t, "with one more", 41)
	page := w.look(t, &cloudtrail.LookupEventsInput{
		StartTime: wire.At(start.Add(10 * time.Second)), EndTime: wire.At(start.Add(12 * time.Second)),
	})
	if len(page.Events) != 3 || page.Events[0].EventName != "Op012" || page.Events[2].EventName != "Op010" {
		t.Errorf("from 10 s to 12 s: %+v", page.Events)
	}
}

// Chunks that cannot hold what is asked for are not read.
func TestLookupsReadWhatTheyMust(t *testing.T) {
	t.Parallel()
	w := newWorld(t, small, eager)
	for i := range 40 {
		w.make(i, 1)
		w.written(t, 1)
	}
	w.again(t)
	w.shelf.opens()
	abroad := w.call("LookupEvents")
	abroad.Region = "us-east-1"
	for name, test := range map[string]struct {
		call *wire.Call
		in   cloudtrail.LookupEventsInput
		want int
	}{
		"nobody's name":  {w.call("Look"), cloudtrail.LookupEventsInput{LookupAttributes: by("Username", "bob")}, 0},
		"another Region": {abroad, cloudtrail.LookupEventsInput{}, 0},
		"one event":      {w.call("Look"), cloudtrail.LookupEventsInput{LookupAttributes: by("EventName", "Op003")}, 1},
		"later":          {w.call("Look"), cloudtrail.LookupEventsInput{StartTime: wire.At(start.Add(day))}, 0},
	} {
		if _, err := w.LookupEvents(t.Context(), test.call, &test.in); err != nil {
			t.Fatal(err)
		}
		if got := w.shelf.opens(); got != test.want {
			t.Errorf("%s: got %d chunks read, want %d", name, got, test.want)
		}
	}
	w.look(t, &cloudtrail.LookupEventsInput{LookupAttributes: by("ReadOnly", "false")})
	if got := w.shelf.opens(); got < 5 {
		t.Errorf("what no list tells: got %d chunks read, want all", got)
	}
}

// A chunk with too many values to list is read.
func TestChunkOfManyValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *cloudtrail.Config) { cfg.ChunkBytes = 1 })
	w.make(0, 200)
	w.again(t)
	for range 3 { // the chunks in memory are others by then
		w.make(200, 1)
		w.again(t)
	}
	got := w.names(t, cloudtrail.LookupEventsInput{LookupAttributes: by("EventName", "Op150")})
	if !slices.Equal(got, []string{"Op150"}) {
		t.Errorf("got %v, want Op150", got)
	}
}

// Files that are gone, or end too early, are noticed: by whoever verifies, and by who looks for what was in them. The
// rest is found as before.
func TestLostChunk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lose func(*shelf, string)
		want string
	}{
		"gone": {func(s *shelf, name string) { delete(s.logs, name) }, "is gone"},
		"too short": {
			func(s *shelf, name string) { s.logs[name].blocks = s.logs[name].blocks[:1] }, "ends at event 1 instead of 2"},
		"whole": {func(*shelf, string) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *cloudtrail.Config) { cfg.ChunkBytes = 1500 })
			for i := range 8 {
				w.make(i, 1)
				w.again(t)
			}
			r, err := w.Verify(t.Context())
			if err != nil || r.Chunks < 3 || r.Events != 8 {
				t.Fatalf("whole: got %+v, %v", r, err)
			}
			c.lose(w.shelf, "cloudtrail-0000000000000001")
			_, err = w.Verify(t.Context())
			_, lookErr := w.LookupEvents(t.Context(), w.call("LookupEvents"), &cloudtrail.LookupEventsInput{})
			for _, got := range []error{err, lookErr} {
				lost, ok := errors.AsType[*cloudtrail.LostError](got)
				if (c.want != "") != ok || ok && !strings.Contains(lost.Error(), c.want) {
					t.Errorf("got %v, want %q", got, c.want)
				}
			}
			after := wire.Time{Time: start.Add(time.Hour)}
			if got := w.names(t, cloudtrail.LookupEventsInput{StartTime: &after}); len(got) != 0 {
				t.Errorf("later events: got %v, want none", got)
			}
		})
	}
}

// Events of one moment come in the order in which they were recorded, also across a restart.
func TestEventsOfOneMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 12 {
		w.Observe(wire.Observation{Call: w.call(fmt.Sprintf("Op%03d", i)), Access: wire.Read})
		if i == 5 {
			w.again(t)
		}
	}
	w.wantAll(t, "at one moment", 12)
}

func TestEventsBetweenPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(0, 5)
	first := w.look(t, &cloudtrail.LookupEventsInput{MaxResults: ptr(3)})
	w.make(5, 5)
	second := w.look(t, &cloudtrail.LookupEventsInput{MaxResults: ptr(50), NextToken: first.NextToken})
	var got []string
	for _, e := range append(first.Events, second.Events...) {
		got = append(got, e.EventName)
	}
	if diff := cmp.Diff(newestFirst(5), got); diff != "" || second.NextToken != nil {
		t.Errorf("pages (-want +got), next %v:\n%s", second.NextToken, diff)
	}
}

// What is 90 days old is not found any more, and then not kept any more.
func TestEventsExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eager)
	w.make(0, 1)
	w.written(t, 1)
	w.clock.Advance(2 * day) // the chunk is full with what comes next
	w.make(1, 1)
	w.written(t, 1)
	w.make(2, 1)
	w.written(t, 1)
	w.wantAll(t, "young", 3) // and waits until the second chunk is there
	next, err := w.Tick(t.Context())
	if want := start.Add(2*day + time.Second + 90*day + time.Nanosecond); err != nil || !next.Equal(want) {
		t.Fatalf("next removal: got %v, %v, want %v", next, err, want)
	}
	w.clock.Set(start.Add(91 * day))
	if got := w.names(t, cloudtrail.LookupEventsInput{}); !slices.Equal(got, []string{"Op002", "Op001"}) {
		t.Errorf("after 91 days: %v", got)
	}
	w.clock.Set(next)
	next, err = w.Tick(t.Context())
	if err != nil || !next.IsZero() || w.shelf.removed != 1 || w.shelf.count() != 1 {
		t.Errorf("after the removal: next %v, %v, %d removed, %d kept", next, err, w.shelf.removed, w.shelf.count())
	}
	if got := w.names(t, cloudtrail.LookupEventsInput{}); !slices.Equal(got, []string{"Op002"}) {
		t.Errorf("after the removal: %v", got)
	}
}

var errDisk = errors.New("no space left on device")

// A write that fails is tried again. Whether it had happened or not, each event is there once.
func TestFailedWrites(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{false, true} {
		t.Run(fmt.Sprintf("happened %t", done), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, eager)
			failures := 1
			w.shelf.fail = func() (bool, error) {
				if failures--; failures >= 0 {
					return done, errDisk
				}
				return false, nil
			}
			w.make(0, 1)
			w.written(t, 1)
			w.make(1, 3)
			w.wantAll(t, "while the disk fails", 4)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(w.log.String(), "no space left on device") {
				t.Errorf("the log does not say why: %s", w.log)
			}
			w.start(t)
			w.wantAll(t, "after a restart", 4)
		})
	}
}

// A disk that fails to the end is told by Close.
func TestDiskThatStaysFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shelf.fail = func() (bool, error) { return false, errDisk }
	w.make(0, 1)
	w.wantAll(t, "in memory", 1)
	if err := w.Close(); !errors.Is(err, errDisk) {
		t.Errorf("close: got %v, want %v", err, errDisk)
	}
}

// A process whose chunk was taken over goes on in another, and both find everything.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, eager)
	w.make(0, 1)
	w.written(t, 1)
	second := *w
	second.start(t)
	second.make(1, 1) // takes the chunk over
	second.written(t, 1)
	w.make(2, 1) // is refused there, and writes to a chunk of its own
	w.written(t, 2)
	second.make(3, 1)
	second.written(t, 1)
	w.wantAll(t, "the first", 4)
	second.wantAll(t, "the second", 4)
	if n := w.shelf.count(); n != 2 {
		t.Errorf("got %d chunks, want 2", n)
	}
}

// stuck is an identity service that answers when it is let.
type stuck chan struct{}

func (s stuck) Session(context.Context, wire.Caller) (cloudtrail.Session, bool, error) {
	<-s
	return cloudtrail.Session{}, false, nil
}

// Calls go on when records cannot be made fast enough, and the log says what was lost.
func TestObserveNeverWaits(t *testing.T) {
	t.Parallel()
	release := make(stuck)
	w := newWorld(t, func(cfg *cloudtrail.Config) { cfg.Identities = release })
	for range 10_000 {
		w.Observe(wire.Observation{Call: w.call("Decrypt"), Access: wire.Read})
	}
	close(release)
	w.look(t, &cloudtrail.LookupEventsInput{})
	w.Observe(wire.Observation{Call: w.call("Decrypt"), Access: wire.Read})
	w.look(t, &cloudtrail.LookupEventsInput{})
	if !strings.Contains(w.log.String(), "calls were not recorded in the trail") {
		t.Errorf("the log says nothing of lost calls: %.300s", w.log)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*cloudtrail.Config){
		"no state":       func(cfg *cloudtrail.Config) { cfg.State = nil },
		"no logs":        func(cfg *cloudtrail.Config) { cfg.Logs = nil },
		"negative delay": func(cfg *cloudtrail.Config) { cfg.Delay = -1 },
	} {
		cfg := w.cfg
		change(&cfg)
		if _, err := cloudtrail.New(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
