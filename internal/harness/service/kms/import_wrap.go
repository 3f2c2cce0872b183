package kms

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// wrappingAlgorithm is one way to protect key material on its way into the service.
type wrappingAlgorithm struct {
	hash crypto.Hash // of RSAES-OAEP and its MGF1
	aes  bool        // RSA wraps an AES-256 key, and that wraps the material (RFC 5649)
}

var wrappingAlgorithms = map[string]wrappingAlgorithm{
	"RSAES_OAEP_SHA_1":         {hash: crypto.SHA1},
	"RSAES_OAEP_SHA_256":       {hash: crypto.SHA256},
	"RSA_AES_KEY_WRAP_SHA_1":   {hash: crypto.SHA1, aes: true},
	"RSA_AES_KEY_WRAP_SHA_256": {hash: crypto.SHA256, aes: true},
}

var (
	wrappingAlgorithmNames = []string{
		"RSAES_PKCS1_V1_5", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
		"RSA_AES_KEY_WRAP_SHA_256", "SM2PKE",
	}
	wrappingKeySpecs = []string{"RSA_2048", "RSA_3072", "RSA_4096", "SM2"}
)

var errUnwrap = errors.New("wrapped key material does not open")

// unwrap opens wrapped key material; the error is errUnwrap and says no more, as a caller that learned what was
// wrong could use the service as an oracle.
func (a wrappingAlgorithm) unwrap(private *rsa.PrivateKey, wrapped []byte) ([]byte, error) {
	inner := wrapped
	if a.aes {
		if len(wrapped) <= private.Size() {
			return nil, errUnwrap
		}
		inner = wrapped[:private.Size()]
	}
	plain, err := rsa.DecryptOAEP(a.hash.New(), nil, private, inner, nil)
	if err != nil {
		return nil, errUnwrap
	}
	if !a.aes {
		return plain, nil
	}
	if len(plain) != 32 {
		return nil, errUnwrap
	}
	return unwrapAES(plain, wrapped[private.Size():])
}

// kwpMagic is the constant half of the alternative initial value.
var kwpMagic = []byte{0xa6, 0x59, 0x59, 0xa6}

// unwrapAES is AES key wrap with padding, the direction that opens. kek is an AES key of 16, 24 or 32 bytes; wrapped
// is a multiple of 8 bytes, at least 16.
//
// The error is errUnwrap. Source: RFC 5649 section 4.2; W^-1 is RFC 3394 section 2.2.2.
func unwrapAES(kek, wrapped []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil || len(wrapped) < 16 || len(wrapped)%8 != 0 || len(wrapped) > maxBlobSize {
		return nil, errUnwrap
	}
	// buf is A | R[i] for one step of the cipher; r holds R[1] to R[n].
	var buf [16]byte
	r := bytes.Clone(wrapped[8:])
	n := len(r) / 8
	if n == 1 {
		// One block of material is wrapped by a single encryption.
		block.Decrypt(buf[:], wrapped)
		copy(r, buf[8:])
	} else {
		copy(buf[:8], wrapped)
		for step := 6 * n; step > 0; step-- {
			i := (step - 1) % n * 8
			a := binary.BigEndian.Uint64(buf[:8]) ^ uint64(step)
			binary.BigEndian.PutUint64(buf[:8], a)
			copy(buf[8:], r[i:i+8])
			block.Decrypt(buf[:], buf[:])
			copy(r[i:i+8], buf[8:])
		}
	}
	return unpad(buf[:8], r)
}

// unpad checks the initial value a, which ends in the length of the material, and the zeros behind the material.
func unpad(a, padded []byte) ([]byte, error) {
	good := subtle.ConstantTimeCompare(a[:4], kwpMagic)
	length := int(binary.BigEndian.Uint32(a[4:8]))
	if length <= len(padded)-8 || length > len(padded) {
		return nil, errUnwrap
	}
	good &= subtle.ConstantTimeCompare(padded[length:], make([]byte, len(padded)-length))
	if good != 1 {
		return nil, errUnwrap
	}
	return padded[:length], nil
}
