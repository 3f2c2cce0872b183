package iam

import (
	"fmt"

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

// errNobody answers for a name that nothing has.
func errNobody(k kind, name string) error {
	if k == profile {
		return errMissing("Instance Profile %s cannot be found.", name)
	}
	return errMissing("The %s with name %s cannot be found.", k, name)
}

// errTaken answers for a name that something has.
func errTaken(k kind, name string) error {
	if k == profile {
		return errExists("Instance Profile %s already exists.", name)
	}
	return errExists("%s with name %s already exists.", k.title(), name)
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
