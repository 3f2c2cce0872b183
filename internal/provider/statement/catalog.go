package statement

import (
	"context"
	"strings"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A Table is an active table as the catalog shows it.
type Table struct {
	ID      string
	Name    string
	Indexes []Index
}

// An Index is an index of a table.
type Index struct {
	ID      string
	Field   string
	Status  string // BUILDING, FINALIZING, ONLINE, FAILED, DELETING
	Message string // why it failed
}

// Online is the status of an index that queries use.
const Online = "ONLINE"

// Index finds the index on a field.
func (t Table) Index(field string) (Index, bool) {
	for _, ix := range t.Indexes {
		if ix.Field == field {
			return ix, true
		}
	}
	return Index{}, false
}

// Table finds the active table called name. The error is a *NoTableError or that of a statement.
//
// Source: QLDB developer guide, "Querying the system catalog".
func (t *Tx) Table(ledger, name string) (Table, error) {
	rows, err := t.Run(`SELECT * FROM information_schema.user_tables WHERE status = 'ACTIVE' AND name = ?`,
		ion.String(name))
	if err != nil {
		return Table{}, err
	}
	if len(rows) == 0 {
		return Table{}, &NoTableError{Ledger: ledger, Table: name}
	}
	return tableOf(rows[0]), nil
}

func tableOf(row ion.Value) Table {
	found := Table{ID: Text(row, "tableId"), Name: Text(row, "name")}
	indexes, _ := row.Field("indexes")
	for _, ix := range indexes.Items() {
		field := strings.TrimSuffix(strings.TrimPrefix(Text(ix, "expr"), "["), "]")
		found.Indexes = append(found.Indexes, Index{
			ID: Text(ix, "indexId"), Field: field, Status: Text(ix, "status"), Message: Text(ix, "message"),
		})
	}
	return found
}

// Table finds the active table called name, in a transaction of its own.
func (l *Ledger) Table(ctx context.Context, name string) (Table, error) {
	var found Table
	err := l.Do(ctx, func(tx *Tx) (err error) {
		found, err = tx.Table(l.Name, name)
		return err
	})
	if err == nil {
		l.mu.Lock()
		l.tables[name] = found
		l.mu.Unlock()
	}
	return found, err
}

// Indexed says whether a table has an index on field that queries use. An index seen once is believed from then on: the
// answer only decides how documents are looked up, and a data set of many documents must not ask for each.
func (l *Ledger) Indexed(ctx context.Context, table, field string) (bool, error) {
	l.mu.Lock()
	seen := l.tables[table]
	l.mu.Unlock()
	if ix, ok := seen.Index(field); ok && ix.Status == Online {
		return true, nil
	}
	now, err := l.Table(ctx, table)
	ix, ok := now.Index(field)
	return err == nil && ok && ix.Status == Online, err
}

// Text is the text of a field of a row, "" if it has none.
func Text(row ion.Value, field string) string {
	v, _ := row.Field(field)
	return v.Text()
}

// Quote writes an identifier, so that reserved words are taken as names.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// locks keep transactions of this process apart that would certainly conflict: a transaction that looks through a whole
// table meets every other that writes to it. Without them a hundred documents applied at once would mostly run again.
type locks struct {
	mu     sync.Mutex
	tables map[string]*sync.RWMutex
	values map[string]*sync.Mutex
}

// Scan waits until no other object of this process writes to the table, and keeps it so until done is called.
func (l *Ledger) Scan(table string) (done func()) {
	m := l.locks.table(table)
	m.Lock()
	return m.Unlock
}

// Touch waits while the table is scanned, and keeps it from being scanned until done is called. If key is not "", it
// also waits for, and keeps away, others with the same key: those that look for the same value in an index.
func (l *Ledger) Touch(table, key string) (done func()) {
	m := l.locks.table(table)
	m.RLock()
	if key == "" {
		return m.RUnlock
	}
	k := l.locks.value(table + "\x00" + key)
	k.Lock()
	return func() { k.Unlock(); m.RUnlock() }
}

func (s *locks) table(name string) *sync.RWMutex {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables == nil {
		s.tables, s.values = map[string]*sync.RWMutex{}, map[string]*sync.Mutex{}
	}
	if s.tables[name] == nil {
		s.tables[name] = &sync.RWMutex{}
	}
	return s.tables[name]
}

func (s *locks) value(name string) *sync.Mutex {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values[name] == nil {
		s.values[name] = &sync.Mutex{}
	}
	return s.values[name]
}

// DoIn is Do for statements on one table. When the service refuses because there is no such table, which it says in the
// words of any unknown name, the error is a *NoTableError.
func (l *Ledger) DoIn(ctx context.Context, table string, fn func(*Tx) error) error {
	err := l.Do(ctx, fn)
	if !isRefused(err) || ctx.Err() != nil {
		return err
	}
	if _, tableErr := l.Table(ctx, table); IsGone(tableErr) {
		return tableErr
	}
	return err
}
