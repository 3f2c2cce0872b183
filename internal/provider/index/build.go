package index

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

// An existsError says that the field has an index already.
type existsError struct{ Index statement.Index }

func (e *existsError) Error() string { return "the field has index " + e.Index.ID }

// A failedError says that the service could not build the index.
type failedError struct{ Index statement.Index }

func (e *failedError) Error() string { return "index " + e.Index.ID + " failed: " + e.Index.Message }

// A goneError says that the index is not there.
type goneError struct{ ID string }

func (e *goneError) Error() string { return "index " + e.ID + " is gone" }

// A waitError says how a wait ended without what was waited for. Err is a context's error.
type waitError struct {
	For     string
	Last    string // status seen last
	Elapsed time.Duration
	Err     error
}

func (e *waitError) Error() string { return fmt.Sprintf("wait for %s, last seen %s", e.For, e.Last) }

// Unwrap gives the context's error.
func (e *waitError) Unwrap() error { return e.Err }

// words are an error of this package or of a statement as a person reads it.
func (m model) words(err error) string {
	var taken *existsError
	var failed *failedError
	var gone *goneError
	var waited *waitError
	switch {
	case errors.As(err, &taken):
		return fmt.Sprintf("There is an index on %s already, with id %s, in status %s.", m.where(), taken.Index.ID,
			taken.Index.Status)
	case errors.As(err, &failed):
		text := fmt.Sprintf("The service could not build index %s on %s.", failed.Index.ID, m.where())
		if failed.Index.Message != "" {
			text += " It says: " + failed.Index.Message
		}
		return text
	case errors.As(err, &gone):
		return fmt.Sprintf("The index on %s is gone: something dropped it.", m.where())
	case errors.As(err, &waited):
		how := "Waited"
		if errors.Is(waited.Err, context.Canceled) {
			how = "Interrupted after waiting"
		}
		return fmt.Sprintf("%s %s for %s; last seen: %s.", how, waited.Elapsed.Round(time.Second), waited.For, waited.Last)
	}
	return statement.Words(err, m.Region.ValueString())
}

// create is one transaction. When the driver runs it again because the answer was lost, the index may be there: nothing
// in the catalog tells whose it is, but only one can be, and the first run saw none.
func create(ctx context.Context, ledger *statement.Ledger, m model) error {
	tried := false
	err := ledger.DoIn(ctx, m.Table.ValueString(), func(tx *statement.Tx) error {
		t, err := tx.Table(ledger.Name, m.Table.ValueString())
		if err != nil {
			return err
		}
		if ix, there := t.Index(m.Field.ValueString()); there {
			if tried {
				return nil
			}
			return &existsError{ix}
		}
		tried = true
		_, err = tx.Run("CREATE INDEX ON " + statement.Quote(m.Table.ValueString()) + " (" +
			statement.Quote(m.Field.ValueString()) + ")")
		return err
	})
	if err != nil && tried && statement.IsAmbiguous(err) {
		if _, there, lookErr := lastLook(ctx, ledger, m); lookErr == nil && there {
			return nil
		}
	}
	return err
}

// lastLook finds the index on the field after the time for it is over.
func lastLook(ctx context.Context, ledger *statement.Ledger, m model) (ix statement.Index, there bool, err error) {
	ctx, cancel := statement.LastLook(ctx)
	defer cancel()
	t, err := ledger.Table(ctx, m.Table.ValueString())
	ix, there = t.Index(m.Field.ValueString())
	return ix, there, err
}

// await polls the catalog until done says so of the index on the field. It always returns the last reading.
func (r *Resource) await(
	ctx context.Context, ledger *statement.Ledger, m model, what string, done func(statement.Index, bool) (bool, error),
) (statement.Index, error) {
	start, last := r.opts.Now(), statement.Index{Status: "nothing"}
	for n := 0; ; n++ {
		t, err := ledger.Table(ctx, m.Table.ValueString())
		if err != nil && ctx.Err() == nil {
			return last, err
		}
		if err == nil {
			ix, there := t.Index(m.Field.ValueString())
			if there && ix.Status != last.Status {
				tflog.SubsystemInfo(ctx, "wait", "waiting for "+what, map[string]any{"status": ix.Status})
			}
			if there {
				last = ix
			}
			if ended, err := done(ix, there); ended || err != nil {
				return last, err
			}
			err = r.opts.Pause(ctx, n)
			if err == nil {
				continue
			}
		}
		return last, &waitError{For: what, Last: last.Status, Elapsed: r.opts.Now().Sub(start), Err: ctx.Err()}
	}
}

// awaitOnline waits until queries use the index.
func (r *Resource) awaitOnline(ctx context.Context, ledger *statement.Ledger, m model) (statement.Index, error) {
	return r.await(ctx, ledger, m, "the index to be ONLINE", func(ix statement.Index, there bool) (bool, error) {
		switch {
		case !there, !m.is(ix):
			return false, &goneError{m.IndexID.ValueString()}
		case ix.Status == "FAILED":
			return false, &failedError{ix}
		}
		return ix.Status == statement.Online, nil
	})
}

// awaitGone waits until the index is not in the catalog any more.
func (r *Resource) awaitGone(ctx context.Context, ledger *statement.Ledger, m model) error {
	_, err := r.await(ctx, ledger, m, "the index to be gone", func(ix statement.Index, there bool) (bool, error) {
		return !there || !m.is(ix), nil
	})
	return err
}
