package qldb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// grantGrace is how long a request may take from the moment it writes down a loose grant until its ledger claims it.
// When it is over, the request is taken for dead and Tick retires the grant.
const grantGrace = time.Minute

// maxAttempts bounds how often a request starts again because another one came in between.
const maxAttempts = 8

// errStale says that what a transaction relied on changed since it was read: start again from reading.
var errStale = errors.New("the ledger changed in between")

// looseGrant says that the grant of a ledger on a key exists, or may exist, although nothing claims it.
//
// It is written before KMS is asked for a grant, and deleted by the transaction in which a ledger claims the key; or
// it is written when a ledger lets go of a key, and deleted when the grant is retired. So whenever the process dies,
// each grant is claimed by a ledger or stands here.
type looseGrant struct {
	Place
	LedgerName string
	LedgerID   string
	KeyARN     string
	Due        time.Time // when Tick retires it
	// Retirement is set when the retirement begins and names it: from then on nobody may claim the grant, and only
	// who still finds the same name goes on, so that a worker that slept cannot retire a grant made since.
	Retirement string `json:",omitempty"`
}

var looseGrants = store.Table[looseGrant]{Prefix: "qldb/loose-grant/"}

func (g *looseGrant) name() string { return g.LedgerID + "/" + g.KeyARN }

func (g *looseGrant) work() work { return work{Place: g.Place, Grant: g.name()} }

// put writes g, due at a moment, over the loose grant of the same name.
func (g *looseGrant) put(w store.Writer, at time.Time) error {
	if old, found, err := looseGrants.Get(w, g.name()); err != nil {
		return err
	} else if found {
		if err := unschedule(w, old.Due, old.work()); err != nil {
			return err
		}
	}
	g.Due = at
	if err := schedule(w, g.Due, g.work()); err != nil {
		return err
	}
	return looseGrants.Put(w, g.name(), *g)
}

func (g *looseGrant) remove(w store.Writer) error {
	if err := unschedule(w, g.Due, g.work()); err != nil {
		return err
	}
	return looseGrants.Delete(w, g.name())
}

// letGo writes down that l no longer needs its grant on a key, to be retired at a moment.
func (l *ledger) letGo(w store.Writer, keyARN string, at time.Time) error {
	if !isCustomerKey(keyARN) {
		return nil
	}
	g := l.loose(keyARN)
	if old, found, err := looseGrants.Get(w, g.name()); err != nil {
		return err
	} else if found && old.Retirement != "" {
		g = &old
	}
	return g.put(w, at)
}

func (l *ledger) loose(keyARN string) *looseGrant {
	return &looseGrant{Place: l.Place, LedgerName: l.Name, LedgerID: l.ID, KeyARN: keyARN}
}

// claim takes the loose grant of l on a key, in the transaction that makes l claim the key. It is errStale if the
// grant is being retired or was.
func (l *ledger) claim(w store.Writer, keyARN string) error {
	g, found, err := looseGrants.Get(w, l.loose(keyARN).name())
	if err != nil {
		return err
	}
	if !found || g.Retirement != "" {
		return errStale
	}
	return g.remove(w)
}

// obtain makes sure that l's grant on a key exists, with the rights of c's caller, and returns its id. The grant is
// loose until claimed.
func (s *Service) obtain(ctx context.Context, c *wire.Call, l *ledger, keyARN string) (string, error) {
	if err := s.reserve(ctx, l, keyARN); err != nil {
		return "", err
	}
	id, err := s.cfg.Keys.CreateGrant(ctx, c, grantOn(l.Place, l.ID, keyARN))
	if err != nil {
		return "", errors.Join(fmt.Errorf("create grant for ledger %s: %w", l.Name, err), s.release(ctx, l, keyARN))
	}
	return id, nil
}

// reserve writes down a loose grant before it is made. A retirement that has begun is finished first.
func (s *Service) reserve(ctx context.Context, l *ledger, keyARN string) error {
	for range maxAttempts {
		g := l.loose(keyARN)
		var retiring bool
		err := s.write(ctx, func(w store.Writer) error {
			old, found, err := looseGrants.Get(w, g.name())
			if err != nil {
				return err
			}
			if retiring = found && old.Retirement != ""; retiring {
				return nil
			}
			return g.put(w, s.now().Add(grantGrace))
		})
		if err != nil || !retiring {
			return err
		}
		if err := s.retire(ctx, g.name()); err != nil {
			return err
		}
	}
	return errStale
}

// release makes the loose grant of l on a key due at once, after the request that reserved it has failed.
// A grant that l claims all the same is left alone by the retirement.
func (s *Service) release(ctx context.Context, l *ledger, keyARN string) error {
	ctx = context.WithoutCancel(ctx)
	err := s.write(ctx, func(w store.Writer) error { return l.letGo(w, keyARN, s.now()) })
	if err != nil {
		return fmt.Errorf("release grant of ledger %s: %w", l.Name, err)
	}
	s.cfg.Wake()
	return nil
}

// retire ends the loose grant called name, unless it is not due any more or its ledger claims it.
// It may be run by several workers at once and again after a crash at any step.
func (s *Service) retire(ctx context.Context, name string) error {
	g, err := s.beginRetirement(ctx, name)
	if err != nil || g == nil {
		return err
	}
	ids, err := s.cfg.Keys.FindGrants(ctx, g.Place, g.KeyARN, grantName(g.LedgerID))
	if err != nil && !grantGone(err) {
		return fmt.Errorf("find grants %s on %s: %w", grantName(g.LedgerID), g.KeyARN, err)
	}
	// Look again after finding: what was found belongs to this retirement only if it is still open.
	var open bool
	if err := s.read(ctx, func(r store.Reader) error {
		now, found, err := looseGrants.Get(r, name)
		open = found && now.Retirement == g.Retirement
		return err
	}); err != nil || !open {
		return err
	}
	for _, id := range ids {
		if err := s.cfg.Keys.RetireGrant(ctx, g.Place, g.KeyARN, id); err != nil && !grantGone(err) {
			return fmt.Errorf("retire grant %s on %s: %w", id, g.KeyARN, err)
		}
	}
	return s.write(ctx, func(w store.Writer) error {
		now, found, err := looseGrants.Get(w, name)
		if err != nil || !found || now.Retirement != g.Retirement {
			return err
		}
		return now.remove(w)
	})
}

// beginRetirement marks the loose grant called name, or returns nil if there is nothing to retire.
func (s *Service) beginRetirement(ctx context.Context, name string) (*looseGrant, error) {
	retirement, err := s.newID()
	if err != nil {
		return nil, err
	}
	var marked *looseGrant
	err = s.write(ctx, func(w store.Writer) error {
		marked = nil
		g, found, err := looseGrants.Get(w, name)
		if err != nil || !found {
			return err
		}
		if g.Retirement != "" {
			marked = &g
			return nil
		}
		if g.Due.After(s.now()) {
			return nil
		}
		l, found, err := ledgers(g.Place).Get(w, g.LedgerName)
		if err != nil {
			return err
		}
		if found && l.ID == g.LedgerID && l.claims(g.KeyARN) {
			return g.remove(w)
		}
		g.Retirement = retirement
		marked = &g
		return g.put(w, g.Due)
	})
	return marked, err
}

// grantGone says that KMS no longer knows the grant or its key.
func grantGone(err error) bool {
	switch faultCode(err) {
	case "NotFoundException", "InvalidGrantIdException":
		return true
	}
	return false
}

// putOff moves the loose grant called name to a later moment, after its retirement could not be finished.
func (s *Service) putOff(ctx context.Context, name string, until time.Time) error {
	return s.write(ctx, func(w store.Writer) error {
		g, found, err := looseGrants.Get(w, name)
		if err != nil || !found || g.Due.After(s.now()) {
			return err
		}
		return g.put(w, until)
	})
}
