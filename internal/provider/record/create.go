package record

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

const patience = 5 * time.Minute

// A written is what a committed transaction did to a document.
type written struct {
	ID      string
	Version int64
	TxID    string
	Data    ion.Value // as it is in the ledger now
}

// Create inserts the document, or takes over one with the same key fields. It waits for a ledger that takes no
// statements yet.
func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m, cfg model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &cfg)...) // only there is document_wo
	ctx, cancel, ok := r.Begin(ctx, m.Timeouts.Create, patience, &resp.Diagnostics)
	if !ok {
		return
	}
	defer cancel()
	document, err := cfg.document()
	var ledger *statement.Ledger
	if err == nil {
		ledger, err = r.open(m)
	}
	var done written
	if err == nil {
		done, err = create(ctx, ledger, m, document, &resp.Diagnostics)
	}
	if err != nil {
		resp.Diagnostics.Append(m.refused(err).Error())
		return
	}
	a := after{ledger: ledger, now: m, done: done, diags: &resp.Diagnostics}
	a.save = func(m model) {
		m.identify(ctx, resp.Identity)
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
	a.finish(ctx)
}

// document is the configured document as Ion.
func (m model) document() (ion.Value, error) {
	f, text, _ := m.form()
	document, err := parse(f, text)
	if err != nil {
		return document, fmt.Errorf("%s: %w", f.path(), err)
	}
	return document, nil
}

// create runs the transaction that inserts or adopts. It may run more than once, and a run whose answer was lost may
// have been committed, so every run looks for what the ones before may have left.
func create(
	ctx context.Context, ledger *statement.Ledger, m model, document ion.Value, diags *diag.Diagnostics,
) (written, error) {
	keys, _ := m.keys()
	release, err := m.keepApart(ctx, ledger, keys, document, diags)
	if err != nil {
		return written{}, err
	}
	defer release()
	table := m.Table.ValueString()
	var done written // by the latest run
	err = ledger.DoIn(ctx, table, func(tx *statement.Tx) error {
		if done.ID != "" {
			if r, ok, err := find(tx, table, done.ID); err != nil || ok && r.TxID == done.TxID {
				return err
			}
		}
		if len(keys) > 0 {
			found, err := findByKey(tx, table, keys, document)
			switch {
			case err != nil:
				return err
			case len(found) == 1 && m.IfExists.ValueString() == adopt:
				done, err = change(tx, m, found[0], document)
				return err
			case len(found) > 0:
				return &foundError{found}
			}
		}
		rows, err := tx.Run("INSERT INTO "+statement.Quote(table)+" ?", document)
		if err != nil {
			return err
		}
		if len(rows) != 1 || statement.Text(rows[0], "documentId") == "" {
			return errors.New("the service answered without the id of the document")
		}
		done = written{ID: statement.Text(rows[0], "documentId"), TxID: tx.ID(), Data: document}
		return nil
	})
	if err != nil && done.ID != "" && statement.IsAmbiguous(err) && landed(ctx, ledger, table, done) {
		return done, nil
	}
	return done, err
}

// landed says whether a transaction whose answer nobody waited for was committed. A document that Terraform does not
// know of would be inserted again by the next apply.
func landed(ctx context.Context, ledger *statement.Ledger, table string, done written) bool {
	now, there, err := lastLook(ctx, ledger, table, done.ID)
	return err == nil && there && now.TxID == done.TxID
}

// lastLook is find after the time for it is over.
func lastLook(
	ctx context.Context, ledger *statement.Ledger, table, id string,
) (now revision, there bool, err error) {
	ctx, cancel := statement.LastLook(ctx)
	defer cancel()
	err = ledger.Do(ctx, func(tx *statement.Tx) (err error) {
		now, there, err = find(tx, table, id)
		return err
	})
	return now, there, err
}

// keepApart waits for transactions of this process that would certainly meet this one. A search without an index reads
// the whole table, one with an index all documents with the same value.
func (m model) keepApart(
	ctx context.Context, ledger *statement.Ledger, keys []string, document ion.Value, diags *diag.Diagnostics,
) (release func(), err error) {
	table := m.Table.ValueString()
	if len(keys) == 0 {
		return ledger.Touch(table, ""), nil
	}
	for _, k := range keys {
		indexed, err := ledger.Indexed(ctx, table, k)
		if err != nil {
			return nil, err
		}
		if indexed {
			v, _ := document.Field(k)
			hash := ion.Hash(byValue(v))
			return ledger.Touch(table, k+"="+base64.StdEncoding.EncodeToString(hash[:])), nil
		}
	}
	diags.Append(diagnose.Problem{
		At:      path.Root("key_fields").AtListIndex(0),
		Summary: fmt.Sprintf("Key fields of table %q have no index", short(table)),
		Cause: fmt.Sprintf("Each create searched all of %s for a document with the same key fields, which gets slower with "+
			"every document, and meets every other writer.", m.where()),
		Next: fmt.Sprintf("Add a qldbkms_index on field %q, and let the records depend on it.", keys[0]),
	}.Warning())
	return ledger.Scan(table), nil
}

func short(table string) string {
	if len(table) > 30 {
		return table[:29] + "…"
	}
	return table
}

// change makes a current revision hold the document, or, with compare = "subset", what it names. A revision that does
// so already stays as it is.
func change(tx *statement.Tx, m model, now revision, document ion.Value) (written, error) {
	if m.subset() {
		if document = merge(now.Data, document); len(ion.EncodeBinary(document)) > maxDocument {
			return written{}, errMerged
		}
	}
	if now.Data.Equal(document) {
		return written{ID: now.ID, Version: now.Version, TxID: now.TxID, Data: document}, nil
	}
	_, err := tx.Run("UPDATE "+statement.Quote(m.Table.ValueString())+" AS d BY docId SET d = ? WHERE docId = ?",
		document, ion.String(now.ID))
	return written{ID: now.ID, Version: now.Version + 1, TxID: tx.ID(), Data: document}, err
}

// refused words why the document was not created.
func (m model) refused(err error) diagnose.Problem {
	p := m.problem("was not created", err)
	var found *foundError
	switch {
	case errors.As(err, &found):
		return m.exists(found.Found)
	case statement.IsNotReady(err):
		p.Next = "Nothing was saved. Apply again when the ledger is ACTIVE and can use its key; timeouts.create lets this " +
			"apply wait longer."
	case statement.IsAmbiguous(err):
		p.Next = "Nothing was saved, but the document may be in the table all the same. With key_fields the next apply " +
			"finds it; without, look before applying again."
	case !statement.IsGone(err):
		p.Next = "Nothing was saved. " + statement.Remedy(err, "apply")
	}
	return p
}

func (m model) exists(found []revision) diagnose.Problem {
	p := diagnose.Problem{
		At:      path.Root("key_fields"),
		Summary: fmt.Sprintf("Table %q has a document with this key", short(m.Table.ValueString())),
		Cause: fmt.Sprintf("Document %s of %s, version %d, has the same values in its key fields.", found[0].ID, m.where(),
			found[0].Version),
		Next: fmt.Sprintf("Nothing was changed. To manage that document here, set if_exists = \"adopt\", or run \"terraform "+
			"import <address> %s/%s/%s/%s\".", m.Region.ValueString(), m.Ledger.ValueString(), m.Table.ValueString(),
			found[0].ID),
	}
	if len(found) > 1 {
		p.Summary = fmt.Sprintf("Table %q has %d documents with this key", short(m.Table.ValueString()), len(found))
		p.Cause = fmt.Sprintf("Documents %s, %s and perhaps more of %s have the same values in their key fields.",
			found[0].ID, found[1].ID, m.where())
		p.Next = "Nothing was changed. Name key_fields that tell them apart, or import the one that is meant."
	}
	return p
}
