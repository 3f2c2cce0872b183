// Package query is the data source qldbkms_query.
//
// It runs one SELECT in a transaction of its own and shows the rows as JSON. Any other statement is refused before
// anything is asked of the service.
package query

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

const (
	// patience is how long a ledger that takes no statements yet is waited for.
	patience = 5 * time.Minute
	// maxRows and maxBytes bound what gets into the state, which Terraform reads and writes as a whole.
	maxRows  = 10_000
	maxBytes = 4 << 20
)

type dataSource struct {
	configured.DataSource
	opts statement.Options
}

var (
	_ datasource.DataSource                   = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigure      = (*dataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*dataSource)(nil)
)

// New returns the data source.
func New(opts statement.Options) datasource.DataSource {
	return &dataSource{configured.NewDataSource("query", dataSourceSchema), opts}
}

type model struct {
	Ledger     types.String `tfsdk:"ledger"`
	Region     types.String `tfsdk:"region"`
	Statement  types.String `tfsdk:"statement"`
	Parameters types.List   `tfsdk:"parameters"`
	Rows       types.List   `tfsdk:"rows"`
	RowCount   types.Int64  `tfsdk:"row_count"`
}

func dataSourceSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Rows of one read-only `SELECT`. Any other statement is refused when the configuration is " +
			"validated.\n\nThe rows are stored in the state as they are: select only what may be there.",
		Attributes: map[string]schema.Attribute{
			"ledger": schema.StringAttribute{
				Required: true, Validators: []validator.String{validate.LedgerName()},
				MarkdownDescription: "Name of the ledger. One that is still being created, or cannot use its key, is waited for, " +
					"up to 5 minutes.",
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true, Validators: []validator.String{validate.Region()},
				MarkdownDescription: "AWS Region of the ledger. Default: the provider's.",
			},
			"statement": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "One `SELECT` in PartiQL, with a `?` for each parameter. Committed views, `history()` and " +
					"`information_schema.user_tables` can be read too.",
			},
			"parameters": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				Validators: []validator.List{listvalidator.NoNullValues()},
				MarkdownDescription: "Values for the `?` in order, each one Ion value in text; every JSON value is one, so " +
					"`jsonencode(\"1N4\")` and \"`2007T`\" without the backticks both work. Default: none.",
			},
			"rows": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The rows, each as JSON for `jsondecode`: timestamps and symbols become strings, blobs " +
					"base64, annotations are left out. At most 10,000 rows and 4 MB.",
			},
			"row_count": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of rows."},
		},
	}
}

// ValidateConfig refuses everything but one SELECT, and parameters that are no Ion.
func (d *dataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !m.Statement.IsUnknown() && !m.Statement.IsNull() {
		if wrong := check(m.Statement.ValueString()); wrong != "" {
			resp.Diagnostics.AddAttributeError(path.Root("statement"), "The statement is not one SELECT", string(wrong)+
				" To write documents, use qldbkms_record.")
		}
	}
	for i, v := range m.Parameters.Elements() {
		s, ok := v.(types.String)
		if !ok || s.IsUnknown() || s.IsNull() {
			continue
		}
		if _, err := ion.ParseOne(s.ValueString(), ion.Options{}); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("parameters").AtListIndex(i), "The parameter is not one Ion value",
				"A text needs quotes of its own: write jsonencode(\"1N4\") instead of \"1N4\". The parameter is not repeated here.")
		}
	}
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	if !d.Begin(ctx, req, resp, &m) {
		return
	}
	if wrong := check(m.Statement.ValueString()); wrong != "" { // unknown while it was validated
		resp.Diagnostics.AddAttributeError(path.Root("statement"), "The statement is not one SELECT", string(wrong))
		return
	}
	ledger, err := statement.Open(d.API, m.Region.ValueString(), m.Ledger.ValueString(), d.opts)
	var rows []attr.Value
	if err == nil {
		m.Region = types.StringValue(ledger.Region)
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		rows, err = run(ctx, ledger, m)
	}
	if err != nil {
		at := path.Root("statement")
		if statement.IsGone(err) || statement.IsNotReady(err) {
			at = path.Root("ledger")
		}
		resp.Diagnostics.Append(diagnose.Problem{
			At: at, Summary: fmt.Sprintf("The query on ledger %q was not answered", m.Ledger.ValueString()),
			Cause: statement.Words(err, m.Region.ValueString()), Next: remedy(err),
		}.Error())
		return
	}
	m.Rows, m.RowCount = types.ListValueMust(types.StringType, rows), types.Int64Value(int64(len(rows)))
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// remedy says what to do about a query that was not answered.
func remedy(err error) string {
	var much tooMuchError
	switch {
	case errors.As(err, &much):
		return "Add a condition, or select fewer fields."
	case statement.IsGone(err):
		return "Check the name, in which case matters, the Region and the account."
	case statement.IsNotReady(err):
		return "Plan again when the ledger is ACTIVE and can use its key."
	case statement.IsBadRequest(err):
		return "Correct the statement. Case matters in names, reserved words stand in double quotes, and QLDB has no ORDER " +
			"BY, LIMIT, GROUP BY or DISTINCT: sort and cut the rows with functions of the configuration. In a ledger with " +
			"permissions mode STANDARD reading also needs qldb:PartiQLSelect, for history() qldb:PartiQLHistoryFunction."
	}
	return "Reading needs qldb:SendCommand, and in a ledger with permissions mode STANDARD qldb:PartiQLSelect, for " +
		"history() qldb:PartiQLHistoryFunction."
}

// A tooMuchError says that the rows are more than the state should hold.
type tooMuchError struct{}

func (tooMuchError) Error() string {
	return fmt.Sprintf("the answer has more than %d rows or %d MB", maxRows, maxBytes>>20)
}

func run(ctx context.Context, ledger *statement.Ledger, m model) (shown []attr.Value, err error) {
	var parameters []ion.Value
	for i, v := range m.Parameters.Elements() {
		s, _ := v.(types.String)
		p, err := ion.ParseOne(s.ValueString(), ion.Options{})
		if err != nil {
			return nil, fmt.Errorf("parameter %d is not one Ion value", i)
		}
		parameters = append(parameters, p)
	}
	err = ledger.Do(ctx, func(tx *statement.Tx) error {
		shown = []attr.Value{}
		size, fits := 0, true
		err := tx.Each(m.Statement.ValueString(), parameters, func(row ion.Value) bool {
			text := string(ion.ToJSON(row))
			size += len(text)
			fits = size <= maxBytes && len(shown) < maxRows
			shown = append(shown, types.StringValue(text))
			return fits
		})
		if err == nil && !fits {
			return tooMuchError{}
		}
		return err
	})
	return shown, err
}
