package engine

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// A reader reads the index, unsealed. It lives as long as one view, whose context it carries.
type reader struct {
	ctx  context.Context
	r    store.IndexReader
	keys Keys
}

// view runs fn over one state of the index.
func (l *Ledger) view(ctx context.Context, fn func(reader) error) error {
	return l.viewWith(ctx, l.cfg.Sealer, fn)
}

// viewWith is view with keys that the caller may hold.
func (l *Ledger) viewWith(ctx context.Context, keys Keys, fn func(reader) error) error {
	return l.cfg.Index.View(ctx, func(r store.IndexReader) error { return fn(reader{ctx, r, keys}) })
}

func (r reader) get(key []byte) ([]byte, bool, error) {
	sealed, found, err := r.r.Get(key)
	if err != nil || !found {
		return nil, false, err
	}
	value, err := r.keys.Open(r.ctx, key, sealed)
	return value, true, err
}

// row returns the row at key, and whether there is one.
func (r reader) row(key []byte) (row, bool, error) {
	value, found, err := r.get(key)
	if err != nil || !found {
		return row{}, false, err
	}
	decoded, err := decodeRow(value)
	return decoded, true, err
}

// rowAt decodes the row a cursor stands on. The row does not refer to the cursor's memory.
func (r reader) rowAt(c store.Cursor) (row, error) {
	value, err := r.keys.Open(r.ctx, c.Key(), c.Value())
	if err != nil {
		return row{}, err
	}
	return decodeRow(append([]byte(nil), value...))
}

// version returns one revision of the document at a place, whether or not it is the newest.
func (r reader) version(table string, p place, version int64) (row, bool, error) {
	old, found, err := r.row(oldKey(table, p, version))
	if err != nil || found {
		return old, found, err
	}
	head, found, err := r.row(headKey(table, p))
	return head, found && head.version == version, err
}

// locate says where a document is, in whatever table.
func (r reader) locate(id string) (table string, p place, found bool, err error) {
	value, found, err := r.get(documentKey(id))
	if err != nil || !found {
		return "", place{}, false, err
	}
	if len(value) != journal.IDLength+placeLength {
		return "", place{}, false, fmt.Errorf("location of document %s in the index has %d bytes", id, len(value))
	}
	p, err = parsePlace(value)
	return string(value[:journal.IDLength]), p, err == nil, err
}

// visible is the revision of the document at p that is in the first next blocks; ok is false if there is none, or if
// it deletes the document. head is the newest.
func (r reader) visible(table string, p place, head row, next uint64) (seen row, ok bool, err error) {
	for head.block >= next {
		if head.version == 0 {
			return row{}, false, nil
		}
		version := head.version - 1
		found := false
		if head, found, err = r.row(oldKey(table, p, version)); err != nil {
			return row{}, false, err
		}
		if !found {
			return row{}, false, fmt.Errorf("version %d of a document in table %s is not in the index", version, table)
		}
	}
	return head, head.content == journal.Full, nil
}

// Node implements merkle.Nodes.
func (r reader) Node(id merkle.ID) (merkle.Hash, error) {
	value, found, err := r.get(nodeKey(id.Level, id.Index))
	if err != nil {
		return merkle.Hash{}, err
	}
	if !found || len(value) != len(merkle.Hash{}) {
		return merkle.Hash{}, fmt.Errorf("node %d/%d of the tree is not in the index", id.Level, id.Index)
	}
	return merkle.Hash(value), nil
}
