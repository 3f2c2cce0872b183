package protectedledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	createTimeout = 30 * time.Minute
	updateTimeout = 60 * time.Minute
	deleteTimeout = 30 * time.Minute
)

// Create makes the key, its aliases, and then the ledger. Until the service accepted the ledger an error is returned
// and what exists is saved; Terraform then marks the object tainted, which is right, since it holds no data. From
// then on nothing that time or a later apply can mend is an error, because a tainted ledger would be destroyed.
func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	p, diags := decode(ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, p)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !r.Configured(&resp.Diagnostics) {
		return
	}
	timeout, diags := p.Timeouts.Create(ctx, createTimeout)
	resp.Diagnostics.Append(diags...)
	c, err := r.calls(p, timeout)
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Ledger %q was not created", p.Name.ValueString()), cause(err, "QLDB", ""))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	ctx = withFields(ctx, c)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w := &work{calls: c, plan: p, now: model{Name: p.Name, Region: p.Region}, state: &resp.State, diags: &resp.Diagnostics}
	w.tags, _ = stringMap(p.TagsAll)
	if !w.makeLedger(ctx) {
		return
	}
	w.waitCreated(ctx)
}

func withFields(ctx context.Context, c *calls) context.Context {
	return tflog.SetField(tflog.SetField(ctx, "ledger", c.name), "region", c.region)
}

// waitCreated waits for a ledger whose creation was accepted. Only a ledger that is gone again is an error.
func (w *work) waitCreated(ctx context.Context) {
	info, err := w.awaitReady(ctx, "", false)
	if err == nil {
		info.show(&w.now)
		w.save(ctx)
		return
	}
	look, cancel := lastLook(ctx)
	defer cancel()
	if latest, lookErr := w.findLedger(look); lookErr == nil {
		latest.show(&w.now)
	} else if errors.Is(err, errVanished) && isNotFound(lookErr) {
		w.now = w.now.withoutLedger(w.prior.State)
		w.save(look)
		problem{
			Summary: fmt.Sprintf("Ledger %q is gone again", w.name), Cause: cause(err, "QLDB", w.region),
			Exists: w.now.account(),
			Next:   "Somebody or something deleted the ledger while it was being created. " + w.afterKey(),
		}.fail(w.diags)
		return
	}
	w.save(look)
	next := "Terraform keeps the ledger. The service goes on by itself; the next apply waits for the rest, in place."
	if w.now.EncryptionStatus.ValueString() == inaccessible {
		next = "Terraform keeps the ledger. Until the service can use the key it refuses reads and writes; check that " +
			"the key is enabled and its policy allows the grant. The next apply repairs what it can, in place."
	}
	problem{
		Summary: fmt.Sprintf("Ledger %q was created but is not ready yet", w.name), Cause: cause(err, "QLDB", w.region),
		Exists: w.now.account(), Next: next,
	}.warn(w.diags)
}
