package protectedledger

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// A model is configuration, plan or state. Objects are pointers, nil for null, with a flag for "not known yet".
type model struct {
	Name               types.String
	Region             types.String
	PermissionsMode    types.String
	DeletionProtection types.Bool
	KMSKey             types.String
	Key                *keyModel
	KeyUnknown         bool
	Checks             types.Object // policy_checks, of checksTypes
	Findings           types.List   // policy_findings, of findingType
	WaitForKeyChange   types.Bool
	Tags               types.Map
	TagsAll            types.Map
	ARN                types.String
	State              types.String
	CreationTime       types.String
	KMSKeyARN          types.String
	EncryptionStatus   types.String
	InaccessibleTime   types.String
	Change             *changeModel
	ChangeUnknown      bool
	Retained           []retainedKey
	RetainedUnknown    bool
	Timeouts           timeouts.Value
}

type keyModel struct {
	Adopt          types.String `tfsdk:"adopt"`
	Generation     types.Int64  `tfsdk:"generation"`
	Alias          types.String `tfsdk:"alias"`
	Description    types.String `tfsdk:"description"`
	Rotation       types.Bool   `tfsdk:"enable_key_rotation"`
	RotationPeriod types.Int64  `tfsdk:"rotation_period_in_days"`
	Policy         types.String `tfsdk:"policy"`
	Access         types.Object `tfsdk:"access"`
	OldKey         types.String `tfsdk:"old_key"`
	OnDestroy      types.String `tfsdk:"on_destroy"`
	DeletionWindow types.Int64  `tfsdk:"deletion_window_in_days"`
	Enabled        types.Bool   `tfsdk:"enabled"`
	ARN            types.String `tfsdk:"arn"`
	KeyID          types.String `tfsdk:"key_id"`
	State          types.String `tfsdk:"state"`
	PolicyDocument types.String `tfsdk:"policy_document"`
}

type changeModel struct {
	From         types.String `tfsdk:"from"`
	To           types.String `tfsdk:"to"`
	Reason       types.String `tfsdk:"reason"`
	OldKeyAction types.String `tfsdk:"old_key_action"`
	AliasFrom    types.String `tfsdk:"alias_from"`
	AliasTo      types.String `tfsdk:"alias_to"`
	Checked      types.List   `tfsdk:"checked"`
	NotChecked   types.List   `tfsdk:"not_checked"`
	Status       types.String `tfsdk:"status"`
	RequestedAt  types.String `tfsdk:"requested_at"`
	FinishedAt   types.String `tfsdk:"finished_at"`
}

type retainedKey struct {
	ARN            types.String `tfsdk:"arn"`
	Generation     types.Int64  `tfsdk:"generation"`
	State          types.String `tfsdk:"state"`
	Alias          types.String `tfsdk:"alias"`
	OnDestroy      types.String `tfsdk:"on_destroy"`
	DeletionWindow types.Int64  `tfsdk:"deletion_window_in_days"`
}

// wireModel is a model as the framework reads and writes it.
type wireModel struct {
	Name               types.String   `tfsdk:"name"`
	Region             types.String   `tfsdk:"region"`
	PermissionsMode    types.String   `tfsdk:"permissions_mode"`
	DeletionProtection types.Bool     `tfsdk:"deletion_protection"`
	KMSKey             types.String   `tfsdk:"kms_key"`
	Key                types.Object   `tfsdk:"key"`
	Checks             types.Object   `tfsdk:"policy_checks"`
	Findings           types.List     `tfsdk:"policy_findings"`
	WaitForKeyChange   types.Bool     `tfsdk:"wait_for_key_change"`
	Tags               types.Map      `tfsdk:"tags"`
	TagsAll            types.Map      `tfsdk:"tags_all"`
	ARN                types.String   `tfsdk:"arn"`
	State              types.String   `tfsdk:"state"`
	CreationTime       types.String   `tfsdk:"creation_time"`
	KMSKeyARN          types.String   `tfsdk:"kms_key_arn"`
	EncryptionStatus   types.String   `tfsdk:"encryption_status"`
	InaccessibleTime   types.String   `tfsdk:"inaccessible_kms_key_time"`
	Change             types.Object   `tfsdk:"key_change"`
	Retained           types.List     `tfsdk:"retained_keys"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`
}

var (
	keyTypes = map[string]attr.Type{
		"adopt": types.StringType, "generation": types.Int64Type, "alias": types.StringType,
		"description": types.StringType, "enable_key_rotation": types.BoolType,
		"rotation_period_in_days": types.Int64Type, "policy": types.StringType, "old_key": types.StringType,
		"access":     types.ObjectType{AttrTypes: accessTypes},
		"on_destroy": types.StringType, "deletion_window_in_days": types.Int64Type, "enabled": types.BoolType,
		"arn": types.StringType, "key_id": types.StringType, "state": types.StringType,
		"policy_document": types.StringType,
	}
	changeTypes = map[string]attr.Type{
		"from": types.StringType, "to": types.StringType, "reason": types.StringType,
		"old_key_action": types.StringType, "alias_from": types.StringType, "alias_to": types.StringType,
		"status": types.StringType, "requested_at": types.StringType, "finished_at": types.StringType,
		"checked": types.ListType{ElemType: types.StringType}, "not_checked": types.ListType{ElemType: types.StringType},
	}
	retainedType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"arn": types.StringType, "generation": types.Int64Type, "state": types.StringType, "alias": types.StringType,
		"on_destroy": types.StringType, "deletion_window_in_days": types.Int64Type,
	}}
)

// A getter is a tfsdk.Config, tfsdk.Plan or tfsdk.State.
type getter interface {
	Get(ctx context.Context, target any) diag.Diagnostics
}

func decode(ctx context.Context, from getter) (model, diag.Diagnostics) {
	var w wireModel
	diags := from.Get(ctx, &w)
	if diags.HasError() {
		return model{}, diags
	}
	m := model{
		Name: w.Name, Region: w.Region, PermissionsMode: w.PermissionsMode, DeletionProtection: w.DeletionProtection,
		KMSKey: w.KMSKey, WaitForKeyChange: w.WaitForKeyChange, Tags: w.Tags, TagsAll: w.TagsAll, ARN: w.ARN,
		State: w.State, CreationTime: w.CreationTime, KMSKeyARN: w.KMSKeyARN, EncryptionStatus: w.EncryptionStatus,
		InaccessibleTime: w.InaccessibleTime, KeyUnknown: w.Key.IsUnknown(), ChangeUnknown: w.Change.IsUnknown(),
		RetainedUnknown: w.Retained.IsUnknown(), Timeouts: w.Timeouts, Checks: w.Checks, Findings: w.Findings,
	}
	asIs := basetypes.ObjectAsOptions{}
	if !w.Key.IsNull() && !w.Key.IsUnknown() {
		m.Key = new(keyModel)
		diags.Append(w.Key.As(ctx, m.Key, asIs)...)
	}
	if !w.Change.IsNull() && !w.Change.IsUnknown() {
		m.Change = new(changeModel)
		diags.Append(w.Change.As(ctx, m.Change, asIs)...)
	}
	if !w.Retained.IsNull() && !w.Retained.IsUnknown() {
		diags.Append(w.Retained.ElementsAs(ctx, &m.Retained, false)...)
	}
	return m, diags
}

func encode(ctx context.Context, m model) (wireModel, diag.Diagnostics) {
	var diags diag.Diagnostics
	w := wireModel{
		Name: m.Name, Region: m.Region, PermissionsMode: m.PermissionsMode, DeletionProtection: m.DeletionProtection,
		KMSKey: m.KMSKey, WaitForKeyChange: m.WaitForKeyChange, Tags: m.Tags, TagsAll: m.TagsAll, ARN: m.ARN,
		State: m.State, CreationTime: m.CreationTime, KMSKeyARN: m.KMSKeyARN, EncryptionStatus: m.EncryptionStatus,
		InaccessibleTime: m.InaccessibleTime, Key: types.ObjectNull(keyTypes), Change: types.ObjectNull(changeTypes),
		Retained: types.ListUnknown(retainedType), Timeouts: m.Timeouts, Checks: m.Checks,
		Findings: orNull(m.Findings, findingType),
	}
	if m.Checks.IsNull() {
		w.Checks = types.ObjectNull(checksTypes)
	}
	switch {
	case m.KeyUnknown:
		w.Key = types.ObjectUnknown(keyTypes)
	case m.Key != nil:
		k := *m.Key
		k.Access = accessOrNull(k.Access)
		v, d := types.ObjectValueFrom(ctx, keyTypes, k)
		diags.Append(d...)
		w.Key = v
	}
	switch {
	case m.ChangeUnknown:
		w.Change = types.ObjectUnknown(changeTypes)
	case m.Change != nil:
		c := *m.Change
		c.Checked, c.NotChecked = orNull(c.Checked, types.StringType), orNull(c.NotChecked, types.StringType)
		v, d := types.ObjectValueFrom(ctx, changeTypes, c)
		diags.Append(d...)
		w.Change = v
	}
	if !m.RetainedUnknown {
		// An empty list, never null: "no other keys" is something we know.
		v, d := types.ListValueFrom(ctx, retainedType, append([]retainedKey{}, m.Retained...))
		diags.Append(d...)
		w.Retained = v
	}
	return w, diags
}

// known gives a copy without unknown values, for saving what exists when the rest did not come to be.
func (m model) known() model {
	for _, s := range []*types.String{
		&m.Region, &m.ARN, &m.State, &m.CreationTime, &m.KMSKeyARN, &m.EncryptionStatus, &m.InaccessibleTime,
	} {
		nullUnknown(s)
	}
	if m.TagsAll.IsUnknown() {
		m.TagsAll = types.MapNull(types.StringType)
	}
	if m.Findings.IsUnknown() {
		m.Findings = types.ListNull(findingType)
	}
	m.KeyUnknown, m.RetainedUnknown, m.ChangeUnknown = false, false, false
	if m.Key != nil {
		k := *m.Key
		for _, s := range []*types.String{&k.Alias, &k.Description, &k.ARN, &k.KeyID, &k.State, &k.PolicyDocument} {
			nullUnknown(s)
		}
		m.Key = &k
	}
	if m.Change != nil {
		c := *m.Change
		for _, s := range []*types.String{
			&c.From, &c.To, &c.Reason, &c.OldKeyAction, &c.AliasFrom, &c.AliasTo, &c.Status, &c.RequestedAt, &c.FinishedAt,
		} {
			nullUnknown(s)
		}
		for _, l := range []*types.List{&c.Checked, &c.NotChecked} {
			if l.IsUnknown() {
				*l = types.ListNull(types.StringType)
			}
		}
		m.Change = &c
	}
	m.Retained = slices.Clone(m.Retained)
	for i := range m.Retained {
		nullUnknown(&m.Retained[i].State)
		nullUnknown(&m.Retained[i].Alias)
	}
	return m
}

// orNull gives the zero value of a list, which is null, its type.
func orNull(l types.List, of attr.Type) types.List {
	if l.IsNull() {
		return types.ListNull(of)
	}
	return l
}

func nullUnknown(s *types.String) {
	if s.IsUnknown() {
		*s = types.StringNull()
	}
}

// exists says whether the model holds a ledger.
func (m model) exists() bool { return m.ARN.ValueString() != "" }

// ownKey gives the ARN of the owned key, "" without one.
func (m model) ownKey() string {
	if m.Key == nil {
		return ""
	}
	return m.Key.ARN.ValueString()
}

// withoutLedger clears everything that only a ledger has.
func (m model) withoutLedger(state types.String) model {
	null := types.StringNull()
	m.ARN, m.CreationTime, m.KMSKeyARN, m.EncryptionStatus, m.InaccessibleTime = null, null, null, null, null
	m.State = state
	return m
}

func (m model) retained(arn string) (retainedKey, bool) {
	i := slices.IndexFunc(m.Retained, func(r retainedKey) bool { return r.ARN.ValueString() == arn })
	if i < 0 {
		return retainedKey{}, false
	}
	return m.Retained[i], true
}

func (m model) retainedGeneration(n int64) (retainedKey, bool) {
	i := slices.IndexFunc(m.Retained, func(r retainedKey) bool { return r.Generation.ValueInt64() == n })
	if i < 0 {
		return retainedKey{}, false
	}
	return m.Retained[i], true
}

// withRetained adds or replaces one key of another generation, keeping the order by generation.
func withRetained(list []retainedKey, key retainedKey) []retainedKey {
	list = append(withoutRetained(list, key.ARN.ValueString()), key)
	slices.SortStableFunc(list, func(a, b retainedKey) int {
		return int(a.Generation.ValueInt64() - b.Generation.ValueInt64())
	})
	return list
}

func withoutRetained(list []retainedKey, arn string) []retainedKey {
	return slices.DeleteFunc(slices.Clone(list), func(r retainedKey) bool { return r.ARN.ValueString() == arn })
}

// asRetained is how an owned key appears once the ledger left it.
func (k keyModel) asRetained() retainedKey {
	return retainedKey{
		ARN: k.ARN, Generation: k.Generation, State: k.State, Alias: types.StringNull(),
		OnDestroy: k.OnDestroy, DeletionWindow: k.DeletionWindow,
	}
}

// stringMap reads a map of strings; unknown is true when the map or one of its values is not known yet.
func stringMap(m types.Map) (values map[string]string, unknown bool) {
	if m.IsUnknown() {
		return nil, true
	}
	values = map[string]string{}
	for k, v := range m.Elements() {
		s, ok := v.(types.String)
		if !ok || s.IsUnknown() {
			return nil, true
		}
		if !s.IsNull() {
			values[k] = s.ValueString()
		}
	}
	return values, false
}

func mapValue(values map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(values))
	for _, k := range slices.Sorted(maps.Keys(values)) {
		elements[k] = types.StringValue(values[k])
	}
	return types.MapValueMust(types.StringType, elements)
}

// keyID gives the id at the end of a key ARN; other texts are returned as they are.
func keyID(arn string) string {
	if _, id, ok := strings.Cut(arn, ":key/"); ok {
		return id
	}
	return arn
}
