package verify

import (
	"encoding/base64"
	"fmt"
)

// A Step is one thing that a check compares.
type Step string

// The steps of a check.
const (
	StepAddress           Step = "address"             // of another strand or block, or after the tip
	StepRevisionHash      Step = "revision hash"       // stated, against the one that data and metadata have
	StepProofLength       Step = "proof length"        // elements, against what address and tip allow
	StepDigest            Step = "digest"              // given, against the one that the proof leads to
	StepEntry             Step = "entry"               // a part of the block whose hash is not in entriesHashList
	StepEntriesHash       Step = "entries hash"        // stated, against the root of entriesHashList
	StepBlockHash         Step = "block hash"          // stated, against the one that its parts have
	StepSequenceNo        Step = "sequence number"     // of a block that does not come after the one before
	StepPreviousBlockHash Step = "previous block hash" // stated, against blockHash of the block before
)

// A MismatchError says which step of a check failed, and for what.
type MismatchError struct {
	Step   Step
	Object string // for example "revision <document id> version 3"
	Got    string // computed; a hash in base64
	Want   string // stated
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s: %s does not match: got %s, want %s", e.Object, e.Step, e.Got, e.Want)
}

// A FormatError says that input is not what the service returns.
type FormatError struct {
	What   string // "proof", "revision", "block", "block address", "digest"
	Reason string
	Err    error // of the Ion or base64 reader, or nil
}

func (e *FormatError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s %s: %v", e.What, e.Reason, e.Err)
	}
	return fmt.Sprintf("%s %s", e.What, e.Reason)
}

func (e *FormatError) Unwrap() error { return e.Err }

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
