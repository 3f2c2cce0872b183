package record

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/place"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

// Read looks the document up by its id. A ledger that takes no statements for now keeps the state as it is.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	m.identify(ctx, resp.Identity)
	if resp.Diagnostics.HasError() || r.API == nil {
		return
	}
	ctx, cancel := context.WithTimeout(statement.Passive(ctx), patience)
	defer cancel()
	ledger, err := r.open(m)
	var now revision
	var there bool
	if err == nil {
		err = ledger.DoIn(ctx, m.Table.ValueString(), func(tx *statement.Tx) (err error) {
			now, there, err = find(tx, m.Table.ValueString(), m.DocumentID.ValueString())
			return err
		})
	}
	switch {
	case statement.IsGone(err) || err == nil && !there:
		resp.State.RemoveResource(ctx)
		return
	case statement.IsNotReady(err):
		p := m.problem("was not read", err)
		p.Next = "The plan goes on with what was known of the document."
		resp.Diagnostics.Append(p.Warning())
		return
	case err != nil:
		resp.Diagnostics.Append(m.problem("was not read", err).Error())
		return
	}
	m.show(now)
	m.observe(now)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// show puts the document of a revision into the state, in the form that is there; a text that means the same stays. Of
// a document that is not shown only the version number tells whether it is still the one that was written.
func (m *model) show(now revision) {
	f, text, _ := m.form()
	switch {
	case f == none && m.Version.IsNull() && lossless(now.Data):
		m.Document = types.StringValue(show(asJSON, now.Data))
		return
	case f == none && m.Version.IsNull():
		m.DocumentIon = types.StringValue(show(asIon, now.Data))
		return
	case f == none:
		if m.changedBy(now) {
			m.DocumentWOVersion = types.Int64Null()
		}
		return
	}
	data := now.Data
	before, err := parse(f, text)
	if err == nil && m.subset() {
		data = project(data, before)
	}
	if err == nil && same(f, data, before) {
		return
	}
	if shown := types.StringValue(show(f, data)); f == asJSON {
		m.Document = shown
	} else {
		m.DocumentIon = shown
	}
}

// Update writes the document if the plan said so, and only over the revision that the plan saw.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, cfg, st model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &cfg)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &st)...)
	m.identify(ctx, resp.Identity)
	if resp.Diagnostics.HasError() {
		return
	}
	if !m.Version.IsUnknown() { // nothing to write
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		return
	}
	ctx, cancel, ok := r.Begin(ctx, m.Timeouts.Update, patience, &resp.Diagnostics)
	if !ok {
		return
	}
	defer cancel()
	document, err := cfg.document()
	var ledger *statement.Ledger
	if err == nil {
		ledger, err = r.open(m)
	}
	var done written
	if err == nil {
		done, err = update(ctx, ledger, m, st, document)
	}
	if err != nil {
		resp.Diagnostics.Append(st.conflict("was not changed", err).Error())
		return
	}
	a := after{ledger: ledger, now: m, done: done, diags: &resp.Diagnostics}
	a.save = func(m model) { resp.Diagnostics.Append(resp.State.Set(ctx, &m)...) }
	a.finish(ctx)
}

// update is a compare-and-set: the current revision must be the one in the state, or one that an earlier run of this
// very transaction wrote.
func update(
	ctx context.Context, ledger *statement.Ledger, m, st model, document ion.Value,
) (done written, err error) {
	table, id := m.Table.ValueString(), st.DocumentID.ValueString()
	defer ledger.Touch(table, "")()
	err = ledger.DoIn(ctx, table, func(tx *statement.Tx) error {
		now, there, err := find(tx, table, id)
		switch {
		case err != nil:
			return err
		case !there:
			return &deletedError{id}
		case done.TxID != "" && now.TxID == done.TxID:
			return nil
		case now.Version != st.Version.ValueInt64():
			return &changedError{st.Version.ValueInt64(), now}
		}
		done, err = change(tx, m, now, document)
		return err
	})
	if err != nil && done.ID != "" && statement.IsAmbiguous(err) && landed(ctx, ledger, table, done) {
		return done, nil
	}
	return done, err
}

// Delete writes the final revision, unless the document is to be kept, or is not the one in the state any more.
func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var st model
	resp.Diagnostics.Append(req.State.Get(ctx, &st)...)
	if resp.Diagnostics.HasError() || st.OnDestroy.ValueString() == retain {
		return
	}
	ctx, cancel, ok := r.Begin(ctx, st.Timeouts.Delete, patience, &resp.Diagnostics)
	if !ok {
		return
	}
	defer cancel()
	ledger, err := r.open(st)
	if err == nil {
		err = remove(ctx, ledger, st)
	}
	if err != nil && !statement.IsGone(err) {
		resp.Diagnostics.Append(st.conflict("was not deleted", err).Error())
	}
}

func remove(ctx context.Context, ledger *statement.Ledger, st model) error {
	table, id := st.Table.ValueString(), st.DocumentID.ValueString()
	defer ledger.Touch(table, "")()
	err := ledger.DoIn(ctx, table, func(tx *statement.Tx) error {
		now, there, err := find(tx, table, id)
		switch {
		case err != nil || !there:
			return err
		case now.Version != st.Version.ValueInt64():
			return &changedError{st.Version.ValueInt64(), now}
		}
		_, err = tx.Run("DELETE FROM "+statement.Quote(table)+" AS d BY docId WHERE docId = ?", ion.String(id))
		return err
	})
	if err != nil && statement.IsAmbiguous(err) {
		if _, there, lookErr := lastLook(ctx, ledger, table, id); lookErr == nil && !there {
			return nil
		}
	}
	return err
}

// conflict words why a document was not changed or deleted.
func (m model) conflict(failed string, err error) diagnose.Problem {
	var changed *changedError
	var gone *deletedError
	switch {
	case errors.As(err, &changed):
		return diagnose.Problem{
			Summary: m.title() + " changed since the plan",
			Cause: fmt.Sprintf("It is in %s and changed since the plan: version %d -> %d, written by transaction %s at %s.",
				m.where(), changed.Want, changed.Now.Version, changed.Now.TxID, changed.Now.TxTime),
			Next: "Nothing was overwritten. Plan again to see what somebody else wrote, then decide.",
		}
	case errors.As(err, &gone):
		return diagnose.Problem{
			Summary: m.title() + " was deleted since the plan",
			Cause:   fmt.Sprintf("It is not in %s any more. Its earlier revisions are in the history.", m.where()),
			Next:    "Nothing was changed. The next plan creates it again, with another id.",
		}
	}
	p := m.problem(failed, err)
	switch {
	case statement.IsAmbiguous(err):
		p.Next = "The document stays in the state as it was, but the ledger may have done it all the same. The next plan " +
			"shows the document as it is."
	case !statement.IsGone(err):
		p.Next = "The document stays in the state as it was. " + statement.Remedy(err, "apply")
	}
	return p
}

var importID = place.ID{
	Object: "document", Names: []string{"ledger", "table", "document_id"}, Plain: true,
	Refusal: "Import id of a document not understood",
	Forms: "ledger/table/document id (orders/Vehicle/8F0TPCmdNQ6JTRpiLj2TmW) nor the same with a Region before it " +
		"(eu-west-2/orders/Vehicle/8F0TPCmdNQ6JTRpiLj2TmW)",
}

// ImportState takes ledger/table/id, Region/ledger/table/id, or an identity. It cannot see the configuration: Read
// shows the document as JSON, or as Ion if JSON would lose something.
func (r *Resource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	importID.Import(ctx, r.API, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
	for name, v := range map[string]any{"if_exists": refuse, "compare": exact, "on_destroy": deleteIt, "verify": false} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), v)...)
	}
}
