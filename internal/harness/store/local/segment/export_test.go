package segment

import (
	"encoding/binary"
	"hash/crc32"
)

// Resum sets the checksums of the header and of each sector that is not all zeros to what they should be.
func Resum(b []byte) {
	if len(b) < SectorSize {
		return
	}
	binary.LittleEndian.PutUint32(b[headerSumOff:], crc32.Checksum(b[:headerSumOff], castagnoli))
	var h Header
	copy(h.Log[:], b[16:32])
	h.Number = binary.LittleEndian.Uint64(b[32:])
	for off := SectorSize; off+SectorSize <= len(b); off += SectorSize {
		if s := b[off:][:SectorSize]; !isZero(s) {
			binary.LittleEndian.PutUint32(s, crc32.Update(h.seed(), castagnoli, s[4:]))
		}
	}
}
