package local

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/tidwall/btree"
)

// A payload is one byte of version, then changes one after the other, each a byte that says which, the key and, for
// a put, the value. Keys and values come after their length as a uvarint. Changes of several transactions stand in
// one payload in the order of their commit: they become durable together or not at all.
const (
	payloadVersion = 1
	changePut      = 1
	changeDelete   = 2
)

func appendPut(b []byte, key string, value []byte) []byte {
	b = append(b, changePut)
	b = appendString(b, key)
	return appendString(b, string(value))
}

func appendDelete(b []byte, key string) []byte {
	return appendString(append(b, changeDelete), key)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errPayload = errors.New("the record holds no state changes")

// tree is one version of the state. A published tree is only read; the next one starts as its copy.
type tree struct {
	items btree.Map[string, []byte]
	bytes int64 // what a snapshot takes, about
}

// itemOverhead is what an item takes beyond key and value: its kind and two lengths, at most.
const itemOverhead = 1 + 2*binary.MaxVarintLen32

func (t *tree) copy() *tree { return &tree{items: *t.items.Copy(), bytes: t.bytes} }

func (t *tree) put(key string, value []byte) {
	old, replaced := t.items.Set(key, value)
	t.bytes += int64(len(value)) - int64(len(old))
	if !replaced {
		t.bytes += int64(len(key)) + itemOverhead
	}
}

func (t *tree) delete(key string) (found bool) {
	old, found := t.items.Delete(key)
	if found {
		t.bytes -= int64(len(key)) + int64(len(old)) + itemOverhead
	}
	return found
}

// apply makes the changes of one payload.
func (t *tree) apply(payload []byte) error {
	if len(payload) == 0 || payload[0] != payloadVersion {
		return errPayload
	}
	for b := payload[1:]; len(b) > 0; {
		change := b[0]
		key, rest, ok := cutBytes(b[1:])
		if !ok || len(key) == 0 {
			return errPayload
		}
		b = rest
		switch change {
		case changePut:
			value, rest, ok := cutBytes(b)
			if !ok {
				return errPayload
			}
			b = rest
			t.put(string(key), bytes.Clone(value)) // the payload need not stay for it
		case changeDelete:
			t.delete(string(key))
		default:
			return errPayload
		}
	}
	return nil
}

// cutBytes takes one length and as many bytes from the front of b.
func cutBytes(b []byte) (value, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	b = b[used:]
	return b[:n:n], b[n:], true
}

// snapshotChunk is the size of a snapshot's records, in bytes, but for an item that is larger by itself.
const snapshotChunk = 1 << 20

// snapshot is the tree as payloads.
func (t *tree) snapshot() [][]byte {
	var out [][]byte
	b := []byte{payloadVersion}
	t.items.Scan(func(key string, value []byte) bool {
		b = appendPut(b, key, value)
		if len(b) >= snapshotChunk {
			out = append(out, b)
			b = []byte{payloadVersion}
		}
		return true
	})
	if len(b) > 1 {
		out = append(out, b)
	}
	return out
}
