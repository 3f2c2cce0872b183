package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// An IndexAheadError says that an index reflects blocks that the log does not have: it belongs to another log, or the
// log was cut. The index can be deleted; that the log is whole should be found out first.
type IndexAheadError struct{ Index, Log uint64 }

func (e *IndexAheadError) Error() string {
	return fmt.Sprintf("the index reflects %d blocks, but the log has %d", e.Index, e.Log)
}

// ErrForeignIndex is returned for an index whose newest block is not the one in the log.
var ErrForeignIndex = errors.New("the index was not made from this log")

// recover makes the ledger what its log says: it takes the log over, loads what the index has and applies the rest.
func (l *Ledger) recover(ctx context.Context) error {
	term, next, err := l.cfg.Log.Acquire(ctx)
	if err != nil {
		return err
	}
	l.term = term
	position, err := l.cfg.Index.Position(ctx)
	if err != nil {
		return err
	}
	if position > next {
		return &IndexAheadError{Index: position, Log: next}
	}
	at, err := l.load(ctx, position)
	if err != nil {
		return err
	}
	if at, err = l.replay(ctx, position, at); err != nil {
		return err
	}
	if got := l.published.Load().next; got != next {
		return fmt.Errorf("read %d blocks from a log of %d", got, next)
	}
	s := l.published.Load()
	l.writer.tip, l.writer.catalog, l.writer.floor = at, s.catalog, s.last
	if next == 0 {
		return l.create(ctx)
	}
	return nil
}

// load publishes the state that the index has. It returns the position of the next block; its zero value if the index
// is empty.
func (l *Ledger) load(ctx context.Context, position uint64) (journal.Position, error) {
	s := &state{next: position, catalog: &catalog{}, replaced: make(chan struct{})}
	l.published.Store(s)
	if position == 0 {
		return journal.Position{}, nil
	}
	var at journal.Position
	err := l.view(ctx, func(r reader) error {
		value, found, err := r.get(catalogKey)
		if err != nil {
			return err
		}
		if found {
			v, err := ion.DecodeOne(value, stored)
			if err != nil {
				return fmt.Errorf("read catalog: %w", err)
			}
			s.catalog = parseCatalog(v)
		}
		if s.frontier, err = merkle.LoadFrontier(r, position); err != nil {
			return err
		}
		last, _, err := r.skeleton(position - 1)
		if err != nil {
			return err
		}
		s.last, at, l.strand = last.Timestamp, last.Next(), last.Address.StrandID
		return nil
	})
	return at, err
}

// replay checks the log from the last block that the index has on, and applies what the index lacks. Every block must
// follow from the one before, with all hashes right. Where it meets a redaction whose data may still be in the log, it
// takes them out and goes on from there.
func (l *Ledger) replay(ctx context.Context, position uint64, at journal.Position) (journal.Position, error) {
	from, known := max(position, 1)-1, redacted{}
	for {
		var e entry
		err := l.cfg.Log.Read(ctx, from, func(number uint64, sealed []byte) (err error) {
			if e, err = openEntry(ctx, l.cfg.Sealer, number, sealed); err != nil {
				return err
			}
			if number < position { // the index has it: is it the same one?
				if e.block.BlockHash != at.PreviousBlockHash {
					return ErrForeignIndex
				}
				return nil
			}
			if known.note(e.block) {
				from = number
				return errUnfinished
			}
			at, err = l.follow(ctx, e, number, at)
			return err
		})
		if !errors.Is(err, errUnfinished) {
			return at, err
		}
		if err := l.finish(ctx, e.block, known); err != nil {
			return at, err
		}
	}
}

// follow applies a block, which must follow from the one before. It returns what the next one is to follow.
func (l *Ledger) follow(
	ctx context.Context, e entry, number uint64, at journal.Position,
) (journal.Position, error) {
	if number == 0 {
		l.strand = e.block.Address.StrandID
		at = journal.Genesis(l.strand)
	}
	if err := e.block.CheckAt(at); err != nil {
		return at, fmt.Errorf("check block %d: %w", number, err)
	}
	keys, err := l.cfg.Sealer.Hold(ctx)
	if err != nil {
		return at, err
	}
	defer keys.Release()
	return e.block.Next(), l.apply(ctx, e, keys)
}

// openEntry unseals an entry of the log.
func openEntry(ctx context.Context, keys Keys, number uint64, sealed []byte) (entry, error) {
	plaintext, err := keys.Open(ctx, logPlace(number), sealed)
	if err != nil {
		return entry{}, fmt.Errorf("open block %d of the log: %w", number, err)
	}
	e, err := decodeEntry(plaintext)
	if err != nil {
		return entry{}, fmt.Errorf("read block %d of the log: %w", number, err)
	}
	return e, nil
}

// create commits the first block of a new ledger, which has no statements: an active ledger always has a digest.
func (l *Ledger) create(ctx context.Context) error {
	strand, err := l.cfg.StrandID, error(nil)
	if strand == "" {
		if strand, err = l.newID(); err != nil {
			return err
		}
	}
	id, err := l.newID()
	if err != nil {
		return err
	}
	l.strand = journal.StrandID(strand)
	now := l.cfg.Clock()
	block, err := journal.Build(journal.Genesis(l.strand), journal.Commit{
		TransactionID: journal.TxID(id), TxTime: now, Timestamp: now,
	})
	if err != nil {
		return err
	}
	keys, err := l.cfg.Sealer.Hold(ctx)
	if err != nil {
		return err
	}
	defer keys.Release()
	e := entry{block: block}
	sealed, err := keys.Seal(logPlace(0), e.encode())
	if err != nil {
		return err
	}
	if err := l.cfg.Log.Append(ctx, l.term, 0, [][]byte{sealed}); err != nil {
		return err
	}
	l.writer.tip, l.writer.floor = block.Next(), block.Timestamp
	return l.apply(ctx, e, keys)
}

// A reference says where the row of one of a block's revisions is.
type reference struct {
	table   string
	version int64
	place   place
}

// skeleton reads a block without its revisions, and where those are.
func (r reader) skeleton(number uint64) (journal.Block, []reference, error) {
	value, found, err := r.get(blockKey(number))
	if err == nil && !found {
		err = errors.New("it is not in the index")
	}
	var v ion.Value
	if err == nil {
		v, err = ion.DecodeOne(value, stored)
	}
	if err != nil {
		return journal.Block{}, nil, fmt.Errorf("read block %d: %w", number, err)
	}
	inner, _ := v.Field("block")
	b, err := journal.ParseBlock(inner)
	if err != nil {
		return b, nil, fmt.Errorf("read block %d: %w", number, err)
	}
	list, _ := v.Field("revisions")
	references := make([]reference, list.Len())
	for i, item := range list.Items() {
		fields := item.Items()
		if len(fields) != 4 {
			return b, nil, fmt.Errorf("read block %d: a reference of %d fields", number, len(fields))
		}
		version, _ := fields[1].Int64()
		places, err := parsePlaces(fields[2:])
		if err != nil {
			return b, nil, fmt.Errorf("read block %d: %w", number, err)
		}
		references[i] = reference{fields[0].Text(), version, places[0]}
	}
	return b, references, nil
}

// block reads a whole block.
func (r reader) block(number uint64) (journal.Block, error) {
	b, references, err := r.skeleton(number)
	if err != nil {
		return b, err
	}
	for _, ref := range references {
		found, ok, err := r.version(ref.table, ref.place, ref.version)
		if err == nil && !ok {
			err = fmt.Errorf("version %d of a document in table %s is not in the index", ref.version, ref.table)
		}
		var revision journal.Revision
		if err == nil {
			revision, err = found.revision(b.Address.StrandID)
		}
		if err != nil {
			return b, fmt.Errorf("read block %d: %w", number, err)
		}
		b.Revisions = append(b.Revisions, revision)
	}
	return b, nil
}
