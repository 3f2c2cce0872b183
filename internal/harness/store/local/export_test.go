package local

// For the fuzz tests of what is read from disk.
var (
	DecodeSecret = decodeSecret
	EncodeSecret = encodeSecret
)

// Apply reads one payload into an empty state and returns that state as payloads, with its size in bytes.
func Apply(payload []byte) (snapshot [][]byte, size int64, err error) {
	t := &tree{}
	err = t.apply(payload)
	return t.snapshot(), t.bytes, err
}
