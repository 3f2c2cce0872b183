package table

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

const patience = 5 * time.Minute

// An existsError says that the ledger has an active table of the name.
type existsError struct{ ID string }

func (e *existsError) Error() string { return "the name is taken by table " + e.ID }

// A notDroppedError says why a table cannot be brought back.
type notDroppedError struct{ ID, Found string }

func (e *notDroppedError) Error() string { return "table " + e.ID + " " + e.Found }

// Create creates the table, or brings back a dropped one. It may find the ledger still being created and then waits.
func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	m.identify(ctx, resp.Identity)
	ctx, cancel, ok := r.Begin(ctx, m.Timeouts.Create, patience, &resp.Diagnostics)
	if !ok {
		return
	}
	defer cancel()
	ledger, err := r.open(m)
	var s statement.Status
	if err == nil {
		s, err = ledger.Describe(ctx)
	}
	if err != nil {
		resp.Diagnostics.Append(m.refused(err).Error())
		return
	}
	tags := stringMap(m.TagsAll)
	// Only in STANDARD mode can a table be created with tags, and one that comes back has those it had.
	later := m.Undrop.ValueString() != "" || s.PermissionsMode != "STANDARD"
	with := tags
	if later {
		with = nil
	}
	id, err := create(ctx, ledger, m, with)
	if err != nil {
		resp.Diagnostics.Append(m.refused(err).Error())
		return
	}
	m.TableID, m.Status = types.StringValue(id), types.StringValue("ACTIVE")
	m.ARN = types.StringValue(s.ARN + "/table/" + id)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	if !later || len(tags) == 0 {
		return
	}
	if err := setTags(ctx, ledger, r.API, m.ARN.ValueString(), tags); err != nil {
		m.TagsAll = types.MapValueMust(types.StringType, nil)
		p := m.problem("is there, but its tags were not set", err)
		p.Next = "Terraform has marked the table tainted. To keep it, run \"terraform untaint <address>\", then apply again."
		resp.Diagnostics.Append(p.Error())
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

// create is one transaction, which may run again: made is what an earlier run made, whose answer was perhaps lost.
func create(ctx context.Context, ledger *statement.Ledger, m model, tags map[string]string) (id string, err error) {
	name, made := m.Name.ValueString(), ""
	err = ledger.Do(ctx, func(tx *statement.Tx) error {
		there, err := tx.Table(ledger.Name, name)
		switch {
		case err == nil && there.ID == made:
			return nil
		case err == nil:
			return &existsError{there.ID}
		case !statement.IsGone(err):
			return err
		}
		text := "CREATE TABLE " + statement.Quote(name)
		if len(tags) > 0 {
			text += " WITH (aws_tags = `" + tagLiteral(tags) + "`)"
		}
		if dropped := m.Undrop.ValueString(); dropped != "" {
			if err := checkDropped(tx, dropped, name); err != nil {
				return err
			}
			text = "UNDROP TABLE " + statement.Quote(dropped)
		}
		rows, err := tx.Run(text)
		if err != nil {
			return err
		}
		if len(rows) != 1 || statement.Text(rows[0], "tableId") == "" {
			return errors.New("the service answered without the id of the table")
		}
		made = statement.Text(rows[0], "tableId")
		return nil
	})
	if err != nil && made != "" && statement.IsAmbiguous(err) {
		if now, lookErr := lastLook(ctx, ledger, name); lookErr == nil && now.ID == made {
			return made, nil
		}
	}
	return made, err
}

// lastLook finds the table after the time for it is over.
func lastLook(ctx context.Context, ledger *statement.Ledger, name string) (statement.Table, error) {
	ctx, cancel := statement.LastLook(ctx)
	defer cancel()
	return ledger.Table(ctx, name)
}

// checkDropped makes sure that what comes back is what the configuration names: UNDROP goes by id alone.
func checkDropped(tx *statement.Tx, id, name string) error {
	rows, err := tx.Run("SELECT name, status FROM information_schema.user_tables WHERE tableId = ?", ion.String(id))
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		return &notDroppedError{id, "is not in the ledger"}
	case statement.Text(rows[0], "status") != "INACTIVE":
		return &notDroppedError{id, "is not dropped"}
	case statement.Text(rows[0], "name") != name:
		return &notDroppedError{id, fmt.Sprintf("is called %q", statement.Text(rows[0], "name"))}
	}
	return nil
}

func tagLiteral(tags map[string]string) string {
	fields := make([]ion.Field, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		fields = append(fields, ion.F(k, ion.String(tags[k])))
	}
	return ion.Struct(fields...).String()
}

// refused words why there is no table.
func (m model) refused(err error) diagnose.Problem {
	p := m.problem("was not created", err)
	p.Next = "Nothing was changed. " + statement.Remedy(err, "apply")
	if statement.IsAmbiguous(err) {
		p.Next = "Nothing was saved, but the table may be there all the same. The next apply says so, and how to import it."
	}
	var taken *existsError
	var cannot *notDroppedError
	switch {
	case errors.As(err, &taken):
		p.At = path.Root("name")
		p.Summary = m.title() + " already exists"
		p.Cause = fmt.Sprintf("Ledger %q has an active table %q, with id %s.", m.Ledger.ValueString(),
			m.Name.ValueString(), taken.ID)
		p.Next = fmt.Sprintf("Nothing was changed. To manage that table here, run \"terraform import <address> %s/%s/%s\"; "+
			"otherwise choose another name.", m.Region.ValueString(), m.Ledger.ValueString(), m.Name.ValueString())
	case errors.As(err, &cannot):
		p.At = path.Root("undrop")
		p.Cause = fmt.Sprintf("Table %s %s.", cannot.ID, cannot.Found)
		p.Next = "Nothing was changed. undrop takes the id of a dropped table of the same name; without it an empty " +
			"table is created."
	case statement.IsGone(err):
		p.Next = "Create the ledger first; let ledger refer to that of the other resource, so that Terraform keeps the order."
	case statement.IsNotReady(err):
		p.Next = "Nothing was changed. Apply again when the ledger is ACTIVE and can use its key; timeouts.create lets " +
			"this apply wait longer."
	}
	return p
}
