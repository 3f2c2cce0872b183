package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// maxRetries bounds max_retries: with the SDK's longest wait between two attempts it is half an hour.
const maxRetries = 100

func blockSchema() schema.Schema {
	attributes := map[string]schema.Attribute{}
	for _, group := range []map[string]schema.Attribute{
		placeAttributes(), credentialAttributes(), safetyAttributes(), callAttributes(),
	} {
		for name, a := range group {
			attributes[name] = a
		}
	}
	return schema.Schema{
		MarkdownDescription: "Keeps a QLDB ledger and the KMS key that protects it as one thing.\n\n" +
			"Every argument is optional: what is not set comes from the environment and the shared files, as for the " +
			"AWS CLI. Nothing is asked of AWS before the first object needs it.\n\n" +
			"Amazon ended QLDB on 2025-07-31. Ledgers live in a harness, `qldbkms-harness`, which is released with the " +
			"provider and built by `make build` in its repository: start Terraform through it " +
			"(`qldbkms-harness run -- terraform apply`) or set `endpoints` or `AWS_ENDPOINT_URL`.",
		Attributes: attributes,
	}
}

func placeAttributes() map[string]schema.Attribute {
	endpoint := func(service, variable string) schema.Attribute {
		return schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{validate.URL()},
			MarkdownDescription: "Base URL of " + service + ". Default: `" + variable + "`, then `AWS_ENDPOINT_URL`, " +
				"then the profile, then Amazon's own.",
		}
	}
	return map[string]schema.Attribute{
		"region": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{validate.Region()},
			MarkdownDescription: "AWS Region of every object that names none, for example `eu-west-2`. Default: `AWS_REGION`, " +
				"then `AWS_DEFAULT_REGION`, then the profile's.",
		},
		"endpoints": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Where the services are, when they are not Amazon's. To point all of them at one harness, " +
				"the environment variable `AWS_ENDPOINT_URL` is enough.",
			Attributes: map[string]schema.Attribute{
				"kms":          endpoint("KMS", "AWS_ENDPOINT_URL_KMS"),
				"qldb":         endpoint("QLDB, which keeps the ledgers", "AWS_ENDPOINT_URL_QLDB"),
				"qldb_session": endpoint("QLDB Session, which runs statements", "AWS_ENDPOINT_URL_QLDB_SESSION"),
				"sts":          endpoint("STS", "AWS_ENDPOINT_URL_STS"),
				"iam":          endpoint("IAM", "AWS_ENDPOINT_URL_IAM"),
				"cloudtrail":   endpoint("CloudTrail, which records calls", "AWS_ENDPOINT_URL_CLOUDTRAIL"),
			},
		},
		"use_fips_endpoint": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to use the FIPS endpoints of Amazon's services. Default: " +
				"`AWS_USE_FIPS_ENDPOINT`, then `false`. No effect on a service whose endpoint is set.",
		},
	}
}

func credentialAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"access_key": schema.StringAttribute{
			Optional: true,
			Validators: []validator.String{
				stringvalidator.LengthAtLeast(1), stringvalidator.AlsoRequires(path.MatchRoot("secret_key")),
			},
			MarkdownDescription: "Access key id. Needs `secret_key` and wins over `profile`. Default: `AWS_ACCESS_KEY_ID`, " +
				"then the shared files.",
		},
		"secret_key": schema.StringAttribute{
			Optional: true, Sensitive: true,
			Validators: []validator.String{
				stringvalidator.LengthAtLeast(1), stringvalidator.AlsoRequires(path.MatchRoot("access_key")),
			},
			MarkdownDescription: "Secret access key that belongs to `access_key`. Default: `AWS_SECRET_ACCESS_KEY`, then the " +
				"shared files.",
		},
		"token": schema.StringAttribute{
			Optional: true, Sensitive: true,
			Validators: []validator.String{
				stringvalidator.LengthAtLeast(1), stringvalidator.AlsoRequires(path.MatchRoot("access_key")),
			},
			MarkdownDescription: "Session token of temporary credentials. Needs `access_key`. Default: `AWS_SESSION_TOKEN`.",
		},
		"profile": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "Profile of the shared files to take credentials and Region from. Default: `AWS_PROFILE`, " +
				"then `default`.",
		},
		"shared_config_files": schema.ListAttribute{
			ElementType: types.StringType, Optional: true,
			Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
			MarkdownDescription: "Paths of the shared configuration files. Default: `AWS_CONFIG_FILE`, then " +
				"`~/.aws/config`.",
		},
		"shared_credentials_files": schema.ListAttribute{
			ElementType: types.StringType, Optional: true,
			Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
			MarkdownDescription: "Paths of the shared credentials files. Default: `AWS_SHARED_CREDENTIALS_FILE`, then " +
				"`~/.aws/credentials`.",
		},
		"assume_role": schema.ListNestedAttribute{
			Optional:   true,
			Validators: []validator.List{listvalidator.SizeAtLeast(1)},
			MarkdownDescription: "Roles to assume, one after the other: each with the credentials of the one before. Default: " +
				"none.",
			NestedObject: schema.NestedAttributeObject{Attributes: assumeRoleAttributes()},
		},
		"skip_credentials_validation": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Accepted so that a block written for the AWS provider can be used as it is. No effect: " +
				"credentials are never validated ahead of the first call.",
		},
	}
}

func assumeRoleAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"role_arn": schema.StringAttribute{
			Required:            true,
			Validators:          []validator.String{validate.RoleARN()},
			MarkdownDescription: "ARN of the role.",
		},
		"session_name": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{validate.SessionName()},
			MarkdownDescription: "Name of the session, as CloudTrail shows it. Default: made up by the SDK.",
		},
		"external_id": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthBetween(2, 1224)},
			MarkdownDescription: "External id that the role's trust policy asks for, 2 to 1224 characters. Default: none.",
		},
		"duration": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{validate.Duration(15*time.Minute, 12*time.Hour)},
			MarkdownDescription: "How long the session's credentials live before they are renewed, from `15m` to `12h`. " +
				"Default: `15m`.",
		},
		"policy": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{validate.JSONObject()},
			MarkdownDescription: "Session policy in JSON, which narrows what the role allows. Default: none.",
		},
		"policy_arns": schema.SetAttribute{
			ElementType: types.StringType, Optional: true,
			Validators: []validator.Set{
				setvalidator.SizeBetween(1, 10), setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(20)),
				setvalidator.NoNullValues(),
			},
			MarkdownDescription: "ARNs of up to 10 managed policies, which narrow what the role allows. Default: none.",
		},
		"source_identity": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{validate.SessionName()},
			MarkdownDescription: "Source identity of the session, 2 to 64 characters. Default: none.",
		},
		"tags": schema.MapAttribute{
			ElementType: types.StringType, Optional: true,
			Validators: []validator.Map{
				mapvalidator.KeysAre(validate.TagKey()), mapvalidator.ValueStringsAre(stringvalidator.LengthAtMost(256)),
				mapvalidator.NoNullValues(),
			},
			MarkdownDescription: "Session tags. Default: none.",
		},
		"transitive_tag_keys": schema.SetAttribute{
			ElementType: types.StringType, Optional: true,
			Validators: []validator.Set{
				setvalidator.ValueStringsAre(validate.TagKey()), setvalidator.NoNullValues(),
			},
			MarkdownDescription: "Keys of `tags` that the next role's session inherits. Default: none.",
		},
	}
}

func safetyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"allowed_account_ids": schema.SetAttribute{
			ElementType: types.StringType, Optional: true,
			Validators: []validator.Set{
				setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(validate.AccountID()),
				setvalidator.NoNullValues(),
			},
			MarkdownDescription: "AWS accounts the provider may work in. Default: any. STS is asked once, before the first " +
				"call to KMS or QLDB; when the credentials belong to another account, or STS will not say, no call is made.",
		},
		"skip_requesting_account_id": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether never to ask STS whose the credentials are. Default: `false`. Checks that need the " +
				"caller then answer \"unknown\". Excludes `allowed_account_ids`.",
		},
		"default_tags": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Tags of every object that can have tags. Default: none.",
			Attributes: map[string]schema.Attribute{
				"tags": schema.MapAttribute{
					ElementType: types.StringType, Optional: true,
					Validators: []validator.Map{
						mapvalidator.KeysAre(validate.TagKey()),
						mapvalidator.ValueStringsAre(stringvalidator.LengthAtMost(256)),
						mapvalidator.NoNullValues(),
					},
					MarkdownDescription: "Key and value of each tag. An object's own tag with the same key wins.",
				},
			},
		},
		"ignore_tags": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Tags that others put on the objects and that Terraform neither shows nor removes. Default: " +
				"none.",
			Attributes: map[string]schema.Attribute{
				"keys": schema.SetAttribute{
					ElementType: types.StringType, Optional: true,
					Validators:          []validator.Set{setvalidator.NoNullValues()},
					MarkdownDescription: "Whole keys of tags to ignore.",
				},
				"key_prefixes": schema.SetAttribute{
					ElementType: types.StringType, Optional: true,
					Validators: []validator.Set{
						setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1)), setvalidator.NoNullValues(),
					},
					MarkdownDescription: "Beginnings of keys of tags to ignore.",
				},
			},
		},
	}
}

func callAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"max_retries": schema.Int64Attribute{
			Optional:   true,
			CustomType: validate.Whole("a whole number from 0 to 100"),
			Validators: []validator.Int64{int64validator.Between(0, maxRetries)},
			MarkdownDescription: "How often a call that was throttled or met a server error is repeated, 0 to 100. Default: " +
				"`AWS_MAX_ATTEMPTS` less one, then 10. A server that cannot be reached is tried three times at most.",
		},
		"retry_mode": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{stringvalidator.OneOf("standard", "adaptive")},
			MarkdownDescription: "How retries are spaced: `standard`, or `adaptive`, which also slows down first attempts " +
				"after throttling. Default: `AWS_RETRY_MODE`, then `standard`.",
		},
	}
}
