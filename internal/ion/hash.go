package ion

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
)

// The bytes that frame a serialised value, and the one that escapes them in its content.
const (
	hashBegin  = 0x0b
	hashEscape = 0x0c
	hashEnd    = 0x0e
)

// Hash is the Ion hash of v with SHA-256. Neither the order of struct fields nor the encoding v came in matters;
// annotations, precision and everything else of the data model do.
//
// Source: Amazon Ion Hash Specification 1.0.
func Hash(v Value) [32]byte {
	h := hashers.Get().(*hasher)
	h.value(v)
	sum := sha256.Sum256(h.out)
	h.out, h.digests, h.spans = h.out[:0], h.digests[:0], h.spans[:0]
	if cap(h.out) <= maxPooledHash {
		hashers.Put(h)
	}
	return sum
}

// maxPooledHash keeps one huge document from holding its memory for ever.
const maxPooledHash = 1 << 20

var hashers = sync.Pool{New: func() any { return &hasher{sum: appendSHA256} }}

func appendSHA256(dst, data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(dst, sum[:]...)
}

// A hasher serialises values. Each of its slices is a stack: a struct serialises a field on top of out, replaces it
// there by its digest on top of digests, and at the end brings the sorted digests back to out.
type hasher struct {
	sum     func(dst, data []byte) []byte // appends the digest of data
	out     []byte
	digests []byte
	spans   []span // of digests
}

type span struct{ start, end int }

func (h *hasher) value(v Value) {
	names := v.Annotations()
	if len(names) == 0 {
		h.bare(v)
		return
	}
	h.out = append(h.out, hashBegin, 0xe0)
	for _, name := range names {
		h.symbol(name)
	}
	h.bare(v)
	h.out = append(h.out, hashEnd)
}

func (h *hasher) symbol(text string) {
	if text == NoText {
		h.out = append(h.out, hashBegin, 0x71, hashEnd)
		return
	}
	h.out = append(h.out, hashBegin, 0x70)
	h.out = append(appendEscaped(h.out, text), hashEnd)
}

func (h *hasher) bare(v Value) {
	code := typeCodes[v.kind]
	if v.IsNull() {
		h.out = append(h.out, hashBegin, code|15, hashEnd)
		return
	}
	if v.kind == SymbolType {
		h.symbol(v.text)
		return
	}
	if v.negative && v.kind == IntType {
		code = 0x30
	}
	if v.kind == BoolType {
		code |= byte(v.num)
	}
	h.out = append(h.out, hashBegin, code)
	start := len(h.out)
	switch v.kind {
	case IntType:
		h.out = appendMagnitude(h.out, magnitude{v.num, v.text})
		h.escapeFrom(start)
	case FloatType:
		if v.num != 0 {
			h.out = binary.BigEndian.AppendUint64(h.out, v.num)
			h.escapeFrom(start)
		}
	case DecimalType:
		h.out = appendDecimal(h.out, v.Decimal())
		h.escapeFrom(start)
	case TimestampType:
		h.out = appendTimestamp(h.out, v.Timestamp())
		h.escapeFrom(start)
	case StringType, ClobType, BlobType:
		h.out = appendEscaped(h.out, v.text)
	case ListType, SexpType:
		for _, item := range v.Items() {
			h.value(item)
		}
	case StructType:
		h.fields(v.Fields())
	}
	h.out = append(h.out, hashEnd)
}

func (h *hasher) fields(fields []Field) {
	firstSpan, firstDigest := len(h.spans), len(h.digests)
	for _, f := range fields {
		start, digest := len(h.out), len(h.digests)
		h.symbol(f.Name)
		h.value(f.Value)
		h.digests = h.sum(h.digests, h.out[start:])
		h.out = h.out[:start]
		h.spans = append(h.spans, span{digest, len(h.digests)})
	}
	sorted := h.spans[firstSpan:]
	slices.SortFunc(sorted, func(a, b span) int {
		return bytes.Compare(h.digests[a.start:a.end], h.digests[b.start:b.end])
	})
	for _, s := range sorted {
		h.out = appendEscaped(h.out, h.digests[s.start:s.end])
	}
	h.spans, h.digests = h.spans[:firstSpan], h.digests[:firstDigest]
}

func isFrame(b byte) bool { return b == hashBegin || b == hashEscape || b == hashEnd }

func appendEscaped[T string | []byte](dst []byte, content T) []byte {
	from := 0
	for i := range len(content) {
		if isFrame(content[i]) {
			dst = append(append(dst, content[from:i]...), hashEscape)
			from = i
		}
	}
	return append(dst, content[from:]...)
}

// escapeFrom escapes what out has from start on.
func (h *hasher) escapeFrom(start int) {
	if slices.ContainsFunc(h.out[start:], isFrame) {
		h.out = appendEscaped(h.out[:start], slices.Clone(h.out[start:]))
	}
}

// Dot combines two digests into one: SHA-256 over both, the smaller first. Smaller is decided on the last byte that
// differs, bytes being signed. Dot is commutative but not associative.
//
// Source: QLDB drivers, "dot" of QldbHash; amazon-qldb-dmv-sample-java, Verifier.joinHashesPairwise.
func Dot(a, b [32]byte) [32]byte {
	for i := len(a) - 1; i >= 0; i-- {
		if x, y := int8(a[i]), int8(b[i]); x != y {
			if x > y {
				a, b = b, a
			}
			break
		}
	}
	var both [64]byte
	copy(both[:32], a[:])
	copy(both[32:], b[:])
	return sha256.Sum256(both[:])
}
