package store

import "context"

// An Index is an ordered map of byte strings that is derived from one ledger's Log. It makes reading fast and holds
// nothing that the log does not hold.
//
// It may lag: a crash may undo the newest Apply calls, but only whole ones, and only from the end. Its Position then
// says from which block on the log has to be applied again. An Index that was deleted is at position 0. The writer of
// the log is the only one that applies.
//
// Keys are compared byte by byte. Neither keys nor values that were handed out may be changed.
type Index interface {
	// Position is the number of blocks that the index reflects: it holds the effects of blocks 0 to Position-1.
	Position(ctx context.Context) (uint64, error)

	// Apply makes the changes, in their order, and moves to position, all at once. It need not be durable when it
	// returns, but later views see it. Position must not go back. Errors leave the index as it was.
	Apply(ctx context.Context, position uint64, changes []Change) error

	// View runs fn over one consistent state, which later Apply calls do not touch. A view neither waits for Apply
	// nor holds it up. It is meant to last as long as one statement: an implementation may keep a connection busy for
	// its duration. The reader must not be used after fn has returned.
	View(ctx context.Context, fn func(IndexReader) error) error
}

// An IndexReader reads one state of an Index. One goroutine at a time may use it, with any number of cursors open.
type IndexReader interface {
	// Get returns the value at key, and whether there is one.
	Get(key []byte) (value []byte, found bool, err error)
	// Scan starts before the first key that is not less than start and ends before end. The caller closes the cursor.
	Scan(start, end []byte) Cursor
}

// A Cursor walks over keys in ascending order.
//
//	c := r.Scan(start, end)
//	defer c.Close()
//	for c.Next() {
//		use(c.Key(), c.Value())
//	}
//	return c.Err()
type Cursor interface {
	// Next moves to the next key and reports whether there is one; false after an error too.
	Next() bool
	// Key and Value are valid until the next call of Next or Close.
	Key() []byte
	Value() []byte
	// Err is the error that ended the walk, nil at its end.
	Err() error
	Close()
}

// A Change is one step of Apply.
type Change struct {
	Op    ChangeOp
	Key   []byte // OpDeleteRange: the first key that goes
	Value []byte // OpPut: the value; OpDeleteRange, OpForget: the first key that stays
}

// ChangeOp says what a Change does.
type ChangeOp uint8

// The operations.
const (
	OpPut         ChangeOp = iota + 1 // keep Value at Key
	OpDelete                          // remove Key; one that is not there is no error
	OpDeleteRange                     // remove every key from Key to before Value

	// OpForget changes no key. It makes sure that what was once kept at keys from Key to before Value, and is not there
	// any more after the changes beside it, can be found nowhere in what the Index keeps. Apply returns when that is
	// so; after a crash, or an error, the Index sees to it when it is opened again. Apply waits for views that began
	// earlier, and what the range holds is written again: it should be small.
	OpForget
)
