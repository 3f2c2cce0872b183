package kms

import (
	"maps"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Wire is the service for the wire: every operation of the API by its name.
func (s *Service) Wire() wire.Service {
	operations := s.controlOperations()
	maps.Copy(operations, s.cryptoOperations())
	return wire.Service{
		SigningName: "kms", Protocol: wire.AWSJSON11, TargetPrefix: "TrentService", Operations: operations,
	}
}

// controlOperations are the operations that manage keys.
func (s *Service) controlOperations() wire.Table {
	return wire.Table{
		"CancelKeyDeletion":    wire.Op("kms:CancelKeyDeletion", wire.Write, s.CancelKeyDeletion),
		"CreateAlias":          wire.Op("kms:CreateAlias", wire.Write, s.CreateAlias),
		"CreateGrant":          wire.Op("kms:CreateGrant", wire.Write, s.CreateGrant),
		"CreateKey":            wire.Op("kms:CreateKey", wire.Write, s.CreateKey),
		"DeleteAlias":          wire.Op("kms:DeleteAlias", wire.Write, s.DeleteAlias),
		"DescribeKey":          wire.Op("kms:DescribeKey", wire.Read, s.DescribeKey),
		"DisableKey":           wire.Op("kms:DisableKey", wire.Write, s.DisableKey),
		"DisableKeyRotation":   wire.Op("kms:DisableKeyRotation", wire.Write, s.DisableKeyRotation),
		"EnableKey":            wire.Op("kms:EnableKey", wire.Write, s.EnableKey),
		"EnableKeyRotation":    wire.Op("kms:EnableKeyRotation", wire.Write, s.EnableKeyRotation),
		"GetKeyLastUsage":      wire.Op("kms:GetKeyLastUsage", wire.Read, s.GetKeyLastUsage),
		"GetKeyPolicy":         wire.Op("kms:GetKeyPolicy", wire.Read, s.GetKeyPolicy),
		"GetKeyRotationStatus": wire.Op("kms:GetKeyRotationStatus", wire.Read, s.GetKeyRotationStatus),
		"ListAliases":          wire.Op("kms:ListAliases", wire.Read, s.ListAliases),
		"ListGrants":           wire.Op("kms:ListGrants", wire.Read, s.ListGrants),
		"ListKeyPolicies":      wire.Op("kms:ListKeyPolicies", wire.Read, s.ListKeyPolicies),
		"ListKeyRotations":     wire.Op("kms:ListKeyRotations", wire.Read, s.ListKeyRotations),
		"ListKeys":             wire.Op("kms:ListKeys", wire.Read, s.ListKeys),
		"ListResourceTags":     wire.Op("kms:ListResourceTags", wire.Read, s.ListResourceTags),
		"ListRetirableGrants":  wire.Op("kms:ListRetirableGrants", wire.Read, s.ListRetirableGrants),
		"PutKeyPolicy":         wire.Op("kms:PutKeyPolicy", wire.Write, s.PutKeyPolicy),
		"ReplicateKey":         wire.Op("kms:ReplicateKey", wire.Write, s.ReplicateKey),
		"RetireGrant":          wire.Op("kms:RetireGrant", wire.Write, s.RetireGrant),
		"RevokeGrant":          wire.Op("kms:RevokeGrant", wire.Write, s.RevokeGrant),
		"RotateKeyOnDemand":    wire.Op("kms:RotateKeyOnDemand", wire.Write, s.RotateKeyOnDemand),
		"ScheduleKeyDeletion":  wire.Op("kms:ScheduleKeyDeletion", wire.Write, s.ScheduleKeyDeletion),
		"TagResource":          wire.Op("kms:TagResource", wire.Write, s.TagResource),
		"UntagResource":        wire.Op("kms:UntagResource", wire.Write, s.UntagResource),
		"UpdateAlias":          wire.Op("kms:UpdateAlias", wire.Write, s.UpdateAlias),
		"UpdateKeyDescription": wire.Op("kms:UpdateKeyDescription", wire.Write, s.UpdateKeyDescription),
		"UpdatePrimaryRegion":  wire.Op("kms:UpdatePrimaryRegion", wire.Write, s.UpdatePrimaryRegion),
	}
}
