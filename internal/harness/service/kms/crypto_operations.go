package kms

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"

// cryptoOperations are the operations that do cryptography, import material or manage custom key stores.
func (s *Service) cryptoOperations() wire.Table {
	return wire.Table{
		"ConnectCustomKeyStore": wire.Op("kms:ConnectCustomKeyStore", wire.Write, s.ConnectCustomKeyStore),
		"CreateCustomKeyStore":  wire.Op("kms:CreateCustomKeyStore", wire.Write, s.CreateCustomKeyStore),
		"Decapsulate":           wire.Op("kms:Decapsulate", wire.Read, s.Decapsulate),
		"Decrypt":               wire.Op("kms:Decrypt", wire.Read, s.Decrypt),
		"DeleteCustomKeyStore":  wire.Op("kms:DeleteCustomKeyStore", wire.Write, s.DeleteCustomKeyStore),
		"DeleteImportedKeyMaterial": wire.Op(
			"kms:DeleteImportedKeyMaterial", wire.Write, s.DeleteImportedKeyMaterial),
		"DeriveSharedSecret":       wire.Op("kms:DeriveSharedSecret", wire.Read, s.DeriveSharedSecret),
		"DescribeCustomKeyStores":  wire.Op("kms:DescribeCustomKeyStores", wire.Read, s.DescribeCustomKeyStores),
		"DisconnectCustomKeyStore": wire.Op("kms:DisconnectCustomKeyStore", wire.Write, s.DisconnectCustomKeyStore),
		"Encapsulate":              wire.Op("kms:Encapsulate", wire.Read, s.Encapsulate),
		"Encrypt":                  wire.Op("kms:Encrypt", wire.Read, s.Encrypt),
		"GenerateDataKey":          wire.Op("kms:GenerateDataKey", wire.Read, s.GenerateDataKey),
		"GenerateDataKeyPair":      wire.Op("kms:GenerateDataKeyPair", wire.Read, s.GenerateDataKeyPair),
		"GenerateDataKeyPairWithoutPlaintext": wire.Op(
			"kms:GenerateDataKeyPairWithoutPlaintext", wire.Read, s.GenerateDataKeyPairWithoutPlaintext),
		"GenerateDataKeyWithoutPlaintext": wire.Op(
			"kms:GenerateDataKeyWithoutPlaintext", wire.Read, s.GenerateDataKeyWithoutPlaintext),
		"GenerateMac":            wire.Op("kms:GenerateMac", wire.Read, s.GenerateMac),
		"GenerateRandom":         wire.Op("kms:GenerateRandom", wire.Read, s.GenerateRandom),
		"GetParametersForImport": wire.Op("kms:GetParametersForImport", wire.Read, s.GetParametersForImport),
		"GetPublicKey":           wire.Op("kms:GetPublicKey", wire.Read, s.GetPublicKey),
		"ImportKeyMaterial":      wire.Op("kms:ImportKeyMaterial", wire.Write, s.ImportKeyMaterial),
		"ReEncrypt":              wire.Op("kms:ReEncryptFrom", wire.Read, s.ReEncrypt),
		"Sign":                   wire.Op("kms:Sign", wire.Read, s.Sign),
		"UpdateCustomKeyStore":   wire.Op("kms:UpdateCustomKeyStore", wire.Write, s.UpdateCustomKeyStore),
		"Verify":                 wire.Op("kms:Verify", wire.Read, s.Verify),
		"VerifyMac":              wire.Op("kms:VerifyMac", wire.Read, s.VerifyMac),
	}
}
