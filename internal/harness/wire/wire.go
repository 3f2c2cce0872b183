// Package wire turns AWS requests over HTTP into typed calls.
//
// It routes a request to a service by target, form or path, verifies its SigV4 signature, says who called, decodes
// the input, runs the operation, and encodes the output or the fault in the service's protocol. It knows no service:
// each hands in its literal Table of operations.
package wire

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Protocol is how a service frames its requests and answers.
type Protocol int

// The protocols of the services the harness speaks.
const (
	AWSJSON10 Protocol = iota + 1 // QLDB Session
	AWSJSON11                     // KMS, CloudTrail
	RESTJSON                      // QLDB
	Query                         // STS, IAM
)

// Service is one AWS service behind the harness's single endpoint.
type Service struct {
	SigningName  string // service in the credential scope: "kms", "qldb", "sts", "iam"
	Protocol     Protocol
	TargetPrefix string // AWSJSON: what stands before the dot of X-Amz-Target
	Version      string // Query: the API version
	XMLNamespace string // Query: xmlns of the answers
	Operations   Table
	RequestID    func([16]byte) string // how the service writes its request ids; nil: as UUIDs
}

// Table is a service's operations by name, written as a literal.
type Table map[string]Operation

// Access says whether an operation changes anything in the account.
type Access int

// The two kinds of access.
const (
	Read Access = iota + 1
	Write
)

// Operation is one entry of a Table; make it with Op or REST.
type Operation struct {
	Action       string // IAM action that permits it, such as "kms:CreateKey"; never empty
	Access       Access
	Method, Path string // RESTJSON only, such as "PATCH" and "/ledgers/{Name}"
	NewInput     func() any
	Call         func(ctx context.Context, c *Call, in any) (out any, err error)
}

// Op declares an operation of an AWSJSON or Query service.
// In is decoded from the body: JSON members by `json` tags, matched exactly, form parameters by `form` tags. Out is
// encoded by `json` or `xml` tags; a nil *Out is an empty body. A list in a Query answer is tagged
// `xml:"Tags>member"`, one in a Query input `form:"Tags"`.
func Op[In, Out any](action string, access Access, fn func(context.Context, *Call, *In) (*Out, error)) Operation {
	return Operation{
		Action: action, Access: access,
		NewInput: func() any { return new(In) },
		Call: func(ctx context.Context, c *Call, in any) (any, error) {
			out, err := fn(ctx, c, in.(*In))
			if err != nil || out == nil {
				return nil, err
			}
			return out, nil
		},
	}
}

// REST declares an operation of a RESTJSON service. path has labels in braces. Fields of In tagged `path:"Name"` and
// `query:"max_results"` come from the URL (a []string field takes a repeated query key), the others from the body
// by `json` tags.
func REST[In, Out any](
	method, path, action string, access Access, fn func(context.Context, *Call, *In) (*Out, error),
) Operation {
	op := Op(action, access, fn)
	op.Method, op.Path = method, path
	return op
}

// Empty is the output of an operation that answers with no body.
type Empty struct{}

// Caller is who a request comes from.
type Caller struct {
	Account     string // 12 digits
	ARN         string // arn:aws:iam::111122223333:root, or a user's or a session's ARN
	UserID      string // what GetCallerIdentity shows as UserId
	AccessKeyID string
	// Service is the host name of an AWS service that calls for itself, such as qldb.eu-west-2.amazonaws.com, and
	// empty for everybody else. Such calls are allowed by grants alone.
	Service string
}

// Call is a request whose signature was verified and whose operation is known.
type Call struct {
	Service   string // signing name
	Operation string
	Action    string
	Partition string // "aws"
	Region    string // from the credential scope
	RequestID string
	Time      time.Time // on the harness clock
	Target    string    // what the input acts on, if it is a Targeter
	Caller    Caller
	// ViaService is the host name of the service that makes this call for Caller (kms:ViaService), or empty.
	ViaService string
	SourceIP   string
	UserAgent  string
	Referer    string // as the client says
	Trail      Trail  // filled in by the service while it answers
}

// ARN forms an ARN of the caller's account in the call's partition and Region.
func (c *Call) ARN(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", c.Partition, service, c.Region, c.Caller.Account, resource)
}

// A Targeter is an input that names what it acts on; the recorder keeps that name beside the call.
// It must return no secret.
type Targeter interface{ Target() string }

// A Commander is an input of an operation that does several things; the recorder keeps which one it asks for.
type Commander interface{ Command() string }

// Fault is an error a client sees: the service's code and words are the contract.
type Fault struct {
	Code    string
	Message string // may be empty: some services send none
	Status  int    // HTTP status; 0 means 400
	Members map[string]string
}

// Faultf makes a Fault of status 400.
func Faultf(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (f *Fault) Error() string {
	if f.Message == "" {
		return f.Code
	}
	return f.Code + ": " + f.Message
}

// Time is a moment as the JSON protocols carry it: epoch seconds with a millisecond fraction.
type Time struct{ time.Time }

// At returns a pointer to t as a wire time, or nil for the zero time.
func At(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// MarshalText implements encoding.TextMarshaler; the Query protocol carries ISO 8601 with whole seconds in UTC.
func (t Time) MarshalText() ([]byte, error) {
	return []byte(t.UTC().Format("2006-01-02T15:04:05Z")), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < -62135596800 || seconds > 253402300799 {
		return fmt.Errorf("timestamp %.40q is not epoch seconds", raw)
	}
	t.Time = time.UnixMilli(int64(seconds*1000 + 0.5)).UTC()
	return nil
}
