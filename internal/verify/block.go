package verify

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A BlockAddress names a block: a strand of 22 characters, a number from 0.
type BlockAddress struct {
	StrandID   string
	SequenceNo int64
}

func (a BlockAddress) String() string { return fmt.Sprintf("%s/%d", a.StrandID, a.SequenceNo) }

// A Revision is a version of a document, as GetRevision returns it.
type Revision struct {
	Address  BlockAddress
	Hash     [32]byte
	Data     ion.Value // a struct; null if the revision is redacted, or deletes its document
	DataHash *[32]byte // of a redacted revision's data, else nil
	Metadata ion.Value // {id, version, txTime, txId}
}

// String names the revision.
func (r Revision) String() string {
	id, _ := r.Metadata.Field("id")
	version, _ := r.Metadata.Field("version")
	return fmt.Sprintf("revision %s version %s", id.Text(), version)
}

// hidden says whether r is a revision of the system, of which blocks show the hash alone.
func (r Revision) hidden() bool { return r.Metadata.IsNull() }

// A Block is a committed transaction, as GetBlock and exports show it.
type Block struct {
	Address           BlockAddress
	BlockHash         [32]byte
	EntriesHash       [32]byte
	PreviousBlockHash [32]byte
	EntriesHashList   [][32]byte
	TransactionInfo   ion.Value
	RedactionInfo     ion.Value // null in most blocks
	Revisions         []Revision
}

// String names the block.
func (b Block) String() string { return "block " + b.Address.String() }

// Check recomputes every hash in b from what it stands for.
//
// The service's entriesHashList also holds hashes of things it does not show. So a check proves what is there, and
// does not notice that redactionInfo, or revisions as a whole, were left out.
//
// The error is nil or a *MismatchError whose Step is one of StepAddress, StepRevisionHash, StepEntry, StepEntriesHash,
// StepBlockHash.
//
// Source: amazon-qldb-dmv-sample-java, JournalBlock.java.
func (b Block) Check() error {
	leaves := make([]hash, len(b.Revisions))
	for i, r := range b.Revisions {
		leaves[i] = r.Hash
		if r.hidden() {
			continue
		}
		if r.Address != b.Address {
			return &MismatchError{
				Step: StepAddress, Object: r.String(), Got: r.Address.String(), Want: b.Address.String(),
			}
		}
		if err := r.Check(); err != nil {
			return err
		}
	}
	if err := b.lists("transactionInfo", ion.Hash(b.TransactionInfo)); err != nil {
		return err
	}
	if revisions, ok := root(leaves); ok {
		if err := b.lists("revisions", revisions); err != nil {
			return err
		}
	}
	if !b.RedactionInfo.IsNull() {
		if err := b.lists("redactionInfo", ion.Hash(b.RedactionInfo)); err != nil {
			return err
		}
	}
	entries, _ := root(slices.Clone(b.EntriesHashList))
	if err := same(StepEntriesHash, b.String(), entries, b.EntriesHash); err != nil {
		return err
	}
	return same(StepBlockHash, b.String(), ion.Dot(b.EntriesHash, b.PreviousBlockHash), b.BlockHash)
}

func (b Block) lists(part string, h hash) error {
	if slices.Contains(b.EntriesHashList, h) {
		return nil
	}
	return &MismatchError{
		Step: StepEntry, Object: part + " of " + b.String(), Got: base64Of(h[:]), Want: "one of entriesHashList",
	}
}

// A Chain checks blocks that follow each other, for example those of an export. The zero Chain takes any block first.
type Chain struct {
	last   Block
	blocks int64
	peaks  []hash // roots of the full subtrees over the blocks so far
	whole  bool   // the first block was block 0
}

// Add checks b, and that it comes right after the block added before. After an error the Chain is as it was.
//
// The error is nil or a *MismatchError whose Step is one of StepSequenceNo, StepPreviousBlockHash and those of
// Block.Check.
func (c *Chain) Add(b Block) error {
	if err := b.Check(); err != nil {
		return err
	}
	if c.blocks > 0 {
		if err := c.follows(b); err != nil {
			return err
		}
	} else {
		c.whole = b.Address.SequenceNo == 0
	}
	h := b.BlockHash
	for n := c.blocks; n&1 == 1; n >>= 1 {
		h = ion.Dot(c.peaks[len(c.peaks)-1], h)
		c.peaks = c.peaks[:len(c.peaks)-1]
	}
	c.peaks = append(c.peaks, h)
	c.last = b
	c.blocks++
	return nil
}

func (c *Chain) follows(b Block) error {
	if b.Address.StrandID != c.last.Address.StrandID {
		return &MismatchError{
			Step: StepAddress, Object: b.String(), Got: b.Address.StrandID, Want: c.last.Address.StrandID,
		}
	}
	if want := c.last.Address.SequenceNo + 1; b.Address.SequenceNo != want {
		return &MismatchError{
			Step: StepSequenceNo, Object: b.String(), Got: strconv.FormatInt(b.Address.SequenceNo, 10),
			Want: strconv.FormatInt(want, 10),
		}
	}
	return same(StepPreviousBlockHash, b.String(), c.last.BlockHash, b.PreviousBlockHash)
}

// Digest is the digest at the last block added. ok is false if there is none: no block was added, or the first was not
// block 0.
func (c *Chain) Digest() (digest []byte, tip BlockAddress, ok bool) {
	if !c.whole {
		return nil, BlockAddress{}, false
	}
	h := c.peaks[len(c.peaks)-1]
	for i := len(c.peaks) - 2; i >= 0; i-- {
		h = ion.Dot(c.peaks[i], h)
	}
	return h[:], c.last.Address, true
}
