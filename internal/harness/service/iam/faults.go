package iam

import (
	"fmt"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// The words of the faults below are those that clients of the live service see; tools match on them.
// Source: IAM API reference, section "Errors" of each operation, and recorded answers of the service.

func fault(status int, code, format string, args ...any) error {
	return &wire.Fault{Code: code, Status: status, Message: fmt.Sprintf(format, args...)}
}

func errMissing(format string, args ...any) error {
	return fault(404, "NoSuchEntity", format, args...)
}

func errExists(format string, args ...any) error {
	return fault(409, "EntityAlreadyExists", format, args...)
}

func errConflict(format string, args ...any) error {
	return fault(409, "DeleteConflict", format, args...)
}

func errLimit(format string, args ...any) error {
	return fault(409, "LimitExceeded", format, args...)
}

func errQuota(name string, limit int) error {
	return errLimit("Cannot exceed quota for %s: %d", name, limit)
}

func errInput(format string, args ...any) error {
	return fault(400, "InvalidInput", format, args...)
}

func errValidation(format string, args ...any) error {
	return fault(400, "ValidationError", format, args...)
}

func errMalformed(text string) error { return fault(400, "MalformedPolicyDocument", "%s", text) }

func errARN() error { return errValidation("Invalid ARN:  Could not be parsed!") }

func errNoPolicy(arn string) error { return errMissing("Policy %s was not found.", arn) }

func errUnattachable(arn string) error {
	return errMissing("Policy %s does not exist or is not attachable.", arn)
}

// errProtected answers for a role that only the service it is linked to may change.
func errProtected(name string) error {
	return fault(400, "UnmodifiableEntity", "Cannot perform the operation on the protected role '%s' - this role is "+
		"only modifiable by AWS", name)
}

// errSessionCaller answers IAM calls of sessions that GetSessionToken and GetFederationToken made.
// Source: IAM User Guide, "Comparing the AWS STS API operations".
func errSessionCaller() error {
	return fault(403, "InvalidClientTokenId", "The security token included in the request is invalid")
}

// title is k as it begins a sentence.
func (k kind) title() string { return strings.ToUpper(string(k[:1])) + string(k[1:]) }
