package store

import (
	"context"
	"errors"
	"fmt"
)

// A Log holds the sealed blocks of one ledger, in order, for good; only Replace changes one, for a redaction. It is the
// ledger's write-ahead log: once a block is in it nothing else must be written for the block to be safe.
//
// Blocks are numbered from 0 without gaps. The Log does not look into them.
//
// Whoever wants to append calls Acquire first and becomes the writer. Each Acquire starts a new term, larger than all
// before, and ends the one before it: from the moment Acquire returns, an Append of an older term fails, also when it
// comes from another process, was begun earlier, or comes from a writer that does not know yet that it was replaced.
// So at any moment at most one writer can make the log longer, and a writer that was replaced can do no harm. Reading
// needs no term.
type Log interface {
	// Acquire makes the caller the writer. next is the number of the block to append first; it is final: no writer of
	// an older term can append any more.
	Acquire(ctx context.Context) (term Term, next uint64, err error)

	// Append adds blocks, which get the numbers first, first+1 and so on; first must be the log's next number. When
	// Append returns nil all of them are durable, and every reader finds them.
	//
	// Errors: *StaleTermError when term is not the newest, *GapError when first is not next; then nothing was
	// written. An error that matches ErrUncertain: some first blocks, perhaps all, are durable and the others are not;
	// which is known after the next Acquire, until which the Log accepts no Append. After any other error none of
	// them is there.
	//
	// The blocks must not be empty. Append does not keep them. One call at a time per term.
	Append(ctx context.Context, term Term, first uint64, blocks [][]byte) error

	// Read calls fn for each block from number from on, in order, until the end of what was durable when Read began,
	// or until fn returns an error, which Read returns as it is. block belongs to fn. A block that is not as it was
	// appended is an error that names where it was kept, and is never handed out.
	Read(ctx context.Context, from uint64, fn func(number uint64, block []byte) error) error

	// Replace puts another block in the place of one that is in the log, so that nothing of the old one is left in
	// what the log keeps. fn is given the block and returns the one to keep; nil keeps what is there. It must not use
	// the Log. When Replace returns nil the new block is durable, and every reader that begins later finds it. It may
	// run beside an Append.
	//
	// Errors: *StaleTermError when term is not the newest, *GapError when the log has no block of that number, and
	// what fn returns, as it is; then nothing was written. After an error that matches ErrUncertain either block is
	// there, whole; which is known after the next Acquire.
	Replace(ctx context.Context, term Term, number uint64, fn func(block []byte) ([]byte, error)) error
}

// A Term numbers the writers of a Log, from 1.
type Term uint64

// ErrStaleTerm is matched, through errors.Is, by *StaleTermError.
var ErrStaleTerm = errors.New("another writer has taken the log over")

// A StaleTermError says that an Append came from a writer that was replaced.
type StaleTermError struct{ Term, Current Term }

func (e *StaleTermError) Error() string {
	return fmt.Sprintf("%v: this is term %d, the log is in term %d", ErrStaleTerm, e.Term, e.Current)
}

// Is reports whether target is ErrStaleTerm.
func (e *StaleTermError) Is(target error) bool { return target == ErrStaleTerm }

// A GapError says that an Append did not begin where the log ends, or that a Replace was of a block that is not there.
type GapError struct{ First, Next uint64 }

func (e *GapError) Error() string {
	return fmt.Sprintf("write block %d: the log goes on with block %d", e.First, e.Next)
}
