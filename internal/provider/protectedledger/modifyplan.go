package protectedledger

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// ModifyPlan turns what plan decides into the planned state. Terraform calls it again right before every apply, with
// the values known by then, so that an error here stops before the first write.
func (r *Resource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	var st *model
	if !req.State.Raw.IsNull() {
		s, diags := decode(ctx, req.State)
		resp.Diagnostics.Append(diags...)
		st = &s
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if req.Plan.Raw.IsNull() {
		if st != nil {
			addFindings(&resp.Diagnostics, planDestroy(*st, r.destroyFacts(ctx, *st)))
		}
		return
	}
	cfg, diags := decode(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var pinned pin
	if st != nil {
		pinned = readPin(ctx, req.Private)
	}
	f := r.gather(ctx, cfg, st, pinned)
	if err := f.unreachable(); err != nil {
		if summary, detail, ok := awsclient.Explain(err, "KMS", f.Region); ok {
			resp.Diagnostics.AddError(summary, detail)
			return
		}
	}
	p, list := plan(cfg, st, f)
	addFindings(&resp.Diagnostics, list)
	if failed(list) {
		return
	}
	if st != nil && !st.Region.IsNull() && !p.Region.Equal(st.Region) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("region"))
	}
	tflog.Debug(ctx, "planned", map[string]any{
		"ledger": p.Name.ValueString(), "region": p.Region.ValueString(), "findings": len(list),
	})
	w, diags := encode(ctx, p)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &w)...)
}

// planDestroy refuses to destroy a protected ledger already in the plan, also when its block was removed from the
// configuration. Delete refuses once more, because a tainted or replaced ledger never comes by here.
func planDestroy(st model, f facts) []finding {
	name := st.Name.ValueString()
	if st.exists() && st.DeletionProtection.ValueBool() {
		return []finding{failure(path.Root("deletion_protection"), fmt.Sprintf("Ledger %q is protected", name),
			protectedText(name))}
	}
	keys, arns := endedByDestroy(st)
	if len(keys) == 0 {
		return nil
	}
	text := "Once the ledger is confirmed gone:\n  - " + lines(keys) + "\nWhatever else these keys encrypted becomes " +
		"unreadable, journal exports included. To keep the keys, first apply key.on_destroy = \"retain\"."
	if uses := destroyUses(arns, f); len(uses) > 0 {
		text += "\n\nKP-606: a key that another ledger uses is not scheduled for deletion:\n  - " + lines(uses) +
			"\nThe destroy stops before such a key, when the ledger is gone, unless the other ledgers are destroyed or moved " +
			"first."
	}
	return []finding{warning(path.Empty(), fmt.Sprintf("Keys of ledger %q will be scheduled for deletion", name), text)}
}

// endedByDestroy are the keys that a destroy schedules for deletion, in words and as ARNs.
func endedByDestroy(st model) (words, arns []string) {
	if arn := st.ownKey(); arn != "" && st.Key.OnDestroy.ValueString() == scheduleDeletion &&
		st.Key.State.ValueString() != keyDeleted {
		words = append(words, fmt.Sprintf("%s (deleted %d days later)", arn, st.Key.DeletionWindow.ValueInt64()))
		arns = append(arns, arn)
	}
	for _, key := range st.Retained {
		state := key.State.ValueString()
		if destroyAction(st, key) == scheduleDeletion && state != keyPending && state != keyDeleted {
			words = append(words, fmt.Sprintf("%s (generation %d)", key.ARN.ValueString(), key.Generation.ValueInt64()))
			arns = append(arns, key.ARN.ValueString())
		}
	}
	return words, arns
}

// destroyFacts asks which ledgers there are, if the destroy ends a key.
func (r *Resource) destroyFacts(ctx context.Context, st model) (f facts) {
	if _, arns := endedByDestroy(st); r.API != nil && len(arns) > 0 {
		f.Uses, f.UsesUnknown = r.askUses(ctx, st)
	}
	return f
}

// destroyAction is what a destroy does with a key of another generation: the present key's setting counts.
func destroyAction(st model, key retainedKey) string {
	if st.Key != nil {
		return st.Key.OnDestroy.ValueString()
	}
	return key.OnDestroy.ValueString()
}
