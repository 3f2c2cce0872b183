package protectedledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// MoveState lets a moved block turn an aws_qldb_ledger into a protected ledger with a referenced key.
func (r *Resource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: r.moveFromAWS}}
}

// awsLedger is the part of the AWS provider's ledger that moves.
type awsLedger struct {
	Name               string             `json:"name"`
	Region             *string            `json:"region"`
	ARN                string             `json:"arn"`
	KMSKey             *string            `json:"kms_key"`
	PermissionsMode    string             `json:"permissions_mode"`
	DeletionProtection *bool              `json:"deletion_protection"`
	Tags               map[string]string  `json:"tags"`
	TagsAll            map[string]string  `json:"tags_all"`
	Timeouts           map[string]*string `json:"timeouts"`
}

func (r *Resource) moveFromAWS(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if !strings.HasSuffix(req.SourceProviderAddress, "/hashicorp/aws") {
		return
	}
	switch req.SourceTypeName {
	case "aws_qldb_ledger":
	case "aws_kms_key", "aws_kms_key_policy", "aws_kms_alias":
		resp.Diagnostics.AddError("Only a ledger can move here", fmt.Sprintf(
			"A protected ledger takes the place of an aws_qldb_ledger, not of an %s. Move the ledger with a moved block; let "+
				"go of "+
				"key, key policy and alias with removed { lifecycle { destroy = false } } blocks; then take the key over with "+
				"key = { adopt = \"<key ARN>\" }.", req.SourceTypeName))
		return
	default:
		return
	}
	if req.SourceSchemaVersion != 0 || req.SourceRawState == nil {
		return
	}
	var from awsLedger
	if err := json.Unmarshal(req.SourceRawState.JSON, &from); err != nil {
		resp.Diagnostics.AddError("State of the aws_qldb_ledger not understood", "parse its state: "+err.Error())
		return
	}
	m := r.fromAWS(ctx, from)
	if resp.TargetIdentity != nil {
		resp.Diagnostics.Append(setIdentity(ctx, resp.TargetIdentity, m)...)
	}
	wire, diags := encode(ctx, m)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, &wire)...)
}

func (r *Resource) fromAWS(ctx context.Context, from awsLedger) model {
	region := arnPart(from.ARN, 3)
	switch {
	case from.Region != nil && *from.Region != "":
		region = *from.Region
	case region == "" && r.API != nil:
		region = r.API.Region()
	}
	m := model{
		Name: types.StringValue(from.Name), Region: types.StringValue(region),
		PermissionsMode:    stringOr(optional(from.PermissionsMode), defaultMode),
		DeletionProtection: types.BoolValue(from.DeletionProtection == nil || *from.DeletionProtection),
		WaitForKeyChange:   types.BoolValue(defaultWait),
		Tags:               types.MapNull(types.StringType), TagsAll: mapValue(from.TagsAll),
		ARN: optional(from.ARN), State: types.StringValue(active), KMSKeyARN: types.StringValue(awsOwned),
		EncryptionStatus: types.StringValue(enabled), Timeouts: movedTimeouts(ctx, from.Timeouts),
	}
	if len(from.Tags) > 0 {
		m.Tags = mapValue(from.Tags)
	}
	if from.KMSKey != nil && *from.KMSKey != "" {
		m.KMSKey, m.KMSKeyARN = types.StringValue(*from.KMSKey), types.StringValue(*from.KMSKey)
	}
	return m
}

func optional(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

func movedTimeouts(ctx context.Context, from map[string]*string) timeouts.Value {
	kinds := map[string]attr.Type{"create": types.StringType, "update": types.StringType, "delete": types.StringType}
	if from == nil {
		return timeouts.Value{Object: types.ObjectNull(kinds)}
	}
	values := map[string]attr.Value{}
	for kind := range kinds {
		values[kind] = types.StringPointerValue(from[kind])
	}
	return timeouts.Value{Object: types.ObjectValueMust(kinds, values)}
}
