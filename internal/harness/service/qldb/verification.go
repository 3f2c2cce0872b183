package qldb

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// maxIonText is the longest IonText of a ValueHolder, in characters.
const maxIonText = 1 << 20

// ValueHolder carries an Ion value as text.
type ValueHolder struct {
	IonText string `json:"IonText"`
}

func (v *ValueHolder) check(member string) error {
	switch {
	case v == nil:
		return missing(member)
	case v.IonText == "":
		return constraint(member+".IonText", "", "Member must have length greater than or equal to 1")
	case utf8.RuneCountInString(v.IonText) > maxIonText:
		return invalid(member+".IonText", "Member must have length less than or equal to 1048576")
	}
	return nil
}

// GetDigestInput is the input of GetDigest.
type GetDigestInput struct {
	Name string `json:"-" path:"Name"`
}

// Target implements wire.Targeter.
func (in *GetDigestInput) Target() string { return in.Name }

// GetDigestOutput is the answer of GetDigest.
type GetDigestOutput struct {
	Digest           []byte      `json:"Digest"` // 32 bytes
	DigestTipAddress ValueHolder `json:"DigestTipAddress"`
}

// GetDigest returns the digest of the journal up to its newest block.
//
// Faults: InvalidParameterException, ResourceNotFoundException, ResourcePreconditionNotMetException.
//
// Source: QLDB API reference, GetDigest.
func (s *Service) GetDigest(ctx context.Context, c *wire.Call, in *GetDigestInput) (*GetDigestOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	opened, err := s.openJournal(ctx, placeOf(c), in.Name, "GetDigest")
	if err != nil {
		return nil, err
	}
	digest, err := opened.Digest()
	if err != nil {
		return nil, err
	}
	return &GetDigestOutput{
		Digest: digest.Hash[:], DigestTipAddress: ValueHolder{IonText: digest.Tip.Ion().String()},
	}, nil
}

// GetBlockInput is the input of GetBlock.
type GetBlockInput struct {
	Name             string       `json:"-" path:"Name"`
	BlockAddress     *ValueHolder `json:"BlockAddress"`
	DigestTipAddress *ValueHolder `json:"DigestTipAddress"` // nil: no proof is asked for
}

// Target implements wire.Targeter.
func (in *GetBlockInput) Target() string { return in.Name }

// GetBlockOutput is the answer of GetBlock.
type GetBlockOutput struct {
	Block ValueHolder  `json:"Block"`
	Proof *ValueHolder `json:"Proof,omitempty"`
}

// GetBlock returns a block and, if a digest tip is given, the proof that leads from it to that digest.
//
// Faults: InvalidParameterException with the texts of the developer guide, ResourceNotFoundException,
// ResourcePreconditionNotMetException.
//
// Source: QLDB API reference, GetBlock; developer guide, Common errors for verification.
func (s *Service) GetBlock(ctx context.Context, c *wire.Call, in *GetBlockInput) (*GetBlockOutput, error) {
	at, tip, err := s.checkLookup(ctx, c, in.Name, in.BlockAddress, in.DigestTipAddress)
	if err != nil {
		return nil, err
	}
	opened, err := s.openJournal(ctx, placeOf(c), in.Name, "GetBlock")
	if err != nil {
		return nil, err
	}
	block, proof, err := opened.Block(ctx, at, tip)
	if err != nil {
		return nil, addressFault(err)
	}
	return &GetBlockOutput{Block: ValueHolder{IonText: block.Ion().String()}, Proof: proofHolder(tip, proof)}, nil
}

// proofHolder is a proof as a list of hashes, or nil when none was asked for. An empty proof is an empty list.
func proofHolder(tip *journal.BlockAddress, proof []journal.Hash) *ValueHolder {
	if tip == nil {
		return nil
	}
	hashes := make([]ion.Value, len(proof))
	for i, hash := range proof {
		hashes[i] = ion.Blob(hash[:])
	}
	return &ValueHolder{IonText: ion.List(hashes...).String()}
}

// addressFault words what the engine found wrong with an address.
func addressFault(err error) error {
	if wrong, ok := errors.AsType[*engine.AddressError](err); ok {
		return invalid("BlockAddress", "%s", wrong.Message)
	}
	return err
}

// GetRevisionInput is the input of GetRevision.
type GetRevisionInput struct {
	Name             string       `json:"-" path:"Name"`
	BlockAddress     *ValueHolder `json:"BlockAddress"`
	DocumentID       string       `json:"DocumentId"`
	DigestTipAddress *ValueHolder `json:"DigestTipAddress"` // nil: no proof is asked for
}

// Target implements wire.Targeter.
func (in *GetRevisionInput) Target() string { return in.Name }

// GetRevisionOutput is the answer of GetRevision.
type GetRevisionOutput struct {
	Proof    *ValueHolder `json:"Proof,omitempty"`
	Revision ValueHolder  `json:"Revision"`
}

// GetRevision returns a revision of a document and, if a digest tip is given, the proof that leads from it to that
// digest.
//
// Faults: as for GetBlock.
//
// Source: QLDB API reference, GetRevision; developer guide, Common errors for verification.
func (s *Service) GetRevision(ctx context.Context, c *wire.Call, in *GetRevisionInput) (*GetRevisionOutput, error) {
	if err := checkID("DocumentId", in.DocumentID); err != nil {
		return nil, err
	}
	at, tip, err := s.checkLookup(ctx, c, in.Name, in.BlockAddress, in.DigestTipAddress)
	if err != nil {
		return nil, err
	}
	opened, err := s.openJournal(ctx, placeOf(c), in.Name, "GetRevision")
	if err != nil {
		return nil, err
	}
	revision, proof, err := opened.Revision(ctx, at, journal.DocumentID(in.DocumentID), tip)
	if err != nil {
		return nil, addressFault(err)
	}
	return &GetRevisionOutput{
		Revision: ValueHolder{IonText: revision.Ion().String()}, Proof: proofHolder(tip, proof),
	}, nil
}

// checkLookup checks what GetBlock and GetRevision share, in the order of the service: the model, the ledger, then
// the Ion values. What the addresses say is checked against the journal.
func (s *Service) checkLookup(
	ctx context.Context, c *wire.Call, name string, block, tip *ValueHolder,
) (at journal.BlockAddress, tipAt *journal.BlockAddress, err error) {
	if err := checkName("Name", name); err != nil {
		return at, nil, err
	}
	if err := block.check("BlockAddress"); err != nil {
		return at, nil, err
	}
	if tip != nil {
		if err := tip.check("DigestTipAddress"); err != nil {
			return at, nil, err
		}
	}
	if err := s.journalReadable(ctx, placeOf(c), name); err != nil {
		return at, nil, err
	}
	if at, err = parseAddress("BlockAddress", block.IonText); err != nil || tip == nil {
		return at, nil, err
	}
	parsed, err := parseAddress("DigestTipAddress", tip.IonText)
	switch {
	case err != nil:
		return at, nil, err
	case s.cfg.Journals == nil && at.StrandID != parsed.StrandID:
		return at, nil, invalid("BlockAddress", textStrandMismatch)
	case s.cfg.Journals == nil && at.SequenceNo > parsed.SequenceNo:
		return at, nil, invalid("BlockAddress", textBeyondTip)
	}
	return at, &parsed, nil
}

func (s *Service) journalReadable(ctx context.Context, at Place, name string) error {
	return s.read(ctx, func(r store.Reader) error {
		_, err := findForJournal(r, at, name, s.now())
		return err
	})
}
