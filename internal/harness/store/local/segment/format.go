// Package segment keeps a log of records in preallocated files.
//
// A Log is a directory of segment files, one after the other in number. A record is appended with one write and one
// sync; what a crash can leave of the last record is told apart from damage, because every 512-byte sector carries
// its own checksum and no sector of a record can be all zeros. README.md draws the format byte by byte and says
// what the distinction can and cannot promise.
//
// The package knows nothing of what the records mean, so that other logs can be kept in the same way.
package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Sizes of the format, in bytes.
const (
	SectorSize = 512     // the unit a disk writes whole
	MaxPayload = 1 << 26 // largest payload of one record
	MaxFile    = 1 << 40 // largest segment file

	maxSequence = 1 << 62 // largest First, so that counting never wraps

	sectorHead = 24                      // before the body in each sector of a record
	sectorBody = SectorSize - sectorHead // body bytes in each sector
	recordTail = 4 + 1                   // chained checksum and end mark, after the payload
)

const (
	fileMagic    = "qldbkseg"
	sectorMagic  = "rec"
	fileVersion  = 1
	recordEnd    = 0xE5
	kindData     = 0xD1
	kindRewrite  = 0xD2
	kindClose    = 0xC1
	kindFollows  = 0xF1
	kindBase     = 0xB1
	headerSumOff = SectorSize - 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is the first sector of a segment file.
type Header struct {
	Log      [16]byte // which log the segment belongs to
	Number   uint64   // from 1, without gaps
	First    uint64   // sequence of its first record, from 1
	Capacity int64    // size of the file, a multiple of SectorSize
	Chain    uint32   // checksum of the record before First; 0 before the first of all
	Settled  uint32   // records that were durable before the file had its name
	Base     bool     // the log can be read from here: what came before is not needed
}

// encode returns the header as one sector.
func (h Header) encode() []byte {
	b := make([]byte, SectorSize)
	copy(b, fileMagic)
	b[8] = fileVersion
	b[9] = kindFollows
	if h.Base {
		b[9] = kindBase
	}
	binary.LittleEndian.PutUint16(b[10:], SectorSize)
	binary.LittleEndian.PutUint32(b[12:], h.Settled)
	copy(b[16:], h.Log[:])
	binary.LittleEndian.PutUint64(b[32:], h.Number)
	binary.LittleEndian.PutUint64(b[40:], h.First)
	binary.LittleEndian.PutUint64(b[48:], uint64(h.Capacity))
	binary.LittleEndian.PutUint32(b[56:], h.Chain)
	binary.LittleEndian.PutUint32(b[headerSumOff:], crc32.Checksum(b[:headerSumOff], castagnoli))
	return b
}

// decodeHeader reads a header sector. The error text is a reason for a CorruptError.
func decodeHeader(b []byte) (Header, error) {
	if len(b) != SectorSize {
		return Header{}, fmt.Errorf("the file ends inside its header")
	}
	if string(b[:8]) != fileMagic {
		return Header{}, fmt.Errorf("it does not start like a segment file")
	}
	if b[8] != fileVersion {
		return Header{}, fmt.Errorf("format version %d is not known to this program, which reads version %d",
			b[8], fileVersion)
	}
	h := Header{
		Number:   binary.LittleEndian.Uint64(b[32:]),
		First:    binary.LittleEndian.Uint64(b[40:]),
		Capacity: int64(binary.LittleEndian.Uint64(b[48:])),
		Chain:    binary.LittleEndian.Uint32(b[56:]),
		Settled:  binary.LittleEndian.Uint32(b[12:]),
		Base:     b[9] == kindBase,
	}
	copy(h.Log[:], b[16:32])
	// Whatever a header may not say is refused by comparing it with the header that says the same.
	if !bytes.Equal(b, h.encode()) {
		return Header{}, fmt.Errorf("the checksum of the header does not match")
	}
	if h.Number == 0 || h.First == 0 || h.First > maxSequence || h.Capacity < 2*SectorSize || h.Capacity > MaxFile ||
		h.Capacity%SectorSize != 0 {
		return Header{}, fmt.Errorf("the header holds impossible values")
	}
	return h, nil
}

// seed starts the checksum of each sector, so that a sector copied from another segment does not check.
func (h Header) seed() uint32 {
	var b [24]byte
	copy(b[:], h.Log[:])
	binary.LittleEndian.PutUint64(b[16:], h.Number)
	return crc32.Checksum(b[:], castagnoli)
}

// RecordSize is the space a payload of n bytes takes in a segment, in bytes.
func RecordSize(n int) int64 { return sectorsOf(n) * SectorSize }

func sectorsOf(payload int) int64 {
	return (int64(payload) + recordTail + sectorBody - 1) / sectorBody
}

// sector is the head of one sector of a record.
type sector struct {
	kind     byte
	sequence uint64
	length   uint32 // payload bytes of the whole record
	index    uint32 // which sector of the record
}

// encodeRecord returns the sectors of one record, and its checksum, which chains the next.
func (h Header) encodeRecord(kind byte, sequence uint64, chain uint32, payload []byte) ([]byte, uint32) {
	sum := chainSum(chain, kind, sequence, payload)
	body := make([]byte, 0, len(payload)+recordTail)
	body = append(body, payload...)
	body = binary.LittleEndian.AppendUint32(body, sum)
	body = append(body, recordEnd)

	seed := h.seed()
	out := make([]byte, RecordSize(len(payload)))
	for i := uint32(0); len(body) > 0; i++ {
		b := out[int64(i)*SectorSize:][:SectorSize]
		copy(b[4:], sectorMagic)
		b[7] = kind
		binary.LittleEndian.PutUint64(b[8:], sequence)
		binary.LittleEndian.PutUint32(b[16:], uint32(len(payload)))
		binary.LittleEndian.PutUint32(b[20:], i)
		body = body[copy(b[sectorHead:], body):]
		binary.LittleEndian.PutUint32(b, crc32.Update(seed, castagnoli, b[4:]))
	}
	return out, sum
}

// decodeSector checks one sector of a record against its own checksum.
func decodeSector(seed uint32, b []byte) (sector, bool) {
	if binary.LittleEndian.Uint32(b) != crc32.Update(seed, castagnoli, b[4:]) || string(b[4:7]) != sectorMagic {
		return sector{}, false
	}
	return sector{
		kind:     b[7],
		sequence: binary.LittleEndian.Uint64(b[8:]),
		length:   binary.LittleEndian.Uint32(b[16:]),
		index:    binary.LittleEndian.Uint32(b[20:]),
	}, true
}

// chainSum is the checksum of a record: over the one before it, its kind, its sequence and its payload.
func chainSum(chain uint32, kind byte, sequence uint64, payload []byte) uint32 {
	var b [13]byte
	binary.LittleEndian.PutUint32(b[:], chain)
	b[4] = kind
	binary.LittleEndian.PutUint64(b[5:], sequence)
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, payload)
}

// CorruptError says that a file is not as it was written. Nothing was changed on disk.
type CorruptError struct {
	File   string // path
	Offset int64  // byte at which it was noticed
	Reason string // a sentence without its full stop
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged at offset %d: %s; nothing was changed: "+
		"put the undamaged file back, or restore the whole data directory from a backup", e.File, e.Offset, e.Reason)
}
