package kms

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"

// cryptoOperations are the operations that do cryptography, import material or manage custom key stores.
func (s *Service) cryptoOperations() wire.Table {
	return wire.Table{
		"Decrypt":             wire.Op("kms:Decrypt", wire.Read, s.Decrypt),
		"DeriveSharedSecret":  wire.Op("kms:DeriveSharedSecret", wire.Read, s.DeriveSharedSecret),
		"Encrypt":             wire.Op("kms:Encrypt", wire.Read, s.Encrypt),
		"GenerateDataKey":     wire.Op("kms:GenerateDataKey", wire.Read, s.GenerateDataKey),
		"GenerateDataKeyPair": wire.Op("kms:GenerateDataKeyPair", wire.Read, s.GenerateDataKeyPair),
		"GenerateDataKeyPairWithoutPlaintext": wire.Op(
			"kms:GenerateDataKeyPairWithoutPlaintext", wire.Read, s.GenerateDataKeyPairWithoutPlaintext),
		"GenerateDataKeyWithoutPlaintext": wire.Op(
			"kms:GenerateDataKeyWithoutPlaintext", wire.Read, s.GenerateDataKeyWithoutPlaintext),
		"GenerateMac":    wire.Op("kms:GenerateMac", wire.Read, s.GenerateMac),
		"GenerateRandom": wire.Op("kms:GenerateRandom", wire.Read, s.GenerateRandom),
		"GetPublicKey":   wire.Op("kms:GetPublicKey", wire.Read, s.GetPublicKey),
		"ReEncrypt":      wire.Op("kms:ReEncryptFrom", wire.Read, s.ReEncrypt),
		"Sign":           wire.Op("kms:Sign", wire.Read, s.Sign),
		"Verify":         wire.Op("kms:Verify", wire.Read, s.Verify),
		"VerifyMac":      wire.Op("kms:VerifyMac", wire.Read, s.VerifyMac),
	}
}
