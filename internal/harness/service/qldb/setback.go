package qldb

import (
	"context"
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// bringNear finds what is due later than any delay leads, as everything is that was planned before the clock was set
// back, and plans it anew. Otherwise keys would not be tried, nor key changes finished, until the clock is where it
// was.
func (s *Service) bringNear(ctx context.Context) error {
	now := s.now()
	latest := now.Add(max(s.cfg.DeleteDuration, s.cfg.RekeyDuration, s.cfg.KeyCacheTTL, s.cfg.RecoveryInterval,
		grantGrace))
	var far []work
	err := s.read(ctx, func(r store.Reader) error {
		far = nil
		return due.Scan(r, "", dueName(latest, work{}), func(_ string, wk work) (bool, error) {
			if wk.Ledger != "" || wk.Grant != "" { // streams that ended are kept for longer
				far = append(far, wk)
			}
			return true, nil
		})
	})
	if err != nil || len(far) == 0 {
		return err
	}
	s.cfg.Log.Warn("the clock was set back; what was planned before is planned anew", "works", len(far))
	err = s.write(ctx, func(w store.Writer) error {
		for _, wk := range far {
			if err := s.planAnew(w, wk, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("plan anew after the clock was set back: %w", err)
	}
	return nil
}

func (s *Service) planAnew(w store.Writer, wk work, now time.Time) error {
	if wk.Grant != "" {
		g, found, err := looseGrants.Get(w, wk.Grant)
		if err != nil || !found {
			return err
		}
		return g.put(w, now.Add(grantGrace))
	}
	l, found, err := ledgers(wk.Place).Get(w, wk.Ledger)
	if err != nil || !found {
		return err
	}
	l.bringNear(now, &s.cfg)
	if l.ProbeAt.After(now) {
		l.ProbeAt = now
	}
	return l.put(w)
}

// bringNear corrects the moments of l that are farther off than they were chosen.
func (l *ledger) bringNear(now time.Time, cfg *Config) {
	if l.GoneAt.Sub(now) > cfg.DeleteDuration {
		l.GoneAt = now.Add(cfg.DeleteDuration)
	}
	if l.SwapAt.Sub(now) > cfg.RekeyDuration {
		l.SwapAt = now.Add(cfg.RekeyDuration)
	}
}
