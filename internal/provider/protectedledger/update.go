package protectedledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Update does what the plan says, and nothing else, in an order in which every moment is safe: first the present key is
// made usable, then the ledger gets its settings and its new key, and only when the service is done with the change do
// the alias and the former key follow. Each step looks before it calls, so that a change that runs already is followed
// instead of begun again.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	p, diags := decode(ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	st, diags := decode(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, st)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !r.Configured(&resp.Diagnostics) {
		return
	}
	timeout, diags := p.Timeouts.Update(ctx, updateTimeout)
	resp.Diagnostics.Append(diags...)
	c, err := r.calls(p, timeout)
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Ledger %q was not changed", p.Name.ValueString()), cause(err, "QLDB", ""))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	ctx = withFields(ctx, c)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w := &work{calls: c, plan: p, prior: st, now: st, state: &resp.State, diags: &resp.Diagnostics}
	w.tags, _ = stringMap(p.TagsAll)
	if !st.exists() {
		w.recreate(ctx)
		return
	}
	w.update(ctx)
}

// recreate makes a ledger that is missing, under the key that is there.
func (w *work) recreate(ctx context.Context) {
	if !w.makeLedger(ctx) {
		return
	}
	w.waitCreated(ctx)
	if w.diags.HasError() {
		return
	}
	if err := w.followAlias(ctx); err != nil { // of a key that the ledger does not come back under
		w.stepFailed(step{what: "removing the former alias", service: "KMS"}, err)
		return
	}
	w.complete(ctx)
}

// A step is one part of an update.
type step struct {
	what    string // begins the cause: "While ..."
	service string // whose calls it makes
	do      func(context.Context) error
}

func (w *work) update(ctx context.Context) {
	info, err := w.findLedger(ctx)
	if p, yes := w.astray(ctx, w.prior, info, err); yes {
		p.fail(w.diags)
		return
	}
	if err != nil {
		w.vanished(ctx, err)
		return
	}
	if info.State == deleting {
		problem{
			At: path.Root("state"), Summary: fmt.Sprintf("Ledger %q is being deleted", w.name),
			Cause: "The service does not take a deletion back.", Exists: w.now.account(),
			Next: "Nothing was changed. Plan again once the ledger is gone.",
		}.fail(w.diags)
		return
	}
	if w.aliasFails(ctx) {
		return
	}
	for _, s := range []step{
		{"waiting for the ledger", "QLDB", func(ctx context.Context) error { return w.waitIdle(ctx, &info) }},
		{"changing its key", "KMS", w.changeKey},
		{"changing its tags", "QLDB", w.changeTags},
		{"changing its permissions mode", "QLDB", func(ctx context.Context) error { return w.changeMode(ctx, info) }},
		{"enabling the key it comes from", "KMS", w.reviveLeftKey},
		{"giving it its present key back", "QLDB", func(ctx context.Context) error {
			return w.restoreFormerKey(ctx, &info)
		}},
	} {
		if err := s.do(ctx); err != nil {
			w.stepFailed(s, err)
			return
		}
	}
	if !w.changeLedger(ctx, info) {
		return
	}
	if !w.follow(ctx) {
		return
	}
	if err := w.disableOwnKey(ctx); err != nil {
		w.stepFailed(step{what: "disabling its key", service: "KMS"}, err)
		return
	}
	w.complete(ctx)
}

// vanished handles a ledger that is not there although the plan saw one.
func (w *work) vanished(ctx context.Context, err error) {
	p := problem{
		Summary: fmt.Sprintf("Ledger %q was not changed", w.name), Cause: cause(err, "QLDB", w.region),
		Exists: w.now.account(), Next: "Nothing was changed.",
	}
	if isNotFound(err) {
		if w.now.ownKey() != "" {
			w.now = w.now.withoutLedger(types.StringValue(deleted))
			w.save(ctx)
		}
		p.Exists = w.now.account()
		p.Next = "The ledger was deleted after the plan was made. Nothing was changed. Plan again to create it anew."
	}
	p.fail(w.diags)
}

// waitIdle waits for what runs already: a creation, or a change to a key other than the planned one, during which the
// service takes no second change.
func (w *work) waitIdle(ctx context.Context, info *ledgerInfo) error {
	other := info.Status == updating && (w.movesKey() || w.repairing()) &&
		!w.plan.KMSKeyARN.Equal(types.StringValue(info.KeyARN))
	if info.State != creating && !other {
		return nil
	}
	latest, err := w.awaitReady(ctx, "", false)
	if err != nil {
		w.observeNow(ctx)
		return err
	}
	*info = latest
	info.show(&w.now)
	w.save(ctx)
	return nil
}

// movesKey says whether the plan puts the ledger under another key.
func (w *work) movesKey() bool { return !w.plan.KMSKeyARN.Equal(w.prior.KMSKeyARN) }

// sameOwnKey says whether the plan keeps the owned key.
func (w *work) sameOwnKey() bool {
	return w.prior.Key != nil && w.plan.Key != nil && w.plan.Key.ARN.Equal(w.prior.Key.ARN)
}

// changeKey brings the present owned key to the plan: usable first, then policy, description, rotation.
func (w *work) changeKey(ctx context.Context) error {
	if !w.sameOwnKey() {
		return nil
	}
	p, st, arn := w.plan.Key, w.prior.Key, w.prior.ownKey()
	k := *w.now.Key
	w.now.Key = &k
	if !p.State.Equal(st.State) || !p.Enabled.Equal(st.Enabled) {
		info, err := w.openKey(ctx, arn)
		if err != nil {
			return err
		}
		if k.State = types.StringValue(info.State); !w.plan.off() {
			k.Enabled = p.Enabled
		}
		w.save(ctx)
	}
	if !p.PolicyDocument.Equal(st.PolicyDocument) {
		if err := w.setPolicy(ctx, arn, policyText(*p, arn)); err != nil {
			return err
		}
	}
	k.Policy, k.Access, k.PolicyDocument = p.Policy, p.Access, types.StringValue(policyText(*p, arn))
	w.now.Findings = w.plan.Findings
	if !p.Description.Equal(st.Description) {
		if err := w.setDescription(ctx, arn, p.Description.ValueString()); err != nil {
			return err
		}
	}
	k.Description = p.Description
	if rotates(*p, *st) {
		want := rotation{On: p.Rotation.ValueBool(), Days: p.RotationPeriod.ValueInt64()}
		if err := w.setRotation(ctx, arn, want); err != nil {
			return err
		}
	}
	k.Rotation, k.RotationPeriod = p.Rotation, p.RotationPeriod
	k.Adopt, k.OldKey, k.OnDestroy, k.DeletionWindow = p.Adopt, p.OldKey, p.OnDestroy, p.DeletionWindow
	w.save(ctx)
	return nil
}

func (w *work) changeTags(ctx context.Context) error {
	if w.plan.TagsAll.Equal(w.prior.TagsAll) {
		w.now.Tags = w.plan.Tags
		return nil
	}
	if w.sameOwnKey() {
		n := w.plan.Key.Generation.ValueInt64()
		if err := w.setKeyTags(ctx, w.prior.ownKey(), w.tags, n); err != nil {
			return err
		}
	}
	if err := w.setLedgerTags(ctx, w.prior.ARN.ValueString(), w.tags); err != nil {
		return err
	}
	w.now.Tags, w.now.TagsAll = w.plan.Tags, w.plan.TagsAll
	w.save(ctx)
	return nil
}

func (w *work) changeMode(ctx context.Context, info ledgerInfo) error {
	mode := w.plan.PermissionsMode
	if mode.Equal(w.prior.PermissionsMode) {
		return nil
	}
	if info.Mode != mode.ValueString() {
		if err := w.setMode(ctx, mode.ValueString()); err != nil {
			return err
		}
	}
	w.now.PermissionsMode = mode
	w.save(ctx)
	return nil
}

// stepFailed tells that an update stopped. Update never taints: the next apply goes on from what is saved.
func (w *work) stepFailed(s step, err error) {
	at := path.Empty()
	if s.service == "KMS" {
		at = w.keyAt()
	}
	next := "What was done is saved. Fix the cause and apply again: only the rest is done then."
	if errors.Is(err, errTimeout) || errors.Is(err, errInterrupted) {
		next = "What was done is saved. Apply again to go on."
	}
	problem{
		At: at, Summary: fmt.Sprintf("Ledger %q was not changed completely", w.name),
		Cause: fmt.Sprintf("While %s: %s", s.what, cause(err, s.service, w.region)), Exists: w.now.account(), Next: next,
	}.fail(w.diags)
}

// observeNow saves what the service says at this moment, whatever happened to the operation's own context.
func (w *work) observeNow(ctx context.Context) {
	look, cancel := lastLook(ctx)
	defer cancel()
	if info, err := w.findLedger(look); err == nil {
		info.show(&w.now)
		if w.now.Change != nil && w.now.Change.To.ValueString() == info.KeyARN {
			change := *w.now.Change
			change.Status = types.StringValue(info.Status)
			w.now.Change = &change
		}
	}
	w.save(look)
}
