package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// ReplicateKeyInput is what of the input of ReplicateKey decides its refusal.
type ReplicateKeyInput struct {
	KeyID         *string `json:"KeyId"`
	ReplicaRegion *string `json:"ReplicaRegion"`
}

// ReplicateKey refuses: every Region of the harness is on its own. Keys that are no multi-Region primary are refused
// in the words of the service.
//
// Source: KMS API reference, ReplicateKey.
func (s *Service) ReplicateKey(ctx context.Context, c *wire.Call, in *ReplicateKeyInput) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.required("replicaRegion", in.ReplicaRegion, 1, 32)
	return nil, s.read(ctx, c, &v, in.KeyID, "ReplicateKey", refuseReplication,
		inputKey("kms:ReplicaRegion", text(in.ReplicaRegion)))
}

// UpdatePrimaryRegionInput is the input of UpdatePrimaryRegion.
type UpdatePrimaryRegionInput struct {
	KeyID         *string `json:"KeyId"`
	PrimaryRegion *string `json:"PrimaryRegion"`
}

// UpdatePrimaryRegion refuses as ReplicateKey does.
//
// Source: KMS API reference, UpdatePrimaryRegion.
func (s *Service) UpdatePrimaryRegion(
	ctx context.Context, c *wire.Call, in *UpdatePrimaryRegionInput,
) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.required("primaryRegion", in.PrimaryRegion, 1, 32)
	return nil, s.read(ctx, c, &v, in.KeyID, "UpdatePrimaryRegion", refuseReplication,
		inputKey("kms:PrimaryRegion", text(in.PrimaryRegion)))
}

func refuseReplication(_ *txn, k *key) error {
	if !k.MultiRegion {
		return wire.Faultf("UnsupportedOperationException", "%s is not a multi-region primary key.", k.arn())
	}
	return wire.Faultf("UnsupportedOperationException", "multi-Region replication is not modelled")
}
