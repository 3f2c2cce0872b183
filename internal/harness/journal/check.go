package journal

import (
	"fmt"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A Step is what a check compares.
type Step string

// The steps, in the order in which they are taken.
const (
	StepRevisionAddress   Step = "revision address"     // a revision says it is in another block
	StepRevisionTx        Step = "revision transaction" // a revision says it is of another transaction, or of a later time
	StepRevisionHash      Step = "revision hash"        // a revision's hash does not follow from its content
	StepEntriesHashList   Step = "entries hash list"    // the list does not follow from the block's content
	StepEntriesHash       Step = "entries hash"         // entriesHash is not the root of the list
	StepBlockHash         Step = "block hash"           // blockHash does not follow from entriesHash and predecessor
	StepBlockAddress      Step = "block address"        // the block is not the next one
	StepPreviousBlockHash Step = "previous block hash"  // the block follows another one
)

// A MismatchError says where a block is not what its hashes, or its predecessor, promise.
type MismatchError struct {
	Address BlockAddress // of the block
	Step    Step
	Object  string // what of the block: an id, "" for the block itself
}

func (e *MismatchError) Error() string {
	s := fmt.Sprintf("block %s/%d: %s does not match", e.Address.StrandID, e.Address.SequenceNo, e.Step)
	if e.Object != "" {
		s += " for " + e.Object
	}
	return s
}

// Check compares everything in b that b itself determines. The error is a *MismatchError.
func (b Block) Check() error {
	for _, r := range b.Revisions {
		switch {
		case r.Address != b.Address:
			return b.mismatch(StepRevisionAddress, string(r.Metadata.ID))
		case r.Metadata.TxID != b.TransactionID || r.Metadata.TxTime.After(b.Timestamp):
			return b.mismatch(StepRevisionTx, string(r.Metadata.ID))
		case r.Hash != RevisionHash(r):
			return b.mismatch(StepRevisionHash, string(r.Metadata.ID))
		}
	}
	if !slices.Equal(b.EntriesHashList, entries(b)) {
		return b.mismatch(StepEntriesHashList, "")
	}
	if root, _ := merkle.Root(b.EntriesHashList); root != b.EntriesHash {
		return b.mismatch(StepEntriesHash, "")
	}
	if b.BlockHash != ion.Dot(b.EntriesHash, b.PreviousBlockHash) {
		return b.mismatch(StepBlockHash, "")
	}
	return nil
}

// CheckAt is Check, and that b is the block at p: Genesis for the first block, Next of the one before for others. The
// error is a *MismatchError.
func (b Block) CheckAt(p Position) error {
	if err := b.Check(); err != nil {
		return err
	}
	if b.Address != p.Address {
		return b.mismatch(StepBlockAddress, "")
	}
	if b.PreviousBlockHash != p.PreviousBlockHash {
		return b.mismatch(StepPreviousBlockHash, "")
	}
	return nil
}

func (b Block) mismatch(step Step, object string) error {
	return &MismatchError{Address: b.Address, Step: step, Object: object}
}

// Redact is b after the data of a revision were removed: dataHash stands for data, and every hash stays as it was. A
// revision that is redacted already is left so. The error is a *NoRevisionError.
func (b Block) Redact(id DocumentID, version int64) (Block, error) {
	for i, r := range b.Revisions {
		if r.Metadata.ID != id || r.Metadata.Version != version || r.Content == Deletion {
			continue
		}
		b.Revisions = slices.Clone(b.Revisions)
		b.Revisions[i] = r.Redact()
		return b, nil
	}
	return Block{}, &NoRevisionError{Address: b.Address, DocumentID: id, Version: version}
}

// Redact is r without its data, if it had any.
func (r Revision) Redact() Revision {
	if r.Content == Full {
		r.Content, r.DataHash, r.Data = Redacted, ion.Hash(r.Data), ion.Value{}
	}
	return r
}

// A NoRevisionError says that a block holds no data of a revision.
type NoRevisionError struct {
	Address    BlockAddress
	DocumentID DocumentID
	Version    int64
}

func (e *NoRevisionError) Error() string {
	return fmt.Sprintf("block %s/%d holds no data of document %s version %d",
		e.Address.StrandID, e.Address.SequenceNo, e.DocumentID, e.Version)
}
