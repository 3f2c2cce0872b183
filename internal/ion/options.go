package ion

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
