package ion

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// DecodeBinary reads a stream of values in Ion 1.0 binary, which must begin with a version marker. Symbol tables and
// padding are not among the values. Errors are *SyntaxError and *LimitError. The values keep one copy of data alive.
func DecodeBinary(data []byte, o Options) ([]Value, error) {
	limits, err := newBudget(o, len(data))
	if err != nil {
		return nil, err
	}
	r := binaryReader{in: string(data), budget: limits, gathered: takeGathered()}
	defer r.release()
	if !strings.HasPrefix(r.in, versionMarker) {
		return nil, r.fault("no Ion 1.0 version marker")
	}
	var out []Value
	for r.pos < len(r.in) {
		if r.in[r.pos] == versionMarker[0] {
			if !strings.HasPrefix(r.in[r.pos:], versionMarker) {
				return nil, r.fault("not a version marker of Ion 1.0")
			}
			r.pos += len(versionMarker)
			r.table = symbolTable{}
			continue
		}
		start := r.pos
		v, padding, err := r.value(len(r.in), 0)
		switch {
		case err != nil:
			return nil, err
		case padding || isVersionMarker(v):
		case isSymbolTable(v):
			if reason := r.table.define(v, r.opt.Tables); reason != "" {
				r.pos = start
				return nil, r.fault(reason)
			}
		default:
			out = append(out, v)
		}
	}
	return out, nil
}

// A binaryReader reads in, of which the values become substrings.
type binaryReader struct {
	budget
	*gathered
	in    string
	pos   int
	table symbolTable
}

func (r *binaryReader) fault(reason string) error {
	return &SyntaxError{Offset: r.pos, Reason: reason}
}

// nullTypes are the types of the nulls, by type code.
var nullTypes = [...]Type{
	NullType, BoolType, IntType, IntType, FloatType, DecimalType, TimestampType, SymbolType, StringType, ClobType,
	BlobType, ListType, SexpType, StructType,
}

// value reads one value, or padding, that must not go beyond end.
func (r *binaryReader) value(end, depth int) (v Value, padding bool, err error) {
	if err := r.spend(depth); err != nil {
		return v, false, err
	}
	start := r.pos
	code, low := r.in[r.pos]>>4, r.in[r.pos]&15
	r.pos++
	if low == 15 {
		if int(code) >= len(nullTypes) {
			return v, false, r.faultAt(start, "type code that Ion 1.0 does not have")
		}
		return Null(nullTypes[code]), false, nil
	}
	if code == 1 {
		if low > 1 {
			return v, false, r.faultAt(start, "bool of invalid length")
		}
		return Bool(low == 1), false, nil
	}
	stop, err := r.bodyEnd(code, low, end)
	if err != nil {
		return v, false, err
	}
	switch code {
	case 0:
		r.pos = stop
		return v, true, nil
	case 14:
		v, err = r.annotated(low, stop, depth)
	default:
		v, err = r.body(code, stop, depth)
	}
	return v, false, err
}

func (r *binaryReader) faultAt(pos int, reason string) error {
	r.pos = pos
	return r.fault(reason)
}

// bodyEnd reads the length of a value of the given type code and returns where its body ends.
func (r *binaryReader) bodyEnd(code, low byte, end int) (int, error) {
	length := uint64(low)
	ordered := code == 13 && low == 1 // a struct of length 1 cannot be; it says that the fields are sorted by number
	if low == 14 || ordered {
		var err error
		if length, err = r.varUint(end); err != nil {
			return 0, err
		}
	}
	if ordered && length == 0 {
		return 0, r.fault("ordered struct without fields")
	}
	if length > uint64(end-r.pos) {
		return 0, r.fault("value longer than what is left for it")
	}
	return r.pos + int(length), nil
}

// body reads the body of a value, which ends at stop.
func (r *binaryReader) body(code byte, stop, depth int) (Value, error) {
	switch code {
	case 2, 3:
		m := magnitudeOfBytes(r.rest(stop))
		if code == 3 && m.isZero() {
			return Value{}, r.fault("negative zero as an int")
		}
		return intValue(m, code == 3), r.number(len(m.big))
	case 4:
		return r.float(r.rest(stop))
	case 5:
		return r.decimal(stop)
	case 6:
		return r.timestamp(stop)
	case 7:
		m := magnitudeOfBytes(r.rest(stop))
		if m.big != "" {
			m.small = math.MaxUint64
		}
		text, err := r.symbol(m.small)
		return Value{kind: SymbolType, text: text}, err
	case 8:
		text := r.rest(stop)
		if !utf8.ValidString(text) {
			return Value{}, r.fault("string that is not UTF-8")
		}
		return Value{kind: StringType, text: text}, nil
	case 9:
		return Value{kind: ClobType, text: r.rest(stop)}, nil
	case 10:
		return Value{kind: BlobType, text: r.rest(stop)}, nil
	case 11, 12:
		return r.sequence(ListType+Type(code-11), stop, depth)
	case 13:
		return r.structure(stop, depth)
	default:
		return Value{}, r.fault("type code that Ion 1.0 does not have")
	}
}

func (r *binaryReader) rest(stop int) string {
	text := r.in[r.pos:stop]
	r.pos = stop
	return text
}

func (r *binaryReader) symbol(sid uint64) (string, error) {
	text, ok := r.table.text(sid)
	if !ok {
		return "", r.fault(fmt.Sprintf("symbol $%d has no text here", sid))
	}
	return text, nil
}

func (r *binaryReader) float(body string) (Value, error) {
	bits := magnitudeOfBytes(body).small
	switch len(body) {
	case 0:
		return Float(0), nil
	case 4:
		return Float(float64(math.Float32frombits(uint32(bits)))), nil
	case 8:
		return Float(math.Float64frombits(bits)), nil
	default:
		return Value{}, r.fault("float of invalid length")
	}
}

func (r *binaryReader) decimal(stop int) (Value, error) {
	if r.pos == stop {
		return Decimal{}.Value(), nil
	}
	exponent, err := r.exponent(stop)
	if err != nil {
		return Value{}, err
	}
	coefficient, negative := r.signed(stop)
	return Decimal{coefficient, negative, exponent}.Value(), r.number(len(coefficient.big))
}

func (r *binaryReader) exponent(stop int) (int32, error) {
	size, negative, err := r.varInt(stop)
	if err != nil {
		return 0, err
	}
	exponent := int64(min(size, 1<<32))
	if negative {
		exponent = -exponent
	}
	if exponent < math.MinInt32 || exponent > math.MaxInt32 {
		return 0, r.fault("exponent beyond 32 bits")
	}
	return int32(exponent), nil
}

// signed reads an Int, which has its sign in the highest bit, up to stop.
func (r *binaryReader) signed(stop int) (m magnitude, negative bool) {
	body := r.rest(stop)
	if body == "" || body[0] < 0x80 {
		return magnitudeOfBytes(body), false
	}
	if len(body) > 8 {
		return magnitudeOfBytes(string([]byte{body[0] & 0x7f}) + body[1:]), true
	}
	m = magnitudeOfBytes(body)
	m.small &^= 0x80 << (8 * (len(body) - 1))
	return m, true
}

func (r *binaryReader) sequence(kind Type, stop, depth int) (Value, error) {
	start := len(r.items)
	for r.pos < stop {
		v, padding, err := r.value(stop, depth+1)
		if err != nil {
			return Value{}, err
		}
		if !padding {
			r.items = append(r.items, v)
		}
	}
	return sequence(kind, r.popItems(start)), nil
}

func (r *binaryReader) structure(stop, depth int) (Value, error) {
	start := len(r.fields)
	for r.pos < stop {
		sid, err := r.varUint(stop)
		if err != nil {
			return Value{}, err
		}
		if r.pos == stop {
			return Value{}, r.fault("field without a value")
		}
		v, padding, err := r.value(stop, depth+1)
		if err != nil {
			return Value{}, err
		}
		if padding {
			continue
		}
		name, err := r.symbol(sid)
		if err != nil {
			return Value{}, err
		}
		r.fields = append(r.fields, Field{Name: name, Value: v})
	}
	return structValue(r.popFields(start)), nil
}

// annotated reads the body of an annotation wrapper.
func (r *binaryReader) annotated(low byte, stop, depth int) (Value, error) {
	if low < 3 {
		return Value{}, r.fault("annotation wrapper too short")
	}
	length, err := r.varUint(stop)
	if err != nil {
		return Value{}, err
	}
	if length == 0 || length >= uint64(stop-r.pos) {
		return Value{}, r.fault("annotations leave no room for a value")
	}
	var names []string
	for end := r.pos + int(length); r.pos < end; {
		if len(names) > 0 { // the wrapper itself has paid for the first
			if err := r.spend(depth); err != nil {
				return Value{}, err
			}
		}
		sid, err := r.varUint(end)
		if err != nil {
			return Value{}, err
		}
		name, err := r.symbol(sid)
		if err != nil {
			return Value{}, err
		}
		names = append(names, name)
	}
	if r.in[r.pos]>>4 == 14 {
		return Value{}, r.fault("annotation wrapper inside another")
	}
	v, padding, err := r.value(stop, depth)
	switch {
	case err != nil:
		return Value{}, err
	case padding:
		return Value{}, r.fault("annotated padding")
	case r.pos != stop:
		return Value{}, r.fault("annotation wrapper longer than its value")
	default:
		return v.annotated(names), nil
	}
}

// varUint reads a VarUInt: seven bits a byte, the last byte marked.
func (r *binaryReader) varUint(end int) (uint64, error) {
	return r.sevenBits(0, end)
}

func (r *binaryReader) sevenBits(n uint64, end int) (uint64, error) {
	for r.pos < end {
		b := r.in[r.pos]
		r.pos++
		if n >= 1<<56 {
			return 0, r.fault("length or number beyond 63 bits")
		}
		n = n<<7 | uint64(b&0x7f)
		if b >= 0x80 {
			return n, nil
		}
	}
	return 0, r.fault("number that does not end")
}

// varInt reads a VarInt: a VarUInt whose first byte has a sign in place of its highest bit.
func (r *binaryReader) varInt(end int) (n uint64, negative bool, err error) {
	if r.pos >= end {
		return 0, false, r.fault("number that does not end")
	}
	b := r.in[r.pos]
	r.pos++
	n, negative = uint64(b&0x3f), b&0x40 != 0
	if b < 0x80 {
		n, err = r.sevenBits(n, end)
	}
	return n, negative, err
}
