package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
)

func TestFirstBlock(t *testing.T) {
	t.Parallel()
	w := hourly(t) // block 0 and the table at 15:50, then one each hour from 16:50 on
	for _, tc := range []struct {
		at   string
		want uint64
	}{
		{"2021-01-01T00:00:00Z", 0}, {"2021-08-30T15:50:00Z", 0}, {"2021-08-30T16:00:00Z", 2},
		{"2021-08-30T17:50:00Z", 3}, {"2021-08-30T18:00:00Z", 4}, {"2022-01-01T00:00:00Z", w.ledger.Blocks()},
	} {
		at, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.ledger.FirstBlock(t.Context(), at); err != nil || got != tc.want {
			t.Errorf("%s: got %d, %v, want %d", tc.at, got, err, tc.want)
		}
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.ledger.Blocks()
	if err := w.ledger.Await(t.Context(), n-1); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.ledger.Await(context.Background(), n) }()
	w.do("CREATE TABLE T")
	if err := <-done; err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.ledger.Await(ended, n+1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// Times never go back, so that what history() has said about the past stays true.
func TestClockThatGoesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.clock.move(time.Hour)
	reader := w.begin() // at 16:50
	wantRows(t, exec(t, reader, "SELECT * FROM history(T, `2021T`, `2021-08-30T16:40:00Z`)"))
	w.clock.move(-30 * time.Minute)
	w.do("INSERT INTO T {'k':1}")
	wantRows(t, w.query("SELECT VALUE metadata.txTime FROM history(T)"), "2021-08-30T16:50:00.000Z")
	mustCommit(t, reader) // nothing in its range has changed
	tx := w.begin()
	exec(t, tx, "SELECT * FROM T")
	w.clock.move(-time.Hour)
	if err := commit(tx); err != nil {
		t.Errorf("a clock that goes back ended a transaction: %v", err)
	}
	tx = w.begin()
	w.clock.move(-time.Hour)
	for _, alive := range []bool{true, false} {
		if tx.Open() != alive {
			t.Errorf("transaction: got open %v, want its time to count from when the clock was set back", !alive)
		}
		w.clock.move(31 * time.Second)
	}
}

func TestClosedLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx := w.begin()
	waits := make(chan error, 1)
	go func() { waits <- w.ledger.Await(context.Background(), w.ledger.Blocks()) }()
	if err := errors.Join(w.ledger.Close(), w.ledger.Close()); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; !errors.Is(err, engine.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if _, err := w.ledger.Begin(t.Context(), nil); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if _, _, err := try(t, tx, "SELECT 1 FROM <<0>>"); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
