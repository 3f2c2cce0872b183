package kms

import (
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// gone says that the waiting period of a scheduled deletion is over: the key no longer exists, even while Tick has
// not yet removed it.
func (k *key) gone(now time.Time) bool { return !k.DeleteAt.IsZero() && !now.Before(k.DeleteAt) }

// state is the key's KeyState at now.
func (t *txn) state(k *key) (string, error) {
	switch {
	case !k.DeleteAt.IsZero():
		return "PendingDeletion", nil
	case k.Disabled:
		return "Disabled", nil
	default:
		return "Enabled", nil
	}
}

// require refuses operation unless the key's state allows it, in the words of kms-iam.md 1.6.
func (t *txn) require(k *key, operation string) error {
	state, err := t.state(k)
	if err != nil {
		return err
	}
	switch state {
	case "PendingDeletion":
		return wire.Faultf("KMSInvalidStateException", "%s is pending deletion.", k.arn())
	case "Disabled":
		return wire.Faultf("DisabledException", "%s is disabled.", k.arn())
	}
	return nil
}

// authorize refuses the call unless the caller may run operation on k. The account that owns the key may, another
// account may not, and a service that calls for itself needs a grant that lists operation and whose constraints
// match encryptionContext (which may be nil).
func (t *txn) authorize(k *key, operation string, encryptionContext map[string]string) error {
	if t.c.Caller.Service != "" || t.c.Caller.Account != k.Account {
		return &wire.Fault{Code: "AccessDeniedException", Message: "User: " + t.c.Caller.ARN +
			" is not authorized to perform: kms:" + operation + " on resource: " + k.arn() +
			" because no resource-based policy allows the kms:" + operation + " action"}
	}
	return nil
}
