// Package record is the resource qldbkms_record.
//
// A record is one document of a table. Create inserts it, or takes over one with the same key fields. Update and Delete
// change it only if its current revision is the one in the state: what somebody else wrote since the plan is never
// overwritten. Every apply shows what the ledger made of it: the revision's version, transaction, hash and block.
//
// What the state means:
//
//   - version is null: the record was just imported; Read fills in the rest.
//   - document or document_ion hold what the ledger holds, in the words of the configuration where both mean the same.
//     With compare = "subset" they hold only the fields that the configuration named.
//   - document_wo is never there. A document_wo_version that is null, although a version is known, says that the
//     document is no longer the one that was written: the next apply writes it again.
//   - revision_hash is null: the document was written, but could not be read back.
package record

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

var (
	_ resource.Resource                     = (*Resource)(nil)
	_ resource.ResourceWithConfigure        = (*Resource)(nil)
	_ resource.ResourceWithIdentity         = (*Resource)(nil)
	_ resource.ResourceWithImportState      = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan       = (*Resource)(nil)
	_ resource.ResourceWithValidateConfig   = (*Resource)(nil)
	_ resource.ResourceWithConfigValidators = (*Resource)(nil)
)

// Resource implements qldbkms_record.
type Resource struct {
	configured.Resource
	opts statement.Options
}

// New makes the resource.
func New(opts statement.Options) resource.Resource {
	return &Resource{configured.NewResource("record"), opts}
}

type model struct {
	Ledger            types.String   `tfsdk:"ledger"`
	Table             types.String   `tfsdk:"table"`
	Region            types.String   `tfsdk:"region"`
	Document          types.String   `tfsdk:"document"`
	DocumentIon       types.String   `tfsdk:"document_ion"`
	DocumentWO        types.String   `tfsdk:"document_wo"`
	DocumentWOVersion types.Int64    `tfsdk:"document_wo_version"`
	KeyFields         types.List     `tfsdk:"key_fields"`
	IfExists          types.String   `tfsdk:"if_exists"`
	Compare           types.String   `tfsdk:"compare"`
	OnDestroy         types.String   `tfsdk:"on_destroy"`
	Verify            types.Bool     `tfsdk:"verify"`
	DocumentID        types.String   `tfsdk:"document_id"`
	Version           types.Int64    `tfsdk:"version"`
	TxnID             types.String   `tfsdk:"txn_id"`
	TxnTime           types.String   `tfsdk:"txn_time"`
	RevisionHash      types.String   `tfsdk:"revision_hash"`
	BlockAddress      types.Object   `tfsdk:"block_address"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
}

var addressTypes = map[string]attr.Type{"strand_id": types.StringType, "sequence_no": types.Int64Type}

func (m model) subset() bool { return m.Compare.ValueString() == subset }

// keys are the key fields; known is false while one is unknown.
func (m model) keys() (names []string, known bool) {
	known = !m.KeyFields.IsUnknown()
	for _, v := range m.KeyFields.Elements() {
		s, ok := v.(types.String)
		known = known && ok && !s.IsUnknown()
		names = append(names, s.ValueString())
	}
	return names, known
}

type identity struct {
	Ledger     types.String `tfsdk:"ledger"`
	Table      types.String `tfsdk:"table"`
	DocumentID types.String `tfsdk:"document_id"`
	Region     types.String `tfsdk:"region"`
}

// identify must come first where the id is known: a state written by a Terraform without identities has none.
func (m model) identify(ctx context.Context, to *tfsdk.ResourceIdentity) {
	if to != nil {
		to.Set(ctx, identity{Ledger: m.Ledger, Table: m.Table, DocumentID: m.DocumentID, Region: m.Region})
	}
}

func (r *Resource) open(m model) (*statement.Ledger, error) {
	return statement.Open(r.API, m.Region.ValueString(), m.Ledger.ValueString(), r.opts)
}

// title names the document in the summary of a diagnostic; where says in which table it is.
func (m model) title() string {
	if id := m.DocumentID.ValueString(); id != "" {
		return "Document " + id
	}
	name := m.Table.ValueString()
	if len(name) > 24 {
		name = name[:23] + "…"
	}
	return fmt.Sprintf("A document of table %q", name)
}

func (m model) where() string {
	return fmt.Sprintf("table %q of ledger %q", m.Table.ValueString(), m.Ledger.ValueString())
}

// problem starts a diagnostic on what was not done to the document.
func (m model) problem(failed string, err error) diagnose.Problem {
	p := diagnose.Problem{Summary: m.title() + " " + failed, Cause: statement.Words(err, m.Region.ValueString())}
	if errors.Is(err, errMerged) {
		p.Cause = "Together with the fields that the configuration does not name the document is larger than 128 KB in " +
			"binary Ion, which is the most the service takes."
	}
	if statement.IsGone(err) {
		p.At = path.Root("table")
		p.Next = "Create ledger and table first; let ledger and table of the record refer to those of the other resources, " +
			"so that Terraform keeps the order."
	}
	if statement.IsNotReady(err) {
		p.At = path.Root("ledger")
	}
	return p
}
