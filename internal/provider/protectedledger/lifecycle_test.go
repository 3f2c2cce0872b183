package protectedledger_test

import (
	"testing"
)

func TestOwnKeyLifecycle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := obj{"name": "orders", "key": obj{}, "tags": obj{"team": "ledger"}, "deletion_protection": false}
	st := b.mustApply(cfg, nil)
	t.Log(b.Mutations())
	t.Log(st)
	b.ForgetCalls()
	b.refresh(st)
	t.Log(len(b.Calls()))
	st = b.mustApply(obj{"name": "orders", "key": obj{"generation": 2}, "tags": obj{"team": "ledger"}, "deletion_protection": false}, st)
	t.Log(b.Mutations())
	t.Log(st["key_change"], st["retained_keys"], st["key"])
	b.ForgetCalls()
	o := b.apply(nil, st)
	t.Log(o.text(), o.state)
	t.Log(b.Mutations())
}
