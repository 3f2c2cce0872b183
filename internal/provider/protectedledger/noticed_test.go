package protectedledger_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

func (b *bench) revokeGrants(arn string) {
	b.t.Helper()
	grants, err := b.KMS().ListGrants(b.t.Context(), &kms.ListGrantsInput{KeyId: &arn})
	if err != nil || len(grants.Grants) == 0 {
		b.t.Fatalf("grants: %v, %v", grants, err)
	}
	for _, g := range grants.Grants {
		revoke := &kms.RevokeGrantInput{KeyId: &arn, GrantId: g.GrantId}
		if _, err := b.KMS().RevokeGrant(b.t.Context(), revoke); err != nil {
			b.t.Fatal(err)
		}
	}
}

// A ledger that notices only during the apply that it cannot use the key it is to leave gets it back first.
func TestNoticedDuringTheApply(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{KeyCache: hour}))
	st := b.mustApply(own("orders", nil), nil)
	b.revokeGrants(st["kms_key_arn"].(string))
	b.Fault(acctest.Fault{
		Operation: "CreateAlias", Kind: "error", Code: "NotFoundException", Message: "Key does not exist", Count: 1,
	})
	b.clock.each(func(time.Duration) { b.Probe() }) // while KMS does not know the new key yet
	next := b.apply(own("orders", obj{"generation": 2}), st)
	if next.failed() || next.state["encryption_status"] != "ENABLED" || next.state["kms_key_arn"] == st["kms_key_arn"] {
		t.Errorf("the ledger is %v under %v:\n%s", next.state["encryption_status"], next.state["kms_key_arn"], next.text())
	}
}

// Nobody saw the last change end before the key was disabled. Whether it pauses or had ended, the ledger goes on.
func TestDisabledAfterAnUnseenEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	o := b.apply(with(own("orders", obj{"generation": 2}), "wait_for_key_change", false), st)
	if o.failed() {
		t.Fatal(o.text())
	}
	b.settle()
	b.disableKey(o.state["kms_key_arn"].(string))
	st = b.impaired(o.state)
	next := b.mustApply(own("orders", obj{"generation": 3}), st)
	if next["encryption_status"] != "ENABLED" || next["kms_key_arn"] == st["kms_key_arn"] {
		t.Errorf("the ledger is %v under %v", next["encryption_status"], next["kms_key_arn"])
	}
}

// The end of a change stays on record when the key is disabled later.
func TestRecordKeepsTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	o := b.apply(with(own("orders", obj{"generation": 2}), "wait_for_key_change", false), st)
	b.settle()
	st = b.refreshed(o.state)
	b.disableKey(st["kms_key_arn"].(string))
	if st = b.impaired(st); changeOf(st)["status"] != "ENABLED" {
		t.Errorf("the change is %v", changeOf(st)["status"])
	}
	cfg := own("orders", obj{"generation": 3, "old_key": "disable"})
	wantWarning(t, b.plan(cfg, st), "Former key: Disabled; it is enabled first")
	b.mustApply(cfg, st)
}

// An apply that was killed moved the alias to a key that the state does not know. It was made for this ledger.
func TestAliasOfAForgottenKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(obj{"name": "orders", "deletion_protection": false}, nil)
	b.mustApply(own("orders", nil), st) // and the state is lost
	next := b.mustApply(own("orders", obj{"generation": 2}), b.refreshed(st))
	if got := b.aliasKey("alias/qldb-orders"); got != next["kms_key_arn"] {
		t.Errorf("the alias points to %s, want %v", got, next["kms_key_arn"])
	}
}

// What is to happen to the former key of a change that was refused is none of a repair's business.
func TestRepairBesideARefusedChange(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	b.refuse("UpdateLedger")
	o := b.apply(own("orders", obj{"generation": 2}), st)
	wantError(t, o, "the change was refused")
	b.ClearFaults()
	b.disableKey(st["kms_key_arn"].(string))
	b.mustApply(own("orders", obj{"old_key": "schedule_deletion"}), b.impaired(o.state))
}

func TestUpdateOfALedgerBeingDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{LedgerDelete: hour}))
	st := b.mustApply(own("orders", nil), nil)
	if _, err := b.QLDB().DeleteLedger(t.Context(), &qldb.DeleteLedgerInput{Name: aws.String("orders")}); err != nil {
		t.Fatal(err)
	}
	b.ForgetCalls()
	o := b.apply(own("orders", obj{"description": "x"}), st)
	wantError(t, o, `Ledger "orders" is being deleted`, "Nothing was changed")
	wantMutations(t, b)
}

// A change that pauses because the key it comes from was disabled goes on: the apply enables that key.
func TestPausedChangeGoesOn(t *testing.T) {
	t.Parallel()
	for name, forgotten := range map[string]bool{"recorded": false, "cut off before it was saved": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, acctest.WithTiming(acctest.Timing{KeyChange: hour}))
			st := b.mustApply(own("orders", nil), nil)
			first := st["kms_key_arn"].(string)
			cfg := own("orders", obj{"generation": 2})
			o := b.apply(with(cfg, "wait_for_key_change", false), st)
			if o.failed() || o.state["encryption_status"] != "UPDATING" {
				t.Fatalf("the ledger is %v:\n%s", o.state["encryption_status"], o.text())
			}
			if !forgotten {
				st = o.state
			}
			b.disableKey(first)
			st = b.impaired(st)
			wantWarning(t, b.plan(cfg, st), `Former key of ledger "orders" will be enabled`, first)
			b.clock.each(func(time.Duration) { b.Advance(hour) })
			next := b.mustApply(cfg, st)
			if next["encryption_status"] != "ENABLED" || next["kms_key_arn"] == first || b.keyState(first) != "Enabled" {
				t.Errorf("the ledger is %v under %v, the former key %s", next["encryption_status"], next["kms_key_arn"],
					b.keyState(first))
			}
		})
	}
}
