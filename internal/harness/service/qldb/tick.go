package qldb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// maxRounds bounds how often Tick looks for work that became due while it was working.
const maxRounds = 8

// Tick is Maintain, then Deliver. It returns the next moment at which something will be due, or the zero time if
// nothing will.
//
// Work that fails is put off by Config.RecoveryInterval and its error is part of the one returned; next is valid all
// the same, unless the state itself could not be read. Tick may run at any time and in several processes.
func (s *Service) Tick(ctx context.Context) (next time.Time, err error) {
	next, err = s.Maintain(ctx)
	again, deliverErr := s.Deliver(ctx)
	return sooner(next, again), errors.Join(err, deliverErr)
}

// Maintain tries keys, finishes key changes, retires grants, clears deleted ledgers away and forgets old streams. It
// returns as Tick does, and may run beside Deliver.
func (s *Service) Maintain(ctx context.Context) (next time.Time, err error) {
	err = s.bringNear(ctx)
	next, dueErr := s.doDue(ctx, func(wk work) bool { return wk.Export == "" })
	return next, errors.Join(err, dueErr)
}

// Deliver goes on with exports and sends streams what is new in the journals. It waits for those who take them, so
// that whoever may not wait with it runs Maintain apart. It returns as Tick does.
func (s *Service) Deliver(ctx context.Context) (next time.Time, err error) {
	next, err = s.doDue(ctx, func(wk work) bool { return wk.Export != "" })
	again, streamErr := s.deliver(ctx)
	return sooner(next, again), errors.Join(err, streamErr)
}

// doDue does what stands in the due index and is mine.
func (s *Service) doDue(ctx context.Context, mine func(work) bool) (next time.Time, err error) {
	var failed []error
	for range maxRounds {
		var ready []work
		err := s.read(ctx, func(r store.Reader) (err error) {
			ready, next, err = dueAt(r, s.now(), mine)
			return err
		})
		if err != nil {
			return time.Time{}, errors.Join(append(failed, err)...)
		}
		if len(ready) == 0 {
			return next, errors.Join(failed...)
		}
		for _, wk := range ready {
			if err := s.do(ctx, wk); err != nil {
				failed = append(failed, err)
			}
		}
		next = s.now()
	}
	return next, errors.Join(failed...)
}

// do does one piece of work, or puts it off.
func (s *Service) do(ctx context.Context, wk work) error {
	switch {
	case wk.Ledger != "":
		return s.watch(ctx, wk.Place, wk.Ledger)
	case wk.Export != "":
		return s.advanceExport(ctx, wk)
	case wk.Stream != "":
		return s.forgetStream(ctx, wk)
	}
	err := s.retire(ctx, wk.Grant)
	if err != nil {
		err = errors.Join(err, s.putOff(ctx, wk.Grant, s.now().Add(s.cfg.RecoveryInterval)))
	}
	return err
}

// ProbeNow tries the keys of every ledger at once, as if what was cached of them had expired.
func (s *Service) ProbeNow(ctx context.Context) error {
	var watched []work
	err := s.read(ctx, func(r store.Reader) error {
		watched = nil
		return due.Scan(r, "", "", func(_ string, wk work) (bool, error) {
			if wk.Ledger != "" {
				watched = append(watched, wk)
			}
			return true, nil
		})
	})
	failed := []error{err}
	for _, wk := range watched {
		failed = append(failed, s.watch(ctx, wk.Place, wk.Ledger))
	}
	s.cfg.Wake()
	return errors.Join(failed...)
}

// watch clears a ledger away that is gone, and otherwise tries its keys and acts on what it finds.
// KMS is asked outside the transaction; if the ledger changed meanwhile nothing is written, and the ledger is due
// as before.
func (s *Service) watch(ctx context.Context, at Place, name string) error {
	seen, found, err := s.ledger(ctx, at, name)
	if err != nil || !found {
		return err
	}
	now := s.now()
	gone := seen.state(now) == stateDeleted
	if !gone && !seen.watched() {
		return nil
	}
	var health keyHealth
	var successor *rootNode
	var probeErr error
	if gone && s.cfg.Journals != nil {
		// Before the record: while that is there, a removal that was cut off is done again.
		if err := s.cfg.Journals.Remove(ctx, seen.ID); err != nil {
			return fmt.Errorf("remove the data of ledger %s: %w", seen.arn(), err)
		}
	}
	if !gone {
		health, successor, probeErr = s.probe(ctx, &seen, now)
	}
	var after ledger
	err = s.write(ctx, func(w store.Writer) error {
		l, found, err := ledgers(at).Get(w, name)
		if err != nil || !found || l.ID != seen.ID || l.Version != seen.Version {
			return err
		}
		after = l
		if gone {
			return l.remove(w)
		}
		old := l.Root.Key
		l.bringNear(now, &s.cfg)
		l.observe(now, health, successor, &s.cfg)
		after = l
		if !l.claims(old) {
			if err := l.letGo(w, old, now); err != nil {
				return err
			}
		}
		return l.put(w)
	})
	if err != nil {
		return errors.Join(probeErr, fmt.Errorf("watch ledger %s: %w", seen.arn(), err))
	}
	if gone {
		s.letRingGo(seen.ID)
	}
	s.logChange(&seen, &after)
	return probeErr
}

func (s *Service) logChange(before, after *ledger) {
	was, is := before.encryption(), after.encryption()
	if after.Name != "" && was != nil && is != nil && was.EncryptionStatus != is.EncryptionStatus {
		s.cfg.Log.Info("encryption status changed", "ledger", after.arn(), "key", is.KmsKeyArn,
			"from", was.EncryptionStatus, "to", is.EncryptionStatus)
	}
}

func (s *Service) ledger(ctx context.Context, at Place, name string) (l ledger, found bool, err error) {
	err = s.read(ctx, func(r store.Reader) error {
		l, found, err = ledgers(at).Get(r, name)
		return err
	})
	return l, found, err
}
