package protectedledger_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// With ignore_changes the configuration says what was read: a key that somebody disabled stops no plan, least of all
// that of a destroy.
func TestAccDisabledKeyIgnored(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := hcl("key = {}\n lifecycle { ignore_changes = [key] }")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.factories(),
		CheckDestroy:             b.destroyed,
		Steps: []resource.TestStep{
			{Config: cfg, ConfigPlanChecks: empty()},
			{PreConfig: func() {
				b.disableKey(b.ledgers()["orders"])
				b.ForgetCalls()
			}, Config: cfg, ConfigPlanChecks: inPlace(), Check: b.announced()}, // only the finding is listed
		},
	})
}

// A key that had two generations of a ledger is let go of with both its names, so that the ledger can be made anew.
func TestKeyOfTwoGenerations(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	arn := b.newKey(nil)
	st := b.mustApply(own("orders", obj{"adopt": arn}), nil)
	st = b.mustApply(own("orders", obj{"generation": 2}), st)
	st = b.mustApply(own("orders", obj{"generation": 3, "adopt": arn, "on_destroy": "retain"}), st)
	if o := b.apply(nil, st); o.failed() {
		t.Fatalf("destroy:\n%s", o.text())
	}
	for _, k := range b.keys() {
		if len(k.Aliases) > 0 || len(k.Tags) > 0 {
			t.Errorf("key %s keeps %v and %v", k.ARN, k.Aliases, k.Tags)
		}
	}
	b.mustApply(own("orders", nil), nil)
}

// Taking over the key that a ledger is under repairs it: the key may be disabled, or to be deleted.
func TestAdoptTheUnusableKeyOfTheLedger(t *testing.T) {
	t.Parallel()
	for state, spoil := range map[string]func(*bench, string){
		"Disabled": (*bench).disableKey, "PendingDeletion": (*bench).scheduleKey,
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			arn := b.newKey(nil)
			st := b.mustApply(obj{"name": "orders", "kms_key": arn, "deletion_protection": false}, nil)
			other := b.newKey(nil)
			spoil(b, arn)
			spoil(b, other)
			st = b.impaired(st)
			wantError(t, b.plan(own("orders", obj{"adopt": other}), st), "KP-609")
			cfg := own("orders", obj{"adopt": arn})
			wantWarning(t, b.plan(cfg, st), `Key of ledger "orders" will be enabled`, "is "+state)
			st = b.mustApply(cfg, st)
			if st["encryption_status"] != "ENABLED" || b.keyState(arn) != "Enabled" {
				t.Errorf("the ledger is %v, the key %s", st["encryption_status"], b.keyState(arn))
			}
		})
	}
}

// The alias that an unfinished change should have removed is wanted again: it stays.
func TestAliasWantedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	b.refuse("DeleteAlias")
	o := b.apply(obj{"name": "orders", "deletion_protection": false}, st)
	wantError(t, o, "While moving the alias")
	b.ClearFaults()
	next := b.mustApply(own("orders", obj{"generation": 2}), b.refreshed(o.state))
	if got := b.aliasKey("alias/qldb-orders"); got != next["kms_key_arn"] {
		t.Errorf("the alias points to %q, want %v", got, next["kms_key_arn"])
	}
}
