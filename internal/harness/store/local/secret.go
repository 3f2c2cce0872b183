package local

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// The root secret is one line of text: these words, 32 random bytes in lower-case hexadecimal, and the CRC-32C of
// those bytes in the same form.
const (
	secretWords    = "qldbkms-root-secret v1 "
	secretBytes    = 32
	maxSecretBytes = 4096 // of the file, before it is looked at
)

func encodeSecret(secret []byte) []byte {
	sum := crc32.Checksum(secret, crc32.MakeTable(crc32.Castagnoli))
	return fmt.Appendf(nil, "%s%x %08x\n", secretWords, secret, sum)
}

// decodeSecret is strict: only what encodeSecret writes is read.
func decodeSecret(b []byte) ([]byte, bool) {
	rest, ok := strings.CutPrefix(string(b), secretWords)
	if !ok || len(rest) < 2*secretBytes {
		return nil, false
	}
	secret, err := hex.DecodeString(rest[:2*secretBytes])
	if err != nil || !bytes.Equal(encodeSecret(secret), b) {
		return nil, false
	}
	return secret, true
}

// createSecret writes a new secret to a new file, durably but for its name.
func createSecret(fsys disk.FS, name string, random io.Reader, noSync bool) ([]byte, error) {
	secret := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("draw root secret: %w", err)
	}
	f, err := fsys.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create root secret: %w", err)
	}
	_, err = f.WriteAt(encodeSecret(secret), 0)
	if err == nil && !noSync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("create root secret: %w", err)
	}
	return secret, nil
}

// readSecret reads a secret that only its owner can read.
func readSecret(fsys disk.FS, name string) ([]byte, error) {
	info, err := fsys.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read root secret: %w", err)
	}
	if info.Mode&0o077 != 0 {
		return nil, &ModeError{File: name, Mode: info.Mode}
	}
	if info.Size > maxSecretBytes {
		return nil, &CorruptError{File: name, Offset: maxSecretBytes, Reason: "the file is too long for a root secret"}
	}
	f, err := fsys.Open(name, false)
	if err != nil {
		return nil, fmt.Errorf("read root secret: %w", err)
	}
	b := make([]byte, info.Size)
	_, err = f.ReadAt(b, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read root secret: %w", err)
	}
	secret, ok := decodeSecret(b)
	if !ok {
		return nil, &CorruptError{File: name, Reason: "the file does not hold a whole root secret"}
	}
	return secret, nil
}

// derive returns n bytes for one purpose. Purposes never share a key, and none leads back to the root secret.
// HKDF-SHA-256, RFC 5869.
func derive(secret []byte, purpose string, n int) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "qldbkms/"+purpose, n)
	if err != nil {
		return nil, fmt.Errorf("derive key for %s: %w", purpose, err)
	}
	return key, nil
}
