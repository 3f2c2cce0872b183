package qldb

import (
	"context"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
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

// GetDigest is not yet served: after its checks it answers NotYetServedException.
//
// Source: QLDB API reference, GetDigest.
func (s *Service) GetDigest(ctx context.Context, c *wire.Call, in *GetDigestInput) (*GetDigestOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	if err := s.journalReadable(ctx, placeOf(c), in.Name); err != nil {
		return nil, err
	}
	return nil, notServed("GetDigest")
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

// GetBlock is not yet served: after its checks it answers NotYetServedException.
//
// Source: QLDB API reference, GetBlock.
func (s *Service) GetBlock(ctx context.Context, c *wire.Call, in *GetBlockInput) (*GetBlockOutput, error) {
	if err := s.checkLookup(ctx, c, in.Name, in.BlockAddress, in.DigestTipAddress); err != nil {
		return nil, err
	}
	return nil, notServed("GetBlock")
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

// GetRevision is not yet served: after its checks it answers NotYetServedException.
//
// Source: QLDB API reference, GetRevision.
func (s *Service) GetRevision(ctx context.Context, c *wire.Call, in *GetRevisionInput) (*GetRevisionOutput, error) {
	if err := checkID("DocumentId", in.DocumentID); err != nil {
		return nil, err
	}
	if err := s.checkLookup(ctx, c, in.Name, in.BlockAddress, in.DigestTipAddress); err != nil {
		return nil, err
	}
	return nil, notServed("GetRevision")
}

// checkLookup checks what GetBlock and GetRevision share, in the order of the service: the model, the ledger, the
// Ion values, then the addresses against each other.
func (s *Service) checkLookup(ctx context.Context, c *wire.Call, name string, block, tip *ValueHolder) error {
	if err := checkName("Name", name); err != nil {
		return err
	}
	if err := block.check("BlockAddress"); err != nil {
		return err
	}
	if tip != nil {
		if err := tip.check("DigestTipAddress"); err != nil {
			return err
		}
	}
	if err := s.journalReadable(ctx, placeOf(c), name); err != nil {
		return err
	}
	blockAddress, err := parseAddress("BlockAddress", block.IonText)
	if err != nil || tip == nil {
		return err
	}
	tipAddress, err := parseAddress("DigestTipAddress", tip.IonText)
	switch {
	case err != nil:
		return err
	case blockAddress.StrandID != tipAddress.StrandID:
		return invalid("BlockAddress", textStrandMismatch)
	case blockAddress.SequenceNo > tipAddress.SequenceNo:
		return invalid("BlockAddress", textBeyondTip)
	}
	return nil
}

func (s *Service) journalReadable(ctx context.Context, at Place, name string) error {
	return s.read(ctx, func(r store.Reader) error {
		_, err := findForJournal(r, at, name, s.now())
		return err
	})
}
