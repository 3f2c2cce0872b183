package table

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/place"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

// ModifyPlan plans Region and tags_all.
func (r *Resource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if req.Plan.Raw.IsNull() {
		return
	}
	place.Plan(ctx, r.API, req, resp)
	var tags, before types.Map
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("tags"), &tags)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("tags_all"), &before)...)
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("tags_all"), planTags(r.API, tags, before))...)
}

// Read looks the table up by name. A ledger that takes no statements for now keeps the state as it is.
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
	var found statement.Table
	if err == nil {
		found, err = ledger.Table(ctx, m.Name.ValueString())
	}
	switch {
	case statement.IsGone(err):
		resp.State.RemoveResource(ctx)
		return
	case statement.IsNotReady(err):
		p := m.problem("was not read", err)
		p.Next = "The plan goes on with what was known of the table."
		resp.Diagnostics.Append(p.Warning())
		return
	case err != nil:
		resp.Diagnostics.Append(m.problem("was not read", err).Error())
		return
	}
	arn, err := r.arn(ctx, ledger, m, found.ID)
	if err != nil {
		resp.Diagnostics.Append(m.problem("was not read", err).Error())
		return
	}
	if before := m.TableID.ValueString(); before != "" && before != found.ID {
		resp.Diagnostics.Append(m.another(found.ID).Warning())
	}
	m.ARN, m.TableID, m.Status = types.StringValue(arn), types.StringValue(found.ID), types.StringValue("ACTIVE")
	tags, err := findTags(ctx, ledger, r.API, arn)
	denied, unserved := mayNotSee(err)
	switch {
	case err == nil:
		m.TagsAll, m.Tags = mapValue(tags), ownTags(r.API, m.Tags, tags)
	case denied:
		p := m.problem("keeps its tags in the plan as they were", err)
		p.Next = "Allow qldb:ListTagsForResource on the table, so that changes of its tags are noticed."
		resp.Diagnostics.Append(p.Warning())
	case !unserved: // the table was just seen: a server that keeps no tags of tables
		resp.Diagnostics.Append(m.problem("was not read", err).Error())
		return
	}
	if m.TagsAll.IsNull() {
		m.TagsAll = mapValue(nil)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// another says that the name is now that of another table: whoever dropped the one in the state made a new one.
func (m model) another(id string) diagnose.Problem {
	before := m.TableID.ValueString()
	return diagnose.Problem{
		At: path.Root("table_id"), Summary: m.title() + " is another table now",
		Cause: fmt.Sprintf("Somebody dropped table %s of ledger %q and made %s under the same name. The documents of the "+
			"first are in the ledger, but in no active table.", before, m.Ledger.ValueString(), id),
		Next: fmt.Sprintf("Terraform goes on with the new table. To have the old one back, drop the new one and replace "+
			"the resource with undrop = %q.", before),
	}
}

// arn is the table's ARN: that in the state if it is of this very table, else made from the ledger's.
func (r *Resource) arn(ctx context.Context, ledger *statement.Ledger, m model, id string) (string, error) {
	if known := m.ARN.ValueString(); strings.HasSuffix(known, "/table/"+id) {
		return known, nil
	}
	s, err := ledger.Describe(ctx)
	return s.ARN + "/table/" + id, err
}

// Update sets tags. What else can change is only for the provider itself.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	m.identify(ctx, resp.Identity)
	if resp.Diagnostics.HasError() {
		return
	}
	if !m.TagsAll.Equal(before.TagsAll) {
		ctx, cancel, ok := r.Begin(ctx, m.Timeouts.Update, patience, &resp.Diagnostics)
		if !ok {
			return
		}
		defer cancel()
		ledger, err := r.open(m)
		if err == nil {
			err = setTags(ctx, ledger, r.API, m.ARN.ValueString(), stringMap(m.TagsAll))
		}
		if err != nil {
			p := m.problem("kept its tags", err)
			p.Next = "Changing them needs qldb:ListTagsForResource, qldb:TagResource and qldb:UntagResource on the table. The " +
				"next plan shows the tags as they are."
			resp.Diagnostics.Append(p.Error())
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// errHolds is why a table with documents is not dropped.
var errHolds = errors.New("the table holds documents")

// Delete drops the table. The look for documents is part of the transaction, so that a document that comes in at the
// same moment is a conflict, and found when the transaction runs again.
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
		done := ledger.Scan(m.Name.ValueString())
		err = drop(ctx, ledger, m)
		done()
	}
	switch {
	case err == nil || statement.IsGone(err):
	case errors.Is(err, errHolds):
		resp.Diagnostics.Append(diagnose.Problem{
			At: path.Root("drop_with_documents"), Summary: m.title() + " holds documents",
			Cause: fmt.Sprintf("drop_with_documents is off, so table %q of ledger %q was not dropped.", m.Name.ValueString(),
				m.Ledger.ValueString()),
			Next: "Delete the documents, or apply drop_with_documents = true first, then destroy. If the table's block is " +
				"already gone from the configuration, put it back for that. To keep the table and only forget it, run " +
				"\"terraform state rm <address>\".",
		}.Error())
	default:
		p := m.problem("was not dropped", err)
		p.Next = "The table stays in the state. " + statement.Remedy(err, "destroy")
		if statement.IsAmbiguous(err) {
			p.Next = "The table stays in the state, but may have been dropped all the same. The next plan shows it."
		}
		resp.Diagnostics.Append(p.Error())
	}
}

func drop(ctx context.Context, ledger *statement.Ledger, m model) error {
	name := statement.Quote(m.Name.ValueString())
	err := ledger.Do(ctx, func(tx *statement.Tx) error {
		there, err := tx.Table(ledger.Name, m.Name.ValueString())
		if err != nil {
			return err
		}
		if known := m.TableID.ValueString(); known != "" && there.ID != known {
			return &statement.NoTableError{Ledger: ledger.Name, Table: m.Name.ValueString()} // another of the same name
		}
		if !m.DropWithDocuments.ValueBool() {
			holds, err := tx.Any("SELECT id FROM " + name + " AS d BY id")
			if err != nil {
				return err
			}
			if holds {
				return errHolds
			}
		}
		_, err = tx.Run("DROP TABLE " + name)
		return err
	})
	if err != nil && statement.IsAmbiguous(err) {
		if _, lookErr := lastLook(ctx, ledger, m.Name.ValueString()); statement.IsGone(lookErr) {
			return nil
		}
	}
	return err
}

var importID = place.ID{
	Object: "table", Names: []string{"ledger", "name"}, Plain: true, Refusal: "Import id of a table not understood",
	Forms: "ledger/table (orders/Vehicle) nor Region/ledger/table (eu-west-2/orders/Vehicle)",
}

// ImportState takes ledger/table, Region/ledger/table, or an identity.
func (r *Resource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	importID.Import(ctx, r.API, req, resp)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("drop_with_documents"), false)...)
	}
}
