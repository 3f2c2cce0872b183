package kms

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"

// The words of the faults below are those that clients of the live service see; tools match on them.
// Source: KMS API reference, section "Errors" of each operation, and recorded answers of the service.

func errValidation(format string, args ...any) error {
	return wire.Faultf("ValidationException", format, args...)
}

// errHidden answers for a key of another account: it does not say whether there is one.
func errHidden(c *wire.Call, operation string) error {
	return wire.Faultf("AccessDeniedException", "User: %s is not authorized to perform: kms:%s on this resource "+
		"because the resource does not exist in this Region, no resource-based policies allow access, "+
		"or a resource-based policy explicitly denies access", c.Caller.ARN, operation)
}

// errDenied answers when neither a policy nor a grant allows operation on resource.
func errDenied(c *wire.Call, operation, resource string) error {
	who := c.Caller.ARN
	if c.Caller.Service != "" {
		who = c.Caller.Service
	}
	return wire.Faultf("AccessDeniedException", "User: %s is not authorized to perform: kms:%s on resource: %s "+
		"because no resource-based policy allows the kms:%s action", who, operation, resource, operation)
}

func errAliasNotFound(arn string) error {
	return wire.Faultf("NotFoundException", "Alias %s is not found.", arn)
}

func errOrigin(k *key) error {
	return wire.Faultf("UnsupportedOperationException", "%s origin is %s which is not valid for this operation.",
		k.arn(), k.Origin)
}

// errUnsupported is what the service says, without a word, of a rotation of a key that cannot rotate.
func errUnsupported() error { return &wire.Fault{Code: "UnsupportedOperationException"} }

func errKeyState(k *key, is string) error {
	return wire.Faultf("KMSInvalidStateException", "%s is %s.", k.arn(), is)
}

func errMalformedPolicy(format string, args ...any) error {
	return wire.Faultf("MalformedPolicyDocumentException", format, args...)
}

func errLimit(format string, args ...any) error {
	return wire.Faultf("LimitExceededException", format, args...)
}
