package kms

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// newMaterial makes the first or next generation of k's own key material, sealed, in state CURRENT.
func (s *Service) newMaterial(k *key) (material, error) {
	secret, public, err := s.generate(k.Spec)
	if err != nil {
		return material{}, err
	}
	id, err := s.random(32)
	if err != nil {
		return material{}, err
	}
	m := material{ID: hex.EncodeToString(id), State: materialCurrent, Public: public}
	m.Sealed, err = s.cfg.Sealer.Seal(secret, materialAAD(k, m.ID))
	if err != nil {
		return material{}, fmt.Errorf("seal material %s of %s: %w", m.ID, k.arn(), err)
	}
	return m, nil
}

// generate makes the secret of a spec, and for a key pair its public half.
func (s *Service) generate(spec string) (secret, public []byte, err error) {
	if size := specOf(spec).size; size > 0 {
		secret, err = s.random(size)
		return secret, nil, err
	}
	return generateKeyPair(s.cfg.Rand, spec)
}

// random returns n fresh random bytes.
func (s *Service) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return b, nil
}

// present says that the bytes of m are there and have not expired.
func (m *material) present(now time.Time) bool {
	return len(m.Sealed) > 0 && (m.Expires.IsZero() || now.Before(m.Expires))
}

// complete says that all material permanently associated with k is present. Imported material that waits for its
// rotation is not yet associated.
func (k *key) complete(now time.Time) bool {
	associated := 0
	for i := range k.Materials {
		m := &k.Materials[i]
		if m.State == materialPending {
			continue
		}
		if !m.present(now) {
			return false
		}
		associated++
	}
	return associated > 0
}
