package ion

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Defaults of Options.
const (
	DefaultMaxBytes       = 4 << 20
	DefaultMaxDepth       = 128
	DefaultMaxValues      = 1 << 20
	DefaultMaxNumberBytes = 16 << 10
)

// maxFractionDigits bounds the fraction of a second: a binary timestamp of ten bytes may claim a fraction of 2^31
// zeros, all of which text must spell out.
const maxFractionDigits = 256

// Options are the limits of a reader; a zero field means its default. The defaults suit what one request carries;
// Stored is for what this project wrote itself. A reader never holds more than about four times
// MaxBytes plus 250 bytes for each of MaxValues.
type Options struct {
	MaxBytes       int // bytes of input; default 4 MiB
	MaxDepth       int // containers around a value; default 128
	MaxValues      int // values at every depth and annotations, symbol tables included; default 1,048,576
	MaxNumberBytes int // bytes of one integer or of one decimal's coefficient; default 16 KiB

	// Tables are the shared symbol tables that input may import. Without them an import only reserves its numbers.
	Tables []SharedTable
}

// A SharedTable is a named list of symbols; the first has number 1 in the table. Source: Ion symbols, "Shared Symbol
// Tables".
type SharedTable struct {
	Name    string
	Version int
	Symbols []string
}

// Stored are the limits for reading back what this project wrote: a block of the largest transaction, in which every
// document met the defaults when it came in and now lies some levels deeper. With the defaults such a block could be
// written and not be read any more.
func Stored() Options {
	return Options{MaxBytes: 64 << 20, MaxDepth: 2 * DefaultMaxDepth, MaxValues: 64 << 20}
}

// Check says whether v keeps the limits of depth, values and numbers; the error is a *LimitError. Values that readers
// made keep theirs, but values put together from them may grow beyond what a reader takes back. MaxBytes is not
// checked: the caller knows the size once it has encoded v.
func (o Options) Check(v Value) error {
	limits := budget{opt: o.withDefaults()}
	return limits.check(v, 0)
}

func (b *budget) check(v Value, depth int) error {
	for range 1 + len(v.Annotations()) {
		if err := b.spend(depth); err != nil {
			return err
		}
	}
	if v.kind == IntType || v.kind == DecimalType {
		return b.number(len(v.text))
	}
	for _, item := range v.Items() {
		if err := b.check(item, depth+1); err != nil {
			return err
		}
	}
	for _, f := range v.Fields() {
		if err := b.check(f.Value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	for _, limit := range []struct {
		value *int
		usual int
	}{
		{&o.MaxBytes, DefaultMaxBytes},
		{&o.MaxDepth, DefaultMaxDepth},
		{&o.MaxValues, DefaultMaxValues},
		{&o.MaxNumberBytes, DefaultMaxNumberBytes},
	} {
		if *limit.value <= 0 {
			*limit.value = limit.usual
		}
	}
	return o
}

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

// Decode reads a stream of values, binary if data begins with a binary version marker, else text. Errors are
// *SyntaxError and *LimitError.
func Decode(data []byte, o Options) ([]Value, error) {
	if len(data) > 0 && data[0] == versionMarker[0] {
		return DecodeBinary(data, o)
	}
	return ParseText(string(data), o)
}

// DecodeOne reads exactly one value, binary or text; none or several are a *CountError.
func DecodeOne(data []byte, o Options) (Value, error) {
	return one(Decode(data, o))
}

// ParseOne reads exactly one value from text; none or several are a *CountError.
func ParseOne(text string, o Options) (Value, error) {
	return one(ParseText(text, o))
}

func one(values []Value, err error) (Value, error) {
	if err != nil {
		return Value{}, err
	}
	if len(values) != 1 {
		return Value{}, &CountError{Count: len(values)}
	}
	return values[0], nil
}

// budget is what a reader may still use.
type budget struct {
	opt    Options
	values int
}

func newBudget(o Options, size int) (budget, error) {
	o = o.withDefaults()
	if size > o.MaxBytes {
		return budget{}, &LimitError{Limit: "MaxBytes", Max: o.MaxBytes}
	}
	return budget{opt: o}, nil
}

// spend pays for one more value, depth containers deep.
func (b *budget) spend(depth int) error {
	if depth > b.opt.MaxDepth {
		return &LimitError{Limit: "MaxDepth", Max: b.opt.MaxDepth}
	}
	if b.values++; b.values > b.opt.MaxValues {
		return &LimitError{Limit: "MaxValues", Max: b.opt.MaxValues}
	}
	return nil
}

func (b *budget) number(bytes int) error {
	if bytes > b.opt.MaxNumberBytes {
		return &LimitError{Limit: "MaxNumberBytes", Max: b.opt.MaxNumberBytes}
	}
	return nil
}

// gathered are the stacks on which containers gather their content before it is copied at its exact size.
type gathered struct {
	items  []Value
	fields []Field
}

// maxPooledGathered keeps one huge document from holding its memory for ever.
const maxPooledGathered = 1 << 12

var gatheredPool = sync.Pool{New: func() any { return new(gathered) }}

func takeGathered() *gathered { return gatheredPool.Get().(*gathered) }

// release gives g back, emptied also after an error.
func (g *gathered) release() {
	g.popItems(0)
	g.popFields(0)
	if cap(g.items)+cap(g.fields) <= maxPooledGathered {
		gatheredPool.Put(g)
	}
}

func (g *gathered) popItems(start int) []Value {
	top := g.items[start:]
	out := slices.Clone(top)
	clear(top)
	g.items = g.items[:start]
	return out
}

func (g *gathered) popFields(start int) []Field {
	top := g.fields[start:]
	out := slices.Clone(top)
	clear(top)
	g.fields = g.fields[:start]
	return out
}

func lineAndColumn(text string, offset int) (line, column int) {
	before := text[:offset]
	return strings.Count(before, "\n") + 1, offset - strings.LastIndexByte(before, '\n')
}
