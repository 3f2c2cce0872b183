package kms

import (
	"crypto"
	"crypto/elliptic"
	"slices"
	"strings"
)

// algorithm is what a signing, encryption or MAC algorithm of the KMS API means to the standard library.
type algorithm struct {
	hash crypto.Hash
	pss  bool
}

var algorithms = map[string]algorithm{
	"RSAES_OAEP_SHA_1":          {hash: crypto.SHA1},
	"RSAES_OAEP_SHA_256":        {hash: crypto.SHA256},
	"RSASSA_PSS_SHA_256":        {hash: crypto.SHA256, pss: true},
	"RSASSA_PSS_SHA_384":        {hash: crypto.SHA384, pss: true},
	"RSASSA_PSS_SHA_512":        {hash: crypto.SHA512, pss: true},
	"RSASSA_PKCS1_V1_5_SHA_256": {hash: crypto.SHA256},
	"RSASSA_PKCS1_V1_5_SHA_384": {hash: crypto.SHA384},
	"RSASSA_PKCS1_V1_5_SHA_512": {hash: crypto.SHA512},
	"ECDSA_SHA_256":             {hash: crypto.SHA256},
	"ECDSA_SHA_384":             {hash: crypto.SHA384},
	"ECDSA_SHA_512":             {hash: crypto.SHA512},
	"ED25519_SHA_512":           {},
	"ED25519_PH_SHA_512":        {hash: crypto.SHA512},
	"HMAC_SHA_224":              {hash: crypto.SHA224},
	"HMAC_SHA_256":              {hash: crypto.SHA256},
	"HMAC_SHA_384":              {hash: crypto.SHA384},
	"HMAC_SHA_512":              {hash: crypto.SHA512},
}

var (
	signingAlgorithms = []string{
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
		"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		"ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512",
		"SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512",
	}
	macAlgorithms = []string{"HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"}
	rsaSpecs      = map[string]int{"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096} // modulus bits
)

// curve is an elliptic curve of the KMS API, for signatures and for key agreement.
type curve struct {
	ecdsa elliptic.Curve
	sign  string // the one algorithm that goes with it
}

var curves = map[string]curve{
	"ECC_NIST_P256": {elliptic.P256(), "ECDSA_SHA_256"},
	"ECC_NIST_P384": {elliptic.P384(), "ECDSA_SHA_384"},
	"ECC_NIST_P521": {elliptic.P521(), "ECDSA_SHA_512"},
}

// cryptoAlgorithmsOf lists what a key of this spec and usage can do, in the order DescribeKey shows it.
//
// Source: AWS KMS Developer Guide, "Key spec reference".
func cryptoAlgorithmsOf(spec, usage string) []string {
	switch usage {
	case usageEncrypt:
		switch spec {
		case symmetric:
			return []string{symmetric}
		case "RSA_2048", "RSA_3072", "RSA_4096":
			return []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}
		case "SM2":
			return []string{"SM2PKE"}
		}
	case usageSign:
		return signingAlgorithmsOf(spec)
	case usageMAC:
		if bits, isHMAC := strings.CutPrefix(spec, "HMAC_"); isHMAC {
			return []string{"HMAC_SHA_" + bits}
		}
	case usageAgree:
		return []string{"ECDH"}
	case usageEncapsulate:
		return []string{"ML_KEM"}
	}
	return nil
}

func signingAlgorithmsOf(spec string) []string {
	switch spec {
	case "RSA_2048", "RSA_3072", "RSA_4096":
		return slices.Concat(signingAlgorithms[3:6], signingAlgorithms[:3]) // PKCS #1 first, as the service shows them
	case "ECC_SECG_P256K1":
		return []string{"ECDSA_SHA_256"}
	case "ECC_NIST_EDWARDS25519":
		return []string{"ED25519_SHA_512", "ED25519_PH_SHA_512"}
	case "SM2":
		return []string{"SM2DSA"}
	case "ML_DSA_44", "ML_DSA_65", "ML_DSA_87":
		return []string{"ML_DSA_SHAKE_256"}
	}
	if c, isCurve := curves[spec]; isCurve {
		return []string{c.sign}
	}
	return nil
}
