package kms

import (
	"bytes"
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// A symmetric ciphertext blob:
//
//	 0   5  01 02 02 00 78, what the blobs of AWS start with
//	 5   1  format, 01
//	 6  16  first half of SHA-256 of the key ARN
//	22  32  material id
//	54   2  length n of the key ARN, big endian
//	56   n  key ARN
//	     32  salt
//	     12  IV
//	         AES-256-GCM of the plaintext, at least one byte, with its tag
//
// Everything before the AES-256-GCM output is authenticated together with the encryption context.
const (
	blobFormat    = 1
	blobFixed     = 56 // bytes before the key ARN
	blobSaltSize  = 32
	blobIVSize    = 12
	blobTagSize   = 16
	maxARNSize    = 160
	maxBlobSize   = 6144 // CiphertextBlobType in the KMS API reference
	maxPlaintext  = 4096 // PlaintextType in the KMS API reference
	messageKeyUse = "qldbkms harness: message key of a ciphertext blob"
)

var blobMagic = []byte{0x01, 0x02, 0x02, 0x00, 0x78}

// blob is a parsed ciphertext blob; its slices share the memory it was parsed from.
type blob struct {
	arn        string
	material   string // id, 64 hex digits
	header     []byte // everything before sealed
	salt, iv   []byte
	sealed     []byte
	account    string
	region     string
	partition  string
	resourceID string // key id
}

// errCiphertext is the one answer to a blob that cannot be opened. It has no message, as in the service, so that
// nobody learns which part was wrong.
func errCiphertext() error { return &wire.Fault{Code: "InvalidCiphertextException"} }

// parseBlob takes raw apart without trusting any of it; the error is errCiphertext.
func parseBlob(raw []byte) (*blob, error) {
	if len(raw) > maxBlobSize || len(raw) < blobFixed || !bytes.HasPrefix(raw, blobMagic) || raw[5] != blobFormat {
		return nil, errCiphertext()
	}
	n := int(binary.BigEndian.Uint16(raw[54:blobFixed]))
	head := blobFixed + n + blobSaltSize + blobIVSize
	if n > maxARNSize || len(raw) < head+1+blobTagSize || len(raw) > head+maxPlaintext+blobTagSize {
		return nil, errCiphertext()
	}
	b := &blob{
		arn:      string(raw[blobFixed : blobFixed+n]),
		material: hex.EncodeToString(raw[22:54]),
		header:   raw[:head:head],
		salt:     raw[blobFixed+n : blobFixed+n+blobSaltSize],
		iv:       raw[head-blobIVSize : head],
		sealed:   raw[head:],
	}
	hash := sha256.Sum256([]byte(b.arn))
	parts := strings.Split(b.arn, ":")
	if !bytes.Equal(hash[:16], raw[6:22]) || len(parts) != 6 || parts[0] != "arn" || parts[2] != "kms" {
		return nil, errCiphertext()
	}
	id, isKey := strings.CutPrefix(parts[5], "key/")
	if !isKey || !keyIDForm.MatchString(id) {
		return nil, errCiphertext()
	}
	b.partition, b.region, b.account, b.resourceID = parts[1], parts[3], parts[4], id
	return b, nil
}

// sealBlob encrypts plaintext (1 to 4096 bytes) under one material of the key.
//
// AES-GCM is broken by one repeated nonce, and random 96-bit nonces may not be drawn more than 2^32 times under one
// key. A KMS key has no such limit, so each message gets its own key, derived from the material and a random
// 256-bit salt: salt and nonce together would have to repeat. AWS does the same (AWS KMS Cryptographic Details,
// "Symmetric encryption": a derived key per message).
func sealBlob(rand io.Reader, arn, materialID string, secret, plaintext []byte, ec map[string]string) ([]byte, error) {
	id, err := hex.DecodeString(materialID)
	if err != nil || len(id) != 32 || len(arn) > maxARNSize {
		return nil, fmt.Errorf("seal under %s: material id %q is not 64 hex digits", arn, materialID)
	}
	hash := sha256.Sum256([]byte(arn))
	size := blobFixed + len(arn) + blobSaltSize + blobIVSize
	raw := make([]byte, 0, size+len(plaintext)+blobTagSize)
	raw = append(raw, blobMagic...)
	raw = append(raw, blobFormat)
	raw = append(raw, hash[:16]...)
	raw = append(raw, id...)
	raw = binary.BigEndian.AppendUint16(raw, uint16(len(arn)))
	raw = append(raw, arn...)
	fresh := raw[len(raw) : len(raw)+blobSaltSize+blobIVSize]
	if _, err := io.ReadFull(rand, fresh); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	raw = raw[:size]
	aead, err := messageCipher(secret, fresh[:blobSaltSize])
	if err != nil {
		return nil, fmt.Errorf("seal under %s: %w", arn, err)
	}
	return aead.Seal(raw, fresh[blobSaltSize:], plaintext, authenticated(raw, ec)), nil
}

// open decrypts b with the material it names; the error is errCiphertext.
func (b *blob) open(secret []byte, ec map[string]string) ([]byte, error) {
	aead, err := messageCipher(secret, b.salt)
	if err != nil {
		return nil, errCiphertext()
	}
	plaintext, err := aead.Open(nil, b.iv, b.sealed, authenticated(b.header, ec))
	if err != nil {
		return nil, errCiphertext()
	}
	return plaintext, nil
}

func messageCipher(secret, salt []byte) (cipher.AEAD, error) {
	messageKey, err := hkdf.Key(sha256.New, secret, salt, messageKeyUse, 32)
	if err != nil {
		return nil, fmt.Errorf("derive message key: %w", err)
	}
	block, err := aes.NewCipher(messageKey)
	if err != nil {
		return nil, fmt.Errorf("message cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// authenticated is header and the canonical encryption context: pairs sorted by the bytes of their keys, each string
// after its length. The lengths keep {"a": "bc"} and {"ab": "c"} apart.
func authenticated(header []byte, ec map[string]string) []byte {
	aad := bytes.Clone(header)
	for _, k := range slices.SortedFunc(maps.Keys(ec), cmp.Compare[string]) {
		for _, s := range []string{k, ec[k]} {
			aad = binary.BigEndian.AppendUint32(aad, uint32(len(s)))
			aad = append(aad, s...)
		}
	}
	return aad
}
