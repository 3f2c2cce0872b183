package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A redaction is a block of its own. Once that is in the log, the block that holds the revision is replaced there by
// one without the data, and only then the index hears of it. So an index that knows of a redaction says that the log
// has done it, and one that does not makes replay finish it.

// forget takes the data of redacted revisions out of the log. What is gone already is left as it is.
func (l *Ledger) forget(ctx context.Context, redactions []journal.RedactedRevision, keys Held) error {
	for _, r := range redactions {
		number := uint64(r.Address.SequenceNo)
		err := l.cfg.Log.Replace(ctx, l.term, number, func(sealed []byte) ([]byte, error) {
			e, err := openEntry(ctx, keys, number, sealed)
			if err != nil || gone(e.block, r) {
				return nil, err
			}
			if e.block, err = e.block.Redact(r.DocumentID, r.Version); err != nil {
				return nil, err
			}
			return keys.Seal(logPlace(number), e.encode())
		})
		if err != nil {
			return fmt.Errorf("redact version %d of document %s: %w", r.Version, r.DocumentID, err)
		}
	}
	return nil
}

// gone says whether the data of a revision are not in its block any more.
func gone(b journal.Block, r journal.RedactedRevision) bool {
	for _, held := range b.Revisions {
		if held.Metadata.ID == r.DocumentID && held.Metadata.Version == r.Version {
			return held.Content == journal.Redacted
		}
	}
	return false
}

// A version names a revision of a document.
type version struct {
	document journal.DocumentID
	number   int64
}

// redacted are revisions whose data are known to be gone.
type redacted map[version]bool

// note takes in what a block says. It reports whether a redaction in it may not be finished yet.
func (known redacted) note(b journal.Block) (unfinished bool) {
	for _, r := range b.Revisions {
		if r.Content == journal.Redacted {
			known[version{r.Metadata.ID, r.Metadata.Version}] = true
		}
	}
	for _, r := range b.Redactions {
		unfinished = unfinished || !known[version{r.DocumentID, r.Version}]
	}
	return unfinished
}

// errUnfinished ends a pass of replay at a redaction that has to be finished first.
var errUnfinished = errors.New("the log holds data that were redacted")

// finish takes the data out of the log for a redaction that was found there.
func (l *Ledger) finish(ctx context.Context, b journal.Block, known redacted) error {
	keys, err := l.cfg.Sealer.Hold(ctx)
	if err != nil {
		return err
	}
	defer keys.Release()
	for _, r := range b.Redactions {
		known[version{r.DocumentID, r.Version}] = true
	}
	return l.forget(ctx, b.Redactions, keys)
}

// redact removes the data of an older revision from the index. They are not there in an index that is made from a log
// without them.
func (a *application) redact(r journal.RedactedRevision) error {
	table, p, found, err := a.reader.locate(string(r.DocumentID))
	if err != nil {
		return err
	}
	key := oldKey(table, p, r.Version)
	old, ok, err := a.reader.row(key)
	if err != nil {
		return err
	}
	if !found || !ok || old.content == journal.Deletion {
		return fmt.Errorf("version %d of document %s cannot be redacted", r.Version, r.DocumentID)
	}
	if old.content == journal.Redacted {
		return nil
	}
	if old, err = old.redact(); err != nil {
		return err
	}
	a.put(key, old.encode())
	for _, k := range [][]byte{key, headKey(table, p)} { // it was the newest revision once
		a.changes = append(a.changes, store.Change{Op: store.OpForget, Key: k, Value: append(k[:len(k):len(k)], 0)})
	}
	return nil
}

// redact is r with the hash of its document in place of the document.
func (r row) redact() (row, error) {
	document, err := r.value()
	if err != nil {
		return r, err
	}
	hash := ion.Hash(document)
	r.content, r.data = journal.Redacted, hash[:]
	return r, nil
}
