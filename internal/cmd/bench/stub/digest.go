package main

import (
	"crypto/sha256"

	"github.com/amzn/ion-go/ion"
	ionhash "github.com/amzn/ion-hash-go"
)

// hashString is the Ion hash of a string.
//
// Source: Amazon Ion Hash Specification 1.0.
func hashString(text string) [32]byte {
	out := make([]byte, 0, len(text)+8)
	out = append(out, 0x0b, 0x80)
	for i := range len(text) {
		if c := text[i]; c == 0x0b || c == 0x0c || c == 0x0e {
			out = append(out, 0x0c)
		}
		out = append(out, text[i])
	}
	return sha256.Sum256(append(out, 0x0e))
}

// hashIon is the Ion hash of one value, by Amazon's library.
func hashIon(data []byte) ([32]byte, error) {
	r, err := ionhash.NewHashReader(ion.NewReaderBytes(data), ionhash.NewCryptoHasherProvider(ionhash.SHA256))
	if err != nil {
		return [32]byte{}, err
	}
	for r.Next() {
	}
	if err := r.Err(); err != nil {
		return [32]byte{}, err
	}
	sum, err := r.Sum(nil)
	if err != nil {
		return [32]byte{}, err
	}
	return [32]byte(sum), nil
}

// dot joins two hashes, the lesser first: bytes are compared as signed, from the last to the first.
//
// Source: amazon-qldb-driver-go, qldbdriver/qldbhash.go.
func dot(a, b [32]byte) [32]byte {
	for i := len(a) - 1; i >= 0; i-- {
		if x, y := int8(a[i]), int8(b[i]); x != y {
			if x > y {
				a, b = b, a
			}
			break
		}
	}
	return sha256.Sum256(append(a[:], b[:]...))
}
