package index

import (
	"context"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// onceFailed is a file system whose new tables wait, once Pebble has failed to write one, until the index is closed.
// Pebble would try again at once, and for ever, which keeps a core busy; and nothing is applied any more that a later
// table could save.
type onceFailed struct {
	vfs.FS
	failed, closing context.Context
}

// Create implements vfs.FS.
func (f onceFailed) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if f.failed.Err() != nil && filepath.Ext(name) == ".sst" {
		<-f.closing.Done()
	}
	return f.FS.Create(name, category)
}

// flush writes what is in memory, or returns the failure that keeps Pebble from it.
func (x *Index) flush() error {
	flushed, err := x.db.AsyncFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
		return nil
	case <-x.forgetting.failed.Done():
		return *x.failure.Load()
	}
}

// end closes the files. What waits for that goes on, to find that it is too late.
func (x *Index) end() error {
	x.closing()
	return x.db.Close()
}
