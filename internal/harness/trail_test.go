package harness_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
)

// events are the events that the caller of cfg finds, newest first; without an attribute all of them.
func (c cast) events(cfg aws.Config, attribute types.LookupAttributeKey, value string) []types.Event {
	c.t.Helper()
	in := &cloudtrail.LookupEventsInput{}
	if attribute != "" {
		in.LookupAttributes = []types.LookupAttribute{{AttributeKey: attribute, AttributeValue: &value}}
	}
	var events []types.Event
	pages := cloudtrail.NewLookupEventsPaginator(cloudtrail.NewFromConfig(cfg), in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		events = append(events, page.Events...)
	}
	return events
}

// event is the only event with a name, of the account.
func (c cast) event(name string) types.Event {
	c.t.Helper()
	events := c.events(c.root(), types.LookupAttributeKeyEventName, name)
	if len(events) != 1 {
		c.t.Fatalf("got %d events %s, want one", len(events), name)
	}
	return events[0]
}

// What differs from run to run in a record, and what it is called in a golden one.
var changing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`[0-9a-f]{64}`), "HEX64"},
	{regexp.MustCompile(`"key-hierarchy-node-id":"[0-9A-Za-z]{22}"`), `"key-hierarchy-node-id":"ID22"`},
	{regexp.MustCompile(`"name":"qldb-[0-9A-Za-z]{22}"`), `"name":"qldb-ID22"`},
	{regexp.MustCompile(`(AROA|AKIA|ASIA)[A-Z2-7]{16,17}`), "$1"},
}

// wantRecord compares a record with a golden one, member by member.
func wantRecord(t *testing.T, e types.Event, golden string) {
	t.Helper()
	text := *e.CloudTrailEvent
	for _, c := range changing {
		text = c.form.ReplaceAllString(text, c.name)
	}
	var got, want map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("record %s: %v", text, err)
	}
	if err := json.Unmarshal([]byte(golden), &want); err != nil {
		t.Fatalf("golden record: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record of %s (-want +got):\n%s", *e.EventName, diff)
	}
}

// TestTrailOfCreateLedger has the record that the article prints, and those of what QLDB does for the user.
func TestTrailOfCreateLedger(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key := c.key(keyPolicy())
	c.may("reader", allowedAll("qldb:*", "kms:DescribeKey", "kms:CreateGrant"))
	createLedger(t, qldb.NewFromConfig(c.as("reader")), key)
	wantRecord(t, c.event("GenerateDataKey"), `{"eventVersion":"1.11",
		"userIdentity":{"type":"AWSService","invokedBy":"qldb.amazonaws.com"},"eventTime":"2026-01-05T10:15:00Z",
		"eventSource":"kms.amazonaws.com","eventName":"GenerateDataKey","awsRegion":"eu-west-2",
		"sourceIPAddress":"qldb.amazonaws.com","userAgent":"qldb.amazonaws.com",
		"requestParameters":{"encryptionContext":{"key-hierarchy-node-id":"ID22","key-hierarchy-node-version":"1"},
			"keyId":"arn:aws:kms:eu-west-2:111122223333:key/UUID","numberOfBytes":32},
		"responseElements":null,"additionalEventData":{"keyMaterialId":"HEX64"},"requestID":"UUID","eventID":"UUID",
		"readOnly":true,"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key",
			"ARN":"arn:aws:kms:eu-west-2:111122223333:key/UUID"}],
		"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","sharedEventID":"UUID",
		"eventCategory":"Management"}`)
	reader := `{"type":"AssumedRole","principalId":"AROA:s1","arn":"` + readerS1 + `","accountId":"111122223333",
		"accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA","arn":"` + readerARN +
		`","accountId":"111122223333","userName":"reader"},
		"attributes":{"creationDate":"2026-01-05T10:15:00Z","mfaAuthenticated":"false"}}`
	wantRecord(t, c.event("CreateGrant"), `{"eventVersion":"1.11","userIdentity":`+reader+`,
			"invokedBy":"qldb.amazonaws.com"},"eventTime":"2026-01-05T10:15:00Z",
		"eventSource":"kms.amazonaws.com","eventName":"CreateGrant","awsRegion":"eu-west-2",
		"sourceIPAddress":"qldb.amazonaws.com","userAgent":"qldb.amazonaws.com",
		"requestParameters":{"keyId":"arn:aws:kms:eu-west-2:111122223333:key/UUID",
			"granteePrincipal":"qldb.eu-west-2.amazonaws.com","retiringPrincipal":"qldb.eu-west-2.amazonaws.com",
			"name":"qldb-ID22","operations":["Decrypt","Encrypt","GenerateDataKey","GenerateDataKeyWithoutPlaintext",
				"ReEncryptFrom","ReEncryptTo","DescribeKey","RetireGrant"]},
		"responseElements":{"grantId":"HEX64","keyId":"arn:aws:kms:eu-west-2:111122223333:key/UUID"},
		"requestID":"UUID","eventID":"UUID","readOnly":false,"resources":[{"accountId":"111122223333",
			"type":"AWS::KMS::Key","ARN":"arn:aws:kms:eu-west-2:111122223333:key/UUID"}],
		"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333",
		"eventCategory":"Management"}`)
	made := c.event("CreateLedger")
	wantRecord(t, made, `{"eventVersion":"1.11","userIdentity":`+reader+`},"eventTime":"2026-01-05T10:15:00Z",
		"eventSource":"qldb.amazonaws.com","eventName":"CreateLedger","awsRegion":"eu-west-2",
		"sourceIPAddress":"127.0.0.1","userAgent":`+agentOf(t, made)+`,
		"requestParameters":{"Name":"orders","PermissionsMode":"STANDARD",
			"KmsKey":"arn:aws:kms:eu-west-2:111122223333:key/UUID"},
		"responseElements":{"Name":"orders","Arn":"`+ordersARN+`","State":"CREATING","CreationDateTime":1767608100,
			"PermissionsMode":"STANDARD","DeletionProtection":true,
			"KmsKeyArn":"arn:aws:kms:eu-west-2:111122223333:key/UUID"},
		"requestID":"UUID","eventID":"UUID","readOnly":false,"resources":[{"accountId":"111122223333",
			"type":"AWS::QLDB::Ledger","ARN":"`+ordersARN+`"}],
		"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333",
		"eventCategory":"Management"}`)
	if ids := requestIDs(t, c.events(c.root(), "", "")); len(ids) < 5 {
		t.Errorf("calls share request ids: %v", ids)
	}
}

// agentOf is the user agent in a record, as JSON.
func agentOf(t *testing.T, e types.Event) string {
	t.Helper()
	var r struct {
		UserAgent json.RawMessage `json:"userAgent"`
	}
	err := json.Unmarshal([]byte(*e.CloudTrailEvent), &r)
	if err != nil || !bytes.Contains(r.UserAgent, []byte("sdk-go")) {
		t.Fatalf("user agent %s, %v, want that of the SDK", r.UserAgent, err)
	}
	return string(r.UserAgent)
}

// requestIDs are the different request ids of events.
func requestIDs(t *testing.T, events []types.Event) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, e := range events {
		var r struct{ RequestID string }
		if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &r); err != nil || ids[r.RequestID] {
			t.Errorf("event %s, %v: its request id %q is another's too", *e.EventName, err, r.RequestID)
		}
		ids[r.RequestID] = true
	}
	return ids
}

const hiddenKey = "The ciphertext refers to a customer master key that does not exist, does not exist in this " +
	"region, or you are not allowed to access."

// A reader who may use the ledger and not its key is recorded as refused by KMS, called by QLDB. What it sends to the
// ledger is not recorded.
func TestTrailOfDeniedReader(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(throughQLDB)))
	c.may("reader", allowed("qldb:*", "*"))
	if got := said(c.run(c.as("reader"), "SELECT * FROM Test")); !strings.HasSuffix(got, hiddenKey) {
		t.Fatalf("reader: got %s", got)
	}
	events := c.events(c.root(), types.LookupAttributeKeyUsername, "s1")
	if len(events) == 0 || *events[0].EventName != "Decrypt" || aws.ToString(events[0].ReadOnly) != "true" {
		t.Fatalf("events of s1: %+v, want Decrypt first", events)
	}
	wantRecord(t, events[0], `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA:s1",
			"arn":"`+readerS1+`","accountId":"111122223333","accessKeyId":"ASIA",
			"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA","arn":"`+readerARN+`",
				"accountId":"111122223333","userName":"reader"},
				"attributes":{"creationDate":"2026-01-05T10:15:02Z","mfaAuthenticated":"false"}},
			"invokedBy":"qldb.amazonaws.com"},
		"eventTime":"2026-01-05T10:15:02Z","eventSource":"kms.amazonaws.com","eventName":"Decrypt",
		"awsRegion":"eu-west-2","sourceIPAddress":"qldb.amazonaws.com","userAgent":"qldb.amazonaws.com",
		"errorCode":"AccessDenied","errorMessage":"`+hiddenKey+`",
		"requestParameters":{"encryptionAlgorithm":"SYMMETRIC_DEFAULT",
			"encryptionContext":{"key-hierarchy-node-id":"ID22","key-hierarchy-node-version":"1"}},
		"responseElements":null,"requestID":"UUID","eventID":"UUID","readOnly":true,
		"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key",
			"ARN":"arn:aws:kms:eu-west-2:111122223333:key/UUID"}],
		"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333",
		"eventCategory":"Management"}`)
	if sent := c.events(c.root(), types.LookupAttributeKeyEventName, "SendCommand"); len(sent) != 0 {
		t.Errorf("commands to a ledger are recorded: %+v", sent)
	}
}

// What a key's owner learns of a stranger's call, and what not.
func TestTrailAcrossAccounts(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key := c.key(keyPolicy(to("arn:aws:iam::"+foreigner+":root", "kms:Encrypt")))
	stranger := c.with(aForeigner, devSecret, "")
	keys := kms.NewFromConfig(stranger)
	if _, err := keys.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key}); err == nil {
		t.Fatal("a stranger may describe the key")
	}
	type shared struct {
		EventID, SharedEventID, RecipientAccountID string
		UserIdentity                               struct{ Type, AccountID, UserName string }
		Resources                                  []struct{ ARN string }
	}
	read := func(cfg aws.Config, name string) (list []shared) {
		t.Helper()
		for _, e := range c.events(cfg, types.LookupAttributeKeyEventName, name) {
			var r shared
			if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &r); err != nil {
				t.Fatal(err)
			}
			list = append(list, r)
		}
		return list
	}
	own, copied := read(stranger, "Encrypt"), read(c.root(), "Encrypt")
	if len(own) != 1 || len(copied) != 1 {
		t.Fatalf("got %d events in the caller's account and %d in the owner's, want one each", len(own), len(copied))
	}
	shares := own[0].SharedEventID != "" && own[0].SharedEventID == copied[0].SharedEventID
	if !shares || own[0].EventID == copied[0].EventID {
		t.Errorf("ids of the event %+v and of its copy %+v", own[0], copied[0])
	}
	if who := own[0].UserIdentity; who.Type != "IAMUser" || who.UserName != "stranger" {
		t.Errorf("caller in its own account: %+v", who)
	}
	if who := copied[0].UserIdentity; who.Type != "AWSAccount" || who.AccountID != foreigner || who.UserName != "" {
		t.Errorf("caller in the owner's account: %+v", who)
	}
	if got := copied[0].RecipientAccountID; got != account {
		t.Errorf("the copy is for %s", got)
	}
	denied := read(stranger, "DescribeKey")
	if len(denied) != 1 || len(denied[0].Resources) != 0 || len(read(c.root(), "DescribeKey")) != 0 {
		t.Errorf("the refused call: %+v; it is the caller's affair, and says nothing of the key", denied)
	}
	c.putPolicy(key, keyPolicy(to("arn:aws:iam::"+foreigner+":root", "kms:DescribeKey")))
	want(t, "named by the key policy", second(keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key})), "ok")
	if own, copied := read(stranger, "DescribeKey"), read(c.root(), "DescribeKey"); len(own) != 2 || len(copied) != 1 {
		t.Errorf("got %d events in the caller's account and %d in the owner's, want 2 and 1", len(own), len(copied))
	}
}

func TestTrailOfRotationAndDeletion(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	keys := kms.NewFromConfig(c.root())
	turning, doomed := c.key(""), c.key("")
	_, err := keys.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{
		KeyId: &turning, RotationPeriodInDays: aws.Int32(90),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = keys.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{
		KeyId: &doomed, PendingWindowInDays: aws.Int32(7),
	})
	if err != nil {
		t.Fatal(err)
	}
	scheduled := c.event("ScheduleKeyDeletion")
	if !strings.Contains(*scheduled.CloudTrailEvent, `"responseElements":{"deletionDate":"Jan 12, 2026, 10:15:00 AM",`) {
		t.Errorf("ScheduleKeyDeletion: %s", *scheduled.CloudTrailEvent)
	}
	advance(t, c.h, 90*24*time.Hour)
	frame := `"userIdentity":{"accountId":"111122223333","invokedBy":"AWS Internal"},"eventSource":"kms.amazonaws.com",
		"awsRegion":"eu-west-2","sourceIPAddress":"AWS Internal","userAgent":"AWS Internal","requestParameters":null,
		"responseElements":null,"eventID":"UUID","readOnly":false,"resources":[{"accountId":"111122223333",
			"type":"AWS::KMS::Key","ARN":"arn:aws:kms:eu-west-2:111122223333:key/UUID"}],"eventType":"AwsServiceEvent",
		"managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","eventVersion":"1.11",`
	wantRecord(t, c.event("RotateKey"), `{`+frame+`"eventName":"RotateKey","eventTime":"2026-04-05T10:15:00Z",
		"serviceEventDetails":{"keyId":"UUID","rotationType":"AUTOMATIC","keyOrigin":"AWS_KMS",
			"previousKeyMaterialId":"HEX64","currentKeyMaterialId":"HEX64"}}`)
	wantRecord(t, c.event("DeleteKey"), `{`+frame+`"eventName":"DeleteKey","eventTime":"2026-01-12T10:15:00Z",
		"serviceEventDetails":{"keyId":"UUID"}}`)
	if found := c.events(c.root(), types.LookupAttributeKeyResourceName, turning); *found[0].EventName != "RotateKey" {
		t.Errorf("the newest event of the key: %s, want RotateKey", *found[0].EventName)
	}
}

// A key change is recorded call by call: what QLDB does for the user, what it does by itself, and with which key.
func TestTrailOfAKeyChange(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	first, next := c.key(keyPolicy()), c.key(keyPolicy())
	c.ledger(first)
	if err := rekeyTo(t.Context(), qldb.NewFromConfig(c.root()), next); err != nil {
		t.Fatal(err)
	}
	advance(t, c.h, 2*time.Second)
	var got []string // newest first
	for _, e := range c.events(c.root(), "", "") {
		var r struct {
			UserIdentity      struct{ Type, InvokedBy string }
			RequestParameters struct{ EncryptionContext map[string]string }
			Resources         []struct{ ARN string }
		}
		if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &r); err != nil {
			t.Fatal(err)
		}
		key := strings.NewReplacer(first, "first", next, "next", ordersARN, "orders").Replace(r.Resources[0].ARN)
		got = append(got, strings.TrimSpace(fmt.Sprint(*e.EventName, " ", key, " by ", r.UserIdentity.Type, " ",
			r.RequestParameters.EncryptionContext["key-hierarchy-node-version"])))
		if key == "orders" {
			continue
		}
		if r.UserIdentity.InvokedBy != "qldb.amazonaws.com" {
			t.Errorf("%s is invoked by %q", *e.EventName, r.UserIdentity.InvokedBy)
		}
		if *e.EventName == "DescribeKey" {
			break
		}
	}
	slices.Reverse(got)
	if diff := cmp.Diff([]string{
		"DescribeKey next by Root", "CreateGrant next by Root", "GenerateDataKey next by AWSService 2",
		"Decrypt next by AWSService 2", "UpdateLedger orders by Root", "Decrypt first by AWSService 1",
		"Decrypt next by AWSService 2", "RetireGrant first by AWSService",
	}, got); diff != "" {
		t.Errorf("the key change in the trail (-want +got):\n%s", diff)
	}
	wantRecord(t, c.event("RetireGrant"), `{"eventVersion":"1.11",
		"userIdentity":{"type":"AWSService","invokedBy":"qldb.amazonaws.com"},"eventTime":"2026-01-05T10:15:04Z",
		"eventSource":"kms.amazonaws.com","eventName":"RetireGrant","awsRegion":"eu-west-2",
		"sourceIPAddress":"qldb.amazonaws.com","userAgent":"qldb.amazonaws.com","requestParameters":null,
		"responseElements":null,"additionalEventData":{"grantId":"HEX64"},"requestID":"UUID","eventID":"UUID",
		"readOnly":false,"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key",
			"ARN":"arn:aws:kms:eu-west-2:111122223333:key/UUID"}],
		"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","sharedEventID":"UUID",
		"eventCategory":"Management"}`)
}

// IAM belongs to no Region: its events are those of us-east-1.
func TestTrailOfIAM(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	_, err := iam.NewFromConfig(c.root()).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("nobody")})
	want(t, "GetRole", err, "NoSuchEntity: The role with name nobody cannot be found.")
	c.may("reader", allowed("kms:*", "*"))
	if here := c.events(c.root(), types.LookupAttributeKeyEventSource, "iam.amazonaws.com"); len(here) != 0 {
		t.Errorf("in eu-west-2: %+v", here)
	}
	events := c.events(sdk(c.h, c.server, "us-east-1"), types.LookupAttributeKeyEventSource, "iam.amazonaws.com")
	if len(events) != 2 || *events[0].EventName != "PutRolePolicy" || *events[1].EventName != "GetRole" {
		t.Fatalf("in us-east-1: %+v", events)
	}
	got := events[0].Resources
	if len(got) != 1 || *got[0].ResourceType != "AWS::IAM::Role" || *got[0].ResourceName != "reader" {
		t.Errorf("resources of PutRolePolicy: %+v", got)
	}
	if !strings.Contains(*events[1].CloudTrailEvent, `"errorCode":"NoSuchEntityException"`) {
		t.Errorf("GetRole: %s", *events[1].CloudTrailEvent)
	}
}

func TestLookupEventsIsPermitted(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	look := func() error {
		_, err := cloudtrail.NewFromConfig(c.as("reader")).LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
		return err
	}
	want(t, "without a policy", look(), "AccessDeniedException: User: "+readerS1+" is not authorized to perform: "+
		"cloudtrail:LookupEvents on resource: * because no identity-based policy allows the cloudtrail:LookupEvents action")
	c.may("reader", allowed("cloudtrail:LookupEvents", "*"))
	want(t, "with one", look(), "ok")
	if n := len(c.events(c.root(), types.LookupAttributeKeyEventName, "LookupEvents")); n != 2 {
		t.Errorf("got %d events of LookupEvents, want both", n)
	}
}

// secrets collects what must not be in any record, in the forms in which it could be.
type secrets map[string][]string

func (s secrets) add(name string, secret []byte) {
	s[name] = append(s[name], string(secret), base64.StdEncoding.EncodeToString(secret), hex.EncodeToString(secret))
}

func TestTrailKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	secret, ctx := secrets{}, t.Context()
	keys := kms.NewFromConfig(c.root())
	key := c.key("")
	data, err := keys.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &key, KeySpec: kmstypes.DataKeySpecAes256})
	want(t, "GenerateDataKey", err, "ok")
	secret.add("data key", data.Plaintext)
	secret.add("encrypted data key", data.CiphertextBlob)
	_, err = keys.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: data.CiphertextBlob})
	want(t, "Decrypt", err, "ok")
	_, err = keys.Encrypt(ctx, &kms.EncryptInput{KeyId: &key, Plaintext: []byte("a plaintext of one's own")})
	want(t, "Encrypt", err, "ok")
	secret.add("plaintext", []byte("a plaintext of one's own"))
	grant, err := keys.CreateGrant(ctx, &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: aws.String(readerARN), Operations: []kmstypes.GrantOperation{"Encrypt"},
	})
	want(t, "CreateGrant", err, "ok")
	secret.add("grant token", []byte(*grant.GrantToken))
	_, err = keys.Encrypt(ctx, &kms.EncryptInput{
		KeyId: &key, Plaintext: []byte("x"), GrantTokens: []string{*grant.GrantToken},
	})
	want(t, "Encrypt with a grant token", err, "ok")
	_, err = keys.CreateCustomKeyStore(ctx, &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("s"), CloudHsmClusterId: aws.String("cluster-1a23b4cdefg"),
		KeyStorePassword: aws.String("kmsPswd-of-the-store"), TrustAnchorCertificate: aws.String("-----BEGIN-----"),
	})
	want(t, "CreateCustomKeyStore", err, "ok")
	secret.add("password of the key store", []byte("kmsPswd-of-the-store"))
	session, err := sts.NewFromConfig(c.with(devKey, devSecret, "")).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	want(t, "GetSessionToken", err, "ok")
	secret.add("secret of a session", []byte(*session.Credentials.SecretAccessKey))
	secret.add("session token", []byte(*session.Credentials.SessionToken))
	role, err := c.as("reader").Credentials.Retrieve(ctx)
	want(t, "AssumeRole", err, "ok")
	secret.add("secret of a role session", []byte(role.SecretAccessKey))
	secret.add("token of a role session", []byte(role.SessionToken))
	made, err := iam.NewFromConfig(c.root()).CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("dev")})
	want(t, "CreateAccessKey", err, "ok")
	secret.add("secret access key", []byte(*made.AccessKey.SecretAccessKey))
	secret.add("secret that signs", []byte(devSecret))

	text := ""
	for _, region := range []string{"eu-west-2", "us-east-1"} {
		for _, e := range c.events(sdk(c.h, c.server, region), "", "") {
			text += *e.CloudTrailEvent + "\n"
		}
	}
	for _, name := range []string{"GenerateDataKey", "Decrypt", "Encrypt", "CreateGrant", "CreateCustomKeyStore",
		"GetSessionToken", "AssumeRole", "CreateAccessKey"} {
		if !strings.Contains(text, `"eventName":"`+name+`"`) {
			t.Errorf("%s is not recorded", name)
		}
	}
	for name, forms := range secret {
		for _, form := range forms {
			if strings.Contains(text, form) {
				t.Errorf("the trail shows the %s", name)
			}
		}
	}
	if !strings.Contains(text, *made.AccessKey.AccessKeyId) || !strings.Contains(text, role.AccessKeyID) {
		t.Error("the trail shows no id of what was issued")
	}
}

// The trail outlives the process, and is sealed on disk.
func TestTrailOnDisk(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	h, err := harness.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(t, h)
	key := makeKey(t, kms.NewFromConfig(sdk(h, server, "eu-west-2")))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(filepath.Join(cfg.DataDir, "logs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte("CreateKey")) || bytes.Contains(content, []byte(key)) {
			t.Errorf("%s is not sealed", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files of the trail, %v", files, err)
	}
	again, server := open(t, cfg)
	c := cast{t, again, server}
	if got := c.event("CreateKey").Resources; len(got) != 1 || *got[0].ResourceName != key {
		t.Errorf("after a restart the event is about %+v, want %s", got, key)
	}
}

func TestTrailDelayAndRate(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.Timing.TrailDelay, cfg.LookupsPerSecond = time.Minute, 2
	h, server := open(t, cfg)
	c := cast{t, h, server}
	makeKey(t, kms.NewFromConfig(c.root()))
	if early := c.events(c.root(), types.LookupAttributeKeyEventName, "CreateKey"); len(early) != 0 {
		t.Errorf("at once: %+v", early)
	}
	advance(t, h, time.Minute)
	c.event("CreateKey")
	c.event("CreateKey")
	_, err := cloudtrail.NewFromConfig(c.root()).LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
	want(t, "the third in a second", err, "ThrottlingException: Rate exceeded")
	advance(t, h, time.Second)
	c.event("CreateKey")
}

// newServer serves h, which the test closes.
func newServer(t *testing.T, h *harness.Harness) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}
