package kms

import (
	"context"
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// AddKey stores a key of the caller's account with one generation of material and returns its ARN. It is for tests
// of cryptography alone, which must not depend on what CreateKey checks.
func (s *Service) AddKey(ctx context.Context, c *wire.Call, id, spec, usage string) (string, error) {
	k := key{
		ID: id, Account: c.Caller.Account, Region: c.Region, Partition: c.Partition, Created: s.cfg.Clock.Now(),
		Spec: spec, Usage: usage, Origin: originKMS,
	}
	m, err := s.newMaterial(&k)
	if err != nil {
		return "", err
	}
	k.Materials = []material{m}
	return k.arn(), s.update(ctx, c, func(t *txn) error { return t.addKey(&k) })
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
			k.current().State = materialFormer
			m, err := s.newMaterial(k)
			if err != nil {
				return err
			}
			k.Materials = append(k.Materials, m)
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

// UnwrapAES is for the vectors of RFC 5649.
var UnwrapAES = unwrapAES
