package engine

import (
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

// A BadRequestError is the client's doing; the service answers BadRequestException.
type BadRequestError struct {
	Message string // for the client
	Code    string // the number that the service put beside some messages, else ""
	Detail  string // where and why, for logs; may hold names, never values
}

func (e *BadRequestError) Error() string { return e.Message }

// ErrConflict is returned by a commit when what the transaction read was changed since; the transaction is over. The
// service answers OccConflictException with this text.
var ErrConflict = errors.New("Optimistic concurrency control (OCC) failure " +
	"encountered while committing the transaction")

// An ExpiredError says that a transaction is older than 30 seconds; the service answers InvalidSessionException.
// Drivers recognise its text.
type ExpiredError struct{ TxID string }

func (e *ExpiredError) Error() string { return fmt.Sprintf("Transaction %s has expired", e.TxID) }

// Texts of the service and, where none is known, our own.
//
// Sources: "Common errors in Amazon QLDB" of the developer guide; issues of the QLDB drivers.
var (
	errNoTransaction   = &BadRequestError{Message: "No open transaction"}
	errDigest          = &BadRequestError{Message: "Digests don't match"}
	errPageToken       = &BadRequestError{Message: "The parameter NextPageToken is not valid"}
	errDocument        = &BadRequestError{Message: "Document cannot be stored"}
	errDocumentSize    = &BadRequestError{Message: "Exceeded document size limit"}
	errDocumentCount   = &BadRequestError{Message: "Exceeded documents per transaction limit"}
	errTransactionSize = &BadRequestError{Message: "Exceeded transaction size limit"}
	errRedactionCount  = &BadRequestError{Message: "Exceeded redactions per transaction limit"}
)

// refusal turns what a pass of PartiQL says into the client's error; others stay as they are.
func refusal(err error) error {
	if refused, ok := errors.AsType[*ast.Error](err); ok {
		return &BadRequestError{Message: refused.Error(), Code: refused.Code, Detail: refused.Detail()}
	}
	return err
}
