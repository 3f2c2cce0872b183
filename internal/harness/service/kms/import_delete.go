package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// DeleteImportedKeyMaterialInput is the input of DeleteImportedKeyMaterial.
type DeleteImportedKeyMaterialInput struct {
	KeyID         *string `json:"KeyId"`
	KeyMaterialID *string `json:"KeyMaterialId"` // default: the current one
}

// Target implements wire.Targeter.
func (in *DeleteImportedKeyMaterialInput) Target() string { return text(in.KeyID) }

// DeleteImportedKeyMaterialOutput is the output of DeleteImportedKeyMaterial; KeyID is an ARN.
type DeleteImportedKeyMaterialOutput struct {
	KeyID         string `json:"KeyId"`
	KeyMaterialID string `json:"KeyMaterialId,omitempty"`
}

// DeleteImportedKeyMaterial deletes the bytes of one imported material at once. The key is PendingImport until the
// same bytes are back, unless the material was only staged. Deleting what is gone already does nothing.
//
// Source: KMS API reference, DeleteImportedKeyMaterial.
func (s *Service) DeleteImportedKeyMaterial(
	ctx context.Context, c *wire.Call, in *DeleteImportedKeyMaterialInput,
) (*DeleteImportedKeyMaterialOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.materialID(in.KeyMaterialID)
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &DeleteImportedKeyMaterialOutput{}
	return answer(out, s.update(ctx, c, func(t *txn) error {
		k, err := t.importTarget(*in.KeyID, "DeleteImportedKeyMaterial", nil)
		if err != nil {
			return err
		}
		m := k.current()
		if in.KeyMaterialID != nil {
			if m = k.materialByID(*in.KeyMaterialID); m == nil {
				return wire.Faultf("NotFoundException", "Key material '%s' of %s does not exist",
					*in.KeyMaterialID, k.arn())
			}
		}
		out.KeyID, out.KeyMaterialID = k.arn(), ""
		if m == nil {
			return nil
		}
		out.KeyMaterialID = m.ID
		k.dropMaterial(m.ID)
		return t.putKey(k)
	}))
}
