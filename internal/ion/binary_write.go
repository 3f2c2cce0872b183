package ion

import (
	"encoding/binary"
	"slices"
	"sync"
)

// EncodeBinary writes values as one stream of Ion 1.0 binary: version marker, a local symbol table if there are
// symbols beyond the system's, the values. Equal values with their fields in the same order give the same bytes.
func EncodeBinary(values ...Value) []byte {
	w := writers.Get().(*binaryWriter)
	for _, v := range values {
		w.value(v)
	}
	body := len(w.out)
	if len(w.local) > 0 {
		w.symbolTable()
	}
	out := make([]byte, 0, len(versionMarker)+len(w.out))
	out = append(out, versionMarker...)
	out = append(append(out, w.out[body:]...), w.out[:body]...)
	w.release()
	return out
}

// These bounds keep one huge document from holding its memory, and its map from being cleared, for ever.
const (
	maxPooledOutput  = 1 << 20
	maxPooledSymbols = 1 << 10
)

func (w *binaryWriter) release() {
	if cap(w.out) > maxPooledOutput || len(w.local) > maxPooledSymbols {
		return
	}
	clear(w.sids)
	clear(w.local)
	w.out, w.local = w.out[:0], w.local[:0]
	writers.Put(w)
}

var writers = sync.Pool{New: func() any { return &binaryWriter{sids: make(map[string]uint64)} }}

type binaryWriter struct {
	out   []byte
	local []string          // symbols beyond the system's, in the order of their numbers
	sids  map[string]uint64 // numbers of local
}

// symbolTable writes $ion_symbol_table::{symbols:[...]} with the local symbols.
func (w *binaryWriter) symbolTable() {
	wrapper := w.begin()
	w.out = append(w.out, 0x81, 0x80|byte(systemSIDs[symbolTableSymbol]))
	table := w.begin()
	w.out = append(w.out, 0x80|byte(systemSIDs["symbols"]))
	list := w.begin()
	for _, text := range w.local {
		start := w.begin()
		w.out = append(w.out, text...)
		w.end(start, typeCodes[StringType])
	}
	w.end(list, typeCodes[ListType])
	w.end(table, typeCodes[StructType])
	w.end(wrapper, annotationCode)
}

// systemSIDs are the numbers of systemSymbols.
var systemSIDs = func() map[string]uint64 {
	sids := make(map[string]uint64, len(systemSymbols))
	for sid, text := range systemSymbols {
		sids[text] = uint64(sid)
	}
	return sids
}()

func (w *binaryWriter) sid(text string) uint64 {
	if sid, ok := w.sids[text]; ok {
		return sid
	}
	if sid, ok := systemSIDs[text]; ok {
		return sid
	}
	sid := uint64(len(systemSymbols) + len(w.local))
	w.sids[text] = sid
	w.local = append(w.local, text)
	return sid
}

func (w *binaryWriter) value(v Value) {
	names := v.Annotations()
	if len(names) == 0 {
		w.bare(v)
		return
	}
	wrapper := w.begin()
	list := w.begin()
	for _, name := range names {
		w.out = appendVarUint(w.out, w.sid(name))
	}
	length := appendVarUint(nil, uint64(len(w.out)-list-1))
	w.out = slices.Replace(w.out, list, list+1, length...)
	w.bare(v)
	w.end(wrapper, annotationCode)
}

// typeCodes are the high halves of type descriptors, by type. A negative int has 0x30.
var typeCodes = [...]byte{
	NullType: 0x00, BoolType: 0x10, IntType: 0x20, FloatType: 0x40, DecimalType: 0x50, TimestampType: 0x60,
	SymbolType: 0x70, StringType: 0x80, ClobType: 0x90, BlobType: 0xa0, ListType: 0xb0, SexpType: 0xc0,
	StructType: 0xd0,
}

const annotationCode = 0xe0

func (w *binaryWriter) bare(v Value) {
	code := typeCodes[v.kind]
	if v.IsNull() {
		w.out = append(w.out, code|15)
		return
	}
	start := w.begin()
	switch v.kind {
	case BoolType:
		w.out[start] = code | byte(v.num)
		return
	case IntType:
		if v.negative {
			code = 0x30
		}
		w.out = appendMagnitude(w.out, magnitude{v.num, v.text})
	case FloatType:
		if v.num != 0 {
			w.out = binary.BigEndian.AppendUint64(w.out, v.num)
		}
	case DecimalType:
		w.out = appendDecimal(w.out, v.Decimal())
	case TimestampType:
		w.out = appendTimestamp(w.out, v.Timestamp())
	case SymbolType:
		w.out = appendMagnitude(w.out, magnitude{small: w.sid(v.text)})
	case StringType, ClobType, BlobType:
		w.out = append(w.out, v.text...)
	case ListType, SexpType:
		for _, item := range v.Items() {
			w.value(item)
		}
	case StructType:
		for _, f := range v.Fields() {
			w.out = appendVarUint(w.out, w.sid(f.Name))
			w.value(f.Value)
		}
	}
	w.end(start, code)
}

// begin leaves one byte for a type descriptor and returns where.
func (w *binaryWriter) begin() int {
	w.out = append(w.out, 0)
	return len(w.out) - 1
}

// end fills the descriptor at start for everything written since, which it moves if the length needs room.
func (w *binaryWriter) end(start int, code byte) {
	n := len(w.out) - start - 1
	if n < 14 {
		w.out[start] = code | byte(n)
		return
	}
	w.out[start] = code | 14
	var room [10]byte
	w.out = slices.Insert(w.out, start+1, appendVarUint(room[:0], uint64(n))...)
}
