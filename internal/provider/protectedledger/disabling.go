package protectedledger

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// off says whether the owned key is to be disabled.
func (m model) off() bool { return m.Key != nil && known(m.Key.Enabled) && !m.Key.Enabled.ValueBool() }

// maybeOff is off, or not known yet.
func (m model) maybeOff() bool { return m.Key != nil && m.Key.Enabled.IsUnknown() || m.off() }

// meantOff says whether the key is disabled because the configuration says so.
func (m model) meantOff() bool { return m.off() && readChecks(m.Checks).accepts("KP-607") }

// disablingFindings refuse to disable the key of a ledger unless KP-607 is accepted, and where nothing can: a ledger is
// made, and moves, under enabled keys only.
func disablingFindings(p, st model, mv move) []finding {
	if !p.off() {
		return nil
	}
	at, name, c := path.Root("key").AtName(disablingArgument), p.Name.ValueString(), readChecks(p.Checks)
	refused := func(why, next string) []finding {
		return []finding{failure(at, fmt.Sprintf("Key of ledger %q cannot be disabled now", name),
			why+" Nothing was changed. "+next)}
	}
	var told []finding
	if !c.open && !c.accepts("KP-607") {
		found, _ := p.Key.settings()
		found = only(found, "KP-607")
		meant := !st.off() || st.Key.State.ValueString() == keyEnabled
		if !meant { // the key is disabled already, and lifecycle.ignore_changes keeps it so
			found[0].Severity = preflight.Warning
		}
		if told = c.tell(at, found); meant {
			return told
		}
	}
	switch {
	case c.open:
		return []finding{warning(at, fmt.Sprintf("Ledger %q: disabling its key is not checked yet", name),
			"KP-607 is an error unless it is accepted, and policy_checks.accept is known only during the apply. It is judged "+
				"then, before the first call that changes anything.")}
	case !st.exists() || replaces(p, st):
		return refused("QLDB makes a ledger under an enabled key only.",
			"Set key.enabled to true until the ledger exists; disable the key in a later apply.")
	case mv.Kind == moves, st.ownKey() == "", mv.Kind == stays && !p.Key.ARN.Equal(st.Key.ARN):
		return refused("A ledger comes to a key, and leaves one, only while both are enabled.",
			"Set key.enabled to true for the change of key; disable the key in a later apply.")
	case st.EncryptionStatus.ValueString() == updating && !p.WaitForKeyChange.Equal(types.BoolValue(true)):
		return refused("A change of key runs, which needs both keys.",
			"Wait until it has ended, or set wait_for_key_change = true: the key is then disabled after it.")
	case rotationStuck(p, st):
		return []finding{failure(path.Root("key").AtName("enable_key_rotation"), fmt.Sprintf(
			"Rotation of ledger %q's key cannot change", name), "KMS changes the rotation of enabled keys only, and this one "+
			"is disabled and stays so. Nothing was changed. Change enable_key_rotation and rotation_period_in_days once "+
			"key.enabled is true.")}
	}
	return told
}

func only(found []preflight.Finding, rule string) []preflight.Finding {
	var list []preflight.Finding
	for _, f := range found {
		if f.Rule == rule {
			list = append(list, f)
		}
	}
	return list
}

// rotationStuck says whether the plan changes the rotation of a key that is disabled before the apply and after it.
func rotationStuck(p, st model) bool {
	state := st.Key.State.ValueString()
	return (state == keyDisabled || state == keyPending) && known(p.Key.Rotation) && known(p.Key.RotationPeriod) &&
		rotates(*p.Key, *st.Key)
}

// rotates says whether the rotation of a key changes. While it is off, the period is nothing.
func rotates(p, st keyModel) bool {
	return !p.Rotation.Equal(st.Rotation) || p.Rotation.ValueBool() && !p.RotationPeriod.Equal(st.RotationPeriod)
}

// disableOwnKey is the last step of an update: a disabled key cannot be changed in everything, and no ledger moves from
// or to it.
func (w *work) disableOwnKey(ctx context.Context) error {
	if !w.plan.off() || w.now.Key == nil || w.now.Key.State.ValueString() == keyDeleted {
		return nil
	}
	k := *w.now.Key
	if k.State.ValueString() == keyEnabled {
		if err := w.unused(ctx, w.now.ownKey(), w.name); err != nil {
			return err
		}
		info, err := w.disableKey(ctx, w.now.ownKey())
		if err != nil {
			return err
		}
		k.State = types.StringValue(info.State)
	}
	k.Enabled = types.BoolValue(false)
	w.now.Key = &k
	w.save(ctx)
	return nil
}

// openKey brings the owned key into a state in which it can be changed: enabled, or, when it is to be disabled, at
// least not scheduled for deletion.
func (w *work) openKey(ctx context.Context, arn string) (keyInfo, error) {
	switch {
	case w.now.Key.State.ValueString() == keyDeleted:
		return keyInfo{Key: preflight.Key{ARN: arn, State: keyDeleted}}, nil
	case w.plan.off():
		return w.cancelDeletion(ctx, arn)
	}
	return w.enableKey(ctx, arn)
}

// revived says whether the plan takes the ledger off an owned key that is disabled: it is enabled first, because a
// ledger that cannot use its key cannot leave it.
func revived(p, st model, mv move) bool {
	if mv.Kind != moves || !leavesOwnKey(p, st, mv) || !st.KMSKeyARN.Equal(st.Key.ARN) || onItsWay(st) {
		return false
	}
	state := st.Key.State.ValueString()
	return state == keyDisabled || state == keyPending
}

// recording says whether the record of the change to the key that the ledger shows has not been closed.
func recording(st model) bool {
	c := st.Change
	return c != nil && c.FinishedAt.IsNull() && c.Status.ValueString() != prepared && c.To.Equal(st.KMSKeyARN)
}

// onItsWay says whether the ledger may still be on its way to the key that it shows: nobody has seen the change end. If
// it pauses, the ledger may be sent elsewhere as it is, because its data is under the former key.
func onItsWay(st model) bool { return recording(st) && st.Change.Status.ValueString() != enabled }

// restoreFormerKey gives a ledger that is to leave a key the use of that key back. An owned one is enabled, and a grant
// that is missing is made anew by asking for the key that the ledger has.
//
// Source: QLDB Developer Guide, "Encryption at rest: how it works", on restoring grants.
func (w *work) restoreFormerKey(ctx context.Context, info *ledgerInfo) error {
	from := info.KeyARN
	if !w.announced() || !w.movesKey() || from != w.prior.KMSKeyARN.ValueString() || from == awsOwned ||
		onItsWay(w.prior) {
		return nil
	}
	if from == w.prior.ownKey() {
		revived, err := w.reviveOwnKey(ctx, from)
		if err != nil {
			return err
		}
		if revived { // the ledger may have noticed in the meantime
			if *info, err = w.findLedger(ctx); err != nil {
				return err
			}
		}
	}
	if info.Status != inaccessible {
		return nil
	}
	return w.renewGrant(ctx, info)
}

// leftKey is the owned key that a paused change of key comes from, nil for none.
func leftKey(st model) *retainedKey {
	if st.EncryptionStatus.ValueString() != inaccessible {
		return nil
	}
	if onItsWay(st) {
		if key, kept := st.retained(st.Change.From.ValueString()); kept {
			return &key
		}
		return nil
	}
	if own := st.ownKey(); own != "" && own != st.KMSKeyARN.ValueString() { // cut off before it could be saved
		key := st.Key.asRetained()
		return &key
	}
	return nil
}

// reviveLeftKey enables the key that a paused change comes from: without it the ledger's data cannot be read.
func (w *work) reviveLeftKey(ctx context.Context) error {
	left := leftKey(w.prior)
	if left == nil || w.sameOwnKey() && left.ARN.Equal(w.prior.Key.ARN) {
		return nil // changeKey sees to a key that stays
	}
	arn := left.ARN.ValueString()
	if arn == w.now.ownKey() {
		_, err := w.reviveOwnKey(ctx, arn)
		return err
	}
	key, err := w.findKey(ctx, arn)
	if isNotFound(err) || err == nil && key.State != keyDisabled && key.State != keyPending {
		return nil
	}
	if err == nil {
		key, err = w.enableKey(ctx, arn)
	}
	if err != nil {
		return err
	}
	left.State = types.StringValue(key.State)
	w.now.Retained = withRetained(w.now.Retained, *left)
	w.save(ctx)
	return nil
}

// renewGrant asks for the key that an inaccessible ledger shows, which makes missing grants anew, that of a key it is
// still leaving included, and waits for it.
func (w *work) renewGrant(ctx context.Context, info *ledgerInfo) error {
	key := info.KeyARN
	if _, err := w.requestUpdate(ctx, *info, nil, &key, false); err != nil {
		return err
	}
	latest, err := w.awaitReady(ctx, key, true)
	if err != nil {
		w.observeNow(ctx)
		return err
	}
	*info = latest
	info.show(&w.now)
	w.save(ctx)
	return nil
}

func (w *work) reviveOwnKey(ctx context.Context, arn string) (bool, error) {
	before, err := w.findKey(ctx, arn)
	if err != nil || before.State != keyDisabled && before.State != keyPending {
		return false, err
	}
	after, err := w.enableKey(ctx, arn)
	if err != nil {
		return false, err
	}
	k := *w.now.Key
	k.State, k.Enabled = types.StringValue(after.State), types.BoolValue(true)
	w.now.Key = &k
	w.save(ctx)
	return true, nil
}
