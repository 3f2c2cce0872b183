package kms

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// A grant token is the place of its grant, sealed: every token of a grant is different, none has to be stored, and
// nobody can make one up.
var grantTokenAAD = []byte("kms grant token")

func (s *Service) grantToken(k *key, grantID string) (string, error) {
	place := strings.Join([]string{k.Account, k.Region, k.ID, grantID}, "/")
	sealed, err := s.cfg.Sealer.Seal([]byte(place), grantTokenAAD)
	if err != nil {
		return "", fmt.Errorf("seal token of grant %s: %w", grantID, err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// grantByToken finds the grant of a token and its key. The error for what is no token of this Region, or of a grant
// that is gone, is an InvalidGrantTokenException.
func (t *txn) grantByToken(token string) (*key, *grant, error) {
	sealed, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return nil, nil, errGrantToken()
	}
	place, err := t.s.cfg.Sealer.Open(sealed, grantTokenAAD)
	if err != nil {
		return nil, nil, errGrantToken()
	}
	parts := strings.Split(string(place), "/")
	if len(parts) != 4 || parts[1] != t.c.Region {
		return nil, nil, errGrantToken()
	}
	account, region, keyID, grantID := parts[0], parts[1], parts[2], parts[3]
	k, found, err := keys(account, region).Get(t.r, keyID)
	if err != nil {
		return nil, nil, err
	}
	if !found || k.gone(t.now) {
		return nil, nil, errGrantToken()
	}
	g, found, err := grants(account, region, keyID).Get(t.r, grantID)
	if err != nil {
		return nil, nil, err
	}
	if !found {
		return nil, nil, errGrantToken()
	}
	return &k, &g, nil
}

// checkGrantTokens refuses tokens that are none. A good one needs nothing more: grants take effect at once.
func (t *txn) checkGrantTokens(tokens []string) error {
	for _, token := range tokens {
		if _, _, err := t.grantByToken(token); err != nil {
			return err
		}
	}
	return nil
}

func errGrantToken() error {
	return wire.Faultf("InvalidGrantTokenException", "The grant token is not valid.")
}
