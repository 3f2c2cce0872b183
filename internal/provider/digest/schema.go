package digest

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

type model struct {
	Ledger     types.String `tfsdk:"ledger"`
	Region     types.String `tfsdk:"region"`
	Digest     types.String `tfsdk:"digest"`
	TipAddress types.String `tfsdk:"tip_address"`
	StrandID   types.String `tfsdk:"strand_id"`
	SequenceNo types.Int64  `tfsdk:"sequence_no"`
}

func dataSourceSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "The digest of a ledger: one hash that stands for its journal up to the newest block.\n\n" +
			"Whoever keeps `digest` and `tip_address` outside of the ledger can later have any older revision proven " +
			"against them, with `qldbkms_revision` or `verify_proof`. Every refresh reads the digest of that moment: to " +
			"keep one, store it elsewhere. Needs `qldb:GetDigest`.",
		Attributes: map[string]schema.Attribute{
			"ledger": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{validate.LedgerName()},
				MarkdownDescription: "Name of the ledger. Case matters. One that is still being created, or cannot use its key, " +
					"is waited for, up to 5 minutes.",
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true,
				Validators:          []validator.String{validate.Region()},
				MarkdownDescription: "AWS Region of the ledger. Default: the provider's.",
			},
			"digest": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The digest: a SHA-256 hash in base64.",
			},
			"tip_address": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Address of the newest block that the digest covers, in Ion text. A digest without it " +
					"proves nothing: keep both.",
			},
			"strand_id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The strand of `tip_address`.",
			},
			"sequence_no": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "The number of the block of `tip_address`, counted from 0.",
			},
		},
	}
}
