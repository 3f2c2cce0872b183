package kms

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// AddKey stores a key of the caller's account with one generation of material and returns its ARN. It is for tests
// of cryptography alone, which must not depend on what CreateKey checks.
func (s *Service) AddKey(ctx context.Context, c *wire.Call, id, spec, usage string) (string, error) {
	k := key{
		ID: id, Account: c.Caller.Account, Region: c.Region, Partition: c.Partition, Created: s.cfg.Clock.Now(),
		Spec: spec, Usage: usage, Origin: originKMS, Policy: defaultPolicy(c.Partition, c.Caller.Account),
	}
	m, err := s.testMaterial(&k)
	if err != nil {
		return "", err
	}
	k.Materials = []material{m}
	return k.arn(), s.update(ctx, c, func(t *txn) error { return t.addKey(&k) })
}

// rsaPairs are RSA key pairs that all tests share, as a long one takes seconds to make.
var rsaPairs = map[string]func() rsaPair{
	"RSA_2048": sync.OnceValue(func() rsaPair { return newRSAPair("RSA_2048") }),
	"RSA_3072": sync.OnceValue(func() rsaPair { return newRSAPair("RSA_3072") }),
	"RSA_4096": sync.OnceValue(func() rsaPair { return newRSAPair("RSA_4096") }),
}

type rsaPair struct {
	private, public []byte
	err             error
}

func newRSAPair(spec string) (p rsaPair) {
	p.private, p.public, p.err = generateKeyPair(rand.Reader, spec)
	return p
}

func (s *Service) testMaterial(k *key) (material, error) {
	pair, isRSA := rsaPairs[k.Spec]
	if !isRSA {
		return s.newMaterial(k)
	}
	p := pair()
	if p.err != nil {
		return material{}, p.err
	}
	id := strings.Repeat("0a", 32)
	sealed, err := s.cfg.Sealer.Seal(p.private, materialAAD(k, id))
	return material{ID: id, State: materialCurrent, Sealed: sealed, Public: p.public}, err
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
