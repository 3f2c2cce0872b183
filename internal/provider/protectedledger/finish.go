package protectedledger

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// oldKeyAction is what the plan says about the former key, or else the record of the change.
func (w *work) oldKeyAction() types.String {
	if c := w.plan.Change; c != nil && !c.OldKeyAction.IsUnknown() {
		return c.OldKeyAction
	}
	return w.now.Change.OldKeyAction
}

// finish closes the record of a change that has been brought to its end.
func (w *work) finish(ctx context.Context) {
	c := w.now.Change
	if c == nil || !c.FinishedAt.IsNull() || !c.To.Equal(w.now.KMSKeyARN) {
		return // nothing was changing
	}
	if p := w.plan.Change; p != nil && !p.FinishedAt.IsUnknown() {
		return // the plan was made for something else
	}
	done := *c
	done.OldKeyAction = w.oldKeyAction()
	done.Status, done.FinishedAt = types.StringValue(enabled), types.StringValue(w.calls.now())
	if w.plan.Key != nil {
		done.AliasTo = aliasTarget(w.plan.Key.Alias, w.now.Key.ARN)
	}
	w.now.Change = &done
	w.save(ctx)
}

// complete saves the planned state with what is known now in the place of what was not known at plan.
func (w *work) complete(ctx context.Context) {
	n := w.plan
	for _, pair := range []struct {
		to   *types.String
		from types.String
	}{
		{&n.ARN, w.now.ARN}, {&n.CreationTime, w.now.CreationTime}, {&n.State, w.now.State},
		{&n.KMSKeyARN, w.now.KMSKeyARN}, {&n.EncryptionStatus, w.now.EncryptionStatus},
		{&n.InaccessibleTime, w.now.InaccessibleTime},
	} {
		if pair.to.IsUnknown() {
			*pair.to = pair.from
		}
	}
	if n.Key != nil && w.now.Key != nil {
		k := *n.Key
		if k.ARN.IsUnknown() {
			k.ARN = w.now.Key.ARN
		}
		if k.KeyID.IsUnknown() {
			k.KeyID = w.now.Key.KeyID
		}
		if k.State.IsUnknown() {
			k.State = w.now.Key.State
		}
		k.PolicyDocument = types.StringValue(policyText(k, k.ARN.ValueString()))
		n.Key = &k
	}
	if n.ChangeUnknown || n.Change != nil {
		n.Change, n.ChangeUnknown = w.now.Change, false
	}
	n.Retained, n.RetainedUnknown = w.retainedNow(), false
	if n.TagsAll.IsUnknown() {
		n.TagsAll = w.now.TagsAll
	}
	w.now = n
	w.save(ctx)
}

// retainedNow is the planned list with what is known by now in the place of what was not.
func (w *work) retainedNow() []retainedKey {
	if w.plan.RetainedUnknown {
		return w.now.Retained
	}
	list := slices.Clone(w.plan.Retained)
	for i := range list {
		key, _ := w.now.retained(list[i].ARN.ValueString())
		for _, pair := range []struct {
			to   *types.String
			from types.String
		}{{&list[i].State, key.State}, {&list[i].Alias, key.Alias}, {&list[i].OnDestroy, key.OnDestroy}} {
			if pair.to.IsUnknown() {
				*pair.to = pair.from
			}
		}
		if list[i].DeletionWindow.IsUnknown() {
			list[i].DeletionWindow = key.DeletionWindow
		}
	}
	return list
}
