package ion

import (
	"fmt"
	"strings"
)

// A SyntaxError says where input stops being Ion. Line and Column (in bytes) count from 1 and are 0 for binary input.
type SyntaxError struct {
	Offset       int // bytes before the fault
	Line, Column int
	Reason       string
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("ion binary, byte %d: %s", e.Offset, e.Reason)
	}
	return fmt.Sprintf("ion text, %d:%d: %s", e.Line, e.Column, e.Reason)
}

// A LimitError says which field of Options input goes beyond ("MaxBytes"), or "fraction digits" of a timestamp.
type LimitError struct {
	Limit string
	Max   int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("ion input goes beyond %s %d", e.Limit, e.Max)
}

// A CountError says that input holds Count values where one is required.
type CountError struct{ Count int }

func (e *CountError) Error() string {
	return fmt.Sprintf("ion input holds %d values instead of one", e.Count)
}

func lineAndColumn(text string, offset int) (line, column int) {
	before := text[:offset]
	return strings.Count(before, "\n") + 1, offset - strings.LastIndexByte(before, '\n')
}
