package protectedledger

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// work is one apply on one ledger. now is what exists; it is saved after every accepted call, so that whatever ends
// the apply, the next plan starts from the truth.
type work struct {
	*calls
	plan  model
	prior model // the state before; zero in Create
	now   model
	tags  map[string]string
	state *tfsdk.State
	diags *diag.Diagnostics
}

func (w *work) save(ctx context.Context) {
	if w.now.Findings.IsUnknown() && w.now.ownKey() != "" {
		w.now.Findings = w.now.findingsNow(w.calls)
	}
	wire, diags := encode(ctx, w.now.known())
	w.diags.Append(diags...)
	w.diags.Append(w.state.Set(ctx, &wire)...)
}

// keyAt blames the argument that names the key.
func (w *work) keyAt() path.Path {
	if w.plan.Key != nil {
		return path.Root("key")
	}
	if !w.plan.KMSKey.IsNull() {
		return path.Root("kms_key")
	}
	return path.Empty()
}

// source names the key to take for the planned owned key: one that is known from the plan, or one to adopt; "" is to
// find or make the generation's own.
func (w *work) source() string {
	k := *w.plan.Key
	if known(k.ARN) {
		return k.ARN.ValueString()
	}
	if known(k.Adopt) && (w.prior.Key == nil || !k.Adopt.Equal(w.prior.Key.Adopt)) {
		return k.Adopt.ValueString()
	}
	return ""
}

// filled is the planned key with what is known of it now.
func filled(k keyModel, info keyInfo) *keyModel {
	k.ARN, k.KeyID, k.State = types.StringValue(info.ARN), types.StringValue(info.ID), types.StringValue(info.State)
	k.PolicyDocument = types.StringValue(policyText(k, info.ARN))
	return &k
}

// ours says whether a key is one this resource looks after.
func (w *work) ours(arn string) bool {
	if arn == w.now.ownKey() || arn == w.prior.ownKey() {
		return true
	}
	_, kept := w.now.retained(arn)
	return kept
}

// pointUserAlias makes key.alias point to the planned key.
func (w *work) pointUserAlias(ctx context.Context, arn string) error {
	// The alias of this resource that somebody pointed elsewhere shows as null in the state: the plan said it moves back.
	drifted := w.prior.Key != nil && w.prior.Key.Alias.IsNull()
	return w.pointAlias(ctx, w.plan.Key.Alias.ValueString(), arn, func(from string) bool {
		return drifted || w.ours(from) || w.madeFor(ctx, from)
	})
}

// madeFor says whether a key was made for this ledger: by an apply that was killed, so that the state does not have it.
func (w *work) madeFor(ctx context.Context, arn string) bool {
	tags, err := w.keyTags(ctx, arn)
	return err == nil && tags[tagLedger] == w.name
}

// makeLedger creates the ledger, and its key first, from whatever an earlier apply left. It is all of Create, and the
// part of Update that brings back a ledger that is gone. On false the diagnostics say why; what exists is saved.
func (w *work) makeLedger(ctx context.Context) bool {
	existing, taken, ok := w.lookForLedger(ctx)
	if !ok || w.aliasFails(ctx) {
		return false
	}
	keyARN, fresh := w.plan.KMSKey.ValueString(), false
	if w.plan.Key != nil && !w.aliasFree(ctx) {
		return false
	}
	if w.plan.Key != nil {
		if keyARN, fresh, ok = w.makeKey(ctx, existing.KeyARN); !ok {
			return false
		}
	}
	info := existing
	if !taken {
		var err error
		if info, err = w.createLedger(ctx, w.plan, keyARN, fresh); err != nil {
			w.ledgerRefused(err)
			return false
		}
	}
	key := w.now.Key
	change, retained := w.now.Change, w.now.Retained
	w.now = w.plan
	w.now.Key, w.now.Change, w.now.ChangeUnknown = key, change, false
	w.now.Retained, w.now.RetainedUnknown = retained, false
	if w.plan.Key == nil && key != nil { // the missing ledger comes back under a key that is not its own
		left := key.asRetained()
		left.Alias = key.Alias
		w.now.Key, w.now.Retained = nil, withRetained(retained, left)
	}
	info.show(&w.now)
	w.save(ctx)
	return true
}

// lookForLedger makes sure the name is free before anything is made. A ledger that an earlier try of this very request
// made is taken; one that is being deleted is waited for.
func (w *work) lookForLedger(ctx context.Context) (info ledgerInfo, taken, ok bool) {
	info, err := w.findLedger(ctx)
	if err == nil && info.State == deleting {
		if err = w.awaitGone(ctx); err == nil {
			return ledgerInfo{}, false, true
		}
	}
	switch {
	case isNotFound(err):
		return ledgerInfo{}, false, true
	case err != nil:
		problem{
			Summary: fmt.Sprintf("Ledger %q was not created", w.name), Cause: cause(err, "QLDB", w.region),
			Exists: w.now.account(), Next: "Nothing was changed.",
		}.fail(w.diags)
		return info, false, false
	}
	if own := w.now.ownKey(); own != "" && info.KeyARN == own {
		return info, true, true
	}
	if w.isOurs(ctx, w.plan, info, w.now.ownKey()) {
		ledgerTaken(w.name, info).warn(w.diags)
		return info, true, true
	}
	ledgerExists(w.name, w.region, info).fail(w.diags)
	return info, false, false
}

// aliasFree makes sure, before a key is made, that the alias does not belong to somebody else's key.
func (w *work) aliasFree(ctx context.Context) bool {
	alias := w.plan.Key.Alias.ValueString()
	info, err := w.findKey(ctx, alias)
	if err != nil || w.ours(info.ARN) || w.plan.Key.ARN.Equal(types.StringValue(info.ARN)) {
		return true // what cannot be looked at is found out by the call that makes the alias
	}
	tags, err := w.keyTags(ctx, info.ARN)
	if err != nil || tags[tagLedger] == w.name {
		return true
	}
	problem{
		At: path.Root("key").AtName("alias"), Summary: fmt.Sprintf("The alias of ledger %q is taken", w.name),
		Cause: sentence((&aliasTakenError{Alias: alias, Key: info.ARN}).Error()), Exists: w.now.account(),
		Next: "Nothing was changed. Choose another key.alias, or delete that alias; to protect the ledger with that key, " +
			"use kms_key or key.adopt instead.",
	}.fail(w.diags)
	return false
}

// ledgerTaken tells what cannot be told apart: the rest of an apply that was killed, and a ledger that an equal block
// in another configuration manages.
func ledgerTaken(name string, info ledgerInfo) problem {
	return problem{
		At: path.Root("name"), Summary: fmt.Sprintf("Ledger %q was there and is taken over", name),
		Cause: fmt.Sprintf("%s carries the tag that an apply of this very block gives it. No second ledger was made.",
			info.ARN),
		Next: "After an apply that was cut off, this is its ledger and all is well. Otherwise another block or state " +
			"manages it, and a destroy of either destroys it: run \"terraform state rm\" for this address and choose " +
			"another name.",
	}
}

func ledgerExists(name, region string, info ledgerInfo) problem {
	return problem{
		At: path.Root("name"), Summary: fmt.Sprintf("Ledger %q already exists", name),
		Cause: fmt.Sprintf("%s is %s, under %s. It was not made by an earlier try of this apply.", info.ARN, info.State,
			keyText(types.StringValue(info.KeyARN))),
		Next: fmt.Sprintf("Nothing was changed. To manage that ledger here, run \"terraform import <address> %s/%s\" and "+
			"plan "+
			"again; otherwise choose another name.", region, name),
	}
}

// makeKey makes, finds or takes over the owned key. existing is the key of a ledger that was taken, "" without one.
func (w *work) makeKey(ctx context.Context, existing string) (arn string, fresh, ok bool) {
	source := w.source()
	if source == "" && existing != "" && existing != awsOwned {
		source = existing
	}
	before := w.now
	info, fresh, err := w.takeKey(ctx, source, *w.plan.Key, w.tags, func(info keyInfo) {
		w.now = w.plan.withoutLedger(before.State)
		w.now.Key = filled(*w.plan.Key, info)
		w.now.Key.Alias = types.StringNull()
		w.now.Change, w.now.Retained = before.Change, before.Retained
		if before.Key != nil && before.ownKey() != info.ARN {
			left := before.Key.asRetained()
			if !before.Key.Alias.Equal(w.plan.Key.Alias) {
				left.Alias = before.Key.Alias
			}
			w.now.Retained = withRetained(w.now.Retained, left)
		}
		w.now.Retained = withoutRetained(w.now.Retained, info.ARN)
		w.save(ctx)
	})
	if err == nil {
		err = w.pointUserAlias(ctx, info.ARN)
	}
	if err != nil {
		problem{
			At: path.Root("key"), Summary: keyFailedSummary(w.name, w.now), Cause: cause(err, "KMS", w.region),
			Exists: w.now.account(), Next: w.afterKey(),
		}.fail(w.diags)
		return "", false, false
	}
	w.now.Key.Alias = w.plan.Key.Alias
	w.save(ctx)
	return info.ARN, fresh, true
}

func keyFailedSummary(name string, now model) string {
	if now.ownKey() == "" {
		return fmt.Sprintf("The key of ledger %q was not created", name)
	}
	return fmt.Sprintf("Ledger %q was not created, but its key was", name)
}

// afterKey says what the next apply does with a key that exists alone.
func (w *work) afterKey() string {
	switch {
	case w.now.ownKey() == "":
		return "Nothing was saved. Fix the cause and apply again; a key that was made without an answer is found by its tags."
	case w.prior.Name.ValueString() != "":
		return "The key is saved. Fix the cause and apply again: the ledger is then created under this key."
	case !w.now.Key.Adopt.IsNull():
		return "Terraform has marked the resource tainted. The next apply starts again with the same adopted key, which " +
			"is never deleted by that. To go on from here instead, run \"terraform untaint <address>\", then apply."
	}
	return "Terraform has marked the resource tainted: the next apply schedules this key for deletion and starts " +
		"again. To keep the key, fix the cause, run \"terraform untaint <address>\", then apply."
}

// ledgerRefused tells that CreateLedger was not accepted.
func (w *work) ledgerRefused(err error) {
	summary, next := fmt.Sprintf("Ledger %q was not created", w.name), "Nothing was saved. Fix the cause and apply again."
	if w.now.ownKey() != "" {
		summary, next = fmt.Sprintf("Ledger %q was not created, but its key was", w.name), w.afterKey()
	}
	if isAmbiguous(err) {
		next += " The answer was lost; should the ledger appear after all, the next apply finds it by its tags."
	}
	problem{
		At: w.keyAt(), Summary: summary, Cause: cause(err, "QLDB", w.region), Exists: w.now.account(), Next: next,
	}.fail(w.diags)
}
