// Package fault makes chosen calls fail on demand.
//
// A Set holds rules; each says which calls it is for, which of them to let pass first, and what happens to the rest:
//
//	{"service": "kms", "operation": "CreateAlias", "skip": 1, "count": 2, "kind": "throttle"}
//	{"service": "qldb", "operation": "UpdateLedger", "count": 1, "kind": "lost_answer"}
//	{"operation": "DescribeKey", "target": "alias/orders", "kind": "latency", "duration": "250ms"}
//	{"via": "qldb", "operation": "Decrypt", "kind": "throttle"}
//
// The calls it counts are those that were authenticated and decoded, and, for rules that ask for them with "via", those
// that one service makes of another. Nothing of a Set is durable.
package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Kind is what a rule does to a call.
type Kind string

// The kinds of faults.
const (
	Error              Kind = "error"             // answer with Code, Message and Status; the operation is not run
	Throttle           Kind = "throttle"          // answer with the service's own refusal of too many requests
	Latency            Kind = "latency"           // wait for Duration, then go on
	LostAnswer         Kind = "lost_answer"       // run the operation, then close the connection without an answer
	DropBefore         Kind = "drop_before"       // close the connection; the operation is not run
	RefuseConnection   Kind = "refuse_connection" // another name for DropBefore
	Hang               Kind = "hang"              // hold the call until it is released or its client leaves
	anything                = "*"
	before                  = "before"
	after                   = "after"
	defaultErrorStatus      = 400
)

// Rule says which calls fail and how. An empty or "*" Service, Operation, Region or Target matches every call.
type Rule struct {
	ID        string   `json:"id,omitempty"`       // given by the Set
	Service   string   `json:"service,omitempty"`  // signing name, such as "kms"
	Operation string   `json:"operation"`          // such as "CreateAlias"
	Region    string   `json:"region,omitempty"`   // such as "eu-west-2"
	Target    string   `json:"target,omitempty"`   // what the call acts on, as the recorder shows it
	Via       string   `json:"via,omitempty"`      // the service that makes the call; empty: a client, "*": either
	Skip      int      `json:"skip,omitempty"`     // matching calls to let pass first
	Count     int      `json:"count,omitempty"`    // calls to disturb after that; 0 means all
	Kind      Kind     `json:"kind"`               //
	Code      string   `json:"code,omitempty"`     // Error only
	Message   string   `json:"message,omitempty"`  // Error only
	Status    int      `json:"status,omitempty"`   // Error only; HTTP status from 400 to 599, default 400
	Duration  Duration `json:"duration,omitempty"` // Latency only, such as "250ms"
	When      string   `json:"when,omitempty"`     // Hang only: "before" the effect, the default, or "after"
}

// Status is a rule and what it did so far.
type Status struct {
	Rule
	Matched int `json:"matched"` // calls it was for
	Hits    int `json:"hits"`    // calls it disturbed
	Held    int `json:"held"`    // calls it holds now
}

// Duration is a time.Duration that JSON carries in Go's notation.
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %.40q: want a form like 250ms", text)
	}
	*d = Duration(parsed)
	return nil
}

// Parse reads one rule from JSON. Unknown members are refused, so that a misspelt one does not widen a rule.
func Parse(raw []byte) (Rule, error) {
	var r Rule
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Rule{}, fmt.Errorf("fault rule: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Rule{}, errors.New("fault rule: more than one JSON value")
	}
	return r, r.check()
}

func (r Rule) check() error {
	problem := ""
	switch {
	case r.Operation == "":
		problem = `operation is missing; "*" means every one`
	case r.Skip < 0 || r.Count < 0:
		problem = "skip and count must not be negative"
	case r.Kind == Error && r.Code == "":
		problem = "an error needs a code"
	case r.Kind != Error && (r.Code != "" || r.Message != "" || r.Status != 0):
		problem = "code, message and status belong to an error"
	case r.Status != 0 && (r.Status < 400 || r.Status > 599):
		problem = "status must be between 400 and 599"
	case r.Kind == Latency && r.Duration <= 0:
		problem = "latency needs a positive duration"
	case r.Kind != Latency && r.Duration != 0:
		problem = "duration belongs to latency"
	case r.Kind != Hang && r.When != "" || r.When != "" && r.When != before && r.When != after:
		problem = `when belongs to hang and is "before" or "after"`
	}
	switch r.Kind {
	case Error, Throttle, Latency, LostAnswer, DropBefore, RefuseConnection, Hang:
	default:
		problem = fmt.Sprintf("kind %.40q: want error, throttle, latency, lost_answer, drop_before, "+
			"refuse_connection or hang", r.Kind)
	}
	if problem != "" {
		return errors.New("fault rule: " + problem)
	}
	return nil
}
