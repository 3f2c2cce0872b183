package index_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
)

// noise is a value that does not get shorter by compression, so that it can be searched for.
func noise(seed byte) string {
	b := make([]byte, 300)
	r := rand.NewChaCha8([32]byte{seed})
	_, _ = r.Read(b) // never fails
	return string(b)
}

// holds says whether some file of the index holds a value.
func holds(t *testing.T, fs *vfs.MemFS, value string) bool {
	t.Helper()
	names, err := fs.List("/index")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := fs.Open("/index/" + name)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(value)) {
			return true
		}
	}
	return false
}

func mustFlush(t *testing.T, x *index.Index) {
	t.Helper()
	if err := x.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func mustClose(t *testing.T, x *index.Index) {
	t.Helper()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func forget(key string) store.Change {
	return store.Change{Op: store.OpForget, Key: []byte(key), Value: []byte(key + "\x00")}
}

// However deep the tables with an old value lie, and however many there are, none is left; other values stay.
func TestForget(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	x := open(t, fs)
	position := uint64(0)
	for round := range byte(6) {
		for i := range round + 1 { // tables
			position++
			apply(t, x, position, put("a", noise(1)), put("b", noise(100+round)), put("c", noise(50+i)))
			if i%2 == 0 {
				mustFlush(t, x)
			}
		}
		position++
		apply(t, x, position, put("a", "new"))
		if round > 0 && !holds(t, fs, noise(1)) {
			t.Fatalf("round %d: there was nothing to forget", round)
		}
		position++
		apply(t, x, position, forget("a"))
		mustClose(t, x)
		if holds(t, fs, noise(1)) {
			t.Errorf("round %d: a file holds the old value", round)
		}
		x = open(t, fs)
		want(t, x, position, map[string]string{"a": "new", "b": noise(100 + round), "c": noise(50 + round)})
	}
	mustClose(t, x)
	if !holds(t, fs, noise(105)) {
		t.Error("values are not found in files where they are: the search is worth nothing")
	}
}

// A view still sees the old value: Apply waits for it. A crash in the meantime does not undo that it is forgotten.
func TestForgetWaitsForViewsAndOutlastsCrashes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, forgetUnderAView)
}

func forgetUnderAView(t *testing.T) {
	fs := vfs.NewCrashableMem()
	x := open(t, fs)
	apply(t, x, 1, put("a", noise(1)))
	mustFlush(t, x)
	applied := make(chan error, 1)
	var crashed *vfs.MemFS
	err := x.View(t.Context(), func(r store.IndexReader) error {
		go func() { applied <- x.Apply(t.Context(), 2, []store.Change{put("a", "new"), forget("a")}) }()
		synctest.Wait()
		value, _, err := r.Get([]byte("a"))
		if err != nil || string(value) != noise(1) {
			t.Errorf("the view got %.10q, %v, want the value at its beginning", value, err)
		}
		select {
		case err := <-applied:
			t.Errorf("Apply returned %v while a view needs the old value", err)
			applied <- err
		default:
		}
		mustFlush(t, x)
		crashed = fs.CrashClone(vfs.CrashCloneCfg{})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-applied; err != nil {
		t.Fatal(err)
	}
	if !holds(t, crashed, noise(1)) {
		t.Fatal("the crash left nothing to forget")
	}
	mustClose(t, x)
	again := open(t, crashed)
	want(t, again, 2, map[string]string{"a": "new"})
	mustClose(t, again)
	for what, fs := range map[string]*vfs.MemFS{"applied": fs, "crashed": crashed} {
		if holds(t, fs, noise(1)) {
			t.Errorf("%s: a file holds the old value", what)
		}
	}
}
