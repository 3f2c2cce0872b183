package engine_test

import (
	"context"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// Whatever is read from disk, no reader of it panics.
func FuzzStored(f *testing.F) {
	w := newWorld(f)
	if err := w.tell(1); err != nil {
		f.Fatal(err)
	}
	err := w.log.Read(context.Background(), 0, func(_ uint64, b []byte) error {
		f.Add(b)
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	err = w.index.View(context.Background(), func(r store.IndexReader) error {
		c := r.Scan([]byte("d"), []byte("i"))
		defer c.Close()
		for c.Next() {
			f.Add(append([]byte(nil), c.Value()...))
		}
		return c.Err()
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, b []byte) { engine.ReadStored(b) })
}
