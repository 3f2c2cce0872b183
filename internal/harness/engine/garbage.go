package engine

import "github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"

// garbage is what a block made superfluous for everybody whose snapshot contains the block. It is kept in memory
// alone: what a crash makes us forget stays in the index, where it costs a little space and time and changes no
// answer.
type garbage struct {
	queue []waste
	last  map[string]uint64 // index entry to the newest block that put it into the queue
}

// A waste is changes of the index to make when every snapshot contains block.
type waste struct {
	block   uint64
	entry   string // the key of an index entry to delete, or ""
	changes []store.Change
}

// add queues changes that are always right.
func (g *garbage) add(block uint64, changes ...store.Change) {
	g.queue = append(g.queue, waste{block: block, changes: changes})
}

// addEntry queues an index entry, which a later block may need again.
func (g *garbage) addEntry(block uint64, key []byte) {
	g.last[string(key)] = block
	g.queue = append(g.queue, waste{block: block, entry: string(key)})
}

// keep says that an index entry is needed: a document has the value again.
func (g *garbage) keep(key []byte) { delete(g.last, string(key)) }

// take returns the changes for everything that no snapshot needs, of which oldest is the oldest.
func (g *garbage) take(oldest uint64) []store.Change {
	var changes []store.Change
	n := 0
	for ; n < len(g.queue) && g.queue[n].block < oldest; n++ {
		w := g.queue[n]
		changes = append(changes, w.changes...)
		// Another block may have kept the entry, or queued it again: then it is for later.
		if newest, queued := g.last[w.entry]; queued && newest == w.block {
			delete(g.last, w.entry)
			changes = append(changes, store.Change{Op: store.OpDelete, Key: []byte(w.entry)})
		}
	}
	g.queue = g.queue[n:]
	return changes
}
