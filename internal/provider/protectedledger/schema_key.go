package protectedledger

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

func keyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"adopt": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "An existing key, as key id, key ARN or alias, to take over instead of creating one. Its " +
				"policy, description, rotation and tags become what this resource says. Another key needs a higher " +
				"`generation` too.",
			Validators: []validator.String{validate.OwnKey()},
		},
		"generation": schema.Int64Attribute{
			Optional: true, Computed: true,
			CustomType: validate.Whole("a whole number, raised by one for a new key"),
			Default:    int64default.StaticInt64(defaultGeneration),
			MarkdownDescription: "Number of the key. Default `1`. Raise it by one to move the ledger to a new key with " +
				"fresh key material; set it back to a generation in `retained_keys` to return to that key.",
			Validators: []validator.Int64{int64validator.AtLeast(1)},
		},
		"alias": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Alias of the key. Default `alias/qldb-<name>`. During a change of key it moves last.",
			Validators: []validator.String{
				stringvalidator.RegexMatches(aliasForm, "must be alias/ followed by letters, digits, /, _ or -, at most 256 in "+
					"all"),
			},
		},
		"description": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Description of the key. Default names the ledger. At most 8192 characters. Changes in place.",
			Validators:          []validator.String{stringvalidator.LengthAtMost(8192)},
		},
		"enable_key_rotation": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(defaultRotation),
			MarkdownDescription: "Automatic rotation of the key material inside KMS; the key stays the same. Default " +
				"`true`. Only keys with material made by KMS can rotate.",
		},
		"rotation_period_in_days": schema.Int64Attribute{
			Optional: true, Computed: true,
			CustomType:          validate.Whole("a whole number of days from 90 to 2560"),
			Default:             int64default.StaticInt64(defaultPeriod),
			MarkdownDescription: "Days between two rotations, 90 to 2560. Default `365`. Needs `enable_key_rotation`.",
			Validators:          []validator.Int64{int64validator.Between(90, 2560)},
		},
		"policy": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "The whole key policy as JSON, at most 32768 bytes. Default: the account decides through " +
				"IAM. Excludes `access`. A document that means the same is no change.",
		},
		"access": accessAttribute(),
		"old_key": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(defaultOldKey),
			MarkdownDescription: "What happens to the former key after a change of key has ended: `retain`, `disable` or " +
				"`schedule_deletion`. Default `retain`. The former key stays in `retained_keys` until it is gone. A key that " +
				"another ledger uses is only retained (KP-606).",
			Validators: []validator.String{stringvalidator.OneOf(retain, disable, scheduleDeletion)},
		},
		"on_destroy": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(defaultOnDestroy),
			MarkdownDescription: "What happens to this key and to `retained_keys` after the ledger is gone: " +
				"`schedule_deletion` or `retain`. Default `schedule_deletion`. Journal exports encrypted with a deleted key " +
				"cannot be read any more.",
			Validators: []validator.String{stringvalidator.OneOf(retain, scheduleDeletion)},
		},
		"deletion_window_in_days": schema.Int64Attribute{
			Optional: true, Computed: true,
			CustomType: validate.Whole("a whole number of days from 7 to 30"),
			Default:    int64default.StaticInt64(defaultWindow),
			MarkdownDescription: "Days between scheduling a key's deletion and its deletion, 7 to 30. Default `30`. Applies " +
				"to deletions scheduled from then on.",
			Validators: []validator.Int64{int64validator.Between(7, 30)},
		},
		"enabled": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(defaultEnabled),
			MarkdownDescription: "Whether the key is enabled. Default `true`. A key found disabled is enabled again. " +
				"`false` stops the ledger from serving reads and writes, so it is refused (KP-607) unless " +
				"`policy_checks.accept` names that rule; then the key of a ledger that exists is disabled as the last step of " +
				"an apply.",
		},
		"arn":    computedString("ARN of the key."),
		"key_id": computedString("Id of the key."),
		"state": computedString("State of the key as KMS reports it, such as `Enabled`; `Deleted` when KMS no " +
			"longer knows it."),
		"policy_document": computedString("The key policy in force: `policy`, the one that `access` makes, or the default " +
			"policy when neither is set."),
	}
}
