package qldb

import (
	"errors"
	"net/http"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Codes and statuses are those of the QLDB API reference. The texts of the verification, export and stream checks and
// of an inaccessible key are the service's own, as the developer guide quotes them; of the others only the codes are
// known, so their words are ours.

// textImpaired is what the service says while the customer managed key of a ledger cannot be used, be it that the
// grant is gone or that the key is disabled.
const textImpaired = "Amazon QLDB does not have grant access on the AWS KMS customer managed key of the ledger. " +
	"Restore the grant on the key for the ledger."

// The texts of GetBlock and GetRevision that need no journal. Source: developer guide, Common errors for verification.
const (
	textIonInvalid     = "The provided Ion value is not valid and cannot be parsed."
	textAddressInvalid = "The provided block address is not valid."
	textStrandMismatch = "The Strand ID of the provided block address must match the Strand ID of the provided " +
		"digest tip address."
	textBeyondTip = "The sequence number of the provided block address must not be greater than the sequence " +
		"number of the provided digest tip address."
)

// The texts of ExportJournalToS3 and StreamJournalToKinesis. Source: developer guide, Journal export errors and
// Common errors for journal streams. The two services differ in the full stop.
const (
	textPrefixLong    = "Amazon S3 bucket prefix must not exceed 128 characters"
	textStartAfterEnd = "Start date must not be greater than end date"
	textEndInFuture   = "End date cannot be in the future"
	textKeyNotSSEKMS  = "The supplied object encryption setting (S3EncryptionConfiguration) is not compatible with " +
		"an AWS Key Management Service (AWS KMS) key"
	textSSEKMSNoKey = "The object encryption type SSE_KMS needs the ARN of a KMS key in KmsKeyArn"
	textS3Refused   = "QLDB encountered an error validating S3 configuration: %s %s"
	textS3Odd       = "Unexpected response from Amazon S3 while validating S3 configuration. " +
		"Response from S3: %s %s"
	textKinesisRefused = "QLDB encountered an error validating Kinesis Data Streams: " +
		"Response from Kinesis: %s %s"
	textKinesisOdd = "Unexpected response from Kinesis Data Streams while validating Kinesis configuration. " +
		"Response from Kinesis: %s %s"
	textExportLimit    = "Exceeded the limit of %d concurrently running Journal export jobs"
	textStreamLimit    = "Exceeded the limit of %d running Journal streams to Kinesis Data Streams"
	textStreamOrder    = "Start date must not be greater than end date."
	textStreamInFuture = "Start date cannot be in the future."
)

func invalid(parameter, format string, args ...any) *wire.Fault {
	f := wire.Faultf("InvalidParameterException", format, args...)
	f.Members = map[string]string{"ParameterName": parameter}
	return f
}

// constraint is the fault for a value that does not fit the API's model.
func constraint(member, value, rule string) *wire.Fault {
	return invalid(member, "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s",
		value, member, rule)
}

// missing is the fault for a required member that is not there.
func missing(member string) *wire.Fault {
	return invalid(member, "1 validation error detected: Value null at '%s' failed to satisfy constraint: "+
		"Member must not be null", member)
}

func resource(code string, status int, kind, name, format string, args ...any) *wire.Fault {
	f := wire.Faultf(code, format, args...)
	f.Status = status
	f.Members = map[string]string{"ResourceType": kind, "ResourceName": name}
	return f
}

func notFound(kind, name string) *wire.Fault {
	return resource("ResourceNotFoundException", http.StatusNotFound, kind, name,
		"The %s with name %s is not found", kind, name)
}

func alreadyExists(name string) *wire.Fault {
	return resource("ResourceAlreadyExistsException", http.StatusConflict, "Ledger", name,
		"Ledger with name %s already exists", name)
}

func beingDeleted(name string) *wire.Fault {
	return resource("ResourceInUseException", http.StatusConflict, "Ledger", name,
		"Ledger with name %s is being deleted", name)
}

func beingCreated(name string) *wire.Fault {
	return resource("ResourceInUseException", http.StatusConflict, "Ledger", name,
		"Ledger with name %s is being created", name)
}

func tooManyLedgers(limit int) *wire.Fault {
	f := wire.Faultf("LimitExceededException",
		"The limit of %d active ledgers in this account and Region is reached", limit)
	f.Members = map[string]string{"ResourceType": "Ledger"}
	return f
}

func tooManyTags() *wire.Fault {
	return invalid("Tags", "Too many tags: a resource can have up to 50 tags")
}

func precondition(name, format string, args ...any) *wire.Fault {
	return resource("ResourcePreconditionNotMetException", http.StatusPreconditionFailed, "Ledger", name, format, args...)
}

func notActive(name string) *wire.Fault {
	return precondition(name, "Ledger with name %s is being created", name)
}

func deletionProtected(name string) *wire.Fault {
	return precondition(name,
		"Ledger %s has deletion protection enabled. Disable it before deleting the ledger.", name)
}

func stillCreating(name string) *wire.Fault {
	return invalid("Name", "Ledger with name %s is being created and cannot be changed yet", name)
}

func keyChangeRunning() *wire.Fault {
	return invalid("KmsKey", "The ledger is already processing a KMS key change.")
}

func keyFormInvalid(given string) *wire.Fault {
	return invalid("KmsKey", "The KMS key identifier %s is not valid.", given)
}

func keyInOtherRegion() *wire.Fault {
	return invalid("KmsKey", "The KMS key must be in the same Region as the ledger.")
}

func keyMissing(given string) *wire.Fault {
	return invalid("KmsKey", "The KMS key %s does not exist.", given)
}

func keyUnfit() *wire.Fault {
	return invalid("KmsKey",
		"The KMS key must be a symmetric customer managed key with key usage ENCRYPT_DECRYPT.")
}

func keyNotEnabled(arn, state string) *wire.Fault {
	return invalid("KmsKey", "The KMS key %s is not enabled (state: %s).", arn, state)
}

// keyDenied says that KMS refused the caller. The blank before the colon is the service's.
func keyDenied(kmsRequestID, kmsMessage string) *wire.Fault {
	return &wire.Fault{Code: "AccessDeniedException", Status: http.StatusForbidden,
		Message: "The user does not have permissions to use the customer managed KMS key of the ledger " +
			"(KMS Request ID: " + kmsRequestID + ") : " + kmsMessage}
}

// serviceDenied says that KMS refused QLDB itself although the grant was just made.
func serviceDenied() *wire.Fault {
	return &wire.Fault{Code: "AccessDeniedException", Status: http.StatusForbidden, Message: textImpaired}
}

// unanswered tells the user why a KMS elsewhere could not be asked, with a status that SDKs and drivers retry. Other
// errors stay as they are.
func unanswered(err error) error {
	if unasked, ok := errors.AsType[*UnaskedError](err); ok {
		return &wire.Fault{Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable,
			Message: unasked.Error() + ". Nothing was changed; try again when it answers."}
	}
	return err
}

func streamEnded(t *journalStream) *wire.Fault {
	return resource("ResourcePreconditionNotMetException", http.StatusPreconditionFailed, "JournalKinesisStream", t.ID,
		"The stream %s is %s and cannot be cancelled", t.ID, t.Status)
}

func streamNameTaken(name string) *wire.Fault {
	return invalid("StreamName", "The ledger has an active stream with name %s already", name)
}

// notServed is the answer of an operation that needs the journal, from a Service without Journals. Its status is one
// that SDKs do not retry.
func notServed(operation string) *wire.Fault {
	return &wire.Fault{Code: "NotYetServedException", Status: http.StatusNotImplemented,
		Message: operation + " is not served: no journal is kept here. " +
			"The request passed every check that needs no journal."}
}

// faultCode is the code of the fault in err's chain, or empty: then err is no answer of a service.
func faultCode(err error) string {
	if f, ok := errors.AsType[*wire.Fault](err); ok {
		return f.Code
	}
	return ""
}
