package protectedledger

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// The defaults of the schema. plan applies them too, because it starts from the configuration as written.
const (
	defaultMode       = "STANDARD"
	defaultProtection = true
	defaultWait       = true
	defaultGeneration = int64(1)
	defaultRotation   = true
	defaultPeriod     = int64(365)
	defaultOldKey     = retain
	defaultOnDestroy  = scheduleDeletion
	defaultWindow     = int64(30)
	defaultEnabled    = true
)

// What can be done with a key that is not needed any more.
const (
	retain           = "retain"
	disable          = "disable"
	scheduleDeletion = "schedule_deletion"
)

// awsOwned is how the service names the key it owns itself.
const awsOwned = "AWS_OWNED_KMS_KEY"

// Schema describes every argument and attribute.
func (r *Resource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A QLDB ledger together with the KMS key that protects it: key, key policy, alias, rotation " +
			"and ledger are planned, created, moved and destroyed as one thing.\n\nChanging `name` or `region` destroys the " +
			"ledger with its history and is refused while `deletion_protection` is on. Everything else changes in place; " +
			"another key means a key change that the service carries out in the background without interrupting reads or " +
			"writes.",
		Attributes: ledgerAttributes(),
		Blocks: map[string]schema.Block{
			"timeouts": validate.Timeouts(ctx, timeouts.Opts{
				Create: true, Update: true, Delete: true,
				CreateDescription: "How long to wait for the ledger to become ACTIVE, as a duration such as `45m`. Default `30m`.",
				UpdateDescription: "How long to wait for a change of key to end, as a duration such as `90m`. Default `60m`.",
				DeleteDescription: "How long to wait for the ledger to be gone, as a duration such as `45m`. Default `30m`. " +
					"Read from the state, so a new value must be applied before the destroy.",
			}),
		},
	}
}

// IdentitySchema describes what names a ledger for import and lists.
func (r *Resource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{
			RequiredForImport: true, Description: "Name of the ledger.",
		},
		"region": identityschema.StringAttribute{
			OptionalForImport: true, Description: "Region of the ledger. Default: the provider's Region.",
		},
	}}
}

func ledgerAttributes() map[string]schema.Attribute {
	a := map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name of the ledger. 1 to 32 letters, digits and hyphens, not only digits, no hyphen at " +
				"either end, no two hyphens in a row. A ledger cannot be renamed: a change destroys it.",
			Validators:    []validator.String{validate.LedgerName()},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"region": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Region of ledger and key. Default: the provider's Region. A change destroys the ledger.",
			Validators:          []validator.String{validate.Region()},
		},
		"permissions_mode": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(defaultMode),
			MarkdownDescription: "Who may run statements: `STANDARD` checks IAM for each table and command, `ALLOW_ALL` " +
				"lets everyone who may connect do everything. Default `STANDARD`. Changes in place, effective at once.",
			Validators: []validator.String{stringvalidator.OneOf("STANDARD", "ALLOW_ALL")},
		},
		"deletion_protection": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(defaultProtection),
			MarkdownDescription: "Refuses every deletion of the ledger. Default `true`. To destroy the ledger, apply " +
				"`false` first; the provider never switches it off by itself.",
		},
		"kms_key": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "An existing key to protect the ledger with: key id, key ARN, alias name, alias ARN or " +
				"`AWS_OWNED_KMS_KEY`. Excludes `key`; with neither the ledger uses the AWS owned key. Another key, or an alias " +
				"that points to another key, moves the ledger to that key in place; removing it moves the ledger to the AWS " +
				"owned key. An alias that moves between plan and apply is noticed: plan again then.",
			Validators: []validator.String{validate.KMSKey()},
		},
		"key": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "A key of the ledger's own, made and managed by this resource. Excludes `kms_key`. Adding " +
				"or removing it moves the ledger to or from that key in place. Terraform drops a misspelt argument inside it " +
				"without an error: look in the plan for what you wrote.",
			Attributes: keyAttributes(),
		},
		"policy_checks": checksAttribute(),
		"wait_for_key_change": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(defaultWait),
			MarkdownDescription: "Whether an apply waits until a change of key has ended. Default `true`. With `false` it " +
				"returns once the service accepted the change; alias and old key follow in the first apply after it ended.",
		},
		"tags": schema.MapAttribute{
			ElementType: types.StringType, Optional: true,
			MarkdownDescription: "Tags of the ledger and of its own key. At most 48 together with `default_tags`. Changes " +
				"in place.",
			Validators: []validator.Map{
				mapvalidator.SizeAtMost(maxTags), mapvalidator.NoNullValues(), mapvalidator.KeysAre(validate.TagKey()),
				mapvalidator.ValueStringsAre(stringvalidator.LengthAtMost(256)),
			},
		},
	}
	for name, attribute := range computedAttributes() {
		a[name] = attribute
	}
	return a
}

func computedAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"tags_all": schema.MapAttribute{
			ElementType: types.StringType, Computed: true,
			MarkdownDescription: "`tags` merged over the provider's `default_tags`.",
		},
		"arn": computedString("ARN of the ledger."),
		"state": computedString("State of the ledger: `CREATING`, `ACTIVE`, `DELETING`, or `DELETED` when it is " +
			"gone while its key exists."),
		"creation_time": computedString("When the ledger was created, in RFC 3339."),
		"kms_key_arn":   computedString("ARN of the key the ledger reports, or `AWS_OWNED_KMS_KEY`."),
		"encryption_status": computedString("`ENABLED`, `UPDATING` while a change of key runs, or `KMS_KEY_INACCESSIBLE` " +
			"when the service cannot use the key and refuses reads and writes."),
		"inaccessible_kms_key_time": computedString("Since when the key is inaccessible, in RFC 3339."),
		"policy_findings":           findingsAttribute(),
		"key_change": schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "The last or the planned change of key.",
			Attributes: map[string]schema.Attribute{
				"from":   computedString("Former key."),
				"to":     computedString("New key."),
				"reason": computedString("Why the ledger moves."),
				"old_key_action": computedString("What happens to the former key: `retain`, `disable`, `schedule_deletion`, or " +
					"`none` when it is not managed here."),
				"alias_from": computedString("The alias before the change."),
				"alias_to":   computedString("The alias after the change."),
				"status":     computedString("`PREPARED`, `UPDATING`, `ENABLED` or `KMS_KEY_INACCESSIBLE`."),
				"checked": schema.ListAttribute{
					Computed: true, ElementType: types.StringType,
					MarkdownDescription: "Whether each reader and writer that is known can read, by key policy: before, during and " +
						"after the change.",
				},
				"not_checked": schema.ListAttribute{
					Computed: true, ElementType: types.StringType,
					MarkdownDescription: "Whom the comparison of the two keys says nothing about, and why.",
				},
				"requested_at": computedString("When the service accepted the change, in RFC 3339."),
				"finished_at":  computedString("When alias and former key had followed, in RFC 3339; null before."),
			},
		},
		"retained_keys": schema.ListNestedAttribute{
			Computed:            true,
			MarkdownDescription: "Keys of other generations that this resource still looks after, lowest generation first.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"arn":        computedString("ARN of the key."),
				"generation": schema.Int64Attribute{Computed: true, MarkdownDescription: "Generation of the key."},
				"state":      computedString("State of the key as KMS reports it."),
				"alias":      computedString("An alias that still points to the key and will be removed."),
				"on_destroy": computedString("What happens to the key on destroy."),
				"deletion_window_in_days": schema.Int64Attribute{Computed: true, MarkdownDescription: "Waiting period of its " +
					"deletion."},
			}},
		},
	}
}

var aliasForm = regexp.MustCompile(`^alias/[A-Za-z0-9/_-]{1,250}$`)

func computedString(text string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: text}
}

func defaultAlias(ledger string) string       { return "alias/qldb-" + ledger }
func defaultDescription(ledger string) string { return fmt.Sprintf("Protects QLDB ledger %s", ledger) }
