package cloudtrail_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/cloudtrail"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// record is the record of the newest event.
func (w *world) record(t *testing.T) map[string]any {
	t.Helper()
	out := w.look(t, &cloudtrail.LookupEventsInput{MaxResults: ptr(1)})
	var r map[string]any
	if err := json.Unmarshal([]byte(out.Events[0].CloudTrailEvent), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// shown is a member of a record, as JSON with sorted names.
func shown(t *testing.T, r map[string]any, name string) string {
	t.Helper()
	value, found := r[name]
	if !found {
		return "absent"
	}
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// What requestParameters, responseElements and additionalEventData hold, operation by operation.
func TestRecordsByOperation(t *testing.T) {
	t.Parallel()
	id, token, blob := ptr("6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01"), []string{"a grant token"}, []byte("a secret blob")
	const key = `{"keyId":"` + keyARN + `"}`
	for _, test := range []struct {
		service, operation        string
		access                    wire.Access
		in, out                   any
		wantIn, wantOut, wantMore string
	}{
		{"kms", "Decrypt", wire.Read,
			&kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: map[string]string{"Team": "x"}, GrantTokens: token},
			&kms.DecryptOutput{Plaintext: blob, KeyID: keyARN, KeyMaterialID: "m1"},
			`{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"Team":"x"}}`, `null`,
			`{"keyMaterialId":"m1"}`},
		{"kms", "ReEncrypt", wire.Read, &kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyID: id},
			&kms.ReEncryptOutput{SourceKeyMaterialID: "m1", DestinationKeyMaterialID: "m2"},
			`{"destinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT","destinationKeyId":"` + *id +
				`","sourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT"}`, `null`,
			`{"destinationKeyMaterialId":"m2","sourceKeyMaterialId":"m1"}`},
		{"kms", "CreateKey", wire.Write,
			&kms.CreateKeyInput{KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY", Tags: []kms.Tag{{TagKey: "a", TagValue: ""}}},
			&kms.CreateKeyOutput{KeyMetadata: &kms.KeyMetadata{AWSAccountID: account, CreationDate: wire.At(start)}},
			`{"bypassPolicyLockoutSafetyCheck":false,"customerMasterKeySpec":"RSA_2048","description":"",` +
				`"keySpec":"RSA_2048","keyUsage":"SIGN_VERIFY","multiRegion":false,"origin":"AWS_KMS",` +
				`"tags":[{"tagKey":"a"}]}`,
			`{"keyMetadata":{"AWSAccountId":"` + account + `","creationDate":"Jan 5, 2026, 10:15:00 AM","enabled":false,` +
				`"multiRegion":false}}`, `absent`},
		{"kms", "PutKeyPolicy", wire.Write, &kms.PutKeyPolicyInput{KeyID: id, Policy: ptr("{}")}, nil,
			`{"bypassPolicyLockoutSafetyCheck":false,"keyId":"` + *id + `","policy":"{}","policyName":"default"}`, key,
			`absent`},
		{"kms", "DisableKey", wire.Write, &kms.KeyInput{KeyID: id}, nil, `{"keyId":"` + *id + `"}`, key, `absent`},
		{"kms", "ScheduleKeyDeletion", wire.Write, &kms.ScheduleKeyDeletionInput{KeyID: id, PendingWindowInDays: ptr(7)},
			&kms.ScheduleKeyDeletionOutput{
				DeletionDate: wire.At(start.Add(7 * day)), KeyID: keyARN, KeyState: "PendingDeletion", PendingWindowInDays: 7,
			},
			`{"keyId":"` + *id + `","pendingWindowInDays":7}`,
			`{"deletionDate":"Jan 12, 2026, 10:15:00 AM","keyId":"` + keyARN +
				`","keyState":"PendingDeletion","pendingWindowInDays":7}`, `absent`},
		{"kms", "CreateAlias", wire.Write, &kms.CreateAliasInput{AliasName: ptr("alias/orders"), TargetKeyID: id}, nil,
			`{"aliasName":"alias/orders","targetKeyId":"` + *id + `"}`, `null`, `absent`},
		{"kms", "CreateGrant", wire.Write,
			&kms.CreateGrantInput{
				KeyID: id, Operations: []string{"Encrypt"}, GranteePrincipal: ptr("p"), GrantTokens: token,
				Constraints: &kms.GrantConstraints{EncryptionContextSubset: map[string]string{"A": "b"}},
			},
			&kms.CreateGrantOutput{GrantID: "g", GrantToken: "a grant token"},
			`{"constraints":{"encryptionContextSubset":{"A":"b"}},"granteePrincipal":"p","keyId":"` + *id +
				`","operations":["Encrypt"]}`,
			`{"grantId":"g","keyId":"` + keyARN + `"}`, `absent`},
		{"kms", "RetireGrant", wire.Write, &kms.RetireGrantInput{KeyID: ptr(keyARN), GrantID: ptr("g")}, nil,
			`null`, `null`, `absent`},
		{"kms", "ImportKeyMaterial", wire.Write,
			&kms.ImportKeyMaterialInput{
				KeyID: id, ImportToken: blob, EncryptedKeyMaterial: blob, ValidTo: wire.At(start),
				ExpirationModel: "KEY_MATERIAL_EXPIRES",
			}, &kms.ImportKeyMaterialOutput{KeyID: keyARN},
			`{"expirationModel":"KEY_MATERIAL_EXPIRES","keyId":"` + *id + `","validTo":"Jan 5, 2026, 10:15:00 AM"}`, key,
			`absent`},
		{"kms", "ListAliases", wire.Read, &kms.ListAliasesInput{}, &kms.ListAliasesOutput{}, `null`, `null`, `absent`},
		{"qldb", "ListLedgers", wire.Read, &qldb.ListLedgersInput{MaxResults: ptr[int32](5)}, nil, `{"MaxResults":5}`,
			`null`, `absent`},
		{"qldb", "TagResource", wire.Write,
			&qldb.TagResourceInput{ResourceArn: "arn", Tags: map[string]*string{"a": ptr("b")}}, &wire.Empty{},
			`{"ResourceArn":"arn","Tags":{"a":"b"}}`, `null`, `absent`},
		{"kms", "UpdateKeyDescription", wire.Write,
			&kms.UpdateKeyDescriptionInput{KeyID: id, Description: ptr(strings.Repeat("x", 200_000))}, nil,
			`{"omitted":true,"originalSize":200065,"reason":"the members are over 100 KB"}`, key, `absent`},
	} {
		t.Run(test.operation, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := w.call(test.operation)
			if c.Service = test.service; c.Service == "qldb" {
				c.Trail = wire.Trail{}
			}
			w.Observe(wire.Observation{Call: c, Access: test.access, In: test.in, Out: test.out})
			r := w.record(t)
			got := []string{
				shown(t, r, "requestParameters"), shown(t, r, "responseElements"), shown(t, r, "additionalEventData"),
			}
			if diff := cmp.Diff([]string{test.wantIn, test.wantOut, test.wantMore}, got); diff != "" {
				t.Errorf("requestParameters, responseElements, additionalEventData (-want +got):\n%s", diff)
			}
			text, err := json.Marshal(r)
			if err != nil || strings.Contains(string(text), "a grant token") || strings.Contains(string(text), "YSBzZWNy") {
				t.Errorf("the record shows a secret, or %v: %s", err, text)
			}
		})
	}
}

// sessions are the sessions that an identity service knows, by access key.
type sessions map[string]cloudtrail.Session

func (s sessions) Session(_ context.Context, c wire.Caller) (cloudtrail.Session, bool, error) {
	session, found := s[c.AccessKeyID]
	return session, found, nil
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	const iam, sts = "arn:aws:iam::" + account + ":", "arn:aws:sts::" + account + ":"
	issued := start.Add(-time.Hour)
	w := newWorld(t, func(cfg *cloudtrail.Config) {
		cfg.Identities = sessions{
			"ASIAROLE":      {IssuerARN: iam + "role/apps/reader", IssuerID: "AROA1", Issued: issued},
			"ASIAUSER":      {IssuerARN: iam + "user/alice", IssuerID: "AIDA1", Issued: issued},
			"ASIAFEDERATED": {IssuerARN: iam + "root", IssuerID: account, Issued: issued},
		}
	})
	const attributes = `"attributes":{"creationDate":"2026-01-05T09:15:00Z","mfaAuthenticated":"false"}`
	for name, test := range map[string]struct {
		caller wire.Caller
		via    string
		want   string
	}{
		"root": {caller: wire.Caller{Account: account, ARN: iam + "root", UserID: account, AccessKeyID: "AKIA1"},
			want: `{"accessKeyId":"AKIA1","accountId":"` + account + `","arn":"` + iam + `root","principalId":"` + account +
				`","type":"Root"}`},
		"user with a path": {
			caller: wire.Caller{Account: account, ARN: iam + "user/eu/alice", UserID: "AIDA1", AccessKeyID: "AKIA2"},
			want: `{"accessKeyId":"AKIA2","accountId":"` + account + `","arn":"` + iam +
				`user/eu/alice","principalId":"AIDA1","type":"IAMUser","userName":"alice"}`},
		"user's session": {
			caller: wire.Caller{Account: account, ARN: iam + "user/alice", UserID: "AIDA1", AccessKeyID: "ASIAUSER"},
			want: `{"accessKeyId":"ASIAUSER","accountId":"` + account + `","arn":"` + iam +
				`user/alice","principalId":"AIDA1","sessionContext":{` + attributes + `},"type":"IAMUser","userName":"alice"}`},
		"role through QLDB": {
			caller: wire.Caller{Account: account, ARN: sts + "assumed-role/reader/s1", UserID: "AROA1:s1",
				AccessKeyID: "ASIAROLE"},
			via: "qldb.eu-west-2.amazonaws.com",
			want: `{"accessKeyId":"ASIAROLE","accountId":"` + account + `","arn":"` + sts +
				`assumed-role/reader/s1","invokedBy":"qldb.amazonaws.com","principalId":"AROA1:s1","sessionContext":{` +
				attributes + `,"sessionIssuer":{"accountId":"` + account + `","arn":"` + iam +
				`role/apps/reader","principalId":"AROA1","type":"Role","userName":"reader"}},"type":"AssumedRole"}`},
		"federated user of root": {
			caller: wire.Caller{Account: account, ARN: sts + "federated-user/bob", UserID: account + ":bob",
				AccessKeyID: "ASIAFEDERATED"},
			want: `{"accessKeyId":"ASIAFEDERATED","accountId":"` + account + `","arn":"` + sts +
				`federated-user/bob","principalId":"` + account + `:bob","sessionContext":{` + attributes +
				`,"sessionIssuer":{"accountId":"` + account + `","arn":"` + iam + `root","principalId":"` + account +
				`","type":"Root"}},"type":"FederatedUser"}`},
		"service": {
			caller: wire.Caller{Account: account, Service: "qldb.eu-west-2.amazonaws.com"},
			want:   `{"invokedBy":"qldb.amazonaws.com","type":"AWSService"}`},
	} {
		c := w.call("Decrypt")
		c.Caller, c.ViaService = test.caller, test.via
		w.Observe(wire.Observation{Call: c, Access: wire.Read})
		if got := shown(t, w.record(t), "userIdentity"); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
	}
}

// What cannot be recorded is said in the log, with the reason.
func TestUnknownCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.call("Decrypt")
	c.Caller.ARN = "nobody"
	w.Observe(wire.Observation{Call: c, Access: wire.Read})
	if out := w.look(t, &cloudtrail.LookupEventsInput{}); len(out.Events) != 0 {
		t.Errorf("recorded: %+v", out.Events)
	}
	if !strings.Contains(w.log.String(), `record Decrypt of kms: \"nobody\" is no caller`) {
		t.Errorf("log: %s", w.log)
	}
}

func TestErrorCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range []struct{ service, code, want string }{
		{"kms", "AccessDeniedException", "AccessDenied"},
		{"kms", "KMSInvalidStateException", "KMSInvalidStateException"},
		{"iam", "AccessDenied", "AccessDenied"},
		{"iam", "NoSuchEntity", "NoSuchEntityException"},
	} {
		c := w.call("Op")
		c.Service = test.service
		c.Region = region
		fault := wire.Faultf(test.code, "%s", strings.Repeat("é", 600))
		w.Observe(wire.Observation{Call: c, Access: wire.Write, Fault: fault})
		look := w.call("LookupEvents")
		if test.service == "iam" {
			look.Region = "us-east-1"
		}
		out, err := w.LookupEvents(t.Context(), look, &cloudtrail.LookupEventsInput{MaxResults: ptr(1)})
		if err != nil {
			t.Fatal(err)
		}
		var r struct{ ErrorCode, ErrorMessage string }
		if err := json.Unmarshal([]byte(out.Events[0].CloudTrailEvent), &r); err != nil {
			t.Fatal(err)
		}
		if r.ErrorCode != test.want || r.ErrorMessage != strings.Repeat("é", 512) {
			t.Errorf("%s %s: got %s and %d bytes of text, want %s and 1024", test.service, test.code, r.ErrorCode,
				len(r.ErrorMessage), test.want)
		}
	}
}
