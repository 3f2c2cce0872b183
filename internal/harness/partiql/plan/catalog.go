package plan

// A Catalog is the tables that a statement sees: those of its snapshot, changed
// by its transaction's own DDL. The engine implements it; if asking is reading
// in the sense of conflicts, the implementation notes it.
type Catalog interface {
	// Table is the ACTIVE table called name, exactly as written.
	Table(name string) (Table, bool)
	// TableByID is the table with this id, whatever its status.
	TableByID(id string) (Table, bool)
	// Counts are the tables of the ledger that are ACTIVE and those of any status.
	Counts() (active, total int)
}

// A Table is what planning needs to know about one table.
type Table struct {
	ID      string
	Name    string
	Active  bool
	Indexes []Index // in the order they were created
}

// An Index is on one top-level field.
type Index struct {
	ID      string
	Field   string
	Status  IndexStatus
	Message string // why it FAILED, else empty
}

// An IndexStatus is a word of information_schema.user_tables.
type IndexStatus string

// The statuses of an index. Only one that is ONLINE serves queries.
const (
	Building   IndexStatus = "BUILDING"
	Finalizing IndexStatus = "FINALIZING"
	Online     IndexStatus = "ONLINE"
	Failed     IndexStatus = "FAILED"
	Deleting   IndexStatus = "DELETING"
)

// online is the index that serves equality on field.
func (t Table) online(field string) (Index, bool) {
	for _, ix := range t.Indexes {
		if ix.Field == field && ix.Status == Online {
			return ix, true
		}
	}
	return Index{}, false
}
