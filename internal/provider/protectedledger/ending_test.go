package protectedledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

func (b *bench) moveLedger(name, key string) {
	b.t.Helper()
	in := &qldb.UpdateLedgerInput{Name: &name, KmsKey: &key}
	if _, err := b.QLDB().UpdateLedger(b.t.Context(), in); err != nil {
		b.t.Fatalf("move ledger %s: %v", name, err)
	}
	b.settle()
}

// The plan knows which other ledgers use a key that the apply would end, and refuses: KP-606.
func TestSharedKeyInThePlan(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"disable", "schedule_deletion"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			st := b.mustApply(own("orders", obj{"old_key": action}), nil)
			arn := st["kms_key_arn"].(string)
			cfg := own("orders", obj{"generation": 2, "old_key": action})
			gone := obj{"name": "orders", "kms_key": b.newKey(nil), "deletion_protection": false}
			for _, c := range []obj{cfg, gone} { // nobody else
				if o := b.plan(c, st); o.failed() || strings.Contains(o.text(), "KP-606") {
					t.Errorf("the key is the ledger's alone:\n%s", o.text())
				}
			}
			b.newLedger("other", arn)
			b.ForgetCalls()
			for _, c := range []obj{cfg, gone} {
				wantError(t, b.plan(c, st), `KP-606: ledger "other" (ACTIVE) uses key `+arn, "Move that ledger to another key first",
					`With key.old_key = "retain" this ledger can move now`)
			}
			wantMutations(t, b)
			if o := b.plan(own("orders", obj{"generation": 2}), st); o.failed() {
				t.Errorf("a key that is kept:\n%s", o.text())
			}
			b.refuse("ListLedgers")
			wantWarning(t, b.plan(cfg, st), "Not checked: which other ledgers use the former key (KP-606): ListLedgers: Acc")
			b.ClearFaults()
			b.moveLedger("other", "AWS_OWNED_KMS_KEY")
			b.mustApply(cfg, st)
		})
	}
}

// Whether the other ledger is destroyed first, a plan to destroy cannot know: it tells, and stops nothing.
func TestSharedKeyInTheDestroyPlan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	arn := st["kms_key_arn"].(string)
	if o := b.plan(nil, st); strings.Contains(o.text(), "KP-606") {
		t.Errorf("nobody else:\n%s", o.text())
	}
	b.newLedger("other", arn)
	wantWarning(t, b.plan(nil, st), `KP-606`, `ledger "other" (ACTIVE) uses key `+arn, "unless the other ledgers are destroyed")
	wantWarning(t, b.plan(own("bills", nil), st), `Ledger "orders" will be destroyed`, `ledger "other" (ACTIVE) uses key`)
	b.refuse("ListLedgers")
	wantWarning(t, b.plan(nil, st), "not checked which ledgers: ListLedgers: AccessDeniedException")
	b.ClearFaults()
	kept := b.mustApply(own("orders", obj{"on_destroy": "retain"}), st)
	b.ForgetCalls()
	if o := b.plan(nil, kept); len(o.diags) > 0 || len(b.Calls()) > 0 {
		t.Errorf("a key that is kept: calls %v\n%s", b.Calls(), o.text())
	}
}

// An action that is still to come follows the configuration: a key that another ledger took up in the meantime is kept
// by saying so.
func TestPendingActionFollowsTheConfiguration(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	arn := st["kms_key_arn"].(string)
	cfg := own("orders", obj{"generation": 2, "old_key": "schedule_deletion"})
	b.Fault(acctest.Fault{
		Operation: "ScheduleKeyDeletion", Kind: "error", Code: "LimitExceededException", Message: "not now", Count: 1,
	})
	o := b.apply(cfg, st)
	wantError(t, o, "While dealing with the former key", "not now")
	b.newLedger("other", arn)
	fresh := b.refreshed(o.state)
	wantError(t, b.plan(cfg, fresh), `KP-606: ledger "other"`)
	keep := own("orders", obj{"generation": 2})
	if planned := b.plan(keep, fresh); changeOf(planned.state)["old_key_action"] != "retain" {
		t.Errorf("planned change is %v:\n%s", changeOf(planned.state), planned.text())
	}
	st = b.mustApply(keep, fresh)
	if c := changeOf(st); c["finished_at"] == nil || c["old_key_action"] != "retain" || b.keyState(arn) != "Enabled" {
		t.Errorf("the change is %v, the key %s", c, b.keyState(arn))
	}
}

// A change that nobody waited for stays on record as it was when something else is changed later.
func TestRecordOfAChangeNobodyWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{KeyChange: hour}))
	one, two := b.newKey(nil), b.newKey(nil)
	of := func(key string) obj {
		return obj{"name": "orders", "kms_key": key, "deletion_protection": false, "wait_for_key_change": false}
	}
	st := b.mustApply(of(one), nil)
	st = b.mustApply(of(two), st)
	b.Advance(2 * time.Hour)
	st = b.settled(of(two), b.refreshed(st))
	st = b.mustApply(with(of(two), "tags", obj{"a": "b"}), st)
	if st["encryption_status"] != "ENABLED" {
		t.Errorf("the ledger is %v", st["encryption_status"])
	}
}
