package kms

import (
	"maps"
	"time"
)

// Event is something that KMS does with a key by itself, when its time has come.
//
// Source: KMS Developer Guide, "RotateKey", "DeleteKey" and "DeleteExpiredKeyMaterial" among the examples of log
// entries.
type Event struct {
	Name    string // RotateKey, DeleteKey, DeleteExpiredKeyMaterial
	KeyARN  string
	At      time.Time
	Details map[string]string // keyId, which is the bare id, and for RotateKey how and from which to which material
}

// emit notes an event of k, told once the transaction has happened.
func (t *txn) emit(name string, k *key, details map[string]string) {
	all := map[string]string{"keyId": k.ID}
	maps.Copy(all, details)
	t.events = append(t.events, Event{Name: name, KeyARN: k.arn(), At: t.now, Details: all})
}

func (t *txn) emitRotation(k *key, how, from, to string) {
	t.emit("RotateKey", k, map[string]string{
		"rotationType": how, "keyOrigin": k.Origin, "previousKeyMaterialId": from, "currentKeyMaterialId": to,
	})
}

func (s *Service) tell(events []Event) {
	if s.cfg.Events == nil {
		return
	}
	for _, e := range events {
		s.cfg.Events(e)
	}
}
