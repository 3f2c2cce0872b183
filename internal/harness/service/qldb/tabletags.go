package qldb

import (
	"context"
	"errors"
	"maps"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Catalog is how the ARN of a ledger's catalog goes on after that of the ledger, and the id of the catalog where its
// tags are kept beside those of tables.
//
// Source: Service Authorization Reference, "Resource types defined by Amazon QLDB".
const Catalog = "information_schema/user_tables"

// tableTags are the tags of the tables of a ledger, by table id. Those that a table is created with stand in the
// journal, where nothing changes any more; from the first change on it has a record here, which holds them all.
func tableTags(ledgerID string) store.Table[map[string]string] {
	return store.Table[map[string]string]{Prefix: "qldb/table-tags/" + ledgerID + "/"}
}

// withTable finds the table that of names, if it names one. Tables are known to the journal alone, which cannot be
// opened within a transaction of the state. A dropped table keeps its tags: it may come back.
func (s *Service) withTable(ctx context.Context, c *wire.Call, of tagged) (tagged, error) {
	if of.Table == "" || of.Table == Catalog {
		return of, nil
	}
	var l *ledger
	err := s.read(ctx, func(r store.Reader) (err error) {
		l, err = findLedger(r, placeOf(c), of.Ledger, s.now())
		return err
	})
	switch {
	case err != nil:
		return of, err
	case !l.GoneAt.IsZero():
		return of, notFound("Ledger", of.Ledger)
	case l.state(s.now()) != stateActive, s.cfg.Journals == nil: // it has no tables
		return of, notFound("Table", of.Table)
	}
	// For what needs none of its data: a ledger that is open already needs no keys for that.
	opened, err := s.cfg.Journals.Open(ctx, l.ID, sealer{s.ring(l)})
	switch {
	case errors.Is(err, errImpaired): // it is not open, and cannot be now
		return of, invalid("ResourceArn", textImpaired)
	case err != nil:
		return of, err
	}
	table, found := opened.Table(of.Table)
	if !found {
		return of, notFound("Table", of.Table)
	}
	of.ledgerID, of.created = l.ID, table.Tags
	return of, nil
}

// findTable is find for a table, which l must still have.
func (t tagged) findTable(r store.Reader, l *ledger) (*map[string]string, func(store.Writer) error, error) {
	if l.ID != t.ledgerID { // another ledger has the name by now
		return nil, nil, notFound("Table", t.Table)
	}
	return findTableTags(r, l, t.Table, t.created)
}

// findTableTags is find for what is called id among the tables of l; created are the tags it was created with.
func findTableTags(
	r store.Reader, l *ledger, id string, created map[string]string,
) (*map[string]string, func(store.Writer) error, error) {
	tags, found, err := tableTags(l.ID).Get(r, id)
	if err != nil {
		return nil, nil, err
	}
	if !found {
		tags = maps.Clone(created)
	}
	return &tags, func(w store.Writer) error { return tableTags(l.ID).Put(w, id, tags) }, nil
}

// TableTags are the tags that a table of the ledger called ledgerID has by now, or with the id Catalog its catalog;
// created are those it was created with.
func (s *Service) TableTags(
	ctx context.Context, ledgerID, tableID string, created map[string]string,
) (tags map[string]string, err error) {
	err = s.read(ctx, func(r store.Reader) error {
		changed, found, err := tableTags(ledgerID).Get(r, tableID)
		tags = created
		if found {
			tags = changed
		}
		return err
	})
	return tags, err
}

// removeTableTags forgets the tags of all tables of a ledger.
func removeTableTags(w store.Writer, ledgerID string) error {
	all := tableTags(ledgerID)
	return all.Scan(w, "", "", func(id string, _ map[string]string) (bool, error) {
		return true, all.Delete(w, id)
	})
}
