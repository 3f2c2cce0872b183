package envelope

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"

// Watch returns what tells whether the keys that r has now were overwritten.
func Watch(r *Ring) (wiped func() bool) {
	k := r.current.Load()
	return func() bool {
		for _, n := range k.nodes {
			if *n != (key{}) {
				return false
			}
		}
		return k.hash == key{} && len(k.segments) == 0
	}
}

// Reserved lists the reserved sealings of a ledger's strand segment keys, by their order.
func Reserved(r store.Reader, ledgerID string) (reserved []int, err error) {
	err = segmentKeys(ledgerID, strand).Scan(r, "", "", func(_ string, s segmentKey) (bool, error) {
		reserved = append(reserved, s.Reserved)
		return true, nil
	})
	return reserved, err
}

// UseUp pretends that r has used up all that it reserved.
func UseUp(r *Ring) {
	for role := range r.uses {
		r.uses[role].Load().left.Store(0)
	}
}
