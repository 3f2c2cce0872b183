package protectedledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

func TestOwnKeyLifecycle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	cfg["tags"] = obj{"team": "ledger"}
	st := b.mustApply(cfg, nil)
	wantMutations(t, b, "CreateKey", "CreateAlias", "EnableKeyRotation", "CreateAlias", "CreateLedger")
	key := b.keys()[0]
	if key.Tags["team"] != "ledger" || key.Tags["qldbkms:ledger"] != "orders" || key.Tags["qldbkms:generation"] != "1" {
		t.Errorf("the key's tags are %v", key.Tags)
	}
	if got := strings.Join(key.Aliases, " "); got != "alias/qldb-orders alias/qldbkms/orders/1" {
		t.Errorf("the key's aliases are %s", got)
	}
	b.ForgetCalls()
	next := with(cfg, "key", obj{"generation": 2})
	swapped := b.mustApply(next, st)
	wantMutations(t, b, "CreateKey", "CreateAlias", "EnableKeyRotation", "UpdateLedger", "UpdateAlias")
	if swapped["arn"] != st["arn"] || swapped["kms_key_arn"] == st["kms_key_arn"] {
		t.Errorf("arn %v -> %v, kms_key_arn %v -> %v", st["arn"], swapped["arn"], st["kms_key_arn"], swapped["kms_key_arn"])
	}
	kept := retainedOf(swapped)
	if len(kept) != 1 || kept[0]["arn"] != st["kms_key_arn"] || kept[0]["state"] != "Enabled" {
		t.Errorf("retained keys are %v", kept)
	}
	change := changeOf(swapped)
	if change["reason"] != "generation raised from 1 to "+
		"2" || change["status"] != "ENABLED" || change["finished_at"] == nil {
		t.Errorf("key_change is %v", change)
	}
	b.ForgetCalls()
	if o := b.apply(nil, swapped); o.failed() || o.state != nil {
		t.Fatalf("destroy left %v:\n%s", o.state, o.text())
	}
	wantMutations(t, b, "DeleteLedger", "DeleteAlias", "ScheduleKeyDeletion", "DeleteAlias", "DeleteAlias",
		"ScheduleKeyDeletion")
}

func TestSwapBackToRetainedKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.mustApply(own("orders", nil), nil)
	second := b.mustApply(own("orders", obj{"generation": 2, "old_key": "disable"}), first)
	if got := b.keyState(first["kms_key_arn"].(string)); got != "Disabled" {
		t.Fatalf("the former key is %s, want Disabled", got)
	}
	b.ForgetCalls()
	back := b.mustApply(own("orders", nil), second)
	wantMutations(t, b, "EnableKey", "UpdateLedger", "UpdateAlias")
	if back["kms_key_arn"] != first["kms_key_arn"] || len(retainedOf(back)) != 1 || len(b.keys()) != 2 {
		t.Errorf("state after going back is %v", back)
	}
}

func TestOldKeyActions(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{
		"retain": "Enabled", "disable": "Disabled", "schedule_deletion": "PendingDeletion",
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			first := b.mustApply(own("orders", nil), nil)
			old := first["kms_key_arn"].(string)
			b.ForgetCalls()
			st := b.mustApply(own("orders", obj{"generation": 2, "old_key": action}), first)
			if got := b.keyState(old); got != want {
				t.Errorf("the former key is %s, want %s", got, want)
			}
			if kept := retainedOf(st); len(kept) != 1 || kept[0]["state"] != want {
				t.Errorf("retained keys are %v", kept)
			}
			// The former key is touched only after the alias, and the alias only after the service was done.
			if m := b.Mutations(); action != "retain" && m[len(m)-2] != "UpdateAlias" {
				t.Errorf("mutating calls are %v", m)
			}
		})
	}
}

// Every form of kms_key leads to the key, stays in the state as written, and changing the form is no key change.
func TestReferencedKeyForms(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	arn := b.newKey(nil)
	b.newAlias("alias/shared", arn)
	aliasARN := strings.Replace(arn, "key/"+*keyID(arn), "alias/shared", 1)
	var st obj
	for _, form := range []string{arn, *keyID(arn), "alias/shared", aliasARN} {
		cfg := obj{"name": "orders", "kms_key": form, "deletion_protection": false}
		st = b.mustApply(cfg, st)
		if st["kms_key"] != form || st["kms_key_arn"] != arn {
			t.Errorf("kms_key %s, kms_key_arn %s; want %s, %s", st["kms_key"], st["kms_key_arn"], form, arn)
		}
	}
	wantMutations(t, b, "CreateLedger")
	if o := b.apply(nil, st); o.failed() || b.keyState(arn) != "Enabled" {
		t.Errorf("destroy of the ledger:\n%s\nthe referenced key is %s", o.text(), b.keyState(arn))
	}
}

func TestAWSOwnedKey(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]obj{
		"by default": {"name": "orders", "deletion_protection": false},
		"explicitly": {"name": "orders", "deletion_protection": false, "kms_key": "AWS_OWNED_KMS_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			st := b.mustApply(cfg, nil)
			if st["kms_key_arn"] != "AWS_OWNED_KMS_KEY" || st["encryption_status"] != "ENABLED" {
				t.Errorf("state is %v", st)
			}
			if fresh := b.importLedger("orders"); fresh["kms_key"] != st["kms_key"] {
				t.Errorf("imported kms_key is %v, want %v", fresh["kms_key"], st["kms_key"])
			}
		})
	}
}

// TestTransitions takes one ledger through every kind of key and checks calls, reasons and what is left behind.
func TestTransitions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, two := b.newKey(nil), b.newKey(nil)
	b.newAlias("alias/shared", one)
	base := obj{"name": "orders", "deletion_protection": false}
	var st obj
	for _, step := range []struct {
		name, reason string
		cfg          obj
		before       func()
		calls        []string
	}{
		{name: "AWS owned", cfg: base, calls: []string{"CreateLedger"}},
		{
			name: "to referenced", cfg: with(base, "kms_key", two), calls: []string{"UpdateLedger"},
			reason: "from the AWS owned key to a referenced key",
		},
		{
			name: "to another", cfg: with(base, "kms_key", "alias/shared"), calls: []string{"UpdateLedger"},
			reason: "kms_key names another key",
		},
		{
			name: "alias moved", cfg: with(base, "kms_key", "alias/shared"), calls: []string{"UpdateLedger"},
			before: func() { b.moveAlias("alias/shared", two) }, reason: "alias/shared now points to another key",
		},
		{
			name: "to own", cfg: with(base, "key", obj{}),
			calls:  []string{"CreateKey", "CreateAlias", "EnableKeyRotation", "UpdateLedger", "CreateAlias"},
			reason: "from a referenced key to the ledger's own key",
		},
		{
			name: "renamed alias", cfg: with(base, "key", obj{"alias": "alias/renamed"}),
			calls: []string{"CreateAlias", "DeleteAlias"},
		},
		{
			name: "new generation and alias", cfg: with(base, "key", obj{"alias": "alias/again", "generation": 2}),
			calls: []string{"CreateKey", "CreateAlias", "EnableKeyRotation", "UpdateLedger", "CreateAlias",
				"DeleteAlias"}, reason: "generation raised from 1 to 2",
		},
		{
			name: "back to referenced", cfg: with(base, "kms_key", one), calls: []string{"UpdateLedger", "DeleteAlias"},
			reason: "from the ledger's own key to a referenced key",
		},
		{name: "key removed", cfg: base, calls: []string{"UpdateLedger"}, reason: "to the AWS owned key"},
		{
			name: "own again", cfg: with(base, "key", obj{"generation": 2}),
			calls: []string{"UpdateLedger", "CreateAlias"}, reason: "from the AWS owned key to the ledger's own key",
		},
	} {
		if step.before != nil {
			step.before()
		}
		b.ForgetCalls()
		before := st
		st = b.mustApply(step.cfg, b.refreshed(st))
		wantMutations(t, b, step.calls...)
		if step.reason == "" {
			continue
		}
		c := changeOf(st)
		if c["reason"] != step.reason || c["from"] != before["kms_key_arn"] || c["to"] != st["kms_key_arn"] {
			t.Errorf("%s: key_change is %v, want reason %q", step.name, c, step.reason)
		}
		if t.Failed() {
			t.Fatalf("stopped after %q", step.name)
		}
	}
	if o := b.apply(nil, st); o.failed() {
		t.Fatalf("destroy:\n%s", o.text())
	}
	for _, k := range b.keys() {
		want := "PendingDeletion"
		if k.ARN == one || k.ARN == two {
			want = "Enabled"
		}
		if k.State != want {
			t.Errorf("key %s is %s, want %s", k.ARN, k.State, want)
		}
	}
}

func (b *bench) refreshed(st obj) obj {
	if st == nil {
		return nil
	}
	b.t.Helper()
	o := b.refresh(st)
	b.fatal("refresh", o.diags)
	return o.state
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	t.Run("for a new ledger", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		arn := b.newKey(nil)
		b.newAlias("alias/mine", arn)
		for _, form := range []string{arn, *keyID(arn), "alias/mine"} {
			cfg := own("orders", obj{"adopt": form})
			planned := b.plan(cfg, nil)
			wantWarning(t, planned, `Ledger "orders" takes over a key`, "its policy is already equal")
			if keyOf(planned.state)["arn"] != arn {
				t.Errorf("planned key is %v, want %s", keyOf(planned.state)["arn"], arn)
			}
		}
		cfg := own("orders", obj{"adopt": arn, "alias": "alias/mine", "on_destroy": "retain"})
		st := b.mustApply(cfg, nil)
		if st["kms_key_arn"] != arn || len(b.keys()) != 1 {
			t.Errorf("the ledger is under %v, want %s", st["kms_key_arn"], arn)
		}
		if o := b.apply(nil, st); o.failed() || b.keyState(arn) != "Enabled" || len(b.keys()[0].Aliases) != 0 {
			t.Errorf("destroy left %v:\n%s", b.keys(), o.text())
		}
	})
	t.Run("after an import", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		arn := b.newKey(nil)
		b.newLedger("orders", arn)
		st := b.importLedger("eu-west-2/orders")
		cfg := own("orders", obj{"adopt": arn, "policy": policyText("taken")})
		planned := b.plan(cfg, st)
		wantWarning(t, planned, "its policy will be replaced")
		if planned.state["kms_key_arn"] != arn || planned.state["key_change"] != nil {
			t.Errorf("taking the key over plans a move: %v", differences(st, planned.state, ""))
		}
		b.ForgetCalls()
		b.mustApply(cfg, st)
		wantMutations(t, b, "CreateAlias", "PutKeyPolicy", "UpdateKeyDescription", "TagResource", "EnableKeyRotation",
			"CreateAlias")
	})
	t.Run("refused creation leaves it alone", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		arn := b.newKey(nil)
		b.refuse("CreateLedger")
		o := b.apply(own("orders", obj{"adopt": arn}), nil)
		wantError(t, o, "never deleted by that")
		b.ClearFaults()
		gone := b.apply(nil, o.state)
		wantWarning(t, gone, `Adopted key of ledger "orders" is kept`)
		if got := b.keyState(arn); got != "Enabled" {
			t.Errorf("the adopted key is %s", got)
		}
	})
	t.Run("another key needs another generation", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		arn := b.newKey(nil)
		st := b.mustApply(own("orders", nil), nil)
		wantError(t, b.plan(own("orders", obj{"adopt": arn}), st), "Another key under the same generation", "generation = 2")
		next := b.mustApply(own("orders", obj{"adopt": arn, "generation": 2}), st)
		if next["kms_key_arn"] != arn {
			t.Errorf("the ledger is under %v, want %s", next["kms_key_arn"], arn)
		}
		third := b.mustApply(own("orders", obj{"adopt": arn, "generation": 3}), next)
		if third["kms_key_arn"] == arn || len(b.keys()) != 3 {
			t.Errorf("generation 3 is %v, want a new key", third["kms_key_arn"])
		}
	})
}

func TestSwapWithoutWaiting(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{KeyChange: 10 * time.Minute}))
	cfg := own("orders", obj{"old_key": "disable"})
	cfg["wait_for_key_change"] = false
	st := b.mustApply(cfg, nil)
	old := st["kms_key_arn"].(string)
	next := with(cfg, "key", obj{"old_key": "disable", "generation": 2})
	b.ForgetCalls()
	running := b.mustApply(next, st) // and the plan after it is empty
	wantMutations(t, b, "CreateKey", "CreateAlias", "EnableKeyRotation", "UpdateLedger")
	if running["encryption_status"] != "UPDATING" || b.aliasKey("alias/qldb-orders") != old {
		t.Errorf("status %v, alias on %s", running["encryption_status"], b.aliasKey("alias/qldb-orders"))
	}
	renamed := with(next, "key", with(next["key"].(obj), "alias", "alias/other"))
	wantError(t, b.plan(renamed, running), `Ledger "orders" is changing its key`, "wait_for_key_change = true")
	b.Advance(11 * time.Minute)
	b.ForgetCalls()
	done := b.mustApply(next, b.refreshed(running))
	wantMutations(t, b, "UpdateAlias", "DisableKey")
	if changeOf(done)["finished_at"] == nil || b.keyState(old) != "Disabled" {
		t.Errorf("key_change is %v, the former key %s", changeOf(done), b.keyState(old))
	}
}

// A change that runs already is followed; a second one waits for it.
func TestAttach(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{KeyChange: 10 * time.Minute}))
	one, two, three := b.newKey(nil), b.newKey(nil), b.newKey(nil)
	base := obj{"name": "orders", "deletion_protection": false}
	st := b.mustApply(with(base, "kms_key", one), nil)
	_, err := b.QLDB().UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{Name: aws.String("orders"), KmsKey: &two})
	if err != nil {
		t.Fatal(err)
	}
	b.clock.each(func(time.Duration) { b.Advance(4 * time.Minute) })
	b.ForgetCalls()
	st = b.mustApply(with(base, "kms_key", two), st) // the state still says one, as without a refresh
	wantMutations(t, b)
	_, err = b.QLDB().UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{Name: aws.String("orders"), KmsKey: &one})
	if err != nil {
		t.Fatal(err)
	}
	b.ForgetCalls()
	st = b.mustApply(with(base, "kms_key", three), st)
	wantMutations(t, b, "UpdateLedger")
	if st["kms_key_arn"] != three {
		t.Errorf("the ledger is under %v, want %s", st["kms_key_arn"], three)
	}
}
