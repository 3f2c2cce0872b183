package verify

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Inclusion checks that rev is covered by digest.
//
// proof runs from leaf to root; each element is 32 bytes. digest is 32 bytes, as returned by GetDigest at tip;
// rev.Address must not come after tip in its strand.
//
// The error is nil or a *MismatchError whose Step is one of StepAddress, StepRevisionHash, StepProofLength, StepDigest.
//
// Source: amazon-qldb-dmv-sample-python, pyqldbsamples/verifier.py.
func Inclusion(rev Revision, proof [][]byte, digest []byte, tip BlockAddress) error {
	if err := before(rev.Address, tip, rev.String()); err != nil {
		return err
	}
	if err := rev.Check(); err != nil {
		return err
	}
	// Between revision and block lie the path among the revisions, the path among the entries (a block has at least
	// two where it has a revision) and the previous block's hash.
	toBlock := pathLength(rev.Address.SequenceNo, tip.SequenceNo)
	if len(proof) < toBlock+2 || len(proof) > MaxProofLength {
		return &MismatchError{
			Step: StepProofLength, Object: rev.String(), Got: strconv.Itoa(len(proof)),
			Want: fmt.Sprintf("%d to %d", toBlock+2, MaxProofLength),
		}
	}
	return leadsTo(rev.Hash, proof, digest, rev.String())
}

// BlockInclusion checks block, and that it is covered by digest. proof, digest and tip are as for Inclusion.
//
// The error is nil or a *MismatchError whose Step is one of StepProofLength, StepDigest and those of Block.Check.
func BlockInclusion(block Block, proof [][]byte, digest []byte, tip BlockAddress) error {
	if err := before(block.Address, tip, block.String()); err != nil {
		return err
	}
	if err := block.Check(); err != nil {
		return err
	}
	if want := pathLength(block.Address.SequenceNo, tip.SequenceNo); len(proof) != want {
		return &MismatchError{
			Step: StepProofLength, Object: block.String(), Got: strconv.Itoa(len(proof)), Want: strconv.Itoa(want),
		}
	}
	return leadsTo(block.BlockHash, proof, digest, block.String())
}

// Check recomputes the hash of r: dot(H(metadata), H(data)), with dataHash in place of H(data) for a redacted
// revision, and H(metadata) alone for one that deletes its document. The error is nil or a *MismatchError of
// StepRevisionHash.
func (r Revision) Check() error {
	got := ion.Hash(r.Metadata)
	switch {
	case r.DataHash != nil:
		got = ion.Dot(got, *r.DataHash)
	case !r.Data.IsNull():
		got = ion.Dot(got, ion.Hash(r.Data))
	}
	return same(StepRevisionHash, r.String(), got, r.Hash)
}

func before(a, tip BlockAddress, object string) error {
	if a.StrandID != tip.StrandID || a.SequenceNo < 0 || a.SequenceNo > tip.SequenceNo {
		return &MismatchError{
			Step: StepAddress, Object: object, Got: a.String(), Want: "an address up to " + tip.String(),
		}
	}
	return nil
}

func leadsTo(leaf hash, proof [][]byte, digest []byte, object string) error {
	path := make([]hash, len(proof))
	for i, element := range proof {
		if len(element) != len(hash{}) {
			return &MismatchError{
				Step: StepProofLength, Object: object, Got: fmt.Sprintf("%d bytes in element %d", len(element), i),
				Want: fmt.Sprintf("%d bytes", len(hash{})),
			}
		}
		path[i] = hash(element)
	}
	if got := fold(leaf, path); !bytes.Equal(got[:], digest) {
		return &MismatchError{Step: StepDigest, Object: object, Got: base64Of(got[:]), Want: base64Of(digest)}
	}
	return nil
}

func same(step Step, object string, got, want hash) error {
	if got != want {
		return &MismatchError{Step: step, Object: object, Got: base64Of(got[:]), Want: base64Of(want[:])}
	}
	return nil
}
