package protectedledger

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// changeLedger sets protection and key with one UpdateLedger, or none when the service has them already.
func (w *work) changeLedger(ctx context.Context, info ledgerInfo) bool {
	target, fresh, err := w.prepareKey(ctx, info)
	if err != nil {
		w.stepFailed(step{what: "preparing the new key", service: "KMS"}, err)
		return false
	}
	var key *string
	if target != "" && target != info.KeyARN || target != "" && w.repairing() {
		key = &target
	}
	var protect *bool
	if want := w.plan.DeletionProtection.ValueBool(); !w.plan.DeletionProtection.Equal(w.prior.DeletionProtection) &&
		want != info.Protected {
		protect = &want
	}
	if key != nil || protect != nil {
		if info, err = w.requestUpdate(ctx, info, protect, key, fresh); err != nil && key != nil {
			info, err = w.requestRestored(ctx, err, protect, key, fresh)
		}
		if err != nil {
			w.updateRefused(err, key != nil)
			return false
		}
	}
	w.now.DeletionProtection = w.plan.DeletionProtection
	if target != "" && (w.announced() || info.KeyARN != w.prior.KMSKeyARN.ValueString()) {
		w.accepted(info)
	} else {
		info.show(&w.now)
		w.now.KMSKey = w.plan.KMSKey
	}
	w.save(ctx)
	return true
}

// announced says whether the plan shows a change of key. It may be one that the service has carried out already, if an
// apply was cut off before it could save.
func (w *work) announced() bool { return w.plan.Change != nil && w.plan.Change.RequestedAt.IsUnknown() }

// repairing says whether the plan gives an inaccessible ledger its present key back.
func (w *work) repairing() bool {
	return w.prior.EncryptionStatus.ValueString() == inaccessible && w.plan.EncryptionStatus.IsUnknown() &&
		!w.movesKey() && !w.plan.off()
}

// prepareKey gives what to send as KmsKey, "" for nothing. An owned key is made, found or taken over first; it is
// saved as a key beside the ledger's until the service accepted it.
func (w *work) prepareKey(ctx context.Context, info ledgerInfo) (target string, fresh bool, err error) {
	switch {
	case w.plan.Key != nil && !w.sameOwnKey():
		got, fresh, err := w.takeKey(ctx, w.source(), *w.plan.Key, w.tags, func(k keyInfo) {
			switch {
			case k.ARN != info.KeyARN:
				w.prepared(k)
			case w.prior.Key == nil:
				w.tookOver(k)
			} // else the service has it already: a change that was cut off before it could be saved
			w.save(ctx)
		})
		if err != nil {
			return "", fresh, err
		}
		return got.ARN, fresh, nil
	case !w.movesKey() && !w.announced():
		if w.repairing() {
			return w.prior.KMSKeyARN.ValueString(), false, nil
		}
		return "", false, nil
	case known(w.plan.KMSKeyARN):
		return w.plan.KMSKeyARN.ValueString(), false, nil // what the plan showed, even if an alias moved since
	}
	return w.plan.KMSKey.ValueString(), false, nil
}

// tookOver makes the key that the ledger has already an owned one.
func (w *work) tookOver(k keyInfo) {
	w.now.Key = filled(*w.plan.Key, k)
	w.now.Key.Alias = types.StringNull()
	w.now.KMSKey = w.plan.KMSKey
}

// prepared records a key that exists and is not in use yet: if the service refuses it, the next apply uses it instead
// of making another, and a destroy deals with it.
func (w *work) prepared(k keyInfo) {
	change := w.newChange(k.ARN)
	change.Status = types.StringValue(prepared)
	w.now.Change = change
	idle := filled(*w.plan.Key, k).asRetained()
	w.now.Retained = withRetained(w.now.Retained, idle)
}

// newChange is the record of the change that the plan announced.
func (w *work) newChange(to string) *changeModel {
	mv := move{
		Kind: moves, From: w.prior.KMSKeyARN, To: types.StringValue(to),
		Reason: types.StringValue("kms_key names another key"),
	}
	if w.plan.Change != nil {
		mv.From, mv.Reason = w.plan.Change.From, w.plan.Change.Reason
	}
	c := previewChange(w.plan, w.prior, mv)
	if w.plan.Change != nil {
		c.Checked, c.NotChecked = w.plan.Change.Checked, w.plan.Change.NotChecked
	}
	if w.plan.Key != nil {
		k := *w.plan.Key
		k.ARN = mv.To
		p := w.plan
		p.Key = &k
		c.OldKeyAction = oldKeyAction(p, w.prior, mv)
	}
	c.Status, c.RequestedAt, c.FinishedAt = types.StringNull(), types.StringNull(), types.StringNull()
	return c
}

// requestRestored asks once more when a ledger noticed only now that it cannot use the key that it is to leave, and got
// that back. Otherwise the refusal stands.
func (w *work) requestRestored(
	ctx context.Context, refusal error, protect *bool, key *string, fresh bool,
) (ledgerInfo, error) {
	latest, err := w.findLedger(ctx)
	if err != nil || latest.Status != inaccessible {
		return latest, refusal
	}
	if latest.KeyARN == w.prior.ownKey() { // the change to this key had ended, or the ledger could go elsewhere
		if _, err := w.reviveOwnKey(ctx, latest.KeyARN); err != nil {
			return latest, refusal
		}
	}
	if err := w.renewGrant(ctx, &latest); err != nil {
		return latest, refusal
	}
	return w.requestUpdate(ctx, latest, protect, key, fresh)
}

// requestUpdate calls UpdateLedger. When the answer is lost the ledger is looked at instead of asked again.
func (w *work) requestUpdate(
	ctx context.Context, before ledgerInfo, protect *bool, key *string, fresh bool,
) (ledgerInfo, error) {
	info, err := w.updateLedger(ctx, protect, key, fresh)
	if !isAmbiguous(err) {
		return info, err
	}
	look, cancel := lastLook(ctx)
	defer cancel()
	latest, lookErr := w.findLedger(look)
	if lookErr == nil && (key == nil || latest.KeyARN == *key && *key != before.KeyARN) &&
		(protect == nil || latest.Protected == *protect) {
		return latest, nil
	}
	return info, err
}

// accepted saves what was asked for together with what the service says, so that the next plan goes on from here.
func (w *work) accepted(info ledgerInfo) {
	w.now.KMSKey = w.plan.KMSKey
	w.now.Change = w.newChange(info.KeyARN)
	w.now.Change.Status = types.StringValue(info.Status)
	w.now.Change.RequestedAt = types.StringValue(w.calls.now())
	w.now.Retained = withoutRetained(w.now.Retained, info.KeyARN)
	left := w.prior.Key
	if left != nil && w.now.ownKey() == left.ARN.ValueString() {
		left = w.now.Key // it may have been enabled for the change
	}
	w.now.Key = nil
	if w.plan.Key != nil {
		k := *w.plan.Key
		k.ARN, k.KeyID = types.StringValue(info.KeyARN), types.StringValue(keyID(info.KeyARN))
		k.State, k.Alias = types.StringValue(keyEnabled), types.StringNull()
		k.PolicyDocument = types.StringValue(policyText(k, info.KeyARN))
		w.now.Key = &k
	}
	if left != nil && left.ARN.ValueString() != info.KeyARN {
		old := left.asRetained()
		if w.plan.Key == nil || !w.plan.Key.Alias.Equal(left.Alias) {
			old.Alias = left.Alias // not the new key's alias: it goes once the change is done
		}
		w.now.Retained = withRetained(w.now.Retained, old)
	}
	w.now.Findings = w.plan.Findings
	info.show(&w.now)
}

// follow waits for a running change if asked to, and then does what may only come after it: alias, former key.
func (w *work) follow(ctx context.Context) bool {
	if w.waits() {
		info, err := w.awaitReady(ctx, w.now.KMSKeyARN.ValueString(), w.repairing())
		if err != nil {
			w.observeNow(ctx)
			w.waitEnded(ctx, err)
			return false
		}
		info.show(&w.now)
		if w.now.Change != nil {
			change := *w.now.Change
			change.Status = types.StringValue(info.Status)
			w.now.Change = &change
		}
		w.save(ctx)
	}
	if w.changing() {
		return true // alias and former key follow in the apply after the change
	}
	for _, s := range []step{
		{"moving the alias", "KMS", w.followAlias},
		{"dealing with the former key", "KMS", w.followOldKey},
	} {
		if err := s.do(ctx); err != nil {
			w.stepFailed(s, err)
			return false
		}
	}
	w.finish(ctx)
	return true
}

// changing says whether a change of key has not reached its end.
func (w *work) changing() bool {
	switch w.now.EncryptionStatus.ValueString() {
	case enabled:
		return false
	case updating:
		return true
	}
	c := w.now.Change
	return c != nil && c.FinishedAt.IsNull() && c.To.Equal(w.now.KMSKeyARN)
}

// waits says whether this apply has to see the ledger ENABLED under its key.
func (w *work) waits() bool {
	switch {
	case w.repairing():
		return true
	case w.plan.off() && w.now.EncryptionStatus.ValueString() != updating:
		return false // nothing gives a ledger whose key is disabled its key back
	}
	return w.now.EncryptionStatus.ValueString() != enabled && w.plan.WaitForKeyChange.ValueBool() &&
		!w.plan.EncryptionStatus.Equal(w.prior.EncryptionStatus)
}

// followAlias makes the alias follow the ledger: it points to the key in use, and aliases of the former key go.
func (w *work) followAlias(ctx context.Context) error {
	// After an apply that did not wait the state has the alias that the plan showed, and KMS the former one.
	if w.plan.Key != nil && (!w.now.Key.Alias.Equal(w.plan.Key.Alias) || recording(w.now)) {
		if err := w.pointUserAlias(ctx, w.now.ownKey()); err != nil {
			return err
		}
		former := w.now.Key.Alias.ValueString()
		if former != "" && former != w.plan.Key.Alias.ValueString() { // renamed
			if err := w.removeAlias(ctx, former, w.ours); err != nil {
				return err
			}
		}
		k := *w.now.Key
		k.Alias = w.plan.Key.Alias
		w.now.Key = &k
		w.save(ctx)
	}
	for _, old := range append([]retainedKey{}, w.now.Retained...) {
		if old.Alias.ValueString() == "" {
			continue
		}
		if again := w.plan.Key != nil && old.Alias.Equal(w.plan.Key.Alias); !again { // else it is the present key's by now
			if err := w.removeAlias(ctx, old.Alias.ValueString(), w.ours); err != nil {
				return err
			}
		}
		old.Alias = types.StringNull()
		w.now.Retained = withRetained(w.now.Retained, old)
		w.save(ctx)
	}
	return nil
}

// followOldKey does with the former key what the change announced. The ledger is ENABLED under the new key by now.
func (w *work) followOldKey(ctx context.Context) error {
	c := w.now.Change
	if c == nil || !c.FinishedAt.IsNull() || !c.To.Equal(w.now.KMSKeyARN) {
		return nil
	}
	old, ok := w.now.retained(c.From.ValueString())
	action := w.oldKeyAction().ValueString()
	if !ok || !oldKeyPending(action, old.State.ValueString()) {
		return nil
	}
	arn := old.ARN.ValueString()
	switch action {
	case disable:
		if err := w.unused(ctx, arn, ""); err != nil {
			return err
		}
		if _, err := w.disableKey(ctx, arn); err != nil {
			return err
		}
		old.State = types.StringValue(keyDisabled)
	case scheduleDeletion:
		if err := w.unused(ctx, arn, ""); err != nil {
			return err
		}
		days := old.DeletionWindow.ValueInt64()
		if w.plan.Key != nil {
			days = w.plan.Key.DeletionWindow.ValueInt64()
		}
		if err := w.scheduleDeletion(ctx, arn, days); err != nil {
			return err
		}
		old.State = types.StringValue(keyPending)
	}
	w.now.Retained = withRetained(w.now.Retained, old)
	w.save(ctx)
	return nil
}
