package protectedledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// A ledger deleted outside comes back under the key that is still there.
func TestLedgerDeletedOutside(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	st := b.mustApply(cfg, nil)
	arn := st["kms_key_arn"].(string)
	b.deleteLedger("orders")
	fresh := b.refresh(st)
	if fresh.state == nil || fresh.state["state"] != "DELETED" || fresh.state["arn"] != nil {
		t.Fatalf("refresh left %v:\n%s", fresh.state, fresh.text())
	}
	planned := b.plan(cfg, fresh.state)
	wantWarning(t, planned, `Ledger "orders" is gone and will be created anew`, "its history is lost",
		"under the same key")
	if planned.state["kms_key_arn"] != arn || len(planned.replace) > 0 {
		t.Errorf("the plan puts the ledger under %v, want %s in place", planned.state["kms_key_arn"], arn)
	}
	b.ForgetCalls()
	back := b.mustApply(cfg, fresh.state)
	wantMutations(t, b, "CreateLedger")
	if b.ledgers()["orders"] != arn || back["state"] != "ACTIVE" {
		t.Errorf("ledgers are %v", b.ledgers())
	}
}

// The ledger comes back while the configuration gives it another key: the former key stays in sight, without its alias.
func TestLedgerDeletedOutsideAndKeyLeft(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(b *bench) obj{
		"referenced": func(b *bench) obj {
			return obj{"name": "orders", "kms_key": b.newKey(nil), "deletion_protection": false}
		},
		"AWS owned":  func(*bench) obj { return obj{"name": "orders", "deletion_protection": false} },
		"generation": func(*bench) obj { return own("orders", obj{"generation": 2, "alias": "alias/other"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			st := b.mustApply(own("orders", nil), nil)
			b.deleteLedger("orders")
			cfg := next(b)
			back := b.mustApply(cfg, b.refreshed(st))
			kept := retainedOf(back)
			if len(kept) != 1 || kept[0]["arn"] != st["kms_key_arn"] || b.aliasKey("alias/qldb-orders") != "" {
				t.Errorf("retained keys are %v, the alias points to %q", kept, b.aliasKey("alias/qldb-orders"))
			}
			if o := b.apply(nil, back); o.failed() || b.keyState(st["kms_key_arn"].(string)) != "PendingDeletion" {
				t.Errorf("destroy:\n%s", o.text())
			}
		})
	}
}

func TestLedgerDeletedOutsideThenDestroyed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(obj{"name": "orders", "key": obj{}}, nil) // protected: that must not hold up the rest
	b.deleteLedger("orders")
	fresh := b.refresh(st)
	b.newLedger("orders", "") // somebody else's by now
	if o := b.apply(nil, fresh.state); o.failed() || o.state != nil {
		t.Fatalf("destroy left %v:\n%s", o.state, o.text())
	}
	if len(b.live()) != 0 || b.ledgers()["orders"] == "" {
		t.Errorf("keys left: %v; ledgers: %v, want the other's", b.live(), b.ledgers())
	}
}

func TestLedgerWithoutOwnKeyDeletedOutside(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(obj{"name": "orders"}, nil)
	b.deleteLedger("orders")
	if fresh := b.refresh(st); fresh.failed() || fresh.state != nil {
		t.Errorf("refresh left %v:\n%s", fresh.state, fresh.text())
	}
}

func TestLedgerVanishesAfterPlan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	b.deleteLedger("orders")
	cfg := own("orders", obj{"description": "other"})
	o := b.apply(cfg, st)
	wantError(t, o, `Ledger "orders" was not changed`, "deleted after the plan")
	if o.state["state"] != "DELETED" || keyOf(o.state)["arn"] != keyOf(st)["arn"] {
		t.Errorf("state is %v", o.state)
	}
	b.mustApply(cfg, b.refreshed(o.state))
}

func TestDisabledKeyIsEnabled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	st := b.mustApply(cfg, nil)
	arn := st["kms_key_arn"].(string)
	b.disableKey(arn)
	b.Probe()
	b.settle()
	fresh := b.refresh(st)
	wantWarning(t, fresh, `The key of ledger "orders" is Disabled`, `Ledger "orders" cannot use its key`,
		"inaccessible since 20")
	if fresh.state["encryption_status"] != "KMS_KEY_INACCESSIBLE" || keyOf(fresh.state)["enabled"] != false {
		t.Fatalf("state is %v", fresh.state)
	}
	planned := b.plan(cfg, fresh.state)
	wantWarning(t, planned, `Key of ledger "orders" will be enabled`)
	if keyOf(planned.state)["enabled"] != true || keyOf(planned.state)["state"] != "Enabled" {
		t.Errorf("planned key is %v", keyOf(planned.state))
	}
	b.ForgetCalls()
	b.mustApply(cfg, fresh.state)
	wantMutations(t, b, "EnableKey", "UpdateLedger")
}

func TestScheduledDeletionIsCancelled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	st := b.mustApply(cfg, nil)
	arn := st["kms_key_arn"].(string)
	b.scheduleKey(arn)
	b.Probe()
	b.settle()
	fresh := b.refresh(st)
	wantWarning(t, fresh, `The key of ledger "orders" will be deleted`, "lost for ever", "cancel")
	wantWarning(t, b.plan(cfg, fresh.state), `Deletion of ledger "orders"'s key will be cancelled`)
	b.ForgetCalls()
	b.mustApply(cfg, fresh.state)
	wantMutations(t, b, "CancelKeyDeletion", "EnableKey", "UpdateLedger")
}

func TestRevokedGrantIsRenewed(t *testing.T) {
	t.Parallel()
	for name, owned := range map[string]bool{"own key": true, "referenced key": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cfg := own("orders", nil)
			if !owned {
				cfg = obj{"name": "orders", "kms_key": b.newKey(nil), "deletion_protection": false}
			}
			st := b.mustApply(cfg, nil)
			arn := st["kms_key_arn"].(string)
			grants, err := b.KMS().ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &arn})
			if err != nil || len(grants.Grants) != 1 {
				t.Fatalf("grants: %v, %v", grants, err)
			}
			revoke := &kms.RevokeGrantInput{KeyId: &arn, GrantId: grants.Grants[0].GrantId}
			if _, err := b.KMS().RevokeGrant(t.Context(), revoke); err != nil {
				t.Fatal(err)
			}
			b.Probe()
			b.settle()
			fresh := b.refresh(st)
			wantWarning(t, fresh, `Ledger "orders" cannot use its key`)
			b.ForgetCalls()
			b.mustApply(cfg, fresh.state)
			wantMutations(t, b, "UpdateLedger")
		})
	}
}

func TestReferencedKeyUnusable(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	arn := b.newKey(nil)
	cfg := obj{"name": "orders", "kms_key": arn}
	st := b.mustApply(cfg, nil)
	b.scheduleKey(arn)
	b.Probe()
	b.settle()
	fresh := b.refresh(st)
	wantWarning(t, fresh, `The key of ledger "orders" will be deleted`, "not managed here")
	if planned := b.plan(cfg, fresh.state); differences(fresh.state, planned.state, "") != "" {
		t.Errorf("a key that is not managed here is planned to change:\n%s", differences(fresh.state, planned.state, ""))
	}
}

func TestKeyGoneWhileLedgerExists(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	st := b.mustApply(cfg, nil)
	b.scheduleKey(st["kms_key_arn"].(string))
	b.Advance(31 * 24 * time.Hour)
	fresh := b.refresh(st)
	wantWarning(t, fresh, `The key of ledger "orders" is gone`, "cannot be read any more")
	if keyOf(fresh.state)["state"] != "Deleted" {
		t.Errorf("key state is %v", keyOf(fresh.state)["state"])
	}
	if strings.Contains(fresh.text(), "Enable the key") {
		t.Errorf("a key that is gone cannot be enabled:\n%s", fresh.text())
	}
	b.settled(cfg, fresh.state)
	if planned := b.plan(nil, fresh.state); strings.Contains(planned.text(), "scheduled for deletion") {
		t.Errorf("a key that is gone cannot be scheduled for deletion:\n%s", planned.text())
	}
	if o := b.apply(nil, fresh.state); o.failed() || o.state != nil {
		t.Errorf("destroy left %v:\n%s", o.state, o.text())
	}
}

func TestPolicyDrift(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]obj{"default": {}, "configured": {"policy": policyText("mine")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cfg := own("orders", key)
			st := b.mustApply(cfg, nil)
			arn := st["kms_key_arn"].(string)
			put := &kms.PutKeyPolicyInput{KeyId: &arn, Policy: aws.String(policyText("changed elsewhere"))}
			if _, err := b.KMS().PutKeyPolicy(t.Context(), put); err != nil {
				t.Fatal(err)
			}
			b.ForgetCalls()
			b.mustApply(cfg, b.refreshed(st))
			wantMutations(t, b, "PutKeyPolicy")
		})
	}
}

// A policy that means the same is no change, however it is written, in the configuration or in KMS.
func TestPolicySpelling(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", obj{"policy": policyText("same")}), nil)
	spaced := `{ "Version" : "2012-10-17", "Statement" : { "Sid" : "same", "Effect" : "Allow",
	  "Principal" : { "AWS" : ["` + acctest.Account + `"] }, "Action" : ["kms:*"], "Resource" : ["*"] } }`
	cfg := own("orders", obj{"policy": spaced})
	if planned := b.plan(cfg, st); differences(st, planned.state, "") != "" {
		t.Errorf("another spelling plans:\n%s", differences(st, planned.state, ""))
	}
	arn := st["kms_key_arn"].(string)
	if _, err := b.KMS().PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &arn, Policy: &spaced}); err != nil {
		t.Fatal(err)
	}
	b.settled(cfg, st)
}

func TestAliasDrift(t *testing.T) {
	t.Parallel()
	for name, drift := range map[string]struct {
		do    func(b *bench)
		calls string
	}{
		"moved": {func(b *bench) { b.moveAlias("alias/qldb-orders", b.newKey(nil)) }, "UpdateAlias"},
		"deleted": {func(b *bench) {
			alias := "alias/qldb-orders"
			if _, err := b.KMS().DeleteAlias(b.t.Context(), &kms.DeleteAliasInput{AliasName: &alias}); err != nil {
				b.t.Fatal(err)
			}
		}, "CreateAlias"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cfg := own("orders", nil)
			st := b.mustApply(cfg, nil)
			drift.do(b)
			fresh := b.refreshed(st)
			if keyOf(fresh)["alias"] != nil {
				t.Errorf("alias is %v, want none", keyOf(fresh)["alias"])
			}
			b.ForgetCalls()
			b.mustApply(cfg, fresh)
			wantMutations(t, b, drift.calls)
		})
	}
}

// An alias comes back although the ledger cannot be helped for the moment.
func TestAliasOfAnImpairedLedger(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	st := b.mustApply(cfg, nil)
	b.moveAlias("alias/qldb-orders", b.newKey(nil))
	fresh := with(b.refreshed(st), "encryption_status", "KMS_KEY_INACCESSIBLE")
	fresh["key"] = with(keyOf(fresh), "state", "Unavailable")
	b.refuse("UpdateLedger")
	b.ForgetCalls()
	if o := b.apply(cfg, fresh); o.failed() {
		t.Fatalf("apply:\n%s", o.text())
	}
	wantMutations(t, b, "UpdateAlias")
}

func TestAttributeDrift(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := obj{"name": "orders", "key": obj{}, "tags": obj{"team": "ledger", "stage": "test"}}
	st := b.mustApply(cfg, nil)
	arn, ctx := st["kms_key_arn"].(string), t.Context()
	for name, change := range map[string]struct {
		do    func() error
		calls []string
	}{
		"mode": {func() error {
			_, err := b.QLDB().UpdateLedgerPermissionsMode(ctx, &qldb.UpdateLedgerPermissionsModeInput{
				Name: aws.String("orders"), PermissionsMode: qldbtypes.PermissionsModeAllowAll,
			})
			return err
		}, []string{"UpdateLedgerPermissionsMode"}},
		"protection": {func() error {
			off := &qldb.UpdateLedgerInput{Name: aws.String("orders"), DeletionProtection: aws.Bool(false)}
			_, err := b.QLDB().UpdateLedger(ctx, off)
			return err
		}, []string{"UpdateLedger"}},
		"rotation": {func() error {
			_, err := b.KMS().DisableKeyRotation(ctx, &kms.DisableKeyRotationInput{KeyId: &arn})
			return err
		}, []string{"EnableKeyRotation"}},
		"period": {func() error {
			_, err := b.KMS().EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{
				KeyId: &arn, RotationPeriodInDays: aws.Int32(90),
			})
			return err
		}, []string{"EnableKeyRotation"}},
		"description": {func() error {
			_, err := b.KMS().UpdateKeyDescription(ctx, &kms.UpdateKeyDescriptionInput{
				KeyId: &arn, Description: aws.String("x"),
			})
			return err
		}, []string{"UpdateKeyDescription"}},
		"tag of the key": {func() error {
			_, err := b.KMS().TagResource(ctx, &kms.TagResourceInput{KeyId: &arn, Tags: []kmstypes.Tag{
				{TagKey: aws.String("team"), TagValue: aws.String("other")},
			}})
			return err
		}, []string{"TagResource"}},
		"tag of the ledger": {func() error {
			_, err := b.QLDB().UntagResource(ctx, &qldb.UntagResourceInput{
				ResourceArn: aws.String(st["arn"].(string)), TagKeys: []string{"stage"},
			})
			return err
		}, []string{"TagResource"}},
		"foreign tag on the key": {func() error {
			_, err := b.KMS().TagResource(ctx, &kms.TagResourceInput{KeyId: &arn, Tags: []kmstypes.Tag{
				{TagKey: aws.String("extra"), TagValue: aws.String("x")},
			}})
			return err
		}, []string{"UntagResource"}},
	} {
		if err := change.do(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b.ForgetCalls()
		st = b.mustApply(cfg, b.refreshed(st))
		wantMutations(t, b, change.calls...)
		if t.Failed() {
			t.Fatalf("stopped after %q", name)
		}
	}
}

// The ledger was put under another key by hand: the plan brings it back.
func TestLedgerMovedOutside(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	st := b.mustApply(cfg, nil)
	other := b.newKey(nil)
	in := &qldb.UpdateLedgerInput{Name: aws.String("orders"), KmsKey: &other}
	if _, err := b.QLDB().UpdateLedger(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	b.settle()
	fresh := b.refreshed(st)
	wantWarning(t, b.plan(cfg, fresh), "the ledger was moved to another key outside Terraform")
	b.ForgetCalls()
	back := b.mustApply(cfg, fresh)
	wantMutations(t, b, "UpdateLedger")
	if back["kms_key_arn"] != st["kms_key_arn"] || len(retainedOf(back)) != 0 {
		t.Errorf("state is %v", back)
	}
}
