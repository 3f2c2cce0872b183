package session

import (
	"strings"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Limits of the request's members, in characters or bytes.
//
// Source: API reference of Amazon QLDB Session, SendCommand; developer guide, "Quotas and limits in Amazon QLDB".
const (
	maxLedgerName   = 32
	minToken        = 4
	maxToken        = 1024
	transactionID   = 22
	maxStatement    = 100_000
	maxIonBinary    = 1 << 17
	maxIonText      = 1 << 20
	maxIonTextBytes = 4 * maxIonText // of UTF-8
)

// check says whether the request is one at all; the session it names is not looked at.
func (in *SendCommandInput) check() error {
	commands := 0
	for _, given := range []bool{
		in.StartSession != nil, in.StartTransaction != nil, in.ExecuteStatement != nil, in.FetchPage != nil,
		in.CommitTransaction != nil, in.AbortTransaction != nil, in.EndSession != nil,
	} {
		if given {
			commands++
		}
	}
	if commands != 1 {
		return badRequest("Exactly one command must be specified")
	}
	if starts := in.StartSession != nil; starts == (in.SessionToken != nil) {
		return invalidParameter("SessionToken")
	}
	if in.SessionToken != nil && !isToken(*in.SessionToken) {
		return invalidParameter("SessionToken")
	}
	switch {
	case in.StartSession != nil && !isLedgerName(in.StartSession.LedgerName):
		return invalidParameter("LedgerName")
	case in.ExecuteStatement != nil:
		return in.ExecuteStatement.check()
	case in.FetchPage != nil:
		return in.FetchPage.check()
	case in.CommitTransaction != nil:
		return in.CommitTransaction.check()
	}
	return nil
}

func (r *ExecuteStatementRequest) check() error {
	if !isTransactionID(r.TransactionID) {
		return invalidParameter("TransactionId")
	}
	if r.Statement == "" || utf8.RuneCountInString(r.Statement) > maxStatement {
		return invalidParameter("Statement")
	}
	for _, p := range r.Parameters {
		if (p.IonBinary != nil) == (p.IonText != nil) {
			return invalidParameter("Parameters")
		}
		if p.IonText == nil && (len(p.IonBinary) == 0 || len(p.IonBinary) > maxIonBinary) {
			return invalidParameter("IonBinary")
		}
		if p.IonText != nil && (*p.IonText == "" || utf8.RuneCountInString(*p.IonText) > maxIonText) {
			return invalidParameter("IonText")
		}
	}
	return nil
}

func (r *FetchPageRequest) check() error {
	if !isTransactionID(r.TransactionID) {
		return invalidParameter("TransactionId")
	}
	if !isToken(r.NextPageToken) {
		return invalidParameter("NextPageToken")
	}
	return nil
}

func (r *CommitTransactionRequest) check() error {
	if !isTransactionID(r.TransactionID) {
		return invalidParameter("TransactionId")
	}
	if len(r.CommitDigest) == 0 {
		return invalidParameter("CommitDigest")
	}
	return nil
}

// values decodes the parameters, each of which must hold one value.
func (r *ExecuteStatementRequest) values() ([]ion.Value, error) {
	values := make([]ion.Value, len(r.Parameters))
	for i, p := range r.Parameters {
		var read []ion.Value
		var err error
		if p.IonText != nil {
			read, err = ion.ParseText(*p.IonText, ion.Options{MaxBytes: maxIonTextBytes})
		} else {
			read, err = ion.DecodeBinary(p.IonBinary, ion.Options{MaxBytes: maxIonBinary})
		}
		if err != nil {
			return nil, badRequest("Parameter %d is not valid Ion: %s", i+1, err)
		}
		if len(read) != 1 {
			return nil, badRequest("Parameter %d must hold exactly one Ion value, but holds %d", i+1, len(read))
		}
		values[i] = read[0]
	}
	return values, nil
}

func isAlphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// only reports whether text consists of letters, digits and the characters of more.
func only(text, more string) bool {
	for _, c := range text {
		if !isAlphanumeric(c) && !strings.ContainsRune(more, c) {
			return false
		}
	}
	return true
}

func isToken(text string) bool {
	return len(text) >= minToken && len(text) <= maxToken && only(text, "+/=")
}

func isTransactionID(text string) bool { return len(text) == transactionID && only(text, "-") }

func isLedgerName(name string) bool {
	return name != "" && len(name) <= maxLedgerName && only(name, "-") && strings.Trim(name, "0123456789") != "" &&
		!strings.HasPrefix(name, "-") && !strings.HasSuffix(name, "-") && !strings.Contains(name, "--")
}
