package statement

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// Words are an error of this package or of the service as a person reads it. region is where it was asked.
func Words(err error, region string) string {
	var not *NotReadyError
	var noLedger *NoLedgerError
	var noTable *NoTableError
	switch {
	case errors.As(err, &not):
		return not.words(region)
	case errors.As(err, &noLedger):
		return fmt.Sprintf("There is no ledger %q in %s for the account of the credentials.", noLedger.Ledger,
			noLedger.Region)
	case errors.As(err, &noTable):
		return fmt.Sprintf("Ledger %q has no active table %q. Case matters.", noTable.Ledger, noTable.Table)
	}
	if _, detail, ok := awsclient.Explain(err, "QLDB Session", region); ok {
		return detail
	}
	if isConflict(err) {
		return fmt.Sprintf("%s\n\nThe transaction was tried %d times. Each time, others had changed what it read before "+
			"it was committed.", awsclient.Cause(err), conflictRetries+1)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "Interrupted before the service had answered."
	case errors.Is(err, context.DeadlineExceeded):
		return "The time limit was over before the service had answered."
	}
	return awsclient.Cause(err)
}

// Remedy says what to do about an error that left everything as it was, before what was done is done again. again is a
// command of Terraform, such as "apply".
func Remedy(err error, again string) string {
	if isConflict(err) {
		return strings.ToUpper(again[:1]) + again[1:] + " again when fewer others write to the table."
	}
	return "Fix the cause and " + again + " again."
}

func (e *NotReadyError) words(region string) string {
	state := fmt.Sprintf("Ledger %q is %s, its encryption %s", e.Ledger, e.Status.State, e.Status.Encryption)
	if e.Status.State == "" {
		state = fmt.Sprintf("Ledger %q could not be looked at", e.Ledger)
	}
	if at := e.Status.InaccessibleSince; at != nil {
		state += " since " + at.UTC().Format(time.RFC3339)
	}
	if e.Status.KeyARN != "" && !e.Status.ready() && e.Status.State == "ACTIVE" {
		state += " (" + e.Status.KeyARN + ")"
	}
	switch after := e.Waited.Round(time.Second); {
	case e.Interrupted:
		state += "; interrupted while waiting for it"
	case e.Waited > 0:
		state += fmt.Sprintf("; waited %s for it", after)
	}
	var api interface{ ErrorCode() string }
	if errors.As(e.Err, &api) {
		return state + ".\n\n" + awsclient.Cause(e.Err)
	}
	return state + "."
}
