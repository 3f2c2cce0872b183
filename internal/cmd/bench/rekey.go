package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
)

const (
	// readers are the sessions that read while keys change.
	readers = 4
	// readPause is how long each of them pauses after a read, so that they wait for the ledger and not for a processor.
	readPause = 5 * time.Millisecond
	// changeTime is how long a key change is UPDATING while they do.
	changeTime = 300 * time.Millisecond
)

// benchRekey prints how long a key change of a large ledger takes by that of a small one, and what work it is for KMS
// and the disk; then what readers notice of key changes: the 99th percentile of their latency by that of quiet times,
// and how many of them fail.
func benchRekey(ctx context.Context, out io.Writer, s *settings, dir string) (err error) {
	if s.documents == 0 {
		return nil
	}
	harness, err := serveHarness(ctx, s.root, dir, "--key-change", "1ms")
	if err != nil {
		return err
	}
	small, large := &keyed{}, &keyed{}
	start := time.Now()
	err = errors.Join(
		small.create(ctx, harness, "rekey-small", smallTable), large.create(ctx, harness, "rekey-large", s.documents))
	if err == nil {
		fmt.Fprintf(out, "# %d documents inserted in %s, at most %s of memory in use\n", smallTable+s.documents,
			time.Since(start).Round(time.Millisecond), harness.peakMemory())
	}
	if err == nil {
		f := figure{
			name: fmt.Sprintf("rekey-%d-by-%d-documents", s.documents, smallTable), unit: "ms",
			ours: large.changeMS, yardstick: small.changeMS,
		}
		if err = f.warm(ctx); err == nil {
			err = f.measure(ctx, out, 5*s.rounds) // one takes milliseconds
		}
	}
	if err == nil {
		err = errors.Join(small.printWork(ctx, out, smallTable), large.printWork(ctx, out, s.documents))
	}
	harness.close()
	if err != nil {
		return err
	}
	if harness, err = serveHarness(ctx, s.root, dir, "--key-change", changeTime.String()); err != nil {
		return err
	}
	defer harness.close()
	if err := large.connect(harness); err != nil {
		return err
	}
	return large.benchReaders(ctx, out, s)
}

// benchReaders measures reads of l beside key changes and without any.
func (l *keyed) benchReaders(ctx context.Context, out io.Writer, s *settings) error {
	changes := 0
	f := figure{
		name: "reads-p99-during-rekey", unit: "ms",
		yardstick: func(ctx context.Context) (float64, error) { return l.readP99(ctx, s.documents, s.time) },
		ours: func(ctx context.Context) (float64, error) {
			var group sync.WaitGroup
			var changed error
			var enough atomic.Bool
			group.Go(func() {
				for changed == nil && !enough.Load() {
					changed = l.change(ctx)
					changes++
				}
			})
			p99, err := l.readP99(ctx, s.documents, s.time)
			enough.Store(true)
			group.Wait() // until the last change is done
			return p99, errors.Join(err, changed)
		},
	}
	if err := f.warm(ctx); err != nil {
		return err
	}
	l.reads, l.failures, changes = 0, 0, 0
	if err := f.measure(ctx, out, 5*s.rounds); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "# %d reads beside %d key changes and without, %d failed\n", l.reads, changes, l.failures)
	return err
}

// keyed is a ledger under one of two KMS keys.
type keyed struct {
	*ledger
	server   *server
	kms      *kms.Client
	trail    *cloudtrail.Client
	keys     [2]string // ARNs; the ledger is under the first, or moves to it
	reads    int
	failures int
}

// create makes two keys and a ledger of count documents under one of them.
func (l *keyed) create(ctx context.Context, s *server, name string, count int) (err error) {
	l.ledger = &ledger{name: name}
	if err := l.connect(s); err != nil {
		return err
	}
	for i := range l.keys {
		made, err := l.kms.CreateKey(ctx, &kms.CreateKeyInput{})
		if err != nil {
			return fmt.Errorf("make a key for ledger %s: %w", name, err)
		}
		l.keys[i] = *made.KeyMetadata.Arn
	}
	if err := l.ledger.create(ctx, count); err != nil {
		return fmt.Errorf("ledger %s: %w", name, err)
	}
	return l.change(ctx)
}

// connect makes s the server of l.
func (l *keyed) connect(s *server) (err error) {
	l.server, l.kms, l.trail = s, kms.NewFromConfig(s.sdk()), cloudtrail.NewFromConfig(s.sdk())
	l.ledger, err = connect(s, l.name)
	return err
}

// change moves the ledger to its other key and waits until it is there.
func (l *keyed) change(ctx context.Context) error {
	l.keys[0], l.keys[1] = l.keys[1], l.keys[0]
	if _, err := l.control.UpdateLedger(ctx, &qldb.UpdateLedgerInput{Name: &l.name, KmsKey: &l.keys[0]}); err != nil {
		return fmt.Errorf("change the key of %s: %w", l.name, err)
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		found, err := l.control.DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: &l.name})
		switch {
		case err != nil:
			return fmt.Errorf("describe %s: %w", l.name, err)
		case found.EncryptionDescription.EncryptionStatus == types.EncryptionStatusEnabled:
			return nil
		case found.EncryptionDescription.EncryptionStatus != types.EncryptionStatusUpdating:
			return fmt.Errorf("change the key of %s: it is %s", l.name, found.EncryptionDescription.EncryptionStatus)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// changeMS is how long a key change takes, in milliseconds.
func (l *keyed) changeMS(ctx context.Context) (float64, error) {
	start := time.Now()
	err := l.change(ctx)
	return float64(time.Since(start)) / float64(time.Millisecond), err
}

// readP99 is the 99th percentile of the latency of indexed reads in d, in milliseconds. Reads that fail are counted.
func (l *keyed) readP99(ctx context.Context, size int, d time.Duration) (float64, error) {
	var (
		group sync.WaitGroup
		took  [readers][]time.Duration
		fail  [readers]int
		last  [readers]error
	)
	start := time.Now()
	for i, driver := range l.drivers[:readers] {
		group.Go(func() {
			for n := i; time.Since(start) < d; n += stride {
				began := time.Now()
				if err := l.selectOne(ctx, driver, n%size); err != nil {
					fail[i]++
					last[i] = err
					continue
				}
				took[i] = append(took[i], time.Since(began))
				<-time.After(readPause)
			}
		})
	}
	group.Wait()
	all := slices.Sorted(slices.Values(slices.Concat(took[:]...)))
	for _, n := range fail {
		l.failures += n
	}
	l.reads += len(all)
	if len(all) == 0 {
		return 0, fmt.Errorf("read %s: %w", l.name, errors.Join(last[:]...))
	}
	return float64(all[len(all)*99/100]) / float64(time.Millisecond), nil
}
