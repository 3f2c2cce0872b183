package journal

import (
	"math/big"
	"strings"
)

// IDLength is the length of every unique id: of documents, transactions, tables, ledgers' strands and sessions.
const IDLength = 22

// UniqueID writes 128 bits as QLDB writes its ids: in base 62, padded with zeros on the left.
//
// Source: Amazon QLDB developer guide, "Unique IDs in Amazon QLDB".
func UniqueID(raw [16]byte) string {
	digits := new(big.Int).SetBytes(raw[:]).Text(62) // 0-9a-zA-Z
	return strings.Repeat("0", IDLength-len(digits)) + digits
}
