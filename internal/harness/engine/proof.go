package engine

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
)

// A Digest stands for the whole journal up to a block.
type Digest struct {
	Hash journal.Hash
	Tip  journal.BlockAddress // of the last block it covers
}

// Digest is the digest of the journal as it is now.
func (l *Ledger) Digest() (Digest, error) {
	s := l.published.Load()
	hash, ok := s.frontier.Digest()
	if !ok {
		return Digest{}, fmt.Errorf("digest: the journal is empty")
	}
	return Digest{hash, l.address(s.next - 1)}, nil
}

func (l *Ledger) address(number uint64) journal.BlockAddress {
	return journal.BlockAddress{StrandID: l.strand, SequenceNo: int64(number)}
}

// An AddressError says what is wrong with an address, in the words of the service.
//
// Source: Amazon QLDB developer guide, "Common errors for verification".
type AddressError struct{ Message string }

func (e *AddressError) Error() string { return e.Message }

// Errors of Block and Revision.
var (
	ErrTipTooHigh = &AddressError{
		"The sequence number of the provided digest tip address is beyond the strand's latest committed record.",
	}
	ErrStrand         = &AddressError{"The Strand ID of the provided block address is not valid."}
	ErrAddressTooHigh = &AddressError{
		"The sequence number of the provided block address is beyond the strand's latest committed record.",
	}
	ErrStrandMismatch = &AddressError{
		"The Strand ID of the provided block address must match the Strand ID of the provided digest tip address.",
	}
	ErrAfterTip = &AddressError{
		"The sequence number of the provided block address must not be greater than the sequence number of the " +
			"provided digest tip address.",
	}
	ErrNoDocument = &AddressError{
		"The provided Document ID is not found in the block at the specified block address.",
	}
)

// check refuses addresses in the order in which the service does. tip may be nil.
func (l *Ledger) check(at journal.BlockAddress, tip *journal.BlockAddress) error {
	next := l.published.Load().next
	switch {
	case tip != nil && (tip.SequenceNo < 0 || uint64(tip.SequenceNo) >= next):
		return ErrTipTooHigh
	case at.StrandID != l.strand:
		return ErrStrand
	case at.SequenceNo < 0 || uint64(at.SequenceNo) >= next:
		return ErrAddressTooHigh
	case tip != nil && tip.StrandID != at.StrandID:
		return ErrStrandMismatch
	case tip != nil && at.SequenceNo > tip.SequenceNo:
		return ErrAfterTip
	}
	return nil
}

// Block is the block at an address and, if tip is not nil, the proof that leads from its hash to the digest at tip.
// Errors: *AddressError, those of the index.
func (l *Ledger) Block(
	ctx context.Context, at journal.BlockAddress, tip *journal.BlockAddress,
) (b journal.Block, proof []journal.Hash, err error) {
	if err := l.check(at, tip); err != nil {
		return b, nil, err
	}
	err = l.view(ctx, func(r reader) error {
		if b, err = r.block(uint64(at.SequenceNo)); err != nil || tip == nil {
			return err
		}
		proof, err = merkle.Proof(r, uint64(at.SequenceNo), uint64(tip.SequenceNo)+1)
		return err
	})
	return b, proof, err
}

// Revision is the revision of a document in the block at an address and, if tip is not nil, the proof that leads from
// its hash to the digest at tip. Errors: *AddressError, those of the index.
func (l *Ledger) Revision(
	ctx context.Context, at journal.BlockAddress, id journal.DocumentID, tip *journal.BlockAddress,
) (journal.Revision, []journal.Hash, error) {
	b, proof, err := l.Block(ctx, at, tip)
	if err != nil {
		return journal.Revision{}, nil, err
	}
	r, ok := b.Revision(id)
	if !ok {
		return r, nil, ErrNoDocument
	}
	if tip == nil {
		return r, nil, nil
	}
	within, ok := b.RevisionProof(id)
	if !ok {
		return r, nil, ErrNoDocument
	}
	return r, append(within, proof...), nil
}
