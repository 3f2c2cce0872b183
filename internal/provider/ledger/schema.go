package ledger

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

func dataSourceSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Status, key and protection of a ledger, whoever owns it.\n\n" +
			"Reading warns when the ledger cannot use its KMS key, or soon will not be able to. Needs " +
			"`qldb:DescribeLedger`; `tags` and `key` stay null for a caller who may not read them.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{validate.LedgerName()},
				MarkdownDescription: "Name of the ledger. Case matters.",
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true,
				Validators:          []validator.String{validate.Region()},
				MarkdownDescription: "AWS Region of the ledger. Default: the provider's.",
			},
			"arn": schema.StringAttribute{
				Computed: true, MarkdownDescription: "ARN of the ledger.",
			},
			"state": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "State of the ledger: `CREATING`, `ACTIVE` or `DELETING`.",
			},
			"creation_time": schema.StringAttribute{
				Computed: true, MarkdownDescription: "When the ledger was created, in RFC 3339, UTC.",
			},
			"permissions_mode": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "`STANDARD`, or `ALLOW_ALL`, which ignores IAM policies for tables and commands.",
			},
			"deletion_protection": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether the service refuses to delete the ledger.",
			},
			"kms_key_arn": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "ARN of the KMS key that protects the ledger, or `AWS_OWNED_KMS_KEY`. During a key change " +
					"it is already the new one.",
			},
			"encryption_status": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "`ENABLED`; `UPDATING` during a key change, when both keys must stay usable; or " +
					"`KMS_KEY_INACCESSIBLE`, when nothing can be read or written.",
			},
			"inaccessible_kms_key_time": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Since when the key is inaccessible, in RFC 3339, UTC. Null while " +
					"`encryption_status` is another.",
			},
			"tags": schema.MapAttribute{
				ElementType: types.StringType, Computed: true,
				MarkdownDescription: "Tags of the ledger, without those of AWS and of the provider's `ignore_tags`. Null when " +
					"`qldb:ListTagsForResource` is refused.",
			},
			"key": keyAttribute(),
		},
	}
}

func keyAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Computed: true,
		MarkdownDescription: "What KMS says of the key. Null for the AWS owned key, and when `kms:DescribeKey` is refused, " +
			"as it usually is for the key of another account.",
		Attributes: map[string]schema.Attribute{
			"key_id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Id of the key.",
			},
			"account_id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "AWS account that owns the key.",
			},
			"state": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "State of the key. Only `Enabled` lets the ledger work; `Disabled` and `PendingDeletion` " +
					"can be taken back.",
			},
			"deletion_date": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "When KMS will delete the key, in RFC 3339, UTC, and all data under it becomes " +
					"unreadable for good. Null when no deletion is scheduled.",
			},
			"aliases": schema.SetAttribute{
				ElementType: types.StringType, Computed: true,
				MarkdownDescription: "Aliases that point to the key in the caller's account. Null when `kms:ListAliases` is " +
					"refused.",
			},
		},
	}
}
