package index

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/place"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

const patience = 10 * time.Minute

// ModifyPlan plans the Region, and the rest of a build that is still running.
func (r *Resource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if req.Plan.Raw.IsNull() {
		return
	}
	place.Plan(ctx, r.API, req, resp)
	status := types.StringUnknown()
	if !req.State.Raw.IsNull() {
		var before types.String
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("status"), &before)...)
		if before.ValueString() == statement.Online || before.ValueString() == "DELETING" {
			status = before
		}
		if before.ValueString() == "FAILED" {
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("status"))
		}
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), status)...)
}

// Create creates the index and waits until queries use it.
func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	m.identify(ctx, resp.Identity)
	ctx, cancel, ok := r.Begin(ctx, m.Timeouts.Create, patience, &resp.Diagnostics)
	if !ok {
		return
	}
	defer cancel()
	ledger, err := r.open(m)
	if err == nil {
		err = create(ctx, ledger, m)
	}
	var taken *existsError
	switch {
	case errors.As(err, &taken):
		p := m.problem("already exists", err)
		p.At = path.Root("field")
		p.Next = fmt.Sprintf("Nothing was changed. To manage that index here, run \"terraform import <address> "+
			"%s/%s/%s/%s\".", m.Region.ValueString(), m.Ledger.ValueString(), m.Table.ValueString(), m.Field.ValueString())
		resp.Diagnostics.Append(p.Error())
		return
	case err != nil:
		p := m.problem("was not created", err)
		if !statement.IsGone(err) {
			p.Next = "Nothing was saved. " + statement.Remedy(err, "apply")
		}
		resp.Diagnostics.Append(p.Error())
		return
	}
	m.IndexID = types.StringNull()
	m.Status = types.StringValue("BUILDING")
	ix, err := r.awaitOnline(ctx, ledger, m)
	m.take(ix)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	var waited *waitError
	var failed *failedError
	switch {
	case err == nil:
	case errors.As(err, &waited):
		p := m.problem("is not ready yet", err)
		p.Next = "The service goes on by itself; until then queries read the whole table. The next apply waits for the rest."
		resp.Diagnostics.Append(p.Warning())
	case errors.As(err, &failed):
		p := m.problem("was not built", err)
		p.Next = "Terraform has marked it tainted: the next apply drops it and tries again."
		resp.Diagnostics.Append(p.Error())
	default:
		p := m.problem("was created but not looked at", err)
		p.Next = "The next plan reads its status."
		resp.Diagnostics.Append(p.Warning())
	}
}

// take puts a reading of the catalog into the state; an empty one says nothing.
func (m *model) take(ix statement.Index) {
	if ix.ID != "" {
		m.IndexID, m.Status = types.StringValue(ix.ID), types.StringValue(ix.Status)
	}
}

// is says whether an index on the field is the one in the state, whose id is not known when its create was cut off.
func (m model) is(ix statement.Index) bool {
	id := m.IndexID.ValueString()
	return id == "" || id == ix.ID
}

// Read looks the index up by its field. A ledger that takes no statements for now keeps the state as it is.
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
	var t statement.Table
	if err == nil {
		t, err = ledger.Table(ctx, m.Table.ValueString())
	}
	ix, there := t.Index(m.Field.ValueString())
	switch {
	case statement.IsGone(err) || err == nil && !there:
		resp.State.RemoveResource(ctx)
	case statement.IsNotReady(err):
		p := m.problem("was not read", err)
		p.Next = "The plan goes on with what was known of the index."
		resp.Diagnostics.Append(p.Warning())
	case err != nil:
		resp.Diagnostics.Append(m.problem("was not read", err).Error())
	default:
		m.take(ix)
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

// Update waits for a build that its create did not see the end of.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, st model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &st)...)
	m.identify(ctx, resp.Identity)
	if resp.Diagnostics.HasError() {
		return
	}
	if m.Status.IsUnknown() {
		ctx, cancel, ok := r.Begin(ctx, m.Timeouts.Update, patience, &resp.Diagnostics)
		if !ok {
			return
		}
		defer cancel()
		m.Status = st.Status
		ledger, err := r.open(m)
		var ix statement.Index
		if err == nil {
			ix, err = r.awaitOnline(ctx, ledger, m)
		}
		m.take(ix)
		if err != nil {
			p := m.problem("is not ready", err)
			p.Next = "The next plan reads its status."
			resp.Diagnostics.Append(p.Error())
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// Delete drops the index and waits until it is gone.
func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	ctx, cancel, ok := r.Begin(ctx, m.Timeouts.Delete, patience, &resp.Diagnostics)
	if !ok {
		return
	}
	defer cancel()
	ledger, err := r.open(m)
	if err == nil {
		err = drop(ctx, ledger, m)
	}
	if err == nil {
		err = r.awaitGone(ctx, ledger, m)
	}
	if err != nil && statement.IsAmbiguous(err) {
		if ix, there, lookErr := lastLook(ctx, ledger, m); lookErr == nil && !(there && m.is(ix)) {
			return
		}
	}
	if err != nil && !statement.IsGone(err) {
		p := m.problem("was not dropped", err)
		p.Next = "The index stays in the state. Fix the cause and destroy again; a drop that is running goes on by itself."
		resp.Diagnostics.Append(p.Error())
	}
}

func drop(ctx context.Context, ledger *statement.Ledger, m model) error {
	return ledger.DoIn(ctx, m.Table.ValueString(), func(tx *statement.Tx) error {
		t, err := tx.Table(ledger.Name, m.Table.ValueString())
		if err != nil {
			return err
		}
		ix, there := t.Index(m.Field.ValueString())
		if !there || !m.is(ix) || ix.Status == "DELETING" {
			return nil
		}
		_, err = tx.Run("DROP INDEX " + statement.Quote(ix.ID) + " ON " + statement.Quote(m.Table.ValueString()) +
			" WITH (purge = true)")
		return err
	})
}

var importID = place.ID{
	Object: "index", Names: []string{"ledger", "table", "field"}, Refusal: "Import id of an index not understood",
	Forms: "ledger/table/field (orders/Vehicle/VIN) nor Region/ledger/table/field (eu-west-2/orders/Vehicle/VIN)",
}

// ImportState takes ledger/table/field, Region/ledger/table/field, or an identity.
func (r *Resource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	importID.Import(ctx, r.API, req, resp)
}
