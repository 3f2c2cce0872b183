package ledgers

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

func dataSourceSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "The ledgers of a Region, or those that use one KMS key: the question to ask before disabling " +
			"a key.\n\nAn answer is whole or an error: a ledger that cannot be described is never left out. Needs " +
			"`qldb:ListLedgers` and `qldb:DescribeLedger` on every ledger of the Region, and `kms:DescribeKey` for " +
			"`kms_key`.",
		Attributes: map[string]schema.Attribute{
			"kms_key": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{validate.KMSKey()},
				MarkdownDescription: "Only the ledgers protected by this key: a key id, a key ARN, an alias name " +
					"(`alias/...`), an alias ARN, or `AWS_OWNED_KMS_KEY`. An alias stands for the key it points to now. " +
					"Default: every ledger.",
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true,
				Validators:          []validator.String{validate.Region()},
				MarkdownDescription: "AWS Region of the ledgers. Default: the provider's.",
			},
			"kms_key_arn": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "ARN of the key that `kms_key` stands for, or `AWS_OWNED_KMS_KEY`. Null without " +
					"`kms_key`.",
			},
			"ledgers": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The ledgers, ordered by name. Empty when there are none.",
				NestedObject:        schema.NestedAttributeObject{Attributes: ledgerAttributes()},
			},
		},
	}
}

func ledgerAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Name of the ledger.",
		},
		"arn": schema.StringAttribute{
			Computed: true, MarkdownDescription: "ARN of the ledger.",
		},
		"state": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "State of the ledger: `CREATING`, `ACTIVE` or `DELETING`.",
		},
		"kms_key_arn": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "ARN of the KMS key that protects the ledger, or `AWS_OWNED_KMS_KEY`. During a key change it " +
				"is already the new one.",
		},
		"encryption_status": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "`ENABLED`, `UPDATING` during a key change, or `KMS_KEY_INACCESSIBLE`.",
		},
	}
}
