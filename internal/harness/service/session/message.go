package session

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"

// The messages of SendCommand. A request is a session token and exactly one command; an answer has the member of the
// same name, which is there even when it says nothing else.
//
// Source: API reference of Amazon QLDB Session, SendCommand.

// SendCommandInput is a request. Members that must be given are pointers or checked for being empty.
type SendCommandInput struct {
	SessionToken      *string                   `json:"SessionToken"` // of every command but StartSession
	StartSession      *StartSessionRequest      `json:"StartSession"`
	StartTransaction  *wire.Empty               `json:"StartTransaction"`
	ExecuteStatement  *ExecuteStatementRequest  `json:"ExecuteStatement"`
	FetchPage         *FetchPageRequest         `json:"FetchPage"`
	CommitTransaction *CommitTransactionRequest `json:"CommitTransaction"`
	AbortTransaction  *wire.Empty               `json:"AbortTransaction"`
	EndSession        *wire.Empty               `json:"EndSession"`
}

// Target implements wire.Targeter: the ledger, as far as the request names it.
func (in *SendCommandInput) Target() string {
	if in.StartSession == nil {
		return ""
	}
	return in.StartSession.LedgerName
}

// Command implements wire.Commander. It is "" when the request has no command.
func (in *SendCommandInput) Command() string {
	switch {
	case in.StartSession != nil:
		return "StartSession"
	case in.StartTransaction != nil:
		return "StartTransaction"
	case in.ExecuteStatement != nil:
		return "ExecuteStatement"
	case in.FetchPage != nil:
		return "FetchPage"
	case in.CommitTransaction != nil:
		return "CommitTransaction"
	case in.AbortTransaction != nil:
		return "AbortTransaction"
	case in.EndSession != nil:
		return "EndSession"
	}
	return ""
}

// StartSessionRequest asks for a session with a ledger.
type StartSessionRequest struct {
	LedgerName string `json:"LedgerName"`
}

// ExecuteStatementRequest runs a PartiQL statement.
type ExecuteStatementRequest struct {
	TransactionID string        `json:"TransactionId"`
	Statement     string        `json:"Statement"`
	Parameters    []ValueHolder `json:"Parameters"`
}

// FetchPageRequest asks for more of a result.
type FetchPageRequest struct {
	TransactionID string `json:"TransactionId"`
	NextPageToken string `json:"NextPageToken"`
}

// CommitTransactionRequest ends a transaction. CommitDigest is 32 bytes.
type CommitTransactionRequest struct {
	TransactionID string `json:"TransactionId"`
	CommitDigest  []byte `json:"CommitDigest"`
}

// ValueHolder is one Ion value in exactly one of two encodings. Answers use binary alone.
type ValueHolder struct {
	IonBinary []byte  `json:"IonBinary,omitempty"`
	IonText   *string `json:"IonText,omitempty"`
}

// SendCommandOutput is an answer.
type SendCommandOutput struct {
	StartSession      *StartSessionResult      `json:"StartSession,omitempty"`
	StartTransaction  *StartTransactionResult  `json:"StartTransaction,omitempty"`
	ExecuteStatement  *ExecuteStatementResult  `json:"ExecuteStatement,omitempty"`
	FetchPage         *FetchPageResult         `json:"FetchPage,omitempty"`
	CommitTransaction *CommitTransactionResult `json:"CommitTransaction,omitempty"`
	AbortTransaction  *TimedResult             `json:"AbortTransaction,omitempty"`
	EndSession        *TimedResult             `json:"EndSession,omitempty"`
}

// TimingInformation is how long the command took, at least 1: clients take 0 for nothing to report.
type TimingInformation struct {
	ProcessingTimeMilliseconds int64 `json:"ProcessingTimeMilliseconds"`
}

// IOUsage counts documents read. WriteIOs is 0; no client shows it.
type IOUsage struct {
	ReadIOs  int64 `json:"ReadIOs"`
	WriteIOs int64 `json:"WriteIOs"`
}

// TimedResult is the answer of a command that returns nothing.
type TimedResult struct {
	TimingInformation TimingInformation `json:"TimingInformation"`
}

// StartSessionResult has the token to send with every other command.
type StartSessionResult struct {
	SessionToken      string            `json:"SessionToken"`
	TimingInformation TimingInformation `json:"TimingInformation"`
}

// StartTransactionResult has the id of the new transaction.
type StartTransactionResult struct {
	TransactionID     string            `json:"TransactionId"`
	TimingInformation TimingInformation `json:"TimingInformation"`
}

// Page is a part of a result. NextPageToken is absent from the last one; an empty one would make clients loop.
type Page struct {
	Values        []ValueHolder `json:"Values"`
	NextPageToken string        `json:"NextPageToken,omitempty"`
}

// ExecuteStatementResult has the first page of a statement's result.
type ExecuteStatementResult struct {
	FirstPage         Page              `json:"FirstPage"`
	TimingInformation TimingInformation `json:"TimingInformation"`
	ConsumedIOs       IOUsage           `json:"ConsumedIOs"`
}

// FetchPageResult has a further page.
type FetchPageResult struct {
	Page              Page              `json:"Page"`
	TimingInformation TimingInformation `json:"TimingInformation"`
	ConsumedIOs       IOUsage           `json:"ConsumedIOs"`
}

// CommitTransactionResult repeats the id and the digest of the request; clients compare both.
type CommitTransactionResult struct {
	TransactionID     string            `json:"TransactionId"`
	CommitDigest      []byte            `json:"CommitDigest"`
	TimingInformation TimingInformation `json:"TimingInformation"`
	ConsumedIOs       IOUsage           `json:"ConsumedIOs"`
}
