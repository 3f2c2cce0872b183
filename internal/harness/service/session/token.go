package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// A token is what a client shows of its session, in standard base64:
//
//	 0   1  version: 1
//	 1  32  random
//	33  12  the first bytes of SHA-256 over what is before
//
// The random bytes are the secret. The check only tells a token that never was one from one that is not known any
// more: clients give up after the first and take a new session after the second. It needs no key, so tokens of a
// process that has ended still are told as such.
const (
	tokenVersion = 1
	tokenRandom  = 32
	tokenCheck   = 12
)

// secret is the random part of a token; sessions are found by it.
type secret [tokenRandom]byte

func newSecret(rand io.Reader) (secret, error) {
	var s secret
	if _, err := io.ReadFull(rand, s[:]); err != nil {
		return s, fmt.Errorf("make session token: %w", err)
	}
	return s, nil
}

// token is s as clients have it.
func (s secret) token() string {
	raw := append([]byte{tokenVersion}, s[:]...)
	sum := sha256.Sum256(raw)
	return base64.StdEncoding.EncodeToString(append(raw, sum[:tokenCheck]...))
}

// parseToken reads what token made; ok is false for what it did not.
func parseToken(text string) (s secret, ok bool) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != 1+tokenRandom+tokenCheck || raw[0] != tokenVersion {
		return s, false
	}
	sum := sha256.Sum256(raw[:1+tokenRandom])
	if !bytes.Equal(sum[:tokenCheck], raw[1+tokenRandom:]) {
		return s, false
	}
	return secret(raw[1:]), true
}
