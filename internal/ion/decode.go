package ion

import (
	"slices"
	"sync"
)

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
