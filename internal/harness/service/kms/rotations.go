package kms

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	rotationsOnly  = "ROTATIONS_ONLY"
	allKeyMaterial = "ALL_KEY_MATERIAL"
)

// ListKeyRotationsInput is the input of ListKeyRotations.
type ListKeyRotationsInput struct {
	KeyID              *string `json:"KeyId"`
	IncludeKeyMaterial string  `json:"IncludeKeyMaterial"` // default ROTATIONS_ONLY
	Limit              *int    `json:"Limit"`              // 1 to 1000, default 100
	Marker             *string `json:"Marker"`
}

// ListKeyRotationsOutput is the output of ListKeyRotations.
type ListKeyRotationsOutput struct {
	Rotations  []RotationsListEntry `json:"Rotations"`
	NextMarker *string              `json:"NextMarker,omitempty"`
	Truncated  bool                 `json:"Truncated"`
}

// RotationsListEntry is one generation of key material; KeyID is an ARN. The first generation and one that waits for
// its rotation have no date and type; what is about imported material is there for imported material only.
type RotationsListEntry struct {
	KeyID                  string     `json:"KeyId"`
	KeyMaterialID          string     `json:"KeyMaterialId"`
	KeyMaterialDescription string     `json:"KeyMaterialDescription,omitempty"`
	ImportState            string     `json:"ImportState,omitempty"`
	KeyMaterialState       string     `json:"KeyMaterialState"`
	ExpirationModel        string     `json:"ExpirationModel,omitempty"`
	ValidTo                *wire.Time `json:"ValidTo,omitempty"`
	RotationDate           *wire.Time `json:"RotationDate,omitempty"`
	RotationType           string     `json:"RotationType,omitempty"`
}

// ListKeyRotations lists the completed rotations of a symmetric key, newest first, and if asked for its other
// material as well.
//
// Source: KMS API reference, ListKeyRotations.
func (s *Service) ListKeyRotations(
	ctx context.Context, c *wire.Call, in *ListKeyRotationsInput,
) (*ListKeyRotationsOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.enum("includeKeyMaterial", in.IncludeKeyMaterial, []string{allKeyMaterial, rotationsOnly})
	v.page(in.Limit, 1000, in.Marker)
	out := &ListKeyRotationsOutput{}
	return out, s.read(ctx, c, &v, in.KeyID, "ListKeyRotations", func(t *txn, k *key) (err error) {
		if k.Spec != symmetric {
			return errUnsupported()
		}
		l := list{
			name:  "ListKeyRotations " + k.arn() + " " + in.IncludeKeyMaterial,
			limit: in.Limit, marker: in.Marker, usual: 100,
		}
		all := t.rotationEntries(k, in.IncludeKeyMaterial == allKeyMaterial)
		place := make(map[string]string, len(all))
		for i, e := range all {
			// Counted from the oldest, so that a rotation between two pages moves nothing.
			place[e.KeyMaterialID] = fmt.Sprintf("%06d", 999999-(len(all)-i))
		}
		out.Rotations, out.NextMarker, err = page(s, l, all, func(e RotationsListEntry) string {
			return place[e.KeyMaterialID]
		})
		out.Truncated = out.NextMarker != nil
		return err
	})
}

// rotationEntries are the generations of k, newest first.
func (t *txn) rotationEntries(k *key, all bool) []RotationsListEntry {
	var entries []RotationsListEntry
	for i := len(k.Materials) - 1; i >= 0; i-- {
		m := &k.Materials[i]
		if !all && m.RotatedAt.IsZero() {
			continue
		}
		e := RotationsListEntry{
			KeyID: k.arn(), KeyMaterialID: m.ID, KeyMaterialDescription: m.Description, KeyMaterialState: m.State,
			RotationDate: wire.At(m.RotatedAt), RotationType: m.RotatedBy,
		}
		if k.Origin == originExternal {
			e.setImport(m, m.present(t.now))
		}
		entries = append(entries, e)
	}
	return entries
}

func (e *RotationsListEntry) setImport(m *material, present bool) {
	if !present {
		e.ImportState = "PENDING_IMPORT"
		return
	}
	e.ImportState, e.ExpirationModel = "IMPORTED", "KEY_MATERIAL_DOES_NOT_EXPIRE"
	if !m.Expires.IsZero() {
		e.ExpirationModel, e.ValidTo = "KEY_MATERIAL_EXPIRES", wire.At(m.Expires)
	}
}
