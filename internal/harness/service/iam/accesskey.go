package iam

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
)

const secretBytes = 30 // 40 characters of base64

// generate makes an access key. Source: IAM User Guide, "Understanding unique ID prefixes".
func (s *Service) generate(account string) (AccessKey, error) {
	var random [10 + secretBytes]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return AccessKey{}, fmt.Errorf("generate access key: %w", err)
	}
	return AccessKey{
		ID:      "AKIA" + base32.StdEncoding.EncodeToString(random[:10]),
		Secret:  base64.StdEncoding.EncodeToString(random[10:]),
		Account: account,
		Created: s.cfg.Clock.Now(),
	}, nil
}

// aad binds a sealed secret to its key and account, so that it cannot be moved to another one in the store.
func aad(account, id string) []byte { return []byte("iam/access-key/" + account + "/" + id) }

func (s *Service) seal(k AccessKey) (accessKey, error) {
	sealed, err := s.cfg.Sealer.Seal([]byte(k.Secret), aad(k.Account, k.ID))
	if err != nil {
		return accessKey{}, fmt.Errorf("seal access key %s: %w", k.ID, err)
	}
	return accessKey{ID: k.ID, Account: k.Account, Sealed: sealed, Created: k.Created}, nil
}

func (s *Service) open(k accessKey) (AccessKey, error) {
	secret, err := s.cfg.Sealer.Open(k.Sealed, aad(k.Account, k.ID))
	if err != nil {
		return AccessKey{}, fmt.Errorf("open access key %s: %w", k.ID, err)
	}
	return AccessKey{ID: k.ID, Secret: string(secret), Account: k.Account, Created: k.Created}, nil
}
