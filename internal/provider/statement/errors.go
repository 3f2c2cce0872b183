package statement

import (
	"context"
	"errors"
	"fmt"
	"time"

	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession/types"
	"github.com/aws/smithy-go"
)

// A NoLedgerError says that there is no ledger of that name in the Region.
type NoLedgerError struct{ Ledger, Region string }

func (e *NoLedgerError) Error() string {
	return fmt.Sprintf("there is no ledger %q in %s", e.Ledger, e.Region)
}

// A NotReadyError says that a ledger takes no statements in its present state. Err is what the service said.
type NotReadyError struct {
	Ledger      string
	Status      Status
	Waited      time.Duration // zero: waiting would not help, or was not wanted
	Interrupted bool
	Err         error
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("ledger %q is %s, encryption %s: %v", e.Ledger, e.Status.State, e.Status.Encryption, e.Err)
}

// Unwrap gives what the service said.
func (e *NotReadyError) Unwrap() error { return e.Err }

// A NoTableError says that the ledger has no active table of that name.
type NoTableError struct{ Ledger, Table string }

func (e *NoTableError) Error() string {
	return fmt.Sprintf("ledger %q has no active table %q", e.Ledger, e.Table)
}

func isNoLedger(err error) bool {
	var none *NoLedgerError
	return errors.As(err, &none)
}

// IsGone says whether err means that the ledger or the table is not there.
func IsGone(err error) bool {
	var none *NoTableError
	return isNoLedger(err) || errors.As(err, &none)
}

// IsNotReady says whether err means that the ledger takes no statements for now.
func IsNotReady(err error) bool {
	var not *NotReadyError
	return errors.As(err, &not)
}

// IsAmbiguous says whether the last transaction may have been committed although Do failed: the answer was lost, the
// service broke off, or the time was over.
func IsAmbiguous(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		code := api.ErrorCode()
		return code == "InternalFailure" || code == "ServiceUnavailable"
	}
	return isBroken(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func isNotFound(err error) bool {
	var none *qldbtypes.ResourceNotFoundException
	return errors.As(err, &none)
}

// isUnmet says whether a call needs a ledger in another state.
func isUnmet(err error) bool {
	var unmet *qldbtypes.ResourcePreconditionNotMetException
	return errors.As(err, &unmet)
}

func isBusy(err error) bool {
	var rate *types.RateExceededException
	var capacity *types.CapacityExceededException
	var sessions *types.LimitExceededException
	return errors.As(err, &rate) || errors.As(err, &capacity) || errors.As(err, &sessions)
}

// isBroken says whether a request or its answer got lost: the SDK failed and the service said nothing.
func isBroken(err error) bool {
	var operation *smithy.OperationError
	var api smithy.APIError
	return errors.As(err, &operation) && !errors.As(err, &api) && !errors.Is(err, context.Canceled) && isSent(err)
}

// isSent leaves out failures before a request: no credentials, a refused account.
func isSent(err error) bool {
	var sent interface{ ConnectionError() bool }
	return errors.As(err, &sent)
}

// isConflict says whether a transaction met another one each time it was tried.
func isConflict(err error) bool {
	var conflict *types.OccConflictException
	return errors.As(err, &conflict)
}

// IsBadRequest says whether the service found fault with a statement.
func IsBadRequest(err error) bool {
	var bad *types.BadRequestException
	return errors.As(err, &bad)
}

// isRefused says whether the service refused a statement or a session for a reason that the ledger's state may explain.
func isRefused(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && !isConflict(err)
}
