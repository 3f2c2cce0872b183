package session

import (
	"errors"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// The service's errors. Drivers decide by the type, and for InvalidSessionException by the text too: one that says
// "Transaction ... has expired" is final, after any other they take a new session and try again.
//
// Sources: API reference of Amazon QLDB Session, SendCommand, "Errors"; developer guide, "Common errors in Amazon
// QLDB"; issues of the QLDB drivers, where clients quote the texts.

func badRequest(format string, args ...any) *wire.Fault {
	return wire.Faultf("BadRequestException", format, args...)
}

func invalidSession(format string, args ...any) *wire.Fault {
	return wire.Faultf("InvalidSessionException", format, args...)
}

func invalidParameter(name string) *wire.Fault {
	return badRequest("The parameter %s is not valid", name)
}

func noSuchSession() *wire.Fault { return invalidSession("No such session") }

func sessionExpired(id string) *wire.Fault { return invalidSession("Session %s has expired", id) }

func noSuchLedger(name string) *wire.Fault { return badRequest("No such ledger: %s", name) }

func transactionAlreadyOpen() *wire.Fault { return badRequest("Transaction already open") }

func noOpenTransaction() *wire.Fault { return badRequest("No open transaction") }

func tooManySessions() *wire.Fault {
	return wire.Faultf("LimitExceededException", "Exceeded the session limit")
}

func stopping() *wire.Fault {
	return &wire.Fault{Code: "ServiceUnavailable", Status: 503, Message: "The service is stopping."}
}

// faultOf turns what the engine says into what a client sees. Anything else is a defect or broken storage, which wire
// logs and answers as InternalFailure.
func (s *Service) faultOf(err error) error {
	if fault, ok := errors.AsType[*wire.Fault](err); ok {
		return fault
	}
	if refused, ok := errors.AsType[*engine.BadRequestError](err); ok {
		fault := badRequest("%s", refused.Message)
		if s.cfg.StatementCodes && refused.Code != "" {
			fault.Members = map[string]string{"Code": refused.Code}
		}
		return fault
	}
	if expired, ok := errors.AsType[*engine.ExpiredError](err); ok {
		return invalidSession("%s", expired.Error())
	}
	switch {
	case errors.Is(err, engine.ErrConflict):
		return wire.Faultf("OccConflictException", "%s", engine.ErrConflict.Error())
	case errors.Is(err, engine.ErrClosed), errors.Is(err, ErrNoLedger): // deleted under the command
		return noSuchSession()
	}
	return fmt.Errorf("send command: %w", err)
}
