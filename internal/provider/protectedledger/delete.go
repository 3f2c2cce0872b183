package protectedledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"time"
)

// Delete removes the ledger, waits until it is gone, and only then removes aliases and keys. It is the guard of
// protected ledgers: the plan cannot refuse the destruction of a tainted or a replaced object.
func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	st, diags := decode(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if st.exists() && st.DeletionProtection.ValueBool() {
		protectedProblem(st).fail(&resp.Diagnostics)
		return
	}
	if !r.Configured(&resp.Diagnostics) {
		return
	}
	timeout, diags := st.Timeouts.Delete(ctx, deleteTimeout)
	resp.Diagnostics.Append(diags...)
	c, err := r.calls(st, timeout)
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Ledger %q was not deleted", st.Name.ValueString()), cause(err, "QLDB", ""))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	ctx = withFields(ctx, c)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w := &work{calls: c, plan: st, prior: st, now: st, state: &resp.State, diags: &resp.Diagnostics}
	if !w.deleteLedger(ctx) {
		return
	}
	w.deleteKeys(ctx)
}

func protectedProblem(st model) problem {
	name := st.Name.ValueString()
	return problem{
		At: path.Root("deletion_protection"), Summary: fmt.Sprintf("Ledger %q is protected", name),
		Cause: protectedText(name), Exists: st.account(),
	}
}

// deleteLedger deletes the ledger unless it is gone, and returns true once it is confirmed gone.
func (w *work) deleteLedger(ctx context.Context) bool {
	info, err := w.findLedger(ctx)
	p, astray := w.astray(ctx, w.prior, info, err)
	switch {
	case astray:
		p.fail(w.diags)
		return false
	case isNotFound(err):
		return w.ledgerGone(ctx)
	case err != nil:
		w.deleteFailed(err)
		return false
	}
	if !w.prior.exists() && !w.isPrior(ctx, info) {
		return true // this resource never had a ledger; the one of that name is somebody else's
	}
	if info.Protected {
		p := protectedProblem(w.prior)
		p.Cause = "The service says that deletion protection is on, although the state does not: it was switched on " +
			"outside Terraform, or its removal was never applied. " + p.Cause
		p.fail(w.diags)
		return false
	}
	if info.State != deleting {
		if gone, err := w.requestDeletion(ctx); err != nil {
			w.deleteFailed(err)
			return false
		} else if gone {
			return w.ledgerGone(ctx)
		}
	}
	w.now.State = types.StringValue(deleting)
	w.save(ctx)
	if err := w.awaitGone(ctx); err != nil {
		w.deleteFailed(err)
		return false
	}
	return w.ledgerGone(ctx)
}

// isPrior says whether a ledger found by name, which the state does not have, is this resource's all the same: an
// answer was lost, or the ledger was made anew under the same key.
func (w *work) isPrior(ctx context.Context, info ledgerInfo) bool {
	if key := w.prior.ownKey(); key != "" {
		return info.KeyARN == key
	}
	return w.isOurs(ctx, w.prior, info, "")
}

// requestDeletion repeats the request while the ledger is in use, which it also is while it is being created.
func (w *work) requestDeletion(ctx context.Context) (gone bool, err error) {
	err = retry(ctx, w.opts, func(err error) time.Duration {
		if isInUse(err) {
			return w.limit
		}
		return 0
	}, func(ctx context.Context) error {
		_, err := w.qldb.DeleteLedger(ctx, &qldb.DeleteLedgerInput{Name: aws.String(w.name)})
		if isInUse(err) {
			// A deletion that runs already is in use, too. It needs no second request.
			if info, look := w.findLedger(ctx); look == nil && info.State == deleting {
				return nil
			}
		}
		return err
	})
	if isNotFound(err) {
		return true, nil
	}
	return false, err
}

func (c *calls) awaitGone(ctx context.Context) error {
	_, err := await(ctx, c.opts, wait[ledgerInfo]{
		For: fmt.Sprintf("ledger %q to be gone", c.name), Find: c.findLedger,
		Status: func(l ledgerInfo) string { return l.State }, Gone: true, Limit: c.left(),
	})
	return err
}

func (w *work) ledgerGone(ctx context.Context) bool {
	w.now = w.now.withoutLedger(types.StringValue(deleted))
	w.save(ctx)
	return true
}

func (w *work) deleteFailed(err error) {
	p := problem{
		Summary: fmt.Sprintf("Ledger %q was not deleted", w.name), Cause: cause(err, "QLDB", w.region),
		Exists: w.now.account(), Next: "Keys and aliases were left alone. Fix the cause and destroy again.",
	}
	switch {
	case isProtected(err):
		p.At = path.Root("deletion_protection")
		p.Next = protectedText(w.name)
	case errors.Is(err, errTimeout), errors.Is(err, errInterrupted):
		p.Summary = fmt.Sprintf("Ledger %q is still being deleted", w.name)
		p.Next = "The service goes on by itself. Keys and aliases are removed only once the ledger is gone: destroy " +
			"again, which waits for the running deletion. A longer timeouts.delete must be applied before the destroy."
	}
	p.fail(w.diags)
}

// deleteKeys removes aliases, then keys, of a ledger that is gone. Each step saves; a failure leaves the rest for the
// next destroy.
func (w *work) deleteKeys(ctx context.Context) {
	if w.prior.Key != nil && !w.prior.exists() && w.prior.State.IsNull() && !w.prior.Key.Adopt.IsNull() {
		// The ledger never came to be. The key was here before and may serve others: leave it as it was found.
		w.diags.AddWarning(fmt.Sprintf("Adopted key of ledger %q is kept", w.name), fmt.Sprintf(
			"The ledger was never created, so the key it was to take over, %s, is left alone, with its aliases.",
			w.prior.ownKey()))
		return
	}
	for _, key := range append([]retainedKey{}, w.now.Retained...) {
		if !w.deleteRetained(ctx, key) {
			return
		}
	}
	if w.now.ownKey() == "" {
		return
	}
	k := *w.now.Key
	if k.Alias.ValueString() != "" {
		if err := w.removeAlias(ctx, k.Alias.ValueString(), w.ours); err != nil {
			w.keyLeft(err)
			return
		}
		w.now.Key.Alias = types.StringNull()
		w.save(ctx)
	}
	if err := w.endKey(ctx, k.asRetained(), k.OnDestroy.ValueString()); err != nil {
		w.keyLeft(err)
	}
}

func (w *work) deleteRetained(ctx context.Context, key retainedKey) bool {
	if alias := key.Alias.ValueString(); alias != "" {
		if err := w.removeAlias(ctx, alias, w.ours); err != nil {
			w.keyLeft(err)
			return false
		}
	}
	if err := w.endKey(ctx, key, destroyAction(w.prior, key)); err != nil {
		w.keyLeft(err)
		return false
	}
	w.now.Retained = withoutRetained(w.now.Retained, key.ARN.ValueString())
	w.save(ctx)
	return true
}

// endKey takes the generation alias off a key and schedules the key's deletion. A key to retain loses its bookkeeping
// instead, so that a later ledger of that name starts afresh.
func (w *work) endKey(ctx context.Context, key retainedKey, action string) error {
	arn := key.ARN.ValueString()
	if action == scheduleDeletion {
		if err := w.unused(ctx, arn, ""); err != nil {
			return err
		}
	}
	alias := generationAlias(w.name, key.Generation.ValueInt64())
	if err := w.removeAlias(ctx, alias, func(at string) bool { return at == arn }); err != nil {
		return err
	}
	if action != scheduleDeletion {
		if err := w.releaseAliases(ctx, arn); err != nil {
			return err
		}
		return w.releaseKey(ctx, arn)
	}
	days := key.DeletionWindow.ValueInt64()
	if w.now.Key != nil {
		days = w.now.Key.DeletionWindow.ValueInt64()
	}
	return w.scheduleDeletion(ctx, arn, days)
}

func (w *work) keyLeft(err error) {
	p := problem{
		At: path.Root("key"), Summary: fmt.Sprintf("Ledger %q is gone, but not all of its keys", w.name),
		Cause: cause(err, "KMS", w.region), Exists: w.now.account(),
		Next: "Fix the cause and destroy again: only what is left is removed then.",
	}
	var inUse *keyInUseError
	if errors.As(err, &inUse) {
		p.Next = "Move that ledger to another key and destroy again, or apply key.on_destroy = \"retain\" first to keep " +
			"the key."
	}
	p.fail(w.diags)
}
