package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/amzn/ion-go/ion"
)

// smallTable is the size of the tables that are read.
const smallTable = 1000

// benchData prints inserts per second and indexed selects per second with 1 and with 16 sessions, then how reading
// slows down as the table grows.
func benchData(ctx context.Context, out io.Writer, s *settings, dir string) error {
	harness, err := serveHarness(ctx, s.root, dir)
	if err != nil {
		return err
	}
	defer harness.close()
	row, err := ion.MarshalBinary(newDocument(0, padding))
	if err != nil {
		return err
	}
	stub, err := serveStub(ctx, s.root, dir, base64.StdEncoding.EncodeToString(row), harness)
	if err != nil {
		return err
	}
	defer stub.close()
	small, err := connect(harness, "bench-1000")
	if err != nil {
		return err
	}
	if err := small.create(ctx, smallTable); err != nil {
		return fmt.Errorf("ledger %s: %w", small.name, err)
	}
	if err := benchDriver(ctx, out, s, harness, stub, small); err != nil {
		return err
	}
	if s.documents == 0 {
		return nil
	}
	return benchSize(ctx, out, s, harness, small)
}

// benchDriver compares the harness with the stub. Documents are selected from small; inserts have a ledger of their
// own, so that they do not make small larger.
func benchDriver(ctx context.Context, out io.Writer, s *settings, harness, stub *server, small *ledger) error {
	written, err := connect(harness, "bench-inserts")
	if err != nil {
		return err
	}
	if err := written.create(ctx, 0); err != nil {
		return fmt.Errorf("ledger %s: %w", written.name, err)
	}
	canned, err := connect(stub, "bench-stub")
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name            string
		ours            *ledger
		op, yardstickOp operation
	}{
		{"insert", written, written.insert, canned.insert},
		{"select", small, small.selectOne, canned.selectOne},
	} {
		for _, sessions := range []int{1, maxSessions} {
			f := figure{
				name: fmt.Sprintf("%s-%d-sessions", c.name, sessions), unit: "/s",
				ours: func(ctx context.Context) (float64, error) {
					return c.ours.rate(ctx, sessions, smallTable, s.time, c.op)
				},
				yardstick: func(ctx context.Context) (float64, error) {
					return canned.rate(ctx, sessions, smallTable, s.time, c.yardstickOp)
				},
			}
			f.missed = func(ctx context.Context, out io.Writer) error { return f.explain(ctx, out, s, harness) }
			if err := f.warm(ctx); err != nil {
				return err
			}
			if err := f.measure(ctx, out, s.rounds); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchSize compares the time of a read in a large ledger, as "ours", with that in small, as "yardstick".
func benchSize(ctx context.Context, out io.Writer, s *settings, harness *server, small *ledger) error {
	large, err := connect(harness, fmt.Sprintf("bench-%d", s.documents))
	if err != nil {
		return err
	}
	if large.name == small.name {
		large.name = "bench-large"
	}
	start := time.Now()
	if err := large.create(ctx, s.documents); err != nil {
		return fmt.Errorf("ledger %s: %w", large.name, err)
	}
	fmt.Fprintf(out, "# %d documents inserted in %s\n", s.documents, time.Since(start).Round(time.Millisecond))
	for _, c := range []struct {
		name         string
		large, small func(context.Context) (float64, error)
	}{
		{"select", large.selectTime(s, s.documents), small.selectTime(s, smallTable)},
		{"revision", large.revisionTime(s, s.documents), small.revisionTime(s, smallTable)},
	} {
		f := figure{
			name: fmt.Sprintf("%s-%d-by-%d-documents", c.name, s.documents, smallTable), unit: "ms",
			ours: c.large, yardstick: c.small,
		}
		if err := f.warm(ctx); err != nil {
			return err
		}
		if err := f.measure(ctx, out, s.rounds); err != nil {
			return err
		}
	}
	return nil
}
