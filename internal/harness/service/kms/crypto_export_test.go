package kms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// AddKey stores a key of the caller's account with n generations of material, the last one current, and returns
// its ARN. It is for tests of cryptography alone, which must not depend on CreateKey.
func (s *Service) AddKey(ctx context.Context, c *wire.Call, id, spec, usage string, n int) (string, error) {
	k := key{
		ID: id, Account: c.Caller.Account, Region: c.Region, Partition: c.Partition, Created: s.cfg.Clock.Now(),
		Spec: spec, Usage: usage, Origin: "AWS_KMS",
	}
	for i := range n {
		if err := s.addMaterial(&k, i == n-1); err != nil {
			return "", err
		}
	}
	return k.arn(), s.update(ctx, c, func(t *txn) error { return t.putKey(&k) })
}

func (s *Service) addMaterial(k *key, current bool) error {
	secret, public, err := newTestSecret(s, k.Spec)
	if err != nil {
		return err
	}
	id := sha256.Sum256(append([]byte(k.arn()), secret...))
	m := material{ID: hex.EncodeToString(id[:]), State: "NON_CURRENT", Public: public}
	if current {
		m.State = "CURRENT"
	}
	if m.Sealed, err = s.cfg.Sealer.Seal(secret, materialAAD(k, m.ID)); err != nil {
		return err
	}
	k.Materials = append(k.Materials, m)
	return nil
}

func newTestSecret(s *Service, spec string) (secret, public []byte, err error) {
	if spec == symmetric || len(spec) > 4 && spec[:4] == "HMAC" {
		secret = make([]byte, 32)
		_, err = s.cfg.Rand.Read(secret)
		return secret, nil, err
	}
	return generateKeyPair(s.cfg.Rand, spec)
}

// ChangeKey edits a stored key by its id.
func (s *Service) ChangeKey(ctx context.Context, c *wire.Call, id string, how string) error {
	return s.update(ctx, c, func(t *txn) error {
		k, err := t.keyByID(c.Caller.Account, id)
		if err != nil {
			return err
		}
		switch how {
		case "disable":
			k.Disabled = true
		case "enable":
			k.Disabled = false
		case "delete":
			return keys(k.Account, k.Region).Delete(t.w, k.ID)
		case "schedule":
			k.DeleteAt = t.now.AddDate(0, 0, 7)
		case "rotate":
			for i := range k.Materials {
				k.Materials[i].State = "NON_CURRENT"
			}
			if err := s.addMaterial(k, true); err != nil {
				return err
			}
		default:
			return fmt.Errorf("no change %q", how)
		}
		return t.putKey(k)
	})
}

// ParseBlob is for the fuzz test.
func ParseBlob(raw []byte) (arn string, err error) {
	b, err := parseBlob(raw)
	if err != nil {
		return "", err
	}
	return b.arn, nil
}
