package harness_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/google/go-cmp/cmp"
)

// The fields of records, each with its value or, in capitals, with its shape. A record has these fields and no others.
//
// Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events"; KMS
// Developer Guide, "Examples of AWS KMS log entries"; the record of GenerateDataKey that the article prints.
var (
	frameFields = map[string]string{
		"eventVersion": "1.11", "eventTime": "SECONDS", "eventSource": "kms.amazonaws.com", "awsRegion": "eu-west-2",
		"sourceIPAddress": "qldb.amazonaws.com", "userAgent": "qldb.amazonaws.com",
		"userIdentity.invokedBy": "qldb.amazonaws.com",
		"requestParameters":      "null", "responseElements": "null", "requestID": "UUID", "eventID": "UUID",
		"readOnly": "true", "eventType": "AwsApiCall", "managementEvent": "true", "recipientAccountId": account,
		"eventCategory":         "Management",
		"resources.0.accountId": account, "resources.0.type": "AWS::KMS::Key", "resources.0.ARN": "KEY",
	}
	serviceFields = map[string]string{"userIdentity.type": "AWSService", "sharedEventID": "UUID"}
	readerFields  = map[string]string{
		"userIdentity.type": "AssumedRole", "userIdentity.principalId": "AROA:s1", "userIdentity.arn": readerS1,
		"userIdentity.accountId": account, "userIdentity.accessKeyId": "ASIA",
		"userIdentity.sessionContext.sessionIssuer.type":          "Role",
		"userIdentity.sessionContext.sessionIssuer.principalId":   "AROA",
		"userIdentity.sessionContext.sessionIssuer.arn":           readerARN,
		"userIdentity.sessionContext.sessionIssuer.accountId":     account,
		"userIdentity.sessionContext.sessionIssuer.userName":      "reader",
		"userIdentity.sessionContext.attributes.creationDate":     "SECONDS",
		"userIdentity.sessionContext.attributes.mfaAuthenticated": "false",
	}
	nodeFields = map[string]string{
		"requestParameters.encryptionContext.key-hierarchy-node-id":      "ID22",
		"requestParameters.encryptionContext.key-hierarchy-node-version": "1",
	}
	decryptFields  = map[string]string{"requestParameters.encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
	keyFields      = map[string]string{"requestParameters.keyId": "KEY"}
	materialFields = map[string]string{"additionalEventData.keyMaterialId": "HEX64"}
	grantFields    = map[string]string{
		"requestParameters.keyId": "KEY", "requestParameters.name": "qldb-ID22", "readOnly": "false",
		"requestParameters.granteePrincipal":  "qldb.eu-west-2.amazonaws.com",
		"requestParameters.retiringPrincipal": "qldb.eu-west-2.amazonaws.com",
		"requestParameters.operations.0":      "Decrypt", "requestParameters.operations.1": "Encrypt",
		"requestParameters.operations.2": "GenerateDataKey",
		"requestParameters.operations.3": "GenerateDataKeyWithoutPlaintext",
		"requestParameters.operations.4": "ReEncryptFrom", "requestParameters.operations.5": "ReEncryptTo",
		"requestParameters.operations.6": "DescribeKey", "requestParameters.operations.7": "RetireGrant",
	}
)

// fieldsOf are all of them, the later in place of the earlier. What has members is no field of its own.
func fieldsOf(event string, sets ...map[string]string) map[string]string {
	all := maps.Clone(frameFields)
	all["eventName"] = event
	for _, set := range sets {
		maps.Copy(all, set)
	}
	for field := range all {
		for parent := field; strings.Contains(parent, "."); {
			parent = parent[:strings.LastIndexByte(parent, '.')]
			delete(all, parent)
		}
	}
	return all
}

// flatten adds the fields of a value below name to all.
func flatten(all map[string]string, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for member, inner := range v {
			flatten(all, strings.TrimPrefix(name+"."+member, "."), inner)
		}
	case []any:
		for i, inner := range v {
			flatten(all, fmt.Sprintf("%s.%d", name, i), inner)
		}
	case nil:
		all[name] = "null"
	default:
		all[name] = fmt.Sprint(v)
	}
}

// wantFields compares a record with the list of its fields.
func wantFields(t *testing.T, what string, e types.Event, key string, want map[string]string) {
	t.Helper()
	text := strings.ReplaceAll(*e.CloudTrailEvent, key, "KEY")
	for _, c := range changing {
		text = c.form.ReplaceAllString(text, c.name)
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		t.Fatalf("record %s: %v", text, err)
	}
	got := map[string]string{}
	flatten(got, "", record)
	for field, shape := range want {
		if shape != "SECONDS" {
			continue
		}
		if at, err := time.Parse("2006-01-02T15:04:05Z", got[field]); err == nil && !at.IsZero() {
			got[field] = shape
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields of %s (-want +got):\n%s", what, diff)
	}
}

// newest is the newest event of a name for which the text of its record has all of parts.
func (c cast) newest(name string, parts ...string) types.Event {
	c.t.Helper()
	for _, e := range c.events(c.root(), types.LookupAttributeKeyEventName, name) {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(*e.CloudTrailEvent, part) }) {
			return e
		}
	}
	c.t.Fatalf("there is no event %s with %q", name, parts)
	return types.Event{}
}

const byService, byReader, refused = `"type":"AWSService"`, `"type":"AssumedRole"`, `"errorCode"`

// The calls of KMS that QLDB makes for itself and for its caller, answered and refused, field by field.
func TestTrailFields(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	key := c.key(keyPolicy())
	failed := func(code, message string) map[string]string {
		return map[string]string{"errorCode": code, "errorMessage": message}
	}
	denied := func(action string) map[string]string {
		return failed("AccessDenied", "User: "+readerS1+" is not authorized to perform: kms:"+action+" on resource: KEY "+
			"because no identity-based policy allows the kms:"+action+" action")
	}
	check := func(what, event string, parts []string, sets ...map[string]string) {
		t.Helper()
		wantFields(t, what, c.newest(event, parts...), key, fieldsOf(event, sets...))
	}
	create := func() error {
		_, err := qldb.NewFromConfig(c.as("reader")).CreateLedger(t.Context(), &qldb.CreateLedgerInput{
			Name: aws.String("orders"), PermissionsMode: qldbtypes.PermissionsModeStandard, KmsKey: &key,
		})
		return err
	}
	wantCode := func(what string, err error, code string) {
		t.Helper()
		if got, _, _ := strings.Cut(said(err), ":"); got != code {
			t.Fatalf("%s: got %s, want %s", what, said(err), code)
		}
	}

	c.may("reader", allowed("qldb:*", "*"))
	wantCode("without rights to the key", create(), "AccessDeniedException")
	check("the refused DescribeKey", "DescribeKey", []string{refused}, readerFields, keyFields, denied("DescribeKey"))
	c.may("reader", allowedAll("qldb:*", "kms:DescribeKey"))
	wantCode("without the right to give grants", create(), "AccessDeniedException")
	check("the refused CreateGrant", "CreateGrant", []string{refused}, readerFields, grantFields, denied("CreateGrant"))
	c.may("reader", allowedAll("qldb:*", "kms:DescribeKey", "kms:CreateGrant"))
	wantCode("with both", create(), "ok")
	check("DescribeKey", "DescribeKey", nil, readerFields, keyFields)
	check("CreateGrant", "CreateGrant", nil, readerFields, grantFields,
		map[string]string{"responseElements.grantId": "HEX64", "responseElements.keyId": "KEY"})
	check("GenerateDataKey", "GenerateDataKey", nil, serviceFields, nodeFields, materialFields,
		map[string]string{"requestParameters.keyId": "KEY", "requestParameters.numberOfBytes": "32"})

	advance(t, c.h, time.Minute)
	check("QLDB's Decrypt", "Decrypt", []string{byService}, serviceFields, keyFields, decryptFields, nodeFields,
		materialFields)
	wantCode("a reader without the key", c.run(c.as("reader"), "SELECT * FROM information_schema.user_tables"),
		"AccessDeniedException")
	check("the reader's refused Decrypt", "Decrypt", []string{byReader, refused}, readerFields, decryptFields, nodeFields,
		failed("AccessDenied", hiddenKey))
	c.may("reader", allowedAll("qldb:*", "kms:Decrypt"))
	wantCode("a reader with the key", c.run(c.as("reader"), "SELECT * FROM information_schema.user_tables"), "ok")
	check("the reader's Decrypt", "Decrypt", []string{byReader}, readerFields, decryptFields, nodeFields, materialFields)

	if _, err := kms.NewFromConfig(c.root()).DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key}); err != nil {
		t.Fatal(err)
	}
	advance(t, c.h, time.Minute)
	check("QLDB's Decrypt under a disabled key", "Decrypt", []string{byService, refused}, serviceFields, keyFields,
		decryptFields, nodeFields, failed("DisabledException", "KEY is disabled."))
	if _, err := kms.NewFromConfig(c.root()).EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &key}); err != nil {
		t.Fatal(err)
	}
	advance(t, c.h, time.Minute) // so that the sessions can be ended
}
