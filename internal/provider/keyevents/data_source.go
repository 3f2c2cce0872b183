// Package keyevents is the data source qldbkms_key_events.
//
// It reads what CloudTrail recorded of one KMS key: who used it, who was refused, what became of it. It changes
// nothing.
package keyevents

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

type dataSource struct{ configured.DataSource }

var (
	_ datasource.DataSource                   = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigure      = (*dataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*dataSource)(nil)
)

// New returns the data source.
func New() datasource.DataSource {
	return &dataSource{configured.NewDataSource("key_events", dataSourceSchema)}
}

// customerKey refuses the word for a key whose events nobody is shown.
type customerKey struct{}

func (customerKey) Description(context.Context) string { return "must not be " + validate.AWSOwnedKey }
func (customerKey) MarkdownDescription(context.Context) string {
	return "must not be " + validate.AWSOwnedKey
}

func (customerKey) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.ValueString() == validate.AWSOwnedKey {
		resp.Diagnostics.AddAttributeError(req.Path, "The AWS owned key has no events",
			"What happens with a key that AWS owns is recorded in no account of a customer. Name a KMS key of yours.")
	}
}

// ValidateConfig refuses a time range that ends before it starts.
func (d *dataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	from, to := moment(m.StartTime), moment(m.EndTime)
	if !from.IsZero() && !to.IsZero() && from.After(to) {
		resp.Diagnostics.AddAttributeError(path.Root("end_time"), "The time range ends before it starts",
			fmt.Sprintf("start_time is %s, end_time is %s. Exchange them, or leave one out.",
				m.StartTime.ValueString(), m.EndTime.ValueString()))
	}
}

// moment is a configured time, zero for one that is null, not known yet, or none.
func moment(value types.String) time.Time {
	at, err := time.Parse(time.RFC3339, value.ValueString())
	if err != nil { // its validator has said so
		return time.Time{}
	}
	// CloudTrail has no events outside of these, and the SDK wraps around in 2262, like a count of nanoseconds.
	if at.Before(earliest) {
		return earliest
	}
	if at.After(latest) {
		return latest
	}
	return at.UTC()
}

var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	if !d.Begin(ctx, req, resp, &m) {
		return
	}
	region := cmp.Or(m.Region.ValueString(), d.API.Region())
	call := diagnose.Call{
		Service: "CloudTrail", Region: region, Failed: "The events of the KMS key were not read",
		Advice: "Reading them needs cloudtrail:LookupEvents on *.",
	}
	clients, err := d.API.In(region)
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	key, bad := findKeyARN(ctx, clients, m.KMSKey.ValueString())
	if bad != nil {
		resp.Diagnostics.Append(bad)
		return
	}
	q := query{
		keyARN: key, from: moment(m.StartTime), to: moment(m.EndTime), onlyDenied: m.OnlyDenied.ValueBool(),
		limit: defaultLimit, most: maxScanned,
	}
	if !m.Limit.IsNull() {
		q.limit = int(m.Limit.ValueInt64())
	}
	resp.Diagnostics.Append(m.EventNames.ElementsAs(ctx, &q.names, false)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := find(ctx, clients.CloudTrail, q)
	if err != nil {
		resp.Diagnostics.Append(call.Error(err))
		return
	}
	if found.gaveUp {
		resp.Diagnostics.AddWarning("The KMS key has too many events to look at all", fmt.Sprintf(
			"The newest %d events of %s were looked at, and %d of them are shown. Older ones were not looked at: set "+
				"end_time, or a later start_time.", found.scanned, key, len(found.events)))
	}
	m.Region, m.KMSKeyARN = types.StringValue(clients.Region), types.StringValue(key)
	m.Truncated, m.Events = types.BoolValue(found.truncated), []eventModel{}
	for i := range found.events {
		m.Events = append(m.Events, found.events[i].model())
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
