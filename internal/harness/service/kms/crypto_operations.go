package kms

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"

// cryptoOperations are the cryptographic operations.
func (s *Service) cryptoOperations() wire.Table {
	return wire.Table{
		"Decrypt":         wire.Op("kms:Decrypt", wire.Read, s.Decrypt),
		"Encrypt":         wire.Op("kms:Encrypt", wire.Read, s.Encrypt),
		"GenerateDataKey": wire.Op("kms:GenerateDataKey", wire.Read, s.GenerateDataKey),
		"GenerateDataKeyWithoutPlaintext": wire.Op(
			"kms:GenerateDataKeyWithoutPlaintext", wire.Read, s.GenerateDataKeyWithoutPlaintext),
		"GenerateRandom": wire.Op("kms:GenerateRandom", wire.Read, s.GenerateRandom),
		"ReEncrypt":      wire.Op("kms:ReEncryptFrom", wire.Read, s.ReEncrypt),
	}
}
