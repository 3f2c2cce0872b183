package cloudtrail

import (
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// usual are members that KMS records although they were not sent.
//
// Source: KMS Developer Guide, "CreateKey", "PutKeyPolicy", "Decrypt", "Encrypt" and "ReEncrypt" among the examples of
// log entries.
var usual = map[string]map[string]any{
	"CreateKey": {
		"description": "", "origin": "AWS_KMS", "keySpec": "SYMMETRIC_DEFAULT",
		"customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT", "multiRegion": false,
		"bypassPolicyLockoutSafetyCheck": false,
	},
	"PutKeyPolicy": {"bypassPolicyLockoutSafetyCheck": false, "policyName": "default"},
	"Encrypt":      {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
	"Decrypt":      {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
	"ReEncrypt": {
		"sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
	},
}

// requestParameters is the input of a call as its record shows it.
func requestParameters(o *wire.Observation) map[string]any {
	if o.Call.Service == "kms" && o.Call.Operation == "RetireGrant" {
		return nil
	}
	m := styleOf(o.Call.Service).members(o.In)
	if o.Call.Service != "kms" {
		return m
	}
	if o.Call.Operation == "CreateKey" {
		sameSpec(m)
	}
	for name, value := range usual[o.Call.Operation] {
		if m == nil {
			m = map[string]any{}
		}
		if _, sent := m[name]; !sent {
			m[name] = value
		}
	}
	return m
}

// sameSpec lets both names of a key's spec say what one of them was sent to say.
func sameSpec(m map[string]any) {
	const now, before = "keySpec", "customerMasterKeySpec"
	if spec, sent := m[now]; sent {
		m[before] = spec
	} else if spec, sent := m[before]; sent {
		m[now] = spec
	}
}

// silent are operations that change something and whose records show no answer.
var silent = []string{"CreateAlias", "UpdateAlias", "DeleteAlias", "RetireGrant"}

// issuing are operations that change nothing in the eyes of CloudTrail and whose records show the answer all the same.
//
// Source: IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail", the examples of AWS STS.
var issuing = []string{"AssumeRole", "GetSessionToken", "GetFederationToken"}

// isReadOnly says whether a call can change nothing. That STS makes credentials is not a change.
func isReadOnly(o *wire.Observation) bool { return o.Access == wire.Read || o.Call.Service == "sts" }

// responseElements is the output of a call as its record shows it: that of a call that only reads is not shown. KMS
// shows the key that was changed, also where its API answers nothing.
//
// Source: KMS Developer Guide, "Examples of AWS KMS log entries".
func responseElements(o *wire.Observation) map[string]any {
	if o.Fault != nil || isReadOnly(o) && !slices.Contains(issuing, o.Call.Operation) {
		return nil
	}
	s := styleOf(o.Call.Service)
	s.zero = true
	m := s.members(o.Out)
	if o.Call.Service != "kms" {
		return m
	}
	key := firstKey(o.Call.Trail.Resources)
	if slices.Contains(silent, o.Call.Operation) || key == "" {
		return m
	}
	if m == nil {
		m = map[string]any{}
	}
	if _, whole := m["keyMetadata"]; !whole {
		m["keyId"] = key
	}
	return m
}

func firstKey(arns []string) string {
	for _, arn := range arns {
		if _, _, resource := splitARN(arn); strings.HasPrefix(resource, "key/") {
			return arn
		}
	}
	return ""
}

// materials are the members of KMS's answers that go into additionalEventData.
//
// Source: KMS Developer Guide, "Decrypt", "GenerateDataKey" and "ReEncrypt" among the examples of log entries.
var materials = []string{"keyMaterialId", "sourceKeyMaterialId", "destinationKeyMaterialId"}

// additional is what a record tells beside input and output.
func additional(o *wire.Observation) map[string]string {
	data := map[string]string{}
	for name, value := range o.Call.Trail.Extra {
		data[name] = value
	}
	if o.Call.Service == "kms" && o.Fault == nil && isReadOnly(o) {
		answer := camel.members(o.Out)
		for _, name := range materials {
			if id, ok := answer[name].(string); ok {
				data[name] = id
			}
		}
	}
	if len(data) == 0 {
		return nil
	}
	return data
}

// iamCodes are the faults of IAM that CloudTrail calls by another name than IAM itself.
var iamCodes = []string{
	"NoSuchEntity", "EntityAlreadyExists", "DeleteConflict", "LimitExceeded", "MalformedPolicyDocument", "InvalidInput",
}

// errorCode is what CloudTrail calls a fault.
func errorCode(service, code string) string {
	switch {
	case code == "AccessDeniedException":
		return "AccessDenied"
	case service == "iam" && slices.Contains(iamCodes, code):
		return code + "Exception"
	}
	return code
}
