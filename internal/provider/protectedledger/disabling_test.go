package protectedledger_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// accepting is cfg with rules let pass.
func accepting(cfg obj, rules ...any) obj { return with(cfg, "policy_checks", obj{"accept": rules}) }

// disabled is a ledger whose key is disabled on purpose, with the configuration that says so.
func (b *bench) disabled(key obj) (cfg, st obj) {
	b.t.Helper()
	st = b.mustApply(accepting(own("orders", key), "KP-607"), nil)
	cfg = accepting(own("orders", with(key, "enabled", false)), "KP-607")
	return cfg, b.mustApply(cfg, st)
}

// impaired lets the ledger notice what became of its key.
func (b *bench) impaired(st obj) obj {
	b.t.Helper()
	b.Probe()
	b.settle()
	fresh := b.refreshed(st)
	if fresh["encryption_status"] != "KMS_KEY_INACCESSIBLE" || fresh["inaccessible_kms_key_time"] == nil {
		b.t.Fatalf("the ledger is %v since %v", fresh["encryption_status"], fresh["inaccessible_kms_key_time"])
	}
	return fresh
}

// An accepted KP-607 stays listed; the key is disabled last, the ledger stops, and comes back with the key.
func TestDisabledOnPurpose(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(accepting(own("orders", nil), "KP-607"), nil)
	wantError(t, b.plan(own("orders", obj{"enabled": false}), st), "KP-607", `policy_checks = { accept = ["KP-607"] }`)
	cfg := accepting(own("orders", obj{"enabled": false, "description": "off", "rotation_period_in_days": 90}), "KP-607")
	planned := b.planned(cfg, st)
	if planned.failed() || len(planned.diags) > 0 || keyOf(planned.state)["state"] != "Disabled" ||
		!slices.Contains(findingsOf(planned.state), "KP-607 error accepted") {
		t.Errorf("planned key %v, findings %v:\n%s", keyOf(planned.state), findingsOf(planned.state), planned.text())
	}
	b.ForgetCalls()
	st = b.mustApply(cfg, st)
	wantMutations(t, b, "UpdateKeyDescription", "EnableKeyRotation", "DisableKey")
	arn := st["kms_key_arn"].(string)
	if b.keyState(arn) != "Disabled" || !slices.Contains(findingsOf(st), "KP-607 error accepted") {
		t.Errorf("the key is %s, the findings are %v", b.keyState(arn), findingsOf(st))
	}
	st = b.impaired(st)
	if fresh := b.refresh(st); len(fresh.diags) > 0 {
		t.Errorf("what is accepted is told:\n%s", fresh.text())
	}
	b.settled(cfg, st)

	// Everything but the rotation can change meanwhile.
	tagged := with(cfg, "tags", obj{"drill": "yes"}, "permissions_mode", "ALLOW_ALL")
	tagged["key"] = with(keyOf(cfg), "description", "drill", "policy", policyText("drill"), "alias", "alias/drill")
	st = b.mustApply(tagged, st)
	stuck := with(tagged, "key", with(keyOf(tagged), "rotation_period_in_days", 120))
	wantError(t, b.plan(stuck, st), `Rotation of ledger "orders"'s key cannot change`, "once key.enabled is true")

	back := with(tagged, "key", with(keyOf(tagged), "enabled", nil))
	wantWarning(t, b.plan(back, st), `Key of ledger "orders" will be enabled`)
	b.ForgetCalls()
	st = b.mustApply(back, st)
	wantMutations(t, b, "EnableKey", "UpdateLedger")
	if st["encryption_status"] != "ENABLED" || st["inaccessible_kms_key_time"] != nil ||
		slices.Contains(findingsOf(st), "KP-607 error accepted") {
		t.Errorf("the ledger is %v, the findings are %v", st["encryption_status"], findingsOf(st))
	}
}

// Who enables the key behind Terraform's back, or schedules its deletion, is overruled: it stays disabled, and lives.
func TestDisabledOnPurposeDrifts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg, st := b.disabled(obj{})
	arn := st["kms_key_arn"].(string)
	if _, err := b.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &arn}); err != nil {
		t.Fatal(err)
	}
	b.ForgetCalls()
	st = b.mustApply(cfg, b.refreshed(st))
	wantMutations(t, b, "DisableKey")
	b.scheduleKey(arn)
	fresh := b.refresh(st)
	wantWarning(t, fresh, `The key of ledger "orders" will be deleted`)
	wantWarning(t, b.plan(cfg, fresh.state), "will be cancelled", "the key stays disabled")
	b.ForgetCalls()
	b.mustApply(cfg, fresh.state)
	wantMutations(t, b, "CancelKeyDeletion")
	if b.keyState(arn) != "Disabled" {
		t.Errorf("the key is %s", b.keyState(arn))
	}
	b.scheduleKey(arn)
	b.Advance(31 * 24 * time.Hour)
	st = b.settled(cfg, b.refreshed(st))
	if o := b.apply(nil, st); o.failed() || o.state != nil {
		t.Errorf("destroy left %v:\n%s", o.state, o.text())
	}
}

// A ledger whose key is disabled leaves it all the same: the key is enabled first.
func TestSwapFromADisabledKey(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]func(b *bench) obj{
		"generation": func(*bench) obj { return own("orders", obj{"generation": 2, "old_key": "disable"}) },
		"referenced": func(b *bench) obj {
			return obj{"name": "orders", "kms_key": b.newKey(nil), "deletion_protection": false}
		},
		"AWS owned": func(*bench) obj { return obj{"name": "orders", "deletion_protection": false} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			_, st := b.disabled(obj{"old_key": "disable"})
			arn := st["kms_key_arn"].(string)
			st = b.impaired(st)
			cfg := to(b)
			wantWarning(t, b.plan(cfg, st), "Former key: Disabled; it is enabled first", "Former key: disabled after the change")
			next := b.mustApply(cfg, st)
			if next["encryption_status"] != "ENABLED" || next["kms_key_arn"] == arn || b.keyState(arn) != "Disabled" {
				t.Errorf("the ledger is %v under %v, the former key %s", next["encryption_status"], next["kms_key_arn"],
					b.keyState(arn))
			}
			if o := b.apply(nil, next); o.failed() || o.state != nil || b.keyState(arn) != "PendingDeletion" {
				t.Errorf("destroy left %v, the former key %s:\n%s", o.state, b.keyState(arn), o.text())
			}
		})
	}
}

// A referenced key whose grant was revoked is left too: asking for it once more renews the grant.
func TestSwapAfterRevokedGrant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	arn := b.newKey(nil)
	st := b.mustApply(obj{"name": "orders", "kms_key": arn, "deletion_protection": false}, nil)
	grants, err := b.KMS().ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &arn})
	if err != nil || len(grants.Grants) != 1 {
		t.Fatalf("grants: %v, %v", grants, err)
	}
	revoke := &kms.RevokeGrantInput{KeyId: &arn, GrantId: grants.Grants[0].GrantId}
	if _, err := b.KMS().RevokeGrant(t.Context(), revoke); err != nil {
		t.Fatal(err)
	}
	st = b.impaired(st)
	cfg := own("orders", nil)
	wantWarning(t, b.plan(cfg, st), "the ledger cannot use it; its grant is renewed first")
	b.ForgetCalls()
	b.mustApply(cfg, st)
	wantMutations(t, b, "UpdateLedger", "CreateKey", "CreateAlias", "EnableKeyRotation", "UpdateLedger", "CreateAlias")
}

func TestDestroyWithADisabledKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, st := b.disabled(obj{})
	st = b.impaired(st)
	if o := b.apply(nil, st); o.failed() || o.state != nil || len(b.ledgers()) != 0 || len(b.live()) != 0 {
		t.Errorf("destroy left %v, %v, %v:\n%s", o.state, b.ledgers(), b.live(), o.text())
	}
}

// What needs an enabled key says so before anything is made.
func TestDisablingRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	off := obj{"enabled": false}
	wantError(t, b.plan(accepting(own("orders", off), "KP-607"), nil), "QLDB makes a ledger under an enabled key only")
	st := b.mustApply(own("orders", nil), nil)
	wantError(t, b.plan(accepting(own("orders", with(off, "generation", 2)), "KP-607"), st), "only while both are enabled")
	shared := b.mustApply(obj{"name": "shared", "kms_key": b.newKey(nil), "deletion_protection": false}, nil)
	wantError(t, b.plan(accepting(own("shared", with(off, "adopt", shared["kms_key_arn"])), "KP-607"), shared),
		"only while both are enabled")
	open := with(own("orders", off), "policy_checks", obj{"accept": unknown{}})
	wantWarning(t, b.plan(open, st), `Ledger "orders": disabling its key is not checked yet`)
	b.becomesKnown(open, accepting(own("orders", off), "KP-607"), st)
	b.becomesKnown(accepting(own("orders", obj{"enabled": unknown{}}), "KP-607"),
		accepting(own("orders", off), "KP-607"), st)

	arn := st["kms_key_arn"].(string)
	b.newLedger("other", arn)
	o := b.apply(accepting(own("orders", off), "KP-607"), st)
	wantError(t, o, `KP-606: ledger "other" (ACTIVE) uses key `+arn)
	if b.keyState(arn) != "Enabled" {
		t.Errorf("the key is %s", b.keyState(arn))
	}
}

// While a change of key runs that nobody waits for, the key stays enabled; one that is waited for comes first.
func TestDisablingDuringAChange(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{KeyChange: hour}))
	st := b.mustApply(own("orders", nil), nil)
	moving := with(own("orders", obj{"generation": 2}), "wait_for_key_change", false)
	o := b.apply(moving, st)
	if o.state["encryption_status"] != "UPDATING" {
		t.Fatalf("state is %v:\n%s", o.state, o.text())
	}
	off := accepting(with(moving, "key", obj{"generation": 2, "enabled": false}), "KP-607")
	wantError(t, b.plan(off, o.state), "A change of key runs, which needs both keys")
	b.clock.each(func(time.Duration) { b.Advance(hour) })
	b.ForgetCalls()
	last := b.mustApply(with(off, "wait_for_key_change", true), o.state)
	wantMutations(t, b, "UpdateAlias", "DisableKey")
	if keyOf(last)["state"] != "Disabled" || changeOf(last)["finished_at"] == nil {
		t.Errorf("state is %v", last)
	}
}

// The key cannot be disabled: the rest is done, and the next apply does that alone.
func TestDisableKeyRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	cfg := accepting(own("orders", obj{"enabled": false, "description": "off"}), "KP-607")
	b.refuse("DisableKey")
	o := b.apply(cfg, st)
	wantError(t, o, "While disabling its key: DisableKey: AccessDeniedException")
	b.ClearFaults()
	b.ForgetCalls()
	b.mustApply(cfg, b.refreshed(o.state))
	wantMutations(t, b, "DisableKey")
}

// What the settings of a key are warned of is told until it is accepted, and listed either way.
func TestSettingsAccepted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", obj{"enable_key_rotation": false, "deletion_window_in_days": 7})
	o := b.validate(cfg)
	wantWarning(t, o, "KP-603", "KP-605", `policy_checks = { accept = ["KP-605"] }`)
	st := b.mustApply(cfg, nil)
	if got := findingsOf(st); !slices.Contains(got, "KP-603 warning") || !slices.Contains(got, "KP-605 warning") {
		t.Errorf("findings are %v", got)
	}
	cfg = accepting(cfg, "KP-603", "KP-605")
	if o := b.planned(cfg, st); len(o.diags) > 0 {
		t.Errorf("what is accepted is told:\n%s", o.text())
	}
	st = b.mustApply(cfg, st)
	if got := findingsOf(st); !slices.Contains(got, "KP-603 warning accepted") ||
		!slices.Contains(got, "KP-605 warning accepted") {
		t.Errorf("findings are %v", got)
	}
	st = b.mustApply(accepting(own("orders", nil), "KP-603", "KP-605"), st)
	if got := findingsOf(st); slices.ContainsFunc(got, func(id string) bool { return id[:4] == "KP-6" }) {
		t.Errorf("findings are %v", got)
	}
}

// What KMS says of a key is listed once the ledger comes to it, and stays as long as the ledger does.
func TestKeyFindingsAreListed(t *testing.T) {
	t.Parallel()
	replicated := true
	for name, owned := range map[string]bool{"adopted": true, "referenced": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			arn := b.newKey(&kms.CreateKeyInput{MultiRegion: &replicated})
			cfg := func(rules ...any) obj {
				if owned {
					return accepting(own("orders", obj{"adopt": arn}), rules...)
				}
				return accepting(obj{"name": "orders", "kms_key": arn, "deletion_protection": false}, rules...)
			}
			wantWarning(t, b.planned(cfg(), nil), "KP-610: Key "+arn+" has replicas")
			st := b.mustApply(cfg("KP-610"), nil)
			if got := findingsOf(st); !slices.Contains(got, "KP-610 warning accepted") {
				t.Errorf("findings are %v", got)
			}
			st = b.mustApply(cfg(), st)
			if got := findingsOf(st); !slices.Contains(got, "KP-610 warning") {
				t.Errorf("findings are %v", got)
			}
		})
	}
	b := newBench(t)
	away := "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-4111-8111-111111111111"
	wantError(t, b.plan(accepting(obj{"name": "orders", "kms_key": away}, "KP-610"), nil),
		"KP-610: the key is in us-east-1")
}

// The article's drill with the real Terraform.
func TestAccDisabledOnPurpose(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const accept = "\n policy_checks = { accept = [\"KP-607\"] }"
	is := func(status, state string) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			statecheck.ExpectKnownValue(address, member("encryption_status"), knownvalue.StringExact(status)),
			statecheck.ExpectKnownValue(address, member("key", "state"), knownvalue.StringExact(state)),
		}
	}
	notice := func(*terraform.State) error {
		b.Probe()
		b.settle()
		return nil
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.factories(),
		CheckDestroy:             b.destroyed,
		Steps: []resource.TestStep{
			{Config: hcl("key = {}"), ConfigPlanChecks: empty(), Check: func(*terraform.State) error {
				b.ForgetCalls()
				return nil
			}},
			{Config: hcl("key = { enabled = false }" + accept),
				ConfigPlanChecks: inPlace(knownMember("Disabled", "key", "state")), Check: b.announced("DisableKey")},
			{PreConfig: func() { _ = notice(nil) }, Config: hcl("key = { enabled = false }" + accept),
				ConfigPlanChecks: empty(), ConfigStateChecks: is("KMS_KEY_INACCESSIBLE", "Disabled")},
			{Config: hcl("key = {}" + accept), ConfigPlanChecks: inPlace(), ConfigStateChecks: is("ENABLED", "Enabled"),
				Check: b.announced("EnableKey", "UpdateLedger")},
			{Config: hcl("key = { enabled = false }" + accept), ConfigPlanChecks: inPlace()},
			{PreConfig: func() { _ = notice(nil) }, Config: hcl("key = { generation = 2 }" + accept),
				ConfigPlanChecks: inPlace(), ConfigStateChecks: is("ENABLED", "Enabled")},
		},
	})
}
