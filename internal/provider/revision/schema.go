package revision

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

type model struct {
	Ledger       types.String `tfsdk:"ledger"`
	DocumentID   types.String `tfsdk:"document_id"`
	BlockAddress types.String `tfsdk:"block_address"`
	Region       types.String `tfsdk:"region"`
	Digest       types.String `tfsdk:"digest"`
	TipAddress   types.String `tfsdk:"tip_address"`
	Revision     types.String `tfsdk:"revision"`
	Data         types.String `tfsdk:"data"`
	RevisionHash types.String `tfsdk:"revision_hash"`
	Version      types.Int64  `tfsdk:"version"`
	TxnID        types.String `tfsdk:"txn_id"`
	TxnTime      types.String `tfsdk:"txn_time"`
	Proof        types.String `tfsdk:"proof"`
	Verified     types.Bool   `tfsdk:"verified"`
}

func dataSourceSchema() schema.Schema {
	attributes := arguments()
	for name, attribute := range results() {
		attributes[name] = attribute
	}
	return schema.Schema{
		MarkdownDescription: "A revision of a document, proven: read from the ledger with its proof, then checked here " +
			"against a digest, with hashes only.\n\nA revision that the digest does not cover is an error, which names the " +
			"step that failed. So everything shown is what was committed. Needs `qldb:GetRevision`, and `qldb:GetDigest` " +
			"unless a digest is given.",
		Attributes: attributes,
	}
}

func arguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"ledger": schema.StringAttribute{
			Required:   true,
			Validators: []validator.String{validate.LedgerName()},
			MarkdownDescription: "Name of the ledger. Case matters. One that is still being created, or cannot use its key, " +
				"is waited for, up to 5 minutes.",
		},
		"document_id": schema.StringAttribute{
			Required:            true,
			Validators:          []validator.String{documentID},
			MarkdownDescription: "Id of the document: `metadata.id` in the committed view and in the history.",
		},
		"block_address": schema.StringAttribute{
			Required:   true,
			Validators: []validator.String{blockAddress},
			MarkdownDescription: "Address of the block that holds the revision, in Ion text: `blockAddress` in the committed " +
				"view and in the history.",
		},
		"region": schema.StringAttribute{
			Optional: true, Computed: true,
			Validators:          []validator.String{validate.Region()},
			MarkdownDescription: "AWS Region of the ledger. Default: the provider's.",
		},
		"digest": schema.StringAttribute{
			Optional: true, Computed: true,
			Validators: []validator.String{digestText},
			MarkdownDescription: "Digest to check against, in base64, with its `tip_address`. Default: the ledger's present " +
				"one, which shows that the ledger agrees with itself. Only a digest that was kept elsewhere shows that nothing " +
				"was changed since it was taken.",
		},
		"tip_address": schema.StringAttribute{
			Optional: true, Computed: true,
			Validators:          []validator.String{blockAddress},
			MarkdownDescription: "Address of the block that `digest` ends at, in Ion text. Set both or neither.",
		},
	}
}

func results() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"revision": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The whole revision in Ion text: address, hash, data and metadata, for `verify_proof`.",
		},
		"data": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "The document as JSON; `ion_to_json` says what becomes of Ion's own types. Null for a " +
				"revision that was redacted or that deletes its document.",
		},
		"revision_hash": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Hash of data and metadata, in base64.",
		},
		"version": schema.Int64Attribute{
			Computed: true, MarkdownDescription: "Version of the document, counted from 0.",
		},
		"txn_id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Id of the transaction that committed the revision.",
		},
		"txn_time": schema.StringAttribute{
			Computed: true, MarkdownDescription: "When the transaction committed, in RFC 3339.",
		},
		"proof": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The proof that leads from the revision to `digest`: a list of hashes in Ion text.",
		},
		"verified": schema.BoolAttribute{
			Computed: true, MarkdownDescription: "True: a revision that does not check is an error.",
		},
	}
}

// form is a validator of a text that a parser accepts.
type form struct {
	allowed string // as the end of a sentence: "must be ..."
	check   func(string) error
}

var (
	blockAddress = form{
		`a block address in Ion text, for example {strandId: "KmA3ZZca7vAIiJAK9S5Iwl", sequenceNo: 100}`,
		func(s string) error { _, err := verify.ParseAddress([]byte(s)); return err },
	}
	digestText = form{
		"32 bytes in base64",
		func(s string) error { _, err := verify.ParseDigest(s); return err },
	}
	documentID = form{"22 letters and digits", func(s string) error {
		for _, r := range s {
			if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
				return fmt.Errorf("has %q", r)
			}
		}
		if len(s) != 22 {
			return fmt.Errorf("has %d characters", len(s))
		}
		return nil
	}}
)

var _ validator.String = form{}

func (f form) Description(context.Context) string         { return "must be " + f.allowed }
func (f form) MarkdownDescription(context.Context) string { return "must be " + f.allowed }

func (f form) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := f.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(),
			fmt.Sprintf("%s must be %s. This one %s.", req.Path, f.allowed, reason(err)))
	}
}

// reason is what is wrong with a text, without what it is.
func reason(err error) string {
	if wrong, ok := errors.AsType[*verify.FormatError](err); ok {
		return wrong.Reason
	}
	return err.Error()
}
