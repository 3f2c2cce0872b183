package kms_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

// refusal is one request that the service refuses. <name> in its input is the id of the key called name, <ARN:name>
// its ARN.
type refusal struct{ operation, in string }

const foreignOnly = `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
	`"Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"kms:*","Resource":"*"}}`

var refusals = []refusal{
	// What a key is called.
	{"DescribeKey", `{}`},
	{"DescribeKey", `{"KeyId":""}`},
	{"DescribeKey", `{"KeyId":"6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a02"}`},
	{"DescribeKey", `{"KeyId":"6f0c1b520d7e4c1a9a532f1f8d1f9a02"}`},
	{"DescribeKey", `{"KeyId":"mrk-1"}`},
	{"DescribeKey", `{"KeyId":"arn:aws:kms:us-east-1:111122223333:key/6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a02"}`},
	{"DescribeKey", `{"KeyId":"arn:aws:kms:eu-west-2:111122223333:key/x"}`},
	{"DescribeKey", `{"KeyId":"arn:aws:s3:::bucket"}`},
	{"DescribeKey", `{"KeyId":"alias/none"}`},
	{"DescribeKey", `{"KeyId":"arn:aws:kms:eu-west-2:444455556666:alias/none"}`},
	{"DescribeKey", `{"KeyId":"<enabled>","GrantTokens":["none"]}`},
	{"EnableKey", `{"KeyId":"alias/orders"}`},
	{"PutKeyPolicy", `{"KeyId":"arn:aws:kms:eu-west-2:111122223333:alias/orders","Policy":"{}"}`},

	// States.
	{"Encrypt", `{"KeyId":"<disabled>","Plaintext":"AAAA"}`},
	{"Encrypt", `{"KeyId":"<pending>","Plaintext":"AAAA"}`},
	{"Encrypt", `{"KeyId":"<external>","Plaintext":"AAAA"}`},
	{"ScheduleKeyDeletion", `{"KeyId":"<pending>"}`},
	{"CancelKeyDeletion", `{"KeyId":"<enabled>"}`},

	// Keys.
	{"CreateKey", `{"KeySpec":"AES_256","KeyUsage":"ANY","Origin":"MINE"}`},
	{"CreateKey", `{"KeySpec":"RSA_2048","CustomerMasterKeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"}`},
	{"CreateKey", `{"CustomerMasterKeySpec":"ML_DSA_44","KeyUsage":"SIGN_VERIFY"}`},
	{"CreateKey", `{"KeySpec":"RSA_2048"}`},
	{"CreateKey", `{"KeySpec":"HMAC_256"}`},
	{"CreateKey", `{"KeySpec":"RSA_2048","KeyUsage":"KEY_AGREEMENT"}`},
	{"CreateKey", `{"KeyUsage":"SIGN_VERIFY"}`},
	{"CreateKey", `{"Description":"<8193>"}`},
	{"CreateKey", `{"Origin":"AWS_CLOUDHSM"}`},
	{"CreateKey", `{"CustomKeyStoreId":"cks-1"}`},
	{"CreateKey", `{"Origin":"AWS_CLOUDHSM","CustomKeyStoreId":"cks-1"}`},
	{"CreateKey", `{"Origin":"AWS_CLOUDHSM","CustomKeyStoreId":"cks-1","MultiRegion":true}`},
	{"CreateKey", `{"Origin":"AWS_CLOUDHSM","CustomKeyStoreId":"cks-1","KeySpec":"HMAC_256",` +
		`"KeyUsage":"GENERATE_VERIFY_MAC"}`},
	{"CreateKey", `{"Origin":"EXTERNAL_KEY_STORE","CustomKeyStoreId":"cks-1"}`},
	{"CreateKey", `{"XksKeyId":"x"}`},
	{"ScheduleKeyDeletion", `{"KeyId":"<enabled>","PendingWindowInDays":6}`},
	{"ScheduleKeyDeletion", `{"KeyId":"<enabled>","PendingWindowInDays":31}`},
	{"ScheduleKeyDeletion", `{"KeyId":"<enabled>","PendingWindowInDays":0}`},
	{"UpdateKeyDescription", `{"KeyId":"<enabled>"}`},
	{"ReplicateKey", `{"KeyId":"<enabled>","ReplicaRegion":"eu-west-1"}`},
	{"ReplicateKey", `{"KeyId":"<mrk>","ReplicaRegion":"eu-west-1"}`},
	{"UpdatePrimaryRegion", `{"KeyId":"<mrk>","PrimaryRegion":"eu-west-1"}`},
	{"ListKeys", `{"Limit":0}`},
	{"ListKeys", `{"Limit":1001}`},
	{"ListKeys", `{"Marker":"none"}`},

	// Tags.
	{"TagResource", `{"KeyId":"<enabled>"}`},
	{"TagResource", `{"KeyId":"<enabled>","Tags":[{"TagKey":"a"},{"TagKey":"a"}]}`},
	{"TagResource", `{"KeyId":"<enabled>","Tags":[{"TagKey":"aws:a"}]}`},
	{"TagResource", `{"KeyId":"<enabled>","Tags":[{"TagKey":"a"},{"TagKey":""}]}`},
	{"CreateKey", `{"Tags":[{"TagKey":"a"},{"TagKey":"a"}]}`},
	{"UntagResource", `{"KeyId":"<enabled>"}`},
	{"UntagResource", `{"KeyId":"<enabled>","TagKeys":[""]}`},

	// Policies.
	{"GetKeyPolicy", `{"KeyId":"<enabled>","PolicyName":"other"}`},
	{"PutKeyPolicy", `{"KeyId":"<enabled>"}`},
	{"PutKeyPolicy", `{"KeyId":"<enabled>","Policy":""}`},
	{"PutKeyPolicy", `{"KeyId":"<enabled>","Policy":"{}","PolicyName":"other"}`},
	{"PutKeyPolicy", `{"KeyId":"<enabled>","Policy":"{"}`},
	{"PutKeyPolicy", `{"KeyId":"<enabled>","Policy":"<Policy:` + foreignOnly + `>"}`},
	{"PutKeyPolicy", `{"KeyId":"<enabled>","Policy":"<Policy:` +
		strings.Replace(foreignOnly, "444455556666:root", "4:root", 1) + `>"}`},
	{"PutKeyPolicy", `{"KeyId":"<enabled>","Policy":"<32769>"}`},

	// Aliases.
	{"CreateAlias", `{}`},
	{"CreateAlias", `{"AliasName":"orders","TargetKeyId":"<enabled>"}`},
	{"CreateAlias", `{"AliasName":"alias/","TargetKeyId":"<enabled>"}`},
	{"CreateAlias", `{"AliasName":"alias/a b","TargetKeyId":"<enabled>"}`},
	{"CreateAlias", `{"AliasName":"alias/aws/mine","TargetKeyId":"<enabled>"}`},
	{"CreateAlias", `{"AliasName":"alias/orders","TargetKeyId":"<enabled>"}`},
	{"CreateAlias", `{"AliasName":"alias/new","TargetKeyId":"alias/orders"}`},
	{"CreateAlias", `{"AliasName":"alias/new","TargetKeyId":"<pending>"}`},
	{"UpdateAlias", `{"AliasName":"alias/none","TargetKeyId":"<enabled>"}`},
	{"UpdateAlias", `{"AliasName":"alias/orders","TargetKeyId":"<sign>"}`},
	{"UpdateAlias", `{"AliasName":"alias/aws/s3","TargetKeyId":"<enabled>"}`},
	{"DeleteAlias", `{"AliasName":"alias/none"}`},
	{"DeleteAlias", `{"AliasName":"alias/aws/s3"}`},
	{"ListAliases", `{"KeyId":"6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a02"}`},

	// Rotation.
	{"EnableKeyRotation", `{"KeyId":"<enabled>","RotationPeriodInDays":89}`},
	{"EnableKeyRotation", `{"KeyId":"<enabled>","RotationPeriodInDays":2561}`},
	{"EnableKeyRotation", `{"KeyId":"<external>"}`},
	{"EnableKeyRotation", `{"KeyId":"<sign>"}`},
	{"EnableKeyRotation", `{"KeyId":"<mac>"}`},
	{"EnableKeyRotation", `{"KeyId":"<disabled>"}`},
	{"GetKeyRotationStatus", `{"KeyId":"<sign>"}`},
	{"RotateKeyOnDemand", `{"KeyId":"<mac>"}`},
	{"ListKeyRotations", `{"KeyId":"<enabled>","IncludeKeyMaterial":"SOME"}`},

	// Grants.
	{"CreateGrant", `{"KeyId":"<enabled>"}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Decrypt"]}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Decrypt","Look"],"GranteePrincipal":"` + aliceARN + `"}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Sign","Verify"],"GranteePrincipal":"` + aliceARN + `"}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Decrypt"],"GranteePrincipal":"alice"}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Decrypt"],"GranteePrincipal":"` + aliceARN + `",` +
		`"Constraints":{"EncryptionContextEquals":{"a":"b"},"EncryptionContextSubset":{"a":"b"}}}`},
	{"CreateGrant", `{"KeyId":"<rsa>","Operations":["Decrypt"],"GranteePrincipal":"` + aliceARN + `",` +
		`"Constraints":{"EncryptionContextEquals":{"a":"b"}}}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Decrypt"],"GranteePrincipal":"` + aliceARN + `",` +
		`"Name":"a b"}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Decrypt"],"GranteePrincipal":"` + aliceARN + `",` +
		`"DryRun":true}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Decrypt"],"GranteePrincipal":"` + aliceARN + `",` +
		`"RetiringPrincipal":"` + aliceARN + `","RetiringServicePrincipal":"` + qldbHost + `"}`},
	{"CreateGrant", `{"KeyId":"<enabled>","Operations":["Decrypt"],"GranteeServicePrincipal":"` + qldbHost + `"}`},
	{"CreateGrant", `{"KeyId":"<disabled>","Operations":["Decrypt"],"GranteePrincipal":"` + aliceARN + `"}`},
	{"RevokeGrant", `{"KeyId":"<enabled>","GrantId":"none"}`},
	{"RetireGrant", `{}`},
	{"RetireGrant", `{"GrantToken":"none"}`},
	{"RetireGrant", `{"KeyId":"<enabled>","GrantId":"none"}`},
	{"RetireGrant", `{"KeyId":"<ARN:enabled>","GrantId":"none"}`},
	{"ListRetirableGrants", `{"RetiringPrincipal":"arn:aws:iam::444455556666:root"}`},

	// Cryptography and import.
	{"Encrypt", `{"KeyId":"<enabled>"}`},
	{"Encrypt", `{"KeyId":"<enabled>","Plaintext":"<bytes4097>"}`},
	{"Encrypt", `{"KeyId":"<sign>","Plaintext":"AAAA"}`},
	{"Encrypt", `{"KeyId":"<enabled>","Plaintext":"AAAA","EncryptionAlgorithm":"RSAES_OAEP_SHA_1"}`},
	{"Encrypt", `{"KeyId":"<rsa>","Plaintext":"<bytes215>","EncryptionAlgorithm":"RSAES_OAEP_SHA_1"}`},
	{"Encrypt", `{"KeyId":"<rsa>","Plaintext":"<bytes191>","EncryptionAlgorithm":"RSAES_OAEP_SHA_256"}`},
	{"Encrypt", `{"KeyId":"<enabled>","Plaintext":"AAAA","DryRun":true}`},
	{"Decrypt", `{"CiphertextBlob":"AAAA"}`},
	{"GenerateDataKey", `{"KeyId":"<enabled>"}`},
	{"GenerateDataKey", `{"KeyId":"<enabled>","KeySpec":"AES_256","NumberOfBytes":32}`},
	{"GenerateDataKey", `{"KeyId":"<enabled>","NumberOfBytes":0}`},
	{"GenerateDataKey", `{"KeyId":"<enabled>","NumberOfBytes":1025}`},
	{"GenerateRandom", `{}`},
	{"GetPublicKey", `{"KeyId":"<enabled>"}`},
	{"GetParametersForImport", `{"KeyId":"<enabled>","WrappingAlgorithm":"RSAES_OAEP_SHA_256",` +
		`"WrappingKeySpec":"RSA_2048"}`},
	{"ImportKeyMaterial", `{"KeyId":"<external>","ImportToken":"AAAA","EncryptedKeyMaterial":"AAAA"}`},
	{"DeleteImportedKeyMaterial", `{"KeyId":"<enabled>"}`},
}

// Clients match on these words: whoever changes one does it on purpose.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	var in, out []string
	for name, key := range map[string]kms.CreateKeyInput{
		"enabled": {}, "disabled": {}, "pending": {}, "external": {Origin: "EXTERNAL"}, "mrk": {MultiRegion: true},
		"rsa":  {KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT"},
		"sign": {KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY"},
		"mac":  {KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC"},
	} {
		m := w.create(t, key)
		in = append(in, "<"+name+">", m.KeyID, "<ARN:"+name+">", m.ARN)
		out = append(out, m.KeyID, "<"+name+">")
		switch name {
		case "enabled":
			w.alias(t, "alias/orders", m.KeyID)
		case "disabled":
			empty(t)(w.DisableKey(t.Context(), c, &kms.KeyInput{KeyID: &m.KeyID}))
		case "pending":
			must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c,
				&kms.ScheduleKeyDeletionInput{KeyID: &m.KeyID}))
		}
	}
	in = append(in, "<8193>", strings.Repeat("d", 8193), "<32769>", strings.Repeat(" ", 32769))
	for _, n := range []int{191, 215, 4097} {
		raw, err := json.Marshal(make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, fmt.Sprintf(`"<bytes%d>"`, n), string(raw))
	}
	var texts strings.Builder
	for _, r := range refusals {
		text := fault(w.run(t, c, r.operation, hide(policyText(t, r.in), in...)))
		if text == "ok" || strings.HasPrefix(text, "not a fault") {
			t.Errorf("%s %s: got %s, want a refusal", r.operation, r.in, text)
		}
		fmt.Fprintf(&texts, "%s %s\n  %s\n\n", r.operation, r.in, hide(text, out...))
	}
	golden(t, "errors.golden", texts.String())
}

// policyText writes the policy in "<Policy:...>" as a JSON string.
func policyText(t *testing.T, in string) string {
	t.Helper()
	before, rest, found := strings.Cut(in, `"<Policy:`)
	if !found {
		return in
	}
	policy, after, _ := strings.Cut(rest, `>"`)
	raw, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	return before + string(raw) + after
}
