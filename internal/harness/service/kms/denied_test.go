package kms_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// onAccount are inputs of the operations of onNoKey.
var onAccount = map[string]string{
	"ConnectCustomKeyStore": `{"CustomKeyStoreId":"cks-1234567890abcdef0"}`,
	"CreateCustomKeyStore": `{"CustomKeyStoreName":"store","CloudHsmClusterId":"cluster-1a23b4cdefg",` +
		`"KeyStorePassword":"kmsPswd","TrustAnchorCertificate":"-----BEGIN CERTIFICATE-----"}`,
	"CreateKey":                `{}`,
	"DeleteCustomKeyStore":     `{"CustomKeyStoreId":"cks-1234567890abcdef0"}`,
	"DescribeCustomKeyStores":  `{}`,
	"DisconnectCustomKeyStore": `{"CustomKeyStoreId":"cks-1234567890abcdef0"}`,
	"GenerateRandom":           `{"NumberOfBytes":1}`,
	"ListKeys":                 `{}`,
	"ListRetirableGrants":      `{"RetiringPrincipal":"` + aliceARN + `"}`,
	"UpdateCustomKeyStore":     `{"CustomKeyStoreId":"cks-1234567890abcdef0","NewCustomKeyStoreName":"another"}`,
}

// TestEveryOperationIsDecided: a user without any permission is refused every operation, before anything else is found
// wrong with it. The twin of each is the root user, who is not.
func TestEveryOperationIsDecided(t *testing.T) {
	t.Parallel()
	inputs := maps.Clone(onKey)
	for _, operation := range onNoKey {
		inputs[operation] = onAccount[operation]
	}
	for _, operation := range slices.Sorted(maps.Keys(inputs)) {
		w := newWorld(t)
		m, other := w.create(t, kms.CreateKeyInput{}), w.create(t, kms.CreateKeyInput{})
		w.alias(t, "alias/own", m.KeyID)
		w.alias(t, "alias/other", other.KeyID)
		grant := w.grant(t, m.KeyID, kms.CreateGrantInput{})
		policy, err := json.Marshal(allowAccount)
		if err != nil {
			t.Fatal(err)
		}
		blob := base64.StdEncoding.EncodeToString(w.encrypt(t, m.KeyID, []byte("x"), nil))
		in := hide(inputs[operation], "<key>", m.KeyID, "<arn>", m.ARN, "<grant>", grant.GrantID, "<alias>", "alias/other",
			"<own>", "alias/own", `"<policy>"`, string(policy), `"CiphertextBlob":"AAAA"`, `"CiphertextBlob":"`+blob+`"`)
		user := as(ownerAccount)
		user.Caller = wire.Caller{Account: ownerAccount, ARN: "arn:aws:iam::" + ownerAccount + ":user/nobody",
			UserID: "AIDANOBODYNOBODY00000"}
		err = w.run(t, user, operation, in)
		if code(err) != "AccessDeniedException" || !strings.Contains(fault(err), "perform: kms:") {
			t.Errorf("%s: got %v, want AccessDeniedException", operation, err)
		}
		if err := w.run(t, as(ownerAccount), operation, in); code(err) == "AccessDeniedException" {
			t.Errorf("%s of the root user: got %v", operation, err)
		}
	}
}
