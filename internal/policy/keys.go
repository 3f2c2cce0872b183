package policy

import "strings"

// manyValued are the condition keys with several values in one request, in lower case. They need a set operator and
// cannot be policy variables.
//
// Source: Service Authorization Reference, "Condition keys for AWS Key Management Service", types ArrayOf; IAM User
// Guide, "AWS global condition context keys".
var manyValued = map[string]bool{
	"kms:encryptioncontextkeys": true, "kms:grantoperations": true, "kms:resourcealiases": true,
	"aws:tagkeys": true, "aws:principalorgpaths": true, "aws:sourceorgpaths": true, "aws:resourceorgpaths": true,
	"aws:calledvia": true, "aws:principalservicenameslist": true,
}

func multiValued(key string) bool { return manyValued[key] }

// booleans are the condition keys whose value is "true" or "false".
var booleans = map[string]bool{
	"kms:grantisforawsresource": true, "kms:bypasspolicylockoutsafetycheck": true, "kms:multiregion": true,
	"kms:reencryptonsamekey": true, "aws:viaawsservice": true, "aws:securetransport": true,
	"aws:multifactorauthpresent": true, "aws:principalisawsservice": true,
}

// alwaysPresent are the condition keys that every signed request has.
var alwaysPresent = map[string]bool{
	"aws:principalarn": true, "aws:principalaccount": true, "aws:viaawsservice": true, "aws:securetransport": true,
	"kms:calleraccount": true,
}

// ofServices are present only when an AWS service calls for itself.
var ofServices = map[string]bool{
	"aws:sourcearn": true, "aws:sourceaccount": true, "aws:sourceorgid": true, "aws:sourceorgpaths": true,
	"aws:principalservicename": true, "aws:principalservicenameslist": true,
}

// notOfServices are absent when an AWS service calls for itself.
var notOfServices = map[string]bool{
	"aws:principalarn": true, "aws:principalaccount": true, "aws:principaltype": true, "aws:userid": true,
	"aws:principalorgid": true, "aws:principalorgpaths": true, "aws:principaltag/": true, "aws:sourceidentity": true,
	"aws:multifactorauthpresent": true, "aws:multifactorauthage": true, "aws:tokenissuetime": true,
}

// onlyFor lists, for condition keys that few KMS actions have, the actions. Both are in lower case; an action ending
// in "*" is a prefix.
//
// Source: KMS Developer Guide, "AWS KMS condition keys"; Service Authorization Reference, "Actions defined by AWS Key
// Management Service".
var onlyFor = map[string][]string{
	"kms:encryptioncontext:":                     encryptionContextActions,
	"kms:encryptioncontextkeys":                  encryptionContextActions,
	"kms:grantoperations":                        {"kms:creategrant"},
	"kms:granteeprincipal":                       {"kms:creategrant"},
	"kms:retiringprincipal":                      {"kms:creategrant"},
	"kms:grantconstrainttype":                    {"kms:creategrant", "kms:retiregrant"},
	"kms:grantisforawsresource":                  {"kms:creategrant", "kms:listgrants", "kms:revokegrant"},
	"kms:bypasspolicylockoutsafetycheck":         {"kms:createkey", "kms:putkeypolicy", "kms:replicatekey"},
	"kms:rotationperiodindays":                   {"kms:enablekeyrotation"},
	"kms:schedulekeydeletionpendingwindowindays": {"kms:schedulekeydeletion"},
	"kms:reencryptonsamekey":                     {"kms:reencryptfrom", "kms:reencryptto"},
	"kms:expirationmodel":                        {"kms:importkeymaterial"},
	"kms:validto":                                {"kms:importkeymaterial"},
	"aws:requesttag/":                            taggingActions,
	"aws:tagkeys":                                taggingActions,
}

var encryptionContextActions = []string{
	"kms:encrypt", "kms:decrypt", "kms:reencryptfrom", "kms:reencryptto", "kms:generatedatakey*", "kms:creategrant",
	"kms:retiregrant",
}

var taggingActions = []string{"kms:tagresource", "kms:untagresource", "kms:createkey", "kms:replicatekey"}

// neverPresent tells whether no request of that caller for that action has the condition key. All is in lower case.
func neverPresent(c *Caller, action, key string) bool {
	switch {
	case key == "aws:username":
		return c.Kind != User
	case c.Kind == AWSService && notOfServices[family(key)], c.Kind != AWSService && ofServices[key]:
		return true
	case !strings.HasPrefix(action, "kms:"):
		return false
	}
	actions, few := onlyFor[family(key)]
	if !few {
		return false
	}
	for _, a := range actions {
		prefix, ok := strings.CutSuffix(a, "*")
		if a == action || ok && strings.HasPrefix(action, prefix) {
			return false
		}
	}
	return true
}

// family is a key without the name that ends it, where it has one: "aws:requesttag/" for "aws:requesttag/team".
func family(key string) string {
	for _, prefix := range [...]string{"kms:encryptioncontext:", "aws:requesttag/", "aws:principaltag/"} {
		if strings.HasPrefix(key, prefix) {
			return prefix
		}
	}
	return key
}
