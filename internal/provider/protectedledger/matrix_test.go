package protectedledger_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// Each test below is one way an apply can end, with what must be saved and what the next apply must do.

func TestCreateKeyRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refuse("CreateKey")
	o := b.apply(own("orders", nil), nil)
	wantError(t, o, `The key of ledger "orders" was not created`, "CreateKey: AccessDeniedException: not allowed here",
		"request id", "no ledger", "Nothing was saved")
	if o.state != nil {
		t.Errorf("state is %v, want none", o.state)
	}
	b.ClearFaults()
	if got := b.keys(); len(got) != 0 {
		t.Errorf("keys are %v, want none", got)
	}
	b.mustApply(own("orders", nil), nil)
}

func TestCreateKeyAnswerLost(t *testing.T) {
	t.Parallel()
	t.Run("found at once", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.Fault(acctest.Fault{Operation: "CreateKey", Kind: "lost_answer", Count: 1})
		st := b.mustApply(own("orders", nil), nil)
		if got := b.keys(); len(got) != 1 || got[0].ARN != keyOf(st)["arn"] {
			t.Errorf("keys are %v, want only %v", got, keyOf(st)["arn"])
		}
	})
	t.Run("found by the next apply", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.Fault(acctest.Fault{Operation: "CreateKey", Kind: "lost_answer", Count: 1})
		b.refuse("ListKeys")
		o := b.apply(own("orders", nil), nil)
		wantError(t, o, `The key of ledger "orders" was not created`, "found by its tags")
		if o.state != nil {
			t.Errorf("state is %v, want none", o.state)
		}
		b.ClearFaults()
		b.newKey(nil) // somebody else's, without an alias
		st := b.mustApply(own("orders", nil), nil)
		if got := b.keys(); len(got) != 2 || got[0].ARN != keyOf(st)["arn"] {
			t.Errorf("keys are %v, want %v and the other one", got, keyOf(st)["arn"])
		}
	})
}

func TestAliasOrRotationRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault acctest.Fault
	}{
		{"generation alias", acctest.Fault{Operation: "CreateAlias", Count: 1}},
		{"rotation", acctest.Fault{Operation: "EnableKeyRotation", Count: 1}},
		{"alias", acctest.Fault{Operation: "CreateAlias", Skip: 1, Count: 1}},
	} {
		c.fault.Kind, c.fault.Code, c.fault.Message = "error", "LimitExceededException", "too many"
		start := func(t *testing.T) (*bench, obj) {
			b := newBench(t)
			b.Fault(c.fault)
			o := b.apply(own("orders", nil), nil)
			wantError(t, o, `Ledger "orders" was not created, but its key was`, "LimitExceededException: too many",
				"Now in your account: key", "terraform untaint")
			b.ClearFaults()
			arn, _ := keyOf(o.state)["arn"].(string)
			if arn == "" || o.state["arn"] != nil || o.state["state"] != nil {
				t.Fatalf("state is %v, want a key and no ledger", o.state)
			}
			return b, o.state
		}
		t.Run(c.name+", tainted", func(t *testing.T) {
			t.Parallel()
			b, st := start(t)
			next := b.replaceTainted(own("orders", nil), st)
			if got := b.live(); len(got) != 1 || got[0].ARN != keyOf(next)["arn"] {
				t.Errorf("live keys are %v, want only %v", got, keyOf(next)["arn"])
			}
		})
		t.Run(c.name+", untainted", func(t *testing.T) {
			t.Parallel()
			b, st := start(t)
			fresh := b.refresh(st).state
			next := b.mustApply(own("orders", nil), fresh)
			if got := b.keys(); len(got) != 1 || got[0].ARN != keyOf(st)["arn"] || len(got[0].Aliases) != 2 {
				t.Errorf("keys are %v, want only %v with both aliases", got, keyOf(st)["arn"])
			}
			if next["kms_key_arn"] != keyOf(st)["arn"] {
				t.Errorf("the ledger is under %v, want %v", next["kms_key_arn"], keyOf(st)["arn"])
			}
		})
	}
}

func TestCreateLedgerRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refuse("CreateLedger")
	cfg := obj{"name": "orders", "key": obj{}} // protected: the leftover must be removable all the same
	o := b.apply(cfg, nil)
	wantError(t, o, `Ledger "orders" was not created, but its key was`, "CreateLedger: AccessDeniedException",
		"alias/qldb-orders", "no ledger", "terraform untaint")
	b.ClearFaults()
	if keyOf(o.state)["arn"] == nil || o.state["arn"] != nil {
		t.Fatalf("state is %v, want a key and no ledger", o.state)
	}
	b.replaceTainted(cfg, o.state)
	if got := b.live(); len(got) != 1 {
		t.Errorf("live keys are %v, want one", got)
	}
}

func TestCreateLedgerRefusedUntainted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refuse("CreateLedger")
	o := b.apply(own("orders", nil), nil)
	b.ClearFaults()
	b.ForgetCalls()
	st := b.mustApply(own("orders", nil), b.refresh(o.state).state)
	wantMutations(t, b, "CreateLedger")
	if st["kms_key_arn"] != keyOf(o.state)["arn"] {
		t.Errorf("the ledger is under %v, want %v", st["kms_key_arn"], keyOf(o.state)["arn"])
	}
}

func TestCreateLedgerAnswerLost(t *testing.T) {
	t.Parallel()
	t.Run("made by us", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.Fault(acctest.Fault{Operation: "CreateLedger", Kind: "lost_answer", Count: 1})
		b.mustApply(own("orders", obj{}), nil)
		if got := b.ledgers(); len(got) != 1 {
			t.Errorf("ledgers are %v, want one", got)
		}
	})
	t.Run("made by an apply that was killed, or by an equal block", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		first := b.mustApply(own("orders", nil), nil)
		o := b.apply(own("orders", nil), nil)
		wantWarning(t, o, `Ledger "orders" was there and is taken over`, "an apply that was cut off",
			"a destroy of either destroys it", "terraform state rm")
		if o.state["arn"] != first["arn"] || len(b.keys()) != 1 || len(b.ledgers()) != 1 {
			t.Errorf("state is %v, keys are %v, ledgers %v", o.state, b.keys(), b.ledgers())
		}
	})
	t.Run("not made", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.Fault(acctest.Fault{Operation: "CreateLedger", Kind: "drop_before", Count: 1})
		o := b.apply(own("orders", nil), nil)
		if !o.failed() || keyOf(o.state)["arn"] == nil || o.state["arn"] != nil {
			t.Errorf("got state %v and:\n%s\nwant an error and the key", o.state, o.text())
		}
	})
	t.Run("somebody else's", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.newLedger("orders", "")
		o := b.apply(own("orders", nil), nil)
		wantError(t, o, `Ledger "orders" already exists`, "terraform import <address> eu-west-2/orders")
		if o.state != nil || len(b.keys()) != 0 {
			t.Errorf("state is %v and keys are %v, want nothing made", o.state, b.keys())
		}
	})
}

func TestCreateWaitCutOff(t *testing.T) {
	t.Parallel()
	cases := map[string]func(b *bench) context.Context{
		"timeout": func(b *bench) context.Context { return b.t.Context() },
		"interrupt": func(b *bench) context.Context {
			ctx, cancel := context.WithCancel(b.t.Context())
			b.clock.each(func(since time.Duration) {
				if since > time.Minute {
					cancel()
				}
			})
			return ctx
		},
	}
	for name, start := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, acctest.WithTiming(acctest.Timing{LedgerCreate: 10 * time.Minute}))
			cfg := own("orders", nil)
			o := b.applyContext(start(b), cfg, nil)
			wantWarning(t, o, `Ledger "orders" was created but is not ready yet`, "last seen: CREATING", "in place")
			if o.state["state"] != "CREATING" || o.state["arn"] == nil {
				t.Fatalf("state is %v, want all of a CREATING ledger", o.state)
			}
			b.clock.each(func(time.Duration) {})
			next := b.plan(cfg, b.refresh(o.state).state)
			if len(next.replace) != 0 || next.state["state"] != "ACTIVE" {
				t.Fatalf("next plan is %v replacing %v, want an update to ACTIVE", next.state, next.replace)
			}
			b.ForgetCalls()
			b.clock.each(func(since time.Duration) {
				if since == 2*time.Second || since > 20*time.Second && since < 40*time.Second {
					b.Advance(10 * time.Minute)
				}
			})
			b.mustApply(cfg, o.state)
			wantMutations(t, b)
		})
	}
}

func TestCreateNotVerified(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	// The first look finds the name free; every later one is refused.
	b.Fault(acctest.Fault{
		Operation: "DescribeLedger", Kind: "error", Code: "AccessDeniedException", Message: "no looking", Skip: 1,
	})
	cfg := own("orders", nil)
	o := b.apply(cfg, nil)
	wantWarning(t, o, `Ledger "orders" was created but is not ready yet`, "DescribeLedger: AccessDeniedException")
	if o.state["arn"] == nil || o.state["state"] != "CREATING" {
		t.Errorf("state is %v, want all of the ledger", o.state)
	}
	b.ClearFaults()
	b.settle()
	b.settled(cfg, o.state)
}

func TestPolicyChangeRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	cfg := own("orders", obj{"policy": policyText("changed")})
	b.refuse("PutKeyPolicy")
	before := b.plan(cfg, st)
	o := b.apply(cfg, st)
	wantError(t, o, `Ledger "orders" was not changed completely`, "PutKeyPolicy: AccessDeniedException")
	if keyOf(o.state)["policy_document"] != keyOf(st)["policy_document"] || keyOf(o.state)["policy"] != nil {
		t.Errorf("saved policy is %v, want the former", keyOf(o.state))
	}
	b.ClearFaults()
	if after := b.plan(cfg, b.refresh(o.state).state); !reflect.DeepEqual(before.state, after.state) {
		t.Errorf("the plan changed:\n%s", differences(before.state, after.state, ""))
	}
	b.ForgetCalls()
	b.mustApply(cfg, o.state)
	wantMutations(t, b, "PutKeyPolicy")
}

func TestUpdateLedgerRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	cfg := own("orders", obj{"generation": 2})
	b.refuse("UpdateLedger")
	o := b.apply(cfg, st)
	wantError(t, o, `Ledger "orders" keeps its key: the change was refused`, "UpdateLedger: AccessDeniedException",
		"the next apply uses it")
	b.ClearFaults()
	idle, _ := changeOf(o.state)["to"].(string)
	if idle == "" || o.state["kms_key_arn"] != st["kms_key_arn"] || keyOf(o.state)["generation"] != int64(1) {
		t.Fatalf("state is %v, want the former plus key_change.to", o.state)
	}
	if got := b.aliasKey("alias/qldbkms/orders/2"); got != idle {
		t.Errorf("generation alias points to %q, want %s", got, idle)
	}
	if got := b.aliasKey("alias/qldb-orders"); got != st["kms_key_arn"] {
		t.Errorf("the alias points to %q, want the key in use", got)
	}
	b.ForgetCalls()
	next := b.mustApply(cfg, b.refresh(o.state).state)
	wantMutations(t, b, "UpdateLedger", "UpdateAlias")
	if next["kms_key_arn"] != idle || len(b.keys()) != 2 {
		t.Errorf("the ledger is under %v with %d keys, want %s of 2", next["kms_key_arn"], len(b.keys()), idle)
	}
}

func TestIdleKeyIsDestroyedToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	b.refuse("UpdateLedger")
	o := b.apply(own("orders", obj{"generation": 2}), st)
	b.ClearFaults()
	if done := b.apply(nil, b.refresh(o.state).state); done.failed() || len(b.live()) != 0 {
		t.Errorf("destroy left %v:\n%s", b.live(), done.text())
	}
}

func TestSwapWaitCutOff(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{KeyChange: 10 * time.Minute}))
	st := b.mustApply(own("orders", nil), nil)
	cfg := own("orders", obj{"generation": 2, "old_key": "disable"})
	ctx, cancel := context.WithCancel(t.Context())
	b.clock.each(func(since time.Duration) {
		if since > time.Minute {
			cancel()
		}
	})
	o := b.applyContext(ctx, cfg, st)
	wantError(t, o, `Ledger "orders" is still changing its key`, "Interrupted after waiting", "goes on without Terraform")
	if o.state["encryption_status"] != "UPDATING" || keyOf(o.state)["generation"] != int64(2) ||
		o.state["kms_key_arn"] == st["kms_key_arn"] {
		t.Fatalf("state is %v, want the new key, UPDATING", o.state)
	}
	fresh := b.refresh(o.state)
	resume := b.plan(cfg, fresh.state)
	if resume.state["encryption_status"] != "ENABLED" || len(resume.replace) > 0 {
		t.Errorf("the plan resumes to %v, want ENABLED in place", resume.state["encryption_status"])
	}
	b.ForgetCalls()
	b.clock.each(func(time.Duration) { b.Advance(4 * time.Minute) })
	b.mustApply(cfg, fresh.state)
	wantMutations(t, b, "UpdateAlias", "DisableKey")
}

func TestSwapBecomesInaccessible(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{KeyChange: 10 * time.Minute}))
	st := b.mustApply(own("orders", nil), nil)
	old := st["kms_key_arn"].(string)
	cfg := own("orders", obj{"generation": 2})
	done := false
	b.clock.each(func(time.Duration) {
		if !done {
			done = true
			b.disableKey(old)
			b.Probe()
		}
	})
	o := b.apply(cfg, st)
	wantError(t, o, `Ledger "orders" cannot use its key`, "KMS_KEY_INACCESSIBLE since 20",
		"key "+old+" is Disabled", "usable")
	if o.state["encryption_status"] != "KMS_KEY_INACCESSIBLE" || o.state["inaccessible_kms_key_time"] == nil {
		t.Errorf("state is %v, want what was observed", o.state)
	}
	fresh := b.refresh(o.state)
	wantWarning(t, fresh, `Ledger "orders" cannot use its key`)
	repair := b.plan(cfg, fresh.state)
	if repair.state["encryption_status"] != (unknown{}) {
		t.Errorf("the plan does not repair: %v", differences(fresh.state, repair.state, ""))
	}
	if _, err := b.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &old}); err != nil {
		t.Fatal(err)
	}
	b.clock.each(func(time.Duration) { b.Advance(4 * time.Minute) })
	b.mustApply(cfg, fresh.state)
}

func TestStepAfterSwapRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		operation string
		rest      []string
	}{
		{"UpdateAlias", []string{"UpdateAlias", "ScheduleKeyDeletion"}},
		{"ScheduleKeyDeletion", []string{"ScheduleKeyDeletion"}},
	} {
		t.Run(c.operation, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			st := b.mustApply(own("orders", nil), nil)
			cfg := own("orders", obj{"generation": 2, "old_key": "schedule_deletion"})
			b.refuse(c.operation)
			o := b.apply(cfg, st)
			wantError(t, o, `Ledger "orders" was not changed completely`, c.operation+": AccessDeniedException")
			if o.state["encryption_status"] != "ENABLED" || o.state["kms_key_arn"] == st["kms_key_arn"] {
				t.Errorf("state is %v, want the new key, ENABLED", o.state)
			}
			b.ClearFaults()
			b.ForgetCalls()
			b.mustApply(cfg, b.refresh(o.state).state)
			wantMutations(t, b, c.rest...)
			if got := b.keyState(st["kms_key_arn"].(string)); got != "PendingDeletion" {
				t.Errorf("the former key is %s", got)
			}
		})
	}
}

func TestDeleteProtected(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := obj{"name": "orders", "key": obj{}}
	st := b.mustApply(cfg, nil)
	planned := b.plan(nil, st)
	wantError(t, planned, `Ledger "orders" is protected`, "deletion_protection = false", "deletion_protection")
	b.ForgetCalls()
	o := b.destroyWithoutPlan(st)
	wantError(t, o, `Ledger "orders" is protected`)
	if len(b.Calls()) != 0 {
		t.Errorf("calls are %v, want none", b.Calls())
	}
	if !reflect.DeepEqual(o.state, st) {
		t.Errorf("state changed:\n%s", differences(st, o.state, ""))
	}
}

func TestDeleteWaitCutOff(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{LedgerDelete: 10 * time.Minute}))
	cfg := own("orders", nil)
	st := b.mustApply(cfg, nil)
	o := b.apply(nil, st)
	wantError(t, o, `Ledger "orders" is still being deleted`, "Waited 30m", "last seen: DELETING", "goes on by itself")
	if o.state["state"] != "DELETING" {
		t.Errorf("state is %v, want DELETING", o.state["state"])
	}
	if got := b.keyState(st["kms_key_arn"].(string)); got != "Enabled" {
		t.Errorf("the key is %s before the ledger is gone", got)
	}
	wantWarning(t, b.refresh(o.state), `Ledger "orders" is being deleted`)
	b.ForgetCalls()
	b.clock.each(func(time.Duration) { b.Advance(4 * time.Minute) })
	if again := b.apply(nil, o.state); again.failed() || again.state != nil {
		t.Fatalf("second destroy left %v:\n%s", again.state, again.text())
	}
	wantMutations(t, b, "DeleteAlias", "DeleteAlias", "ScheduleKeyDeletion")
}

func TestDeleteKeyStepRefused(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"DeleteAlias", "ScheduleKeyDeletion", "ListLedgers"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			st := b.mustApply(own("orders", nil), nil)
			b.refuse(operation)
			o := b.apply(nil, st)
			wantError(t, o, `Ledger "orders" is gone, but not all of its keys`, operation+": AccessDeniedException", "no ledger")
			if o.state["arn"] != nil || o.state["kms_key_arn"] != nil || keyOf(o.state)["arn"] == nil {
				t.Errorf("state is %v, want the key alone", o.state)
			}
			b.ClearFaults()
			b.ForgetCalls()
			if again := b.apply(nil, b.refresh(o.state).state); again.failed() || again.state != nil {
				t.Fatalf("second destroy left %v:\n%s", again.state, again.text())
			}
			for _, m := range b.Mutations() {
				if m != "DeleteAlias" && m != "ScheduleKeyDeletion" {
					t.Errorf("second destroy called %s", m)
				}
			}
			if len(b.live()) != 0 {
				t.Errorf("live keys are %v", b.live())
			}
		})
	}
}

// TestKilledAnywhere cuts the provider off from AWS after every number of calls and forgets what it returned, as a
// kill does. The next apply starts from the state before.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	first, second := own("orders", nil), own("orders", obj{"generation": 2, "old_key": "disable"})
	type start func(b *bench) (cfg, prior obj)
	referenced := func(b *bench) obj {
		return obj{"name": "orders", "kms_key": b.newKey(nil), "deletion_protection": false}
	}
	cases := map[string]start{
		"create":  func(*bench) (obj, obj) { return first, nil },
		"swap":    func(b *bench) (obj, obj) { return second, b.mustApply(first, nil) },
		"to own":  func(b *bench) (obj, obj) { return first, b.mustApply(referenced(b), nil) },
		"leave":   func(b *bench) (obj, obj) { return referenced(b), b.mustApply(first, nil) },
		"destroy": func(b *bench) (obj, obj) { return nil, b.mustApply(first, nil) },
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cfg, prior := prepare(b)
			b.ForgetCalls()
			b.apply(cfg, prior)
			for n := range len(b.Calls()) {
				t.Run(fmt.Sprintf("after call %d", n), func(t *testing.T) {
					t.Parallel()
					killedAfter(newBench(t), n, true, prepare)
				})
				if n%3 == 0 {
					t.Run(fmt.Sprintf("after call %d, without refresh", n), func(t *testing.T) {
						t.Parallel()
						killedAfter(newBench(t), n, false, prepare)
					})
				}
			}
		})
	}
}

func killedAfter(b *bench, n int, refresh bool, prepare func(b *bench) (cfg, prior obj)) {
	b.t.Helper()
	cfg, prior := prepare(b)
	keys := len(b.keys())
	if cfg["key"] != nil {
		keys++ // this apply makes one
	}
	b.Fault(acctest.Fault{Operation: "*", Kind: "drop_before", Skip: n})
	b.apply(cfg, prior)
	b.ClearFaults()
	b.settle()
	if cfg == nil {
		b.destroyedAfterKill(prior, refresh)
		return
	}
	b.appliedAfterKill(cfg, prior, refresh, keys)
}

func (b *bench) appliedAfterKill(cfg, prior obj, refresh bool, keys int) {
	b.t.Helper()
	if prior != nil && refresh {
		prior = b.refresh(prior).state
	}
	o := b.apply(cfg, prior)
	if o.failed() {
		b.t.Fatalf("apply again:\n%s", o.text())
	}
	st := b.settled(cfg, b.refreshed(o.state))
	if got := b.keys(); len(got) != keys {
		b.t.Errorf("there are %d keys, want %d: %v", len(got), keys, got)
	}
	if got := b.ledgers(); len(got) != 1 || got["orders"] != st["kms_key_arn"] {
		b.t.Errorf("ledgers are %v, want one under %v", got, st["kms_key_arn"])
	}
	if k := keyOf(st); k != nil && (k["arn"] != st["kms_key_arn"] || b.aliasKey("alias/qldb-orders") != k["arn"]) {
		b.t.Errorf("the ledger is under %v, its own key is %v, the alias points to %s", st["kms_key_arn"], k["arn"],
			b.aliasKey("alias/qldb-orders"))
	}
	if got := b.aliasKey("alias/qldb-orders"); cfg["key"] == nil && got != "" {
		b.t.Errorf("the alias still points to %s", got)
	}
	if o := b.apply(nil, st); o.failed() {
		b.t.Errorf("destroy in the end:\n%s", o.text())
	}
	for _, k := range b.live() {
		if k.Tags["qldbkms:ledger"] != "" {
			b.t.Errorf("the destroy in the end left %v", k)
		}
	}
}

func (b *bench) destroyedAfterKill(prior obj, refresh bool) {
	b.t.Helper()
	if refresh {
		prior = b.refresh(prior).state
	}
	if prior != nil {
		if o := b.apply(nil, prior); o.failed() {
			b.t.Errorf("second destroy:\n%s", o.text())
		}
	}
	if len(b.live()) != 0 || len(b.ledgers()) != 0 {
		b.t.Errorf("left are keys %v and ledgers %v", b.live(), b.ledgers())
	}
}

func policyText(sid string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":%q,"Effect":"Allow",`+
		`"Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`, sid, acctest.Account)
}

// The one error after acceptance: the ledger was there and is gone again. There is nothing to keep but the key.
func TestCreateGoneAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{LedgerCreate: 10 * time.Minute}))
	// The first look finds the name free, the second the new ledger.
	b.Fault(acctest.Fault{
		Operation: "DescribeLedger", Kind: "error", Code: "ResourceNotFoundException", Message: "gone", Status: 404, Skip: 2,
	})
	o := b.apply(own("orders", nil), nil)
	wantError(t, o, `Ledger "orders" is gone again`, "no ledger")
	if keyOf(o.state)["arn"] == nil || o.state["arn"] != nil {
		t.Errorf("state is %v, want the key alone", o.state)
	}
}

// The new key is lost while the ledger still moves to it: the plan goes back to the former key, or on to another, and
// the ledger is whole again.
func TestSwapToALostKey(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]obj{
		"back to the former generation": own("orders", nil),
		"on to the next generation":     own("orders", obj{"generation": 3}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, acctest.WithTiming(acctest.Timing{KeyChange: 10 * time.Minute}))
			st := b.mustApply(own("orders", nil), nil)
			lost := false
			b.clock.each(func(time.Duration) {
				if !lost {
					lost = true
					b.scheduleKey(b.ledgers()["orders"])
					b.Probe()
				}
			})
			o := b.apply(own("orders", obj{"generation": 2}), st)
			wantError(t, o, `Ledger "orders" cannot use its key`, "is PendingDeletion", "take the change back")
			b.clock.each(func(time.Duration) { b.Advance(4 * time.Minute) })
			after := b.mustApply(way, b.refreshed(o.state))
			if after["encryption_status"] != "ENABLED" || after["inaccessible_kms_key_time"] != nil ||
				b.ledgers()["orders"] != after["kms_key_arn"] || b.keyState(after["kms_key_arn"].(string)) != "Enabled" {
				t.Errorf("the state is %v", after)
			}
		})
	}
}
