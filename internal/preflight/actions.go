package preflight

import (
	"slices"
	"strings"
)

// The KMS actions by what a key policy can do with them.
//
// Source: Service Authorization Reference, "Actions defined by AWS Key Management Service"; KMS Developer Guide,
// "AWS KMS permissions".
var (
	// abroad take effect for principals of other accounts too.
	abroad = []string{
		"kms:CreateGrant", "kms:Decrypt", "kms:DeriveSharedSecret", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
		"kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext",
		"kms:GenerateMac", "kms:GetKeyRotationStatus", "kms:GetPublicKey", "kms:ListGrants", "kms:ReEncryptFrom",
		"kms:ReEncryptTo", "kms:RetireGrant", "kms:RevokeGrant", "kms:Sign", "kms:Verify", "kms:VerifyMac",
		"kms:Encapsulate", "kms:Decapsulate",
	}
	// atHome take effect within the account of the key.
	atHome = []string{
		"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DeleteImportedKeyMaterial", "kms:DisableKey",
		"kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyLastUsage", "kms:GetKeyPolicy",
		"kms:GetParametersForImport", "kms:ImportKeyMaterial", "kms:ListKeyPolicies", "kms:ListKeyRotations",
		"kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",
		"kms:SynchronizeMultiRegionKey", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
		"kms:UpdateKeyDescription", "kms:UpdatePrimaryRegion",
	}
	// inIdentityPolicies have no effect in a key policy; nor has kms:RetireGrant.
	inIdentityPolicies = []string{
		"kms:ConnectCustomKeyStore", "kms:CreateCustomKeyStore", "kms:CreateKey", "kms:DeleteCustomKeyStore",
		"kms:DescribeCustomKeyStores", "kms:DisconnectCustomKeyStore", "kms:GenerateRandom", "kms:ListAliases",
		"kms:ListKeys", "kms:ListRetirableGrants", "kms:UpdateCustomKeyStore",
	}

	knownActions = slices.Concat(abroad, atHome, inIdentityPolicies)
)

// lifecycle are the calls by which a key is run once it exists.
var lifecycle = []string{
	"kms:CreateAlias", "kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
	"kms:ListResourceTags", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UpdateKeyDescription",
}

const (
	putKeyPolicy = "kms:PutKeyPolicy"
	createGrant  = "kms:CreateGrant"
	describeKey  = "kms:DescribeKey"
	decrypt      = "kms:Decrypt"
)

// grantedToQLDB are the operations of the grant that QLDB asks for; a condition on fewer refuses it.
var grantedToQLDB = []string{
	"Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom",
	"ReEncryptTo", "RetireGrant",
}

// expand lists the known actions that a pattern covers. Names of actions are not case-sensitive.
func expand(pattern string) []string {
	var list []string
	for _, a := range knownActions {
		if globFold(pattern, a) {
			list = append(list, a)
		}
	}
	return list
}

// glob tells whether all of s matches a pattern with the wildcards "*" and "?". Its time is at most the product of the
// two lengths.
func glob(pattern, s string) bool { return globBy(pattern, s, func(b byte) byte { return b }) }

// globFold is glob without regard to the case of letters.
func globFold(pattern, s string) bool {
	return globBy(pattern, s, func(b byte) byte {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		return b
	})
}

func globBy(pattern, s string, spell func(byte) byte) bool {
	star, mark, p, i := -1, 0, 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || spell(pattern[p]) == spell(s[i])):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// nearest is the word of the list that s was probably meant to be, or "".
func nearest(s string, words []string) string {
	best, least := "", 3
	for _, w := range words {
		if d := distance(strings.ToLower(s), strings.ToLower(w), least); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance counts the insertions, deletions and substitutions between a and b, as far as they are fewer than bound.
func distance(a, b string, bound int) int {
	if len(a) > len(b)+bound || len(b) > len(a)+bound {
		return bound
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
