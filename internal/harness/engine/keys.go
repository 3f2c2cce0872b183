package engine

import (
	"encoding/binary"
	"fmt"
)

// A place says where among the documents of a table a document is.
type place struct {
	block   uint64 // that created it
	ordinal uint16 // among the revisions of that block
}

const placeLength = 10

// ownBlock is the block of documents that the transaction itself has inserted: after all others.
const ownBlock = 1<<64 - 1

func (p place) compare(q place) int {
	switch {
	case p.block != q.block && p.block < q.block, p.block == q.block && p.ordinal < q.ordinal:
		return -1
	case p == q:
		return 0
	}
	return 1
}

func (p place) append(b []byte) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(b, p.block), p.ordinal)
}

// parsePlace reads the place at the end of a key.
func parsePlace(key []byte) (place, error) {
	if len(key) < placeLength {
		return place{}, fmt.Errorf("index key of %d bytes has no place", len(key))
	}
	b := key[len(key)-placeLength:]
	return place{block: binary.BigEndian.Uint64(b), ordinal: binary.BigEndian.Uint16(b[8:])}, nil
}

var catalogKey = []byte{'c'}

func headKey(table string, p place) []byte { return p.append(headPrefix(table)) }

func headPrefix(table string) []byte { return prefix('d', table) }

func oldKey(table string, p place, version int64) []byte {
	return binary.BigEndian.AppendUint64(p.append(oldPrefix(table)), uint64(version))
}

func oldPrefix(table string) []byte { return prefix('h', table) }

func documentKey(id string) []byte { return prefix('l', id) }

func entryKey(index string, hash [32]byte, p place) []byte { return p.append(entryPrefix(index, hash)) }

func entryPrefix(index string, hash [32]byte) []byte { return append(prefix('x', index), hash[:]...) }

func blockKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{'b'}, number)
}

func nodeKey(level uint8, index uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{'m', level}, index)
}

func prefix(kind byte, id string) []byte {
	b := make([]byte, 0, 80)
	return append(append(b, kind), id...)
}

// after is the first key that does not begin with prefix; no prefix here ends with 0xFF bytes only.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; ; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
}
