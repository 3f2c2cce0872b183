package keyevents

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

type model struct {
	KMSKey     types.String `tfsdk:"kms_key"`
	EventNames types.Set    `tfsdk:"event_names"`
	OnlyDenied types.Bool   `tfsdk:"only_denied"`
	StartTime  types.String `tfsdk:"start_time"`
	EndTime    types.String `tfsdk:"end_time"`
	Limit      types.Int64  `tfsdk:"limit"`
	Region     types.String `tfsdk:"region"`
	KMSKeyARN  types.String `tfsdk:"kms_key_arn"`
	Truncated  types.Bool   `tfsdk:"truncated"`
	Events     []eventModel `tfsdk:"events"`
}

type eventModel struct {
	EventID           types.String `tfsdk:"event_id"`
	Time              types.String `tfsdk:"time"`
	Name              types.String `tfsdk:"name"`
	ReadOnly          types.Bool   `tfsdk:"read_only"`
	Principal         types.String `tfsdk:"principal"`
	PrincipalType     types.String `tfsdk:"principal_type"`
	InvokedBy         types.String `tfsdk:"invoked_by"`
	SourceIP          types.String `tfsdk:"source_ip"`
	ErrorCode         types.String `tfsdk:"error_code"`
	ErrorMessage      types.String `tfsdk:"error_message"`
	EncryptionContext types.Map    `tfsdk:"encryption_context"`
	RequestID         types.String `tfsdk:"request_id"`
	JSON              types.String `tfsdk:"json"`
}

func dataSourceSchema() schema.Schema {
	attributes := arguments()
	for name, attribute := range results() {
		attributes[name] = attribute
	}
	return schema.Schema{
		MarkdownDescription: "Who used a KMS key, and who was refused: the events of the key that CloudTrail has recorded " +
			"in the last 90 days, newest first.\n\nThey are those of the account of the credentials. CloudTrail shows an " +
			"event up to 15 minutes after it happened, and answers 2 requests of 50 events per second: a busy key needs " +
			"`start_time`. Needs `cloudtrail:LookupEvents`, and `kms:DescribeKey` unless `kms_key` is a key ARN; that call " +
			"is itself an event of the key.",
		Attributes: attributes,
	}
}

func arguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"kms_key": schema.StringAttribute{
			Required:   true,
			Validators: []validator.String{customerKey{}, validate.KMSKey()},
			MarkdownDescription: "The key: a key ARN, a key id, an alias name (`alias/...`) or an alias ARN. An alias stands " +
				"for the key it points to now. Only by its ARN are the events of a deleted key found.",
		},
		"event_names": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			Validators: []validator.Set{
				setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1)),
			},
			MarkdownDescription: "Only events of these names, such as `Decrypt` or `CreateGrant`. Default: all.",
		},
		"only_denied": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Only calls that were refused for want of a permission. Default: false.",
		},
		"start_time": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.Timestamp()},
			MarkdownDescription: "Only events at or after this moment, in RFC 3339. Default: 90 days ago.",
		},
		"end_time": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.Timestamp()},
			MarkdownDescription: "Only events at or before this moment, in RFC 3339. Default: now.",
		},
		"limit": schema.Int64Attribute{
			Optional: true, CustomType: validate.Whole("a whole number from 1 to 1000"),
			Validators:          []validator.Int64{int64validator.Between(1, maxLimit)},
			MarkdownDescription: "How many events at most, from 1 to 1000: the newest ones. Default: 50.",
		},
		"region": schema.StringAttribute{
			Optional: true, Computed: true,
			Validators:          []validator.String{validate.Region()},
			MarkdownDescription: "AWS Region of the key. Default: the provider's.",
		},
	}
}

func results() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"kms_key_arn": schema.StringAttribute{
			Computed: true, MarkdownDescription: "ARN of the key that `kms_key` stands for.",
		},
		"truncated": schema.BoolAttribute{
			Computed: true, MarkdownDescription: "Whether there are, or may be, more events than `limit` lets through.",
		},
		"events": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "The events, newest first. Empty when there are none.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"event_id": schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the event."},
				"time": schema.StringAttribute{
					Computed: true, MarkdownDescription: "When the call was made, in RFC 3339, to the second.",
				},
				"name": schema.StringAttribute{
					Computed: true, MarkdownDescription: "What was called, such as `Decrypt`, or what KMS did by itself, such as " +
						"`RotateKey`.",
				},
				"read_only": schema.BoolAttribute{
					Computed: true, MarkdownDescription: "Whether the call could change nothing.",
				},
				"principal": schema.StringAttribute{
					Computed: true, MarkdownDescription: "Who called: an ARN, the host name of an AWS service such as " +
						"`qldb.amazonaws.com`, or the id of an account that is not this one.",
				},
				"principal_type": schema.StringAttribute{
					Computed: true, MarkdownDescription: "`Root`, `IAMUser`, `AssumedRole`, `FederatedUser`, `AWSService` or " +
						"`AWSAccount`. Null for what KMS did by itself.",
				},
				"invoked_by": schema.StringAttribute{
					Computed: true, MarkdownDescription: "The AWS service that made the call, for itself or for `principal`. Null " +
						"for a call without a service between.",
				},
				"source_ip": schema.StringAttribute{
					Computed: true, MarkdownDescription: "Where the call came from: an address, or the name of a service.",
				},
				"error_code": schema.StringAttribute{
					Computed: true, MarkdownDescription: "Why the call failed, such as `AccessDenied`. Null when it did not.",
				},
				"error_message": schema.StringAttribute{
					Computed: true, MarkdownDescription: "The same in the service's words. Null when the call did not fail.",
				},
				"encryption_context": schema.MapAttribute{
					Computed: true, ElementType: types.StringType,
					MarkdownDescription: "Encryption context of a cryptographic call. QLDB names the ledger's root node key in it. " +
						"Null without one.",
				},
				"request_id": schema.StringAttribute{
					Computed: true, MarkdownDescription: "Id of the request, as it is in error messages. Null for what KMS did by " +
						"itself.",
				},
				"json": schema.StringAttribute{
					Computed: true, MarkdownDescription: "The whole record, for `jsondecode`.",
				},
			}},
		},
	}
}
