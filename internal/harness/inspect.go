package harness

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/cloudtrail"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A Verdict is what Verify found out about one ledger.
type Verdict struct {
	Ledger qldb.LedgerReport
	Found  engine.Verified
	// Err is what is wrong. It matches qldb.ErrNoKey for a ledger whose key cannot be used and qldb.ErrNotActive for
	// one that is not ACTIVE: those could not be looked into.
	Err error
}

// Verified is what Verify found out about a data directory.
type Verified struct {
	State    local.Report
	Trail    cloudtrail.Report
	TrailErr error // what is wrong with it
	Ledgers  []Verdict
}

// Verify reads everything in cfg.DataDir, which no process may have open: the state with all its checksums, the trail
// of calls, and each ledger as engine.Verify does, with its keys from KMS. Nothing that it finds is mended. progress,
// if not nil, hears which ledger is being read and how many of its blocks are done.
//
// The error is for what makes the whole directory unreadable; what is wrong with one ledger is in its Verdict.
func Verify(
	ctx context.Context, cfg Config, progress func(ledger string, blocks uint64),
) (found Verified, err error) {
	options := local.Options{Rand: cfg.Rand, Log: cfg.Log}
	if found.State, err = local.Check(ctx, cfg.DataDir, options); err != nil {
		return found, err
	}
	err = inspect(ctx, cfg, func(h *Harness, ledgers []qldb.LedgerReport) error {
		found.Trail, found.TrailErr = h.trail.Verify(ctx)
		for _, l := range ledgers {
			v := Verdict{Ledger: l}
			v.Found, v.Err = h.verifyLedger(ctx, &l, func(blocks uint64) {
				if progress != nil {
					progress(l.Name, blocks)
				}
			})
			if ctx.Err() != nil {
				return ctx.Err()
			}
			found.Ledgers = append(found.Ledgers, v)
		}
		return nil
	})
	return found, err
}

// inspect opens cfg.DataDir without starting anything in it.
func inspect(ctx context.Context, cfg Config, fn func(*Harness, []qldb.LedgerReport) error) (err error) {
	h, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.closeServices()) }()
	report, err := h.qldb.Report(ctx)
	if err != nil {
		return err
	}
	return fn(h, report.Ledgers)
}

func (h *Harness) verifyLedger(
	ctx context.Context, l *qldb.LedgerReport, progress func(uint64),
) (found engine.Verified, err error) {
	keys, err := h.qldb.Keys(ctx, l)
	if err != nil {
		return found, err
	}
	kept, err := h.store.Ledger(ctx, l.ID)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	dir, err := os.MkdirTemp("", "qldbkms-verify-")
	if err != nil {
		return found, fmt.Errorf("make a directory for the index that is made anew: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	sum := sha256.Sum256([]byte(l.ID))
	scratch, err := index.Open(dir, [16]byte(sum[:]), index.Options{Log: h.cfg.Log})
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	return engine.Verify(ctx, engine.Config{
		Log: kept.Log, Index: kept.Index, Sealer: keys, Clock: h.cfg.Clock.Now, Rand: h.cfg.Rand,
	}, scratch, progress)
}

// Dump writes the blocks of a ledger's journal to out, in their order, one a line, as the Ion text of a journal export.
// Data that was redacted is not among it. The data directory must not be open elsewhere. account and region may be ""
// while there is one ledger of that name.
func Dump(ctx context.Context, cfg Config, account, region, name string, out io.Writer) error {
	if _, err := local.Check(ctx, cfg.DataDir, local.Options{Rand: cfg.Rand, Log: cfg.Log}); err != nil {
		return err
	}
	return inspect(ctx, cfg, func(h *Harness, ledgers []qldb.LedgerReport) error {
		l, err := pick(ledgers, account, region, name)
		if err != nil {
			return err
		}
		keys, err := h.qldb.Keys(ctx, l)
		if err != nil {
			return err
		}
		e, err := h.data.Open(ctx, l.ID, keys)
		if err != nil {
			return err
		}
		return dumpBlocks(ctx, e, out)
	})
}

func pick(ledgers []qldb.LedgerReport, account, region, name string) (*qldb.LedgerReport, error) {
	var found *qldb.LedgerReport
	for i, l := range ledgers {
		if l.Name != name || account != "" && l.Account != account || region != "" && l.Region != region {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("ledger %s exists in account %s, Region %s and in account %s, Region %s: say which",
				name, found.Account, found.Region, l.Account, l.Region)
		}
		found = &ledgers[i]
	}
	if found == nil {
		return nil, noLedger(ledgers, name)
	}
	return found, nil
}

// noLedger says which ledgers there are instead.
func noLedger(ledgers []qldb.LedgerReport, name string) error {
	var there []string
	for _, l := range ledgers {
		there = append(there, fmt.Sprintf("%s (account %s, %s)", l.Name, l.Account, l.Region))
	}
	if there == nil {
		there = []string{"none at all"}
	}
	return fmt.Errorf("the data directory has no such ledger as %s; it has %s", name, strings.Join(there, ", "))
}

func dumpBlocks(ctx context.Context, e *engine.Ledger, out io.Writer) error {
	for number := range e.Blocks() {
		at := journal.BlockAddress{StrandID: journal.StrandID(e.StrandID()), SequenceNo: int64(number)}
		b, _, err := e.Block(ctx, at, nil)
		if err != nil {
			return fmt.Errorf("read block %d: %w", number, err)
		}
		if _, err := out.Write(append(ion.EncodeText(b.Ion()), '\n')); err != nil {
			return err
		}
	}
	return nil
}
