package protectedledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
)

func (w *work) updateRefused(err error, key bool) {
	p := problem{
		Summary: fmt.Sprintf("Ledger %q was not changed", w.name), Cause: cause(err, "QLDB", w.region),
		Next: "Fix the cause and apply again.",
	}
	if key {
		p.At, p.Summary = w.keyAt(), fmt.Sprintf("Ledger %q keeps its key: the change was refused", w.name)
		if w.now.Change != nil && w.now.Change.Status.ValueString() == prepared {
			p.Next = "The new key is ready and not in use; the next apply uses it instead of making another. " + p.Next
		}
	}
	p.Exists = w.now.account()
	p.fail(w.diags)
}

func (w *work) waitEnded(ctx context.Context, err error) {
	p := problem{
		At: path.Root("encryption_status"), Summary: fmt.Sprintf("Ledger %q is still changing its key", w.name),
		Cause: cause(err, "QLDB", w.region), Exists: w.now.account(),
		Next: "The change goes on without Terraform; both keys must stay usable until it has ended. Apply again to wait " +
			"for it; alias and former key follow then. A longer timeouts.update waits longer.",
	}
	switch status := w.now.EncryptionStatus.ValueString(); {
	case status == inaccessible:
		p.Summary = fmt.Sprintf("Ledger %q cannot use its key", w.name)
		p.Cause += fmt.Sprintf("\n\n%s since %s: %s", inaccessible, w.now.InaccessibleTime.ValueString(), w.blockage(ctx))
		p.Next = "The ledger refuses reads and writes until then. Make its keys usable, then apply again: the plan " +
			"renews the grant and waits."
		if c := w.now.Change; c != nil && c.FinishedAt.IsNull() {
			p.Next += " Where the new key is lost, take the change back: no data depends on that key yet."
		}
	case errors.Is(err, errVanished):
		p.Summary, p.Next = fmt.Sprintf("Ledger %q is gone", w.name), "Plan again to see what is left."
	case !errors.Is(err, errTimeout) && !errors.Is(err, errInterrupted):
		p.Summary = fmt.Sprintf("Ledger %q could not be watched", w.name)
	}
	p.fail(w.diags)
}

// blockage names the key that keeps an inaccessible ledger from working. While a change runs the former key counts.
func (w *work) blockage(ctx context.Context) string {
	look, cancel := lastLook(ctx)
	defer cancel()
	names := []string{w.now.KMSKeyARN.ValueString()}
	if c := w.now.Change; c != nil && c.FinishedAt.IsNull() {
		names = append(names, c.From.ValueString())
	}
	var found []string
	for _, arn := range names {
		if arn == awsOwned {
			continue
		}
		info, err := w.findKey(look, arn)
		switch {
		case isNotFound(err):
			found = append(found, fmt.Sprintf("key %s no longer exists.", arn))
		case err != nil:
			found = append(found, fmt.Sprintf("key %s could not be looked at.", arn))
		case info.State != keyEnabled:
			found = append(found, fmt.Sprintf("key %s is %s.", arn, info.State))
		}
	}
	if len(found) == 0 {
		return "every key concerned is enabled, so the ledger's grant on one of them was revoked."
	}
	return strings.Join(found, " ")
}
