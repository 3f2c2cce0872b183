package wire

import "sync"

// maxSigningKeys is how many signing keys are kept: one per access key, day, Region and service.
const maxSigningKeys = 1000

// signingKeys keeps signing keys, since deriving one takes as long as the rest of the check of a signature. It is ready
// to use, also concurrently.
type signingKeys struct {
	mu   sync.Mutex
	kept map[keyScope][]byte
}

// keyScope is all that a signing key is made of.
type keyScope struct{ secret, date, region, service, terminator string }

// of returns the signing key of sig's scope. The scope must have been checked: what is kept must not be for a caller to
// choose.
func (k *signingKeys) of(sig *signature, secret string) []byte {
	scope := keyScope{secret, sig.date, sig.region, sig.service, sig.terminator}
	k.mu.Lock()
	defer k.mu.Unlock()
	key, found := k.kept[scope]
	if found {
		return key
	}
	if k.kept == nil || len(k.kept) >= maxSigningKeys {
		k.kept = map[keyScope][]byte{}
	}
	key = sig.signingKey(secret)
	k.kept[scope] = key
	return key
}
