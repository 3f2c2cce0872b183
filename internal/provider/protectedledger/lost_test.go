package protectedledger_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// The answer to any one call may be lost. With the SDK's retries, as shipped, nobody notices and nothing is made twice.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	second := own("orders", obj{"generation": 2, "old_key": "schedule_deletion", "policy": policyText("second")})
	for _, operation := range []string{
		"CreateKey", "CreateAlias", "EnableKeyRotation", "CreateLedger", "UpdateLedger", "UpdateAlias",
		"ScheduleKeyDeletion", "DeleteLedger", "DeleteAlias", "DescribeLedger", "DescribeKey", "GetKeyPolicy", "ListLedgers",
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			b := newBenchWith(t, awsclient.Config{MaxRetries: aws.Int(3)})
			lose := func() { b.Fault(acctest.Fault{Operation: operation, Kind: "lost_answer", Count: 1}) }
			lose()
			st := b.mustApply(own("orders", nil), nil)
			lose()
			st = b.mustApply(second, st)
			if got := b.keys(); len(got) != 2 {
				t.Errorf("there are %d keys, want 2", len(got))
			}
			lose()
			if o := b.apply(nil, st); o.failed() || o.state != nil {
				t.Errorf("destroy left %v:\n%s", o.state, o.text())
			}
			b.ClearFaults()
			if len(b.live()) != 0 || len(b.ledgers()) != 0 {
				t.Errorf("left are %v and %v", b.live(), b.ledgers())
			}
		})
	}
}

// A ledger may live in another Region than the provider's default.
func TestRegionOfTheResource(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	cfg["region"] = "eu-west-1"
	st := b.mustApply(cfg, nil)
	if st["region"] != "eu-west-1" || st["arn"] != "arn:aws:qldb:eu-west-1:111122223333:ledger/orders" {
		t.Errorf("region %v, arn %v", st["region"], st["arn"])
	}
	for _, c := range b.Calls() {
		if c.Region != "eu-west-1" && c.Service != "sts" {
			t.Errorf("%s went to %s", c.Operation, c.Region)
		}
	}
	if o := b.apply(nil, st); o.failed() {
		t.Errorf("destroy:\n%s", o.text())
	}
}

// Without permission to ask who the caller is the plan leaves the policy open, and the key gets the default policy.
func TestCallerNotKnown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refuse("GetCallerIdentity")
	cfg := own("orders", nil)
	planned := b.plan(cfg, nil)
	if planned.failed() || keyOf(planned.state)["policy_document"] != (unknown{}) {
		t.Errorf("planned policy is %v:\n%s", keyOf(planned.state)["policy_document"], planned.text())
	}
	b.mustApply(cfg, nil)
}

func TestLedgerQuota(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithMaxLedgers(1))
	b.newLedger("first", "")
	o := b.apply(own("orders", nil), nil)
	wantError(t, o, `Ledger "orders" was not created, but its key was`, "LimitExceededException")
}

// A name that is being freed is waited for.
func TestNameBeingDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{LedgerDelete: 10 * time.Minute}))
	b.newLedger("orders", "")
	if _, err := b.QLDB().DeleteLedger(t.Context(), &qldb.DeleteLedgerInput{Name: aws.String("orders")}); err != nil {
		t.Fatal(err)
	}
	b.clock.each(func(time.Duration) { b.Advance(4 * time.Minute) })
	b.mustApply(own("orders", nil), nil)
}

// With the counts and intervals meant for AWS, everything ends as with those of a test.
func TestAWSPace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.hits = -1
	b.serve(&b.config)
	st := b.mustApply(own("orders", nil), nil)
	st = b.mustApply(own("orders", obj{"policy": policyText("p"), "description": "x", "rotation_period_in_days": 90}), st)
	b.disableKey(st["kms_key_arn"].(string))
	b.mustApply(own("orders", obj{"policy": policyText("p"), "description": "x", "rotation_period_in_days": 90}),
		b.refreshed(st))
}

// A key of an earlier generation comes back although its deletion was scheduled and its alias is gone.
func TestKeyToBeDeletedComesBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	first := st["kms_key_arn"].(string)
	st = b.mustApply(own("orders", obj{"generation": 2}), st)
	b.scheduleKey(first)
	alias := "alias/qldbkms/orders/1"
	if _, err := b.KMS().DeleteAlias(t.Context(), &kms.DeleteAliasInput{AliasName: &alias}); err != nil {
		t.Fatal(err)
	}
	back := b.mustApply(own("orders", nil), b.refreshed(st))
	if back["kms_key_arn"] != first || b.keyState(first) != "Enabled" || b.aliasKey(alias) != first {
		t.Errorf("the ledger is under %v; key %s, alias of %s", back["kms_key_arn"], b.keyState(first), b.aliasKey(alias))
	}
}

// An alias that the same apply makes is not there yet while the plan is made. Only the apply can tell, and does before
// it writes.
func TestAliasToCome(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := obj{"name": "orders", "kms_key": "alias/shared", "deletion_protection": false}
	standing := b.mustApply(own("orders", nil), nil)
	for _, prior := range []obj{nil, standing} {
		if prior == nil {
			b.deleteLedger("orders")
		} else {
			b.newLedger("orders", prior["kms_key_arn"].(string))
		}
		planned := b.plan(cfg, prior)
		wantWarning(t, planned, "KMS key not found", "KP-614: alias/shared does not exist",
			"If the same apply makes the alias")
		if planned.state["kms_key_arn"] != (unknown{}) {
			t.Errorf("kms_key_arn is %v", planned.state["kms_key_arn"])
		}
		b.ForgetCalls()
		o := b.applyPlanned(t.Context(), cfg, prior, planned)
		wantError(t, o, `Ledger "orders": the alias does not exist`, "NotFoundException", "Nothing was changed")
		wantMutations(t, b)
	}
	planned := b.plan(cfg, standing)
	b.newAlias("alias/shared", b.newKey(nil))
	if o := b.applyPlanned(t.Context(), cfg, standing, planned); o.failed() {
		t.Errorf("apply:\n%s", o.text())
	}
}
