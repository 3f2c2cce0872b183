package kms

import "slices"

// family is the kind of cryptography a key does. An alias may move between keys of one family only.
type family string

const (
	familySymmetric  family = "SYMMETRIC"
	familyAsymmetric family = "ASYMMETRIC"
	familyHMAC       family = "HMAC"
)

// The values of KeyUsage.
const (
	usageEncrypt     = "ENCRYPT_DECRYPT"
	usageSign        = "SIGN_VERIFY"
	usageMAC         = "GENERATE_VERIFY_MAC"
	usageAgree       = "KEY_AGREEMENT"
	usageEncapsulate = "ENCAPSULATE_DECAPSULATE"
)

// The values of Origin.
const (
	originKMS      = "AWS_KMS"
	originExternal = "EXTERNAL"
	originCloudHSM = "AWS_CLOUDHSM"
	originXKS      = "EXTERNAL_KEY_STORE"
)

var (
	keyUsages = []string{usageSign, usageEncrypt, usageMAC, usageAgree, usageEncapsulate}
	origins   = []string{originKMS, originExternal, originCloudHSM, originXKS}
)

// keySpec is what the service offers under one KeySpec.
type keySpec struct {
	name   string
	family family
	usages []string
	size   int // bytes of material of a symmetric or HMAC key
}

// specs are the key specs in the order of the API model, which is the order in which errors list them.
//
// Source: KMS developer guide, "Key spec reference".
var specs = []keySpec{
	{name: "RSA_2048", family: familyAsymmetric, usages: []string{usageEncrypt, usageSign}},
	{name: "RSA_3072", family: familyAsymmetric, usages: []string{usageEncrypt, usageSign}},
	{name: "RSA_4096", family: familyAsymmetric, usages: []string{usageEncrypt, usageSign}},
	{name: "ECC_NIST_P256", family: familyAsymmetric, usages: []string{usageSign, usageAgree}},
	{name: "ECC_NIST_P384", family: familyAsymmetric, usages: []string{usageSign, usageAgree}},
	{name: "ECC_NIST_P521", family: familyAsymmetric, usages: []string{usageSign, usageAgree}},
	{name: "ECC_SECG_P256K1", family: familyAsymmetric, usages: []string{usageSign}},
	{name: symmetric, family: familySymmetric, usages: []string{usageEncrypt}, size: 32},
	{name: "HMAC_224", family: familyHMAC, usages: []string{usageMAC}, size: 28},
	{name: "HMAC_256", family: familyHMAC, usages: []string{usageMAC}, size: 32},
	{name: "HMAC_384", family: familyHMAC, usages: []string{usageMAC}, size: 48},
	{name: "HMAC_512", family: familyHMAC, usages: []string{usageMAC}, size: 64},
	{name: "SM2", family: familyAsymmetric, usages: []string{usageEncrypt, usageSign, usageAgree}},
	{name: "ML_DSA_44", family: familyAsymmetric, usages: []string{usageSign}},
	{name: "ML_DSA_65", family: familyAsymmetric, usages: []string{usageSign}},
	{name: "ML_DSA_87", family: familyAsymmetric, usages: []string{usageSign}},
	{name: "ECC_NIST_EDWARDS25519", family: familyAsymmetric, usages: []string{usageSign}},
	{name: "ML_KEM_512", family: familyAsymmetric, usages: []string{usageEncapsulate}},
	{name: "ML_KEM_768", family: familyAsymmetric, usages: []string{usageEncapsulate}},
	{name: "ML_KEM_1024", family: familyAsymmetric, usages: []string{usageEncapsulate}},
}

// specOf is the spec called name; the zero keySpec if there is none.
func specOf(name string) keySpec {
	i := slices.IndexFunc(specs, func(s keySpec) bool { return s.name == name })
	if i < 0 {
		return keySpec{}
	}
	return specs[i]
}

func specNames() []string {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.name
	}
	return names
}

// family is the kind of cryptography k does.
func (k *key) family() family { return specOf(k.Spec).family }
