package engine

import (
	"fmt"
	"io"
	"math/big"
	"strings"
)

// idLength is the length of every id: 128 random bits in base 62, padded with zeros on the left.
//
// Source: Amazon QLDB developer guide, "Unique IDs in Amazon QLDB".
const idLength = 22

// newID makes an id.
func (l *Ledger) newID() (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(l.cfg.Rand, raw[:]); err != nil {
		return "", fmt.Errorf("make id: %w", err)
	}
	digits := new(big.Int).SetBytes(raw[:]).Text(62) // 0-9a-zA-Z
	return strings.Repeat("0", idLength-len(digits)) + digits, nil
}
