package engine

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// Verified is what Verify found whole.
type Verified struct {
	Blocks    uint64
	Revisions uint64
	Entries   uint64 // keys of the index
	// Indexed is the number of blocks that the index reflects; after a crash it lags until the ledger is next opened.
	Indexed uint64
	Digest  Digest
}

// An IndexError says that the index does not say what the log says. The index can be deleted while no process uses
// it, and is made again from the log.
type IndexError struct {
	Key    []byte
	Reason string
}

func (e *IndexError) Error() string { return fmt.Sprintf("index key %x %s", e.Key, e.Reason) }

// Verify reads everything that a ledger keeps, and changes nothing. Every block of the log must open, hold the hashes
// that follow from its contents, and follow from the one before. From the blocks the index is made anew in scratch,
// which must be empty; it must say the same as the index that is there, key by key. What goes into scratch is sealed
// under a key that is kept nowhere. progress, if not nil, is told how many blocks are done.
//
// Errors: *IndexError, *IndexAheadError, *journal.MismatchError, *journal.FormatError, those of the log, the index and
// the Sealer.
func Verify(ctx context.Context, cfg Config, scratch store.Index, progress func(blocks uint64)) (Verified, error) {
	if cfg.Sealer == nil {
		cfg.Sealer = plain{}
	}
	kept := cfg.Index
	indexed, err := kept.Position(ctx)
	if err != nil {
		return Verified{}, err
	}
	aside, err := newAside(cfg.Sealer, cfg.Rand)
	if err != nil {
		return Verified{}, err
	}
	found := Verified{Indexed: indexed}
	l := newLedger(Config{Log: cfg.Log, Index: scratch, Sealer: aside})
	l.published.Store(&state{catalog: &catalog{}, replaced: make(chan struct{})})
	var at journal.Position
	done := map[version]bool{} // redactions that the index has to know of
	err = cfg.Log.Read(ctx, 0, func(number uint64, sealed []byte) error {
		e, err := openEntry(ctx, l.cfg.Sealer, number, sealed)
		if err != nil {
			return err
		}
		if at, err = l.follow(ctx, e, number, at); err != nil {
			return err
		}
		found.Blocks, found.Revisions = number+1, found.Revisions+uint64(len(e.block.Revisions))
		for _, r := range e.block.Redactions {
			done[version{r.DocumentID, r.Version}] = true
		}
		if progress != nil {
			progress(found.Blocks)
		}
		if found.Blocks == indexed {
			found.Entries, err = compareIndexes(ctx, kept, cfg.Sealer, scratch, aside, done)
		}
		return err
	})
	if err != nil {
		return found, err
	}
	if indexed > found.Blocks {
		return found, &IndexAheadError{Index: indexed, Log: found.Blocks}
	}
	if found.Blocks == 0 {
		return found, nil // created, and never opened
	}
	found.Digest, err = l.Digest()
	return found, err
}

// compareIndexes holds an index against one that was made from the log, and counts the keys.
func compareIndexes(
	ctx context.Context, kept store.Index, keptKeys Keys, made store.Index, madeKeys Keys,
	done map[version]bool,
) (entries uint64, err error) {
	err = kept.View(ctx, func(k store.IndexReader) error {
		return made.View(ctx, func(m store.IndexReader) error {
			c := comparison{kept: reader{ctx, k, keptKeys}, made: reader{ctx, m, madeKeys}, done: done}
			entries, err = c.run()
			return err
		})
	})
	return entries, err
}

type comparison struct {
	kept, made reader
	done       map[version]bool
}

func (c comparison) run() (entries uint64, err error) {
	kept, made := c.kept.r.Scan(nil, []byte{0xff}), c.made.r.Scan(nil, []byte{0xff})
	defer kept.Close()
	defer made.Close()
	haveKept, haveMade := kept.Next(), made.Next()
	for ; haveKept || haveMade; entries++ {
		order := 0
		switch {
		case !haveKept:
			order = 1
		case !haveMade:
			order = -1
		default:
			order = bytes.Compare(kept.Key(), made.Key())
		}
		switch {
		case order < 0:
			err = c.superfluous(kept)
		case order > 0:
			err = c.lacking(made)
		default:
			err = c.same(kept, made)
		}
		if err != nil {
			return entries, err
		}
		if order <= 0 {
			haveKept = kept.Next()
		}
		if order >= 0 {
			haveMade = made.Next()
		}
	}
	if err := kept.Err(); err != nil {
		return entries, err
	}
	return entries, made.Err()
}

func (c comparison) same(kept, made store.Cursor) error {
	if kept.Key()[0] == 'x' {
		return nil // has no value
	}
	have, err := c.kept.keys.Open(c.kept.ctx, kept.Key(), kept.Value())
	if err != nil {
		return fmt.Errorf("index key %x: %w", kept.Key(), err)
	}
	want, err := c.made.keys.Open(c.made.ctx, made.Key(), made.Value())
	if err != nil {
		return err
	}
	if !bytes.Equal(have, want) && !c.yetToRedact(kept.Key(), have, want) {
		return &IndexError{bytes.Clone(kept.Key()), "does not hold what follows from the log"}
	}
	return nil
}

// yetToRedact accepts data that the log does not have any more, for a redaction that the index does not know of yet.
func (c comparison) yetToRedact(key, have, want []byte) bool {
	if key[0] != 'd' && key[0] != 'h' {
		return false
	}
	r, err := decodeRow(have)
	if err != nil || c.done[version{journal.DocumentID(r.document), r.version}] {
		return false
	}
	r, err = r.redact()
	return err == nil && bytes.Equal(r.encode(), want)
}

// superfluous accepts a key that is not in the index made anew: an entry that no snapshot needs any more, or a
// deletion that has not been moved to the older revisions.
func (c comparison) superfluous(kept store.Cursor) error {
	if kept.Key()[0] == 'x' {
		return nil
	}
	ok, err := moved(c.kept, kept, c.made)
	if err != nil || ok {
		return err
	}
	return &IndexError{bytes.Clone(kept.Key()), "does not follow from the log"}
}

// lacking accepts a key that is in the index made anew alone if the other has moved what it holds.
func (c comparison) lacking(made store.Cursor) error {
	ok, err := moved(c.made, made, c.kept)
	if err != nil || ok {
		return err
	}
	return &IndexError{bytes.Clone(made.Key()), "is missing"}
}

// moved says whether a cursor of r stands on a deletion that other has at its other place: the newest revisions first,
// the older ones when no snapshot needs it.
func moved(r reader, at store.Cursor, other reader) (bool, error) {
	key := at.Key()
	if key[0] != 'd' && key[0] != 'h' || len(key) < 1+journal.IDLength+placeLength {
		return false, nil
	}
	have, err := r.rowAt(at)
	if err != nil || have.content != journal.Deletion {
		return false, err
	}
	table := string(key[1 : 1+journal.IDLength])
	p, err := parsePlace(key[:1+journal.IDLength+placeLength])
	if err != nil {
		return false, err
	}
	elsewhere := headKey(table, p)
	if key[0] == 'd' {
		elsewhere = oldKey(table, p, have.version)
	}
	there, found, err := other.row(elsewhere)
	return found && bytes.Equal(there.encode(), have.encode()), err
}

// aside are the keys for an index that is made to be looked at once. The log and the hashes are the ledger's; what is
// written is sealed under a key of its own.
type aside struct {
	Sealer
	aead cipher.AEAD
}

func newAside(ledger Sealer, rand io.Reader) (aside, error) {
	key := make([]byte, 32)
	if _, err := io.ReadFull(rand, key); err != nil {
		return aside{}, fmt.Errorf("draw a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	clear(key)
	if err != nil {
		return aside{}, fmt.Errorf("key of the index that is made anew: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return aside{ledger, aead}, err
}

// Open implements Keys.
func (a aside) Open(ctx context.Context, place, sealed []byte) ([]byte, error) {
	if bytes.HasPrefix(place, []byte("log/")) {
		return a.Sealer.Open(ctx, place, sealed)
	}
	return a.aead.Open(nil, nil, sealed, place)
}

// Hold implements Sealer.
func (a aside) Hold(context.Context) (Held, error) { return a, nil }

// Seal implements Held.
func (a aside) Seal(place, plaintext []byte) ([]byte, error) {
	return a.aead.Seal(nil, nil, plaintext, place), nil
}

// Release implements Held.
func (a aside) Release() {}
