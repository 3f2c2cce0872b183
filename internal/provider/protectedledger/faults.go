package protectedledger

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// How long a call is repeated for a reason that time heals.
const (
	principalsPatience = 2 * time.Minute  // a role made just now is not known to KMS yet
	lockoutPatience    = 30 * time.Second // the caller's own policy was changed just now
	newKeyPatience     = 2 * time.Minute  // a key made just now is not known everywhere yet
	throttlePatience   = 2 * time.Minute
)

func isNotFound(err error) bool {
	var key *kmstypes.NotFoundException
	var ledger *qldbtypes.ResourceNotFoundException
	return errors.As(err, &key) || errors.As(err, &ledger)
}

func isAliasTaken(err error) bool {
	var taken *kmstypes.AlreadyExistsException
	return errors.As(err, &taken)
}

func isLedgerTaken(err error) bool {
	var taken *qldbtypes.ResourceAlreadyExistsException
	return errors.As(err, &taken)
}

func isInUse(err error) bool {
	var busy *qldbtypes.ResourceInUseException
	return errors.As(err, &busy)
}

func isProtected(err error) bool {
	var protected *qldbtypes.ResourcePreconditionNotMetException
	return errors.As(err, &protected)
}

func isUnsupported(err error) bool {
	var unsupported *kmstypes.UnsupportedOperationException
	return errors.As(err, &unsupported)
}

func isInvalidState(err error) bool {
	var state *kmstypes.KMSInvalidStateException
	return errors.As(err, &state)
}

func isDisabled(err error) bool {
	var off *kmstypes.DisabledException
	return errors.As(err, &off)
}

// isNewKeyRefused says whether the service refused the key itself, as it does while a new key is not known to it yet.
func isNewKeyRefused(err error) bool {
	var invalid *qldbtypes.InvalidParameterException
	return errors.As(err, &invalid) && invalid.ParameterName != nil && *invalid.ParameterName == "KmsKey"
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// isDenied covers errors that no model declares: services answer them to every call.
func isDenied(err error) bool { return code(err) == "AccessDeniedException" }

func isThrottled(err error) bool {
	switch code(err) {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded":
		return true
	}
	return false
}

// isTransient says whether asking again may help: throttling, a fault of the server, or no answer at all.
func isTransient(err error) bool {
	return isThrottled(err) || isServerFault(err) || code(err) == "" && !isCanceled(err)
}

func isServerFault(err error) bool {
	var answered *smithyhttp.ResponseError
	return errors.As(err, &answered) && answered.HTTPStatusCode() >= http.StatusInternalServerError
}

func isCanceled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isAmbiguous says whether a call may have had its effect although it failed: the answer was lost, or the server broke
// off.
func isAmbiguous(err error) bool {
	return err != nil && (isServerFault(err) || code(err) == "")
}

// policyPatience says how long to repeat a call that set a key policy. KMS uses one error type for a principal it does
// not know yet and for a policy that locks its author out, so the text decides.
//
// Source: KMS Developer Guide, "Changing a key policy": eventual consistency of new principals.
func policyPatience(err error) time.Duration {
	var malformed *kmstypes.MalformedPolicyDocumentException
	if !errors.As(err, &malformed) {
		return 0
	}
	switch text := malformed.ErrorMessage(); {
	case strings.Contains(text, "invalid principals"):
		return principalsPatience
	case strings.Contains(text, "will not allow you to update the key policy"):
		return lockoutPatience
	}
	return 0
}
