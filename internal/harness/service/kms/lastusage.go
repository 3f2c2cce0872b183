package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// GetKeyLastUsageOutput is the output of GetKeyLastUsage.
type GetKeyLastUsageOutput struct {
	KeyCreationDate   *wire.Time  `json:"KeyCreationDate"`
	KeyID             string      `json:"KeyId"`
	KeyLastUsage      *wire.Empty `json:"KeyLastUsage"`
	TrackingStartDate *wire.Time  `json:"TrackingStartDate"`
}

// GetKeyLastUsage answers that nothing is on record: the harness does not keep track of when keys are used. So that
// nobody takes this for a key that was never used, tracking starts with the answer, after the key was created.
//
// Source: KMS API reference, GetKeyLastUsage.
func (s *Service) GetKeyLastUsage(
	ctx context.Context, c *wire.Call, in *GetKeyLastUsageInput,
) (*GetKeyLastUsageOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	out := &GetKeyLastUsageOutput{KeyLastUsage: &wire.Empty{}}
	return out, s.read(ctx, c, &v, in.KeyID, "GetKeyLastUsage", func(t *txn, k *key) error {
		out.KeyID, out.KeyCreationDate, out.TrackingStartDate = k.arn(), wire.At(k.Created), wire.At(t.now)
		return nil
	})
}
