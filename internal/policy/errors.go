package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrTooLarge is returned, wrapped, by Parse for a text of more than MaxBytes bytes, by ParseIdentity and ParseTrust
// for one of more than MaxIdentityBytes. KMS answers it with LimitExceededException, unlike every other fault of a
// policy.
var ErrTooLarge = errors.New("policy is too large")

// ErrOverlyPermissive is what a SyntaxError wraps when the text is well formed but KMS refuses ForAllValues with a
// condition key that has one value at most. Msg is then the service's own text.
var ErrOverlyPermissive = errors.New("overly permissive condition")

// A SyntaxError says where a text leaves the policy language. Msg quotes names and short values, never the text.
type SyntaxError struct {
	Offset int // in bytes, from 0
	Line   int // from 1
	Column int // in characters, from 1
	Msg    string

	cause error
}

// Error gives line, column and Msg.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
}

// Unwrap gives ErrOverlyPermissive or nil.
func (e *SyntaxError) Unwrap() error { return e.cause }

// A PrincipalError says that a well formed policy names a principal that cannot exist. KMS answers it with
// MalformedPolicyDocumentException, "Policy contains a statement with one or more invalid principals.".
type PrincipalError struct {
	Statement int    // number, from 1
	Sid       string // "" when the statement has none
	Value     string // as Principal has it
	Offset    int    // in bytes, of the value
	Line      int    // from 1
	Column    int    // in characters, from 1
	Reason    string
}

// Error gives line and column, the statement, the value and what is wrong with it.
func (e *PrincipalError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s: invalid principal %s: %s", e.Line, e.Column,
		statementName(e.Statement, e.Sid), quote(e.Value), e.Reason)
}

// statementName is how every message names a statement.
func statementName(number int, sid string) string {
	if sid == "" {
		return "statement " + strconv.Itoa(number)
	}
	return fmt.Sprintf("statement %d (%s)", number, quote(sid))
}

// maxQuoted bounds what a message repeats from the text, in bytes. It holds the longest role ARN.
const maxQuoted = 640

func quote(s string) string {
	if short := clip(s); short != s {
		return strconv.Quote(strings.TrimSuffix(short, "...")) + "..."
	}
	return strconv.Quote(s)
}

// clip is s as far as a message repeats it.
func clip(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	cut := maxQuoted
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// syntaxError locates offset in text, which may be invalid UTF-8 after offset.
func syntaxError(text string, offset int, msg string) *SyntaxError {
	line, column := position(text, offset)
	return &SyntaxError{Offset: offset, Line: line, Column: column, Msg: msg}
}

// position is the line and the column of the byte at offset, both from 1; columns are counted in characters.
func position(text string, offset int) (line, column int) {
	line, start := 1, 0
	for i := range offset {
		if text[i] == '\n' {
			line, start = line+1, i+1
		}
	}
	return line, utf8.RuneCountInString(text[start:offset]) + 1
}
