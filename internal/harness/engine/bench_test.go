package engine_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// onDisk is a ledger on the machine's disk with a table T that has an index on k.
func onDisk(b *testing.B) *engine.Ledger {
	b.Helper()
	dir := b.TempDir()
	l, x := storage(b, dir)
	ledger, err := engine.Open(b.Context(), engine.Config{Log: l, Index: x, Clock: time.Now, Rand: rand.Reader})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = ledger.Close() })
	for _, s := range []string{"CREATE TABLE T", "CREATE INDEX ON T (k)"} {
		tx, err := ledger.Begin(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		exec(b, tx, s)
		mustCommit(b, tx)
	}
	return ledger
}

func storage(b *testing.B, dir string) (*ledgerlog.Log, *index.Index) {
	b.Helper()
	l, err := ledgerlog.Open(b.Context(), filepath.Join(dir, "log"), logID, ledgerlog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	x, err := index.Open(filepath.Join(dir, "index"), logID, index.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close(); _ = l.Close() })
	return l, x
}

// parallel runs work in writers goroutines, b.N times in all.
func parallel(b *testing.B, writers int, work func(n int64) error) {
	b.Helper()
	var n atomic.Int64
	done := make(chan error, writers)
	b.ResetTimer()
	for range writers {
		go func() {
			for {
				i := n.Add(1)
				if i > int64(b.N) {
					done <- nil
					return
				}
				if err := work(i); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// BenchmarkStorage is a durable commit of a 512-byte entry with two rows of the index, without an engine.
func BenchmarkStorage(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l, x := storage(b, b.TempDir())
			term, _, err := l.Acquire(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			entry := []byte(strings.Repeat("e", 512))
			type waiting struct{ done chan error }
			queue := make(chan waiting, 64)
			go group(b, l, x, term, entry, func() (batch []chan error) {
				w, ok := <-queue
				for ok {
					batch = append(batch, w.done)
					select {
					case w, ok = <-queue:
					default:
						return batch
					}
				}
				return batch
			})
			parallel(b, writers, func(int64) error {
				w := waiting{make(chan error, 1)}
				queue <- w
				return <-w.done
			})
			close(queue)
		})
	}
}

// group commits whatever waits, until nothing comes any more.
func group(b *testing.B, l store.Log, x store.Index, term store.Term, entry []byte, next func() []chan error) {
	number := uint64(0)
	for {
		batch := next()
		if len(batch) == 0 {
			return
		}
		blocks := make([][]byte, len(batch))
		changes := make([]store.Change, 0, 2*len(batch))
		for i := range batch {
			blocks[i] = entry
			for _, kind := range []string{"a", "b"} {
				key := fmt.Appendf(nil, "%s%020d", kind, number+uint64(i))
				changes = append(changes, store.Change{Op: store.OpPut, Key: key, Value: entry[:100]})
			}
		}
		err := l.Append(context.Background(), term, number, blocks)
		number += uint64(len(batch))
		if err == nil {
			err = x.Apply(context.Background(), number, changes)
		}
		for _, done := range batch {
			done <- err
		}
	}
}

func document(k int64) ion.Value {
	return ion.Struct(ion.F("k", ion.Int(k)), ion.F("name", ion.String("Ada Lovelace")),
		ion.F("filler", ion.String(strings.Repeat("x", 430))))
}

// BenchmarkInsert is a transaction with one INSERT of about 512 bytes into a table with an index.
func BenchmarkInsert(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			ledger := onDisk(b)
			parallel(b, writers, func(n int64) error {
				return once(ledger, "INSERT INTO T ?", document(n))
			})
		})
	}
}

// BenchmarkSelect is a transaction with one SELECT by an index, at two sizes of the table.
func BenchmarkSelect(b *testing.B) {
	for _, documents := range []int64{1_000, 100_000} {
		b.Run(fmt.Sprintf("documents=%d", documents), func(b *testing.B) {
			ledger := onDisk(b)
			for n := int64(0); n < documents; n += 40 {
				list := make([]ion.Value, 40)
				for i := range list {
					list[i] = document(n + int64(i))
				}
				if err := once(ledger, "INSERT INTO T ?", ion.List(list...)); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for i := range b.N {
				tx, err := ledger.Begin(b.Context(), nil)
				if err != nil {
					b.Fatal(err)
				}
				page, err := tx.Execute(b.Context(), "SELECT * FROM T WHERE k = ?", []ion.Value{ion.Int(int64(i*7919) % documents)})
				if err != nil || len(page.Values) != 1 {
					b.Fatalf("got %d rows, %v", len(page.Values), err)
				}
				tx.Abort()
			}
		})
	}
}

// BenchmarkOpen opens a ledger whose documents of about 512 bytes were committed one by one: with the index as it was
// left, and with none. bytes is the size of the log.
func BenchmarkOpen(b *testing.B) {
	for _, documents := range []int64{1_000, 100_000, 1_000_000} {
		dir := ""
		fill := func(b *testing.B) {
			b.Helper()
			if dir != "" {
				return
			}
			var err error
			if dir, err = os.MkdirTemp("", "open"); err != nil {
				b.Fatal(err)
			}
			l, x, ledger := openIn(b, dir)
			if err := once(ledger, "CREATE TABLE T"); err != nil {
				b.Fatal(err)
			}
			var n atomic.Int64
			var all sync.WaitGroup
			for range 64 {
				all.Go(func() {
					for k := n.Add(1); k <= documents; k = n.Add(1) {
						if err := once(ledger, "INSERT INTO T ?", document(k)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			if err := errors.Join(ledger.Close(), x.Close(), l.Close()); err != nil {
				b.Fatal(err)
			}
		}
		for _, lost := range []bool{false, true} {
			b.Run(fmt.Sprintf("documents=%d/indexLost=%v", documents, lost), func(b *testing.B) {
				fill(b)
				b.ResetTimer()
				for range b.N {
					if lost {
						b.StopTimer()
						if err := os.RemoveAll(filepath.Join(dir, "index")); err != nil {
							b.Fatal(err)
						}
						b.StartTimer()
					}
					l, x, ledger := openIn(b, dir)
					b.StopTimer()
					size, err := l.Bytes(b.Context())
					if err := errors.Join(err, ledger.Close(), x.Close(), l.Close()); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(size), "bytes")
					b.StartTimer()
				}
			})
		}
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
	}
}

// openIn opens the ledger in dir, or makes it.
func openIn(b *testing.B, dir string) (*ledgerlog.Log, *index.Index, *engine.Ledger) {
	b.Helper()
	l, err := ledgerlog.Open(b.Context(), filepath.Join(dir, "log"), logID, ledgerlog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	x, err := index.Open(filepath.Join(dir, "index"), logID, index.Options{})
	if err != nil {
		b.Fatal(err)
	}
	ledger, err := engine.Open(b.Context(), engine.Config{Log: l, Index: x, Clock: time.Now, Rand: rand.Reader})
	if err != nil {
		b.Fatal(err)
	}
	return l, x, ledger
}

func once(ledger *engine.Ledger, statement string, params ...ion.Value) error {
	ctx := context.Background()
	tx, err := ledger.Begin(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.Execute(ctx, statement, params); err != nil {
		return err
	}
	return tx.Commit(ctx, tx.Digest())
}
