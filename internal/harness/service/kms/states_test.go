package kms_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// onKey are inputs, each good for an enabled key, of all operations that act on one key. <key> is its id, <arn> its
// ARN, <grant> a grant of it, <alias> an alias of another key, <own> one of the key itself.
var onKey = map[string]string{
	"CancelKeyDeletion":    `{"KeyId":"<key>"}`,
	"CreateAlias":          `{"AliasName":"alias/new","TargetKeyId":"<key>"}`,
	"CreateGrant":          `{"KeyId":"<key>","GranteePrincipal":"` + aliceARN + `","Operations":["Decrypt"]}`,
	"Decapsulate":          `{"KeyId":"<key>","SharedSecretCiphertextBlob":"AAAA","EncapsulationAlgorithm":"ML_KEM"}`,
	"Decrypt":              `{"KeyId":"<key>","CiphertextBlob":"AAAA"}`,
	"DeleteAlias":          `{"AliasName":"<own>"}`,
	"DeriveSharedSecret":   `{"KeyId":"<key>","KeyAgreementAlgorithm":"ECDH","PublicKey":"AAAA"}`,
	"DescribeKey":          `{"KeyId":"<key>"}`,
	"DisableKey":           `{"KeyId":"<key>"}`,
	"DisableKeyRotation":   `{"KeyId":"<key>"}`,
	"EnableKey":            `{"KeyId":"<key>"}`,
	"EnableKeyRotation":    `{"KeyId":"<key>"}`,
	"Encapsulate":          `{"KeyId":"<key>","EncapsulationAlgorithm":"ML_KEM"}`,
	"Encrypt":              `{"KeyId":"<key>","Plaintext":"AAAA"}`,
	"GenerateDataKey":      `{"KeyId":"<key>","KeySpec":"AES_256"}`,
	"GenerateDataKeyPair":  `{"KeyId":"<key>","KeyPairSpec":"ECC_NIST_P256"}`,
	"GenerateMac":          `{"KeyId":"<key>","MacAlgorithm":"HMAC_SHA_256","Message":"AAAA"}`,
	"GetKeyLastUsage":      `{"KeyId":"<key>"}`,
	"GetKeyPolicy":         `{"KeyId":"<key>"}`,
	"GetKeyRotationStatus": `{"KeyId":"<key>"}`,
	"GetPublicKey":         `{"KeyId":"<key>"}`,
	"ListAliases":          `{"KeyId":"<key>"}`,
	"ListGrants":           `{"KeyId":"<key>"}`,
	"ListKeyPolicies":      `{"KeyId":"<key>"}`,
	"ListKeyRotations":     `{"KeyId":"<key>"}`,
	"ListResourceTags":     `{"KeyId":"<key>"}`,
	"PutKeyPolicy":         `{"KeyId":"<key>","Policy":"<policy>"}`,
	"ReEncrypt":            `{"SourceKeyId":"<key>","DestinationKeyId":"<key>","CiphertextBlob":"AAAA"}`,
	"ReplicateKey":         `{"KeyId":"<key>","ReplicaRegion":"eu-west-1"}`,
	"RetireGrant":          `{"KeyId":"<arn>","GrantId":"<grant>"}`,
	"RevokeGrant":          `{"KeyId":"<key>","GrantId":"<grant>"}`,
	"RotateKeyOnDemand":    `{"KeyId":"<key>"}`,
	"ScheduleKeyDeletion":  `{"KeyId":"<key>"}`,
	"Sign":                 `{"KeyId":"<key>","Message":"AAAA","SigningAlgorithm":"ECDSA_SHA_256"}`,
	"TagResource":          `{"KeyId":"<key>","Tags":[]}`,
	"UntagResource":        `{"KeyId":"<key>","TagKeys":[]}`,
	"UpdateAlias":          `{"AliasName":"<alias>","TargetKeyId":"<key>"}`,
	"UpdateKeyDescription": `{"KeyId":"<key>","Description":""}`,
	"UpdatePrimaryRegion":  `{"KeyId":"<key>","PrimaryRegion":"eu-west-1"}`,
	"Verify":               `{"KeyId":"<key>","Message":"AAAA","Signature":"AAAA","SigningAlgorithm":"ECDSA_SHA_256"}`,
	"VerifyMac":            `{"KeyId":"<key>","MacAlgorithm":"HMAC_SHA_256","Message":"AAAA","Mac":"AAAA"}`,

	"DeleteImportedKeyMaterial":           `{"KeyId":"<key>"}`,
	"GenerateDataKeyPairWithoutPlaintext": `{"KeyId":"<key>","KeyPairSpec":"ECC_NIST_P256"}`,
	"GenerateDataKeyWithoutPlaintext":     `{"KeyId":"<key>","KeySpec":"AES_256"}`,
	"GetParametersForImport": `{"KeyId":"<key>","WrappingAlgorithm":"RSAES_OAEP_SHA_256",` +
		`"WrappingKeySpec":"RSA_2048"}`,
	"ImportKeyMaterial": `{"KeyId":"<key>","ImportToken":"AAAA","EncryptedKeyMaterial":"AAAA",` +
		`"ExpirationModel":"KEY_MATERIAL_DOES_NOT_EXPIRE"}`,
}

// onNoKey act on the account or on a custom key store.
var onNoKey = []string{
	"ConnectCustomKeyStore", "CreateCustomKeyStore", "CreateKey", "DeleteCustomKeyStore", "DescribeCustomKeyStores",
	"DisconnectCustomKeyStore", "GenerateRandom", "ListKeys", "ListRetirableGrants", "UpdateCustomKeyStore",
}

// run calls an operation as the wire does, with its input as JSON.
func (w world) run(t *testing.T, c *wire.Call, operation, in string) error {
	t.Helper()
	op, found := w.Wire().Operations[operation]
	if !found {
		t.Fatalf("there is no operation %s", operation)
	}
	v := op.NewInput()
	if err := json.Unmarshal([]byte(in), v); err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	as := *c
	as.Operation, as.Action = operation, op.Action
	_, err := op.Call(t.Context(), &as, v)
	return err
}

// inState makes a key in a state as a customer would.
func (w world) inState(t *testing.T, state string) *kms.KeyMetadata {
	t.Helper()
	c := as(ownerAccount)
	var in kms.CreateKeyInput
	switch state {
	case "PendingImport":
		in.Origin = "EXTERNAL"
	case "Unavailable", "Creating":
		in.Origin, in.CustomKeyStoreID = "AWS_CLOUDHSM", ptr("cks-"+strings.ToLower(state))
		if err := w.AddStore(t.Context(), c, *in.CustomKeyStoreID, "AWS_CLOUDHSM"); err != nil {
			t.Fatal(err)
		}
	}
	m := w.create(t, in)
	switch state {
	case "Disabled":
		empty(t)(w.DisableKey(t.Context(), c, &kms.KeyInput{KeyID: &m.KeyID}))
	case "Unavailable":
		w.clock.Advance(day) // no longer Creating
		err := w.SetConnectionState(t.Context(), ownerAccount, c.Region, *in.CustomKeyStoreID, "DISCONNECTED", "")
		if err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// Every operation on a key, in every state that a key can be in. The table is what the service's documentation says;
// see the key state table of the KMS developer guide before you change it. Keys are symmetric with Origin AWS_KMS,
// PendingImport ones EXTERNAL, and Unavailable and Creating ones in a CloudHSM key store.
func TestStateMatrix(t *testing.T) {
	t.Parallel()
	reachable := kms.StateNames()[:6]
	var table strings.Builder
	fmt.Fprintf(&table, "%-36s%s\n", "", strings.Join(kms.StateNames(), " | "))
	for _, operation := range slices.Sorted(maps.Keys(onKey)) {
		fmt.Fprintf(&table, "%-36s", operation)
		w := newWorld(t)
		for _, state := range reachable {
			err := w.tryIn(t, operation, state)
			fmt.Fprintf(&table, "%s | ", brief(err))
		}
		fmt.Fprintln(&table, brief(kms.Allowed(operation, "Updating")))
	}
	golden(t, "states.golden", table.String())
}

// tryIn runs operation on a new key in a state.
func (w world) tryIn(t *testing.T, operation, state string) error {
	t.Helper()
	c := as(ownerAccount)
	m := w.inState(t, state)
	other := w.create(t, kms.CreateKeyInput{})
	w.alias(t, "alias/other"+state, other.KeyID)
	w.alias(t, "alias/own"+state, m.KeyID)
	grant := &kms.CreateGrantOutput{GrantID: strings.Repeat("0", 64)}
	if state == "Enabled" || state == "PendingDeletion" {
		grant = w.grant(t, m.KeyID, kms.CreateGrantInput{})
	}
	if state == "PendingDeletion" {
		must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c,
			&kms.ScheduleKeyDeletionInput{KeyID: &m.KeyID}))
	}
	if got := w.describe(t, m.KeyID).KeyState; got != state {
		t.Fatalf("got a key in state %s, want %s", got, state)
	}
	policy, err := json.Marshal(allowAccount)
	if err != nil {
		t.Fatal(err)
	}
	in := hide(onKey[operation], "<key>", m.KeyID, "<arn>", m.ARN, "<grant>", grant.GrantID,
		"<alias>", "alias/other"+state, "<own>", "alias/own"+state, "alias/new", "alias/new"+state, `"<policy>"`, string(policy))
	err = w.run(t, c, operation, in)
	if strings.Contains(fault(err), m.KeyID) && !strings.Contains(fault(err), m.ARN) {
		t.Errorf("%s in %s: %v names the key without its ARN", operation, state, err)
	}
	return err
}

// brief is what the key state did: ok, the exception's first letter for the ones that a state raises with the words,
// and the code of everything that comes after the state was found right.
func brief(err error) string {
	text := fault(err)
	_, words, _ := strings.Cut(text, " is ")
	switch code := code(err); code {
	case "DisabledException":
		return "D"
	case "KMSInvalidStateException":
		return "S " + strings.TrimSuffix(words, ".")
	case "UnsupportedOperationException":
		return "U"
	case "":
		return text
	default:
		return strings.TrimSuffix(code, "Exception")
	}
}

// No operation is served without its row in the table, and none is forgotten by the tests.
func TestEveryOperationHasRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for operation := range w.Wire().Operations {
		_, tested := onKey[operation]
		if accountWide := slices.Contains(onNoKey, operation); accountWide == tested {
			t.Errorf("%s: in the table of inputs: %v, listed as acting on no key: %v", operation, tested, accountWide)
		}
		if tested && !kms.HasRules(operation) {
			t.Errorf("%s has no key state rules", operation)
		}
	}
}
