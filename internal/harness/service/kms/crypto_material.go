package kms

import "fmt"

// materialByID is the generation called id, or nil.
func (k *key) materialByID(id string) *material {
	for i := range k.Materials {
		if k.Materials[i].ID == id {
			return &k.Materials[i]
		}
	}
	return nil
}

// secret opens the bytes of m. Material that was deleted or has expired is a KMSInvalidStateException.
func (t *txn) secret(k *key, m *material) ([]byte, error) {
	if m == nil || !m.present(t.now) {
		return nil, errKeyState(k, stateWords[statePendingImport])
	}
	plain, err := t.s.cfg.Sealer.Open(m.Sealed, materialAAD(k, m.ID))
	if err != nil {
		return nil, fmt.Errorf("open material %s of %s: %w", m.ID, k.arn(), err)
	}
	return plain, nil
}

// materialAAD binds sealed material to its place.
func materialAAD(k *key, materialID string) []byte { return []byte(k.arn() + " " + materialID) }
