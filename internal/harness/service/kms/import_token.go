package kms

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// importToken is what an import token carries, sealed for one key. All that GetParametersForImport decided is in
// it, so nothing has to be kept or cleared away when nobody comes back.
type importToken struct {
	Algorithm string
	ValidTo   time.Time
	Private   []byte // RSA wrapping key, PKCS #8
}

func importTokenAAD(k *key) []byte { return []byte(k.arn() + " import token") }

func (s *Service) sealToken(k *key, token importToken) ([]byte, error) {
	raw, err := json.Marshal(token)
	if err != nil {
		return nil, fmt.Errorf("encode import token for %s: %w", k.arn(), err)
	}
	sealed, err := s.cfg.Sealer.Seal(raw, importTokenAAD(k))
	if err != nil {
		return nil, fmt.Errorf("seal import token for %s: %w", k.arn(), err)
	}
	return sealed, nil
}

// openToken opens a token that was made for k and is still valid.
func (t *txn) openToken(k *key, sealed []byte) (a wrappingAlgorithm, private *rsa.PrivateKey, err error) {
	invalid := &wire.Fault{Code: "InvalidImportTokenException"}
	raw, err := t.s.cfg.Sealer.Open(sealed, importTokenAAD(k))
	if err != nil {
		return a, nil, invalid
	}
	var token importToken
	if err := json.Unmarshal(raw, &token); err != nil {
		return a, nil, invalid
	}
	if !t.now.Before(token.ValidTo) {
		return a, nil, &wire.Fault{Code: "ExpiredImportTokenException"}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(token.Private)
	if err != nil {
		return a, nil, invalid
	}
	private, isRSA := parsed.(*rsa.PrivateKey)
	a, known := wrappingAlgorithms[token.Algorithm]
	if !isRSA || !known {
		return a, nil, invalid
	}
	return a, private, nil
}
