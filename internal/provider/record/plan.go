package record

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/place"
)

// ValidateConfig reads the document as far as it is known.
func (r *Resource) ValidateConfig(
	ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse,
) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	keys, keysKnown := m.keys()
	if m.IfExists.ValueString() == adopt && m.KeyFields.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("if_exists"), "Nothing tells which document to adopt",
			"if_exists = \"adopt\" needs key_fields: the fields by which the existing document is found.")
	}
	f, text, known := m.form()
	if f == none || !known {
		return
	}
	document, err := parse(f, text)
	if err != nil {
		resp.Diagnostics.AddAttributeError(f.path(), "The document cannot be stored",
			fmt.Sprintf("%s: %s. The document itself is not repeated here.", f.path(), err))
		return
	}
	if m.subset() && repeats(document) {
		resp.Diagnostics.AddAttributeError(f.path(), "The document names a field twice",
			"With compare = \"subset\" each name stands for one field of the ledger's document, so none can be named twice "+
				"in the same struct. Name it once, or compare exactly.")
	}
	for i, k := range keys {
		if !keysKnown {
			break
		}
		if v, ok := document.Field(k); !ok || v.IsNull() {
			resp.Diagnostics.AddAttributeError(path.Root("key_fields").AtListIndex(i), "The document lacks a key field",
				fmt.Sprintf("key_fields names %q, but the document has no such top-level field, or null in it. Nothing equals "+
					"null, so the document could never be found again.", k))
		}
	}
}

// ModifyPlan decides whether the document is written, and keeps everything else as it is in the state.
func (r *Resource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	var st, p, cfg model
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &st)...)
	}
	if req.Plan.Raw.IsNull() {
		planDestroy(st, resp)
		return
	}
	region := place.Plan(ctx, r.API, req, resp)
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &p)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &cfg)...)
	if resp.Diagnostics.HasError() || req.State.Raw.IsNull() || !region.Equal(st.Region) {
		return // a create, or a replacement: everything computed is unknown, as it is already
	}
	p.DocumentID = st.DocumentID
	warnOfOverwrite(cfg, st, resp)
	if writes(cfg, &p, st) {
		warnOfLoss(cfg, p, st, resp)
		p.Version, p.TxnID, p.TxnTime = types.Int64Unknown(), types.StringUnknown(), types.StringUnknown()
		p.RevisionHash, p.BlockAddress = types.StringUnknown(), types.ObjectUnknown(addressTypes)
	} else {
		p.Version, p.TxnID, p.TxnTime = st.Version, st.TxnID, st.TxnTime
		p.RevisionHash, p.BlockAddress = st.RevisionHash, st.BlockAddress
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &p)...)
}

// writes says whether an update has to write the document. Where the configured text means what the state has, the
// state's text is planned, so that another spelling is no change.
func writes(cfg model, p *model, st model) bool {
	f, text, known := cfg.form()
	if !known || f == none {
		return true
	}
	if f == writeOnly {
		return !p.DocumentWOVersion.Equal(st.DocumentWOVersion)
	}
	document, err := parse(f, text)
	if err != nil {
		return true // ValidateConfig has said why
	}
	before, oldText, _ := st.form()
	old, err := parse(before, oldText)
	widened := st.subset() && !p.subset()
	switch {
	case !widened && before == f && err == nil && same(f, document, old):
		if f == asJSON {
			p.Document = st.Document
		} else {
			p.DocumentIon = st.DocumentIon
		}
		return false
	case p.subset() && before == f && err == nil && same(f, document, project(old, document)):
		return false
	}
	return !st.holds(document)
}

// warnOfOverwrite says that a document that is not shown was written by somebody else: the plan shows no more of it
// than a number.
func warnOfOverwrite(cfg, st model, resp *resource.ModifyPlanResponse) {
	if f, _, _ := cfg.form(); f != writeOnly || !st.DocumentWOVersion.IsNull() {
		return
	}
	if f, _, _ := st.form(); f != none { // it was shown until now
		return
	}
	resp.Diagnostics.Append(diagnose.Problem{
		At: path.Root("document_wo"), Summary: st.title() + " was written by somebody else",
		Cause: fmt.Sprintf("Version %d in %s, written by transaction %s, is not what Terraform wrote from document_wo.",
			st.Version.ValueInt64(), st.where(), st.TxnID.ValueString()),
		Next: "Applying writes document_wo over it; the other version stays in the history. To keep what is there, put it " +
			"into document_wo first.",
	}.Warning())
}

// warnOfLoss says that fields go which neither state nor configuration show: those that a subset left to others.
func warnOfLoss(cfg, p, st model, resp *resource.ModifyPlanResponse) {
	if f, _, known := cfg.form(); !known || f == none || !st.subset() || p.subset() || p.Compare.IsUnknown() {
		return
	}
	resp.Diagnostics.Append(diagnose.Problem{
		At: path.Root("compare"), Summary: st.title() + " loses the fields of others",
		Cause: fmt.Sprintf("It is in %s. With compare = \"exact\" the fields that the configuration does not name are "+
			"removed, which the plan cannot show one by one.", st.where()),
		Next: "To keep them, name them in the configuration, or keep compare = \"subset\". What is removed stays in the " +
			"history.",
	}.Warning())
}

// planDestroy says what a destroy leaves. The summary is the same for all documents, so that Terraform folds them.
func planDestroy(st model, resp *resource.ModifyPlanResponse) {
	if st.OnDestroy.ValueString() != deleteIt {
		return
	}
	resp.Diagnostics.Append(diagnose.Problem{
		Summary: "Documents will be deleted; their history stays in the ledger",
		Cause: fmt.Sprintf("Document %s of %s gets a final revision without data. All earlier revisions stay readable "+
			"through history(), and in exports of the journal.", st.DocumentID.ValueString(), st.where()),
		Next: "To keep the document and only forget it, apply on_destroy = \"retain\" first.",
	}.Warning())
}
