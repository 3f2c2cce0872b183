package engine

// A token is one thing that a transaction reads or writes, as far as conflicts go: a transaction must not commit if
// a token that it read was written by a block after its snapshot.
//
//	wholeTable     table           every document of a table     scans; history() without an end in the past
//	document       table, key      one document                  lookups by id
//	indexRange     table, key      the documents whose indexed field has one value; table is the index
//	history        table           revisions that lose their data
//	tableName      table           what the name of a table means
//	tableID        table           whether a table is active
//	tableIndexes   table           which indexes a table has     CREATE INDEX and DROP INDEX alone
//	indexDropped   table           whether an index is kept up to date; table is the index
//	wholeCatalog                   information_schema.user_tables
//
// A write of a document writes wholeTable, document and an indexRange for each old and new value. So an INSERT alone
// reads nothing but the name of its table, and conflicts with no other; but those who searched where it would have
// been found conflict with it.
//
// Source: Amazon QLDB developer guide, "Amazon QLDB concurrency model".
type token struct {
	kind  tokenKind
	table string
	key   string
}

type tokenKind uint8

const (
	wholeTable tokenKind = iota
	document
	indexRange
	history
	tableName
	tableID
	tableIndexes
	indexDropped
	wholeCatalog
)

// conflicts remembers what the last blocks wrote, as far back as any open transaction may ask.
type conflicts struct {
	last  map[token]uint64 // the newest block that wrote it
	queue []written        // by block, so that the oldest can be forgotten
}

type written struct {
	block  uint64
	tokens []token
}

// changed reports whether one of tokens was written by a block from number since on.
func (c *conflicts) changed(tokens map[token]struct{}, since uint64) bool {
	for t := range tokens {
		if block, ok := c.last[t]; ok && block >= since {
			return true
		}
	}
	return false
}

// record notes what a block writes, and forgets the blocks before oldest, which every open transaction has seen.
func (c *conflicts) record(block uint64, tokens []token, oldest uint64) {
	if len(tokens) > 0 {
		c.queue = append(c.queue, written{block, tokens})
	}
	for _, t := range tokens {
		c.last[t] = block
	}
	n := 0
	for ; n < len(c.queue) && c.queue[n].block < oldest; n++ {
		for _, t := range c.queue[n].tokens {
			if c.last[t] == c.queue[n].block {
				delete(c.last, t)
			}
		}
	}
	c.queue = c.queue[n:]
}
