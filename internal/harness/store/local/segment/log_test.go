package segment_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/segment"
)

var update = flag.Bool("update", false, "write golden files anew")

const first = "/000000000001.seg"

func config(fs *crashfs.FS) segment.Config {
	return segment.Config{FS: fs, Dir: "/", ID: [16]byte([]byte("log of the tests")), Step: 2048}
}

// openLog opens the log and returns it with what it holds.
func openLog(t testing.TB, fs *crashfs.FS) (*segment.Log, []string) {
	t.Helper()
	var got []string
	l, err := segment.Open(config(fs), func(e segment.Entry) error {
		got = append(got, string(e.Payload))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, got
}

func appendTo(t testing.TB, l *segment.Log, payload string) {
	t.Helper()
	if err := errors.Join(l.Extend(len(payload)), l.Append([]byte(payload))); err != nil {
		t.Fatal(err)
	}
}

func newLog(t testing.TB, payloads ...string) *crashfs.FS {
	t.Helper()
	fs := crashfs.New()
	if err := segment.Create(config(fs)); err != nil {
		t.Fatal(err)
	}
	l, _ := openLog(t, fs)
	for _, p := range payloads {
		appendTo(t, l, p)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return fs
}

// TestFormat holds the bytes on disk still: a change here is a new version of the format. Lines of zeros are left out.
func TestFormat(t *testing.T) {
	t.Parallel()
	fs := newLog(t, "", "one", strings.Repeat("long ", 200), "in the second segment")
	var got strings.Builder
	for _, name := range []string{first, "/000000000002.seg"} {
		got.WriteString(name + "\n")
		for line := range strings.Lines(hex.Dump(fs.Files()[name])) {
			if !strings.Contains(line, strings.Repeat(".", 16)) || strings.ContainsAny(line[10:58], "123456789abcdef") {
				got.WriteString(line)
			}
		}
	}
	const golden = "testdata/format.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("format (-want +got):\n%s", diff)
	}
}

func TestAppendAndReopen(t *testing.T) {
	t.Parallel()
	want := []string{"", "a", strings.Repeat("b", 483), strings.Repeat("c", 484), strings.Repeat("d", 5000), "e"}
	fs := newLog(t, want...)
	l, got := openLog(t, fs)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if err := l.Append(make([]byte, 1<<20)); err == nil {
		t.Error("a record was appended for which no room was made")
	}
	if err := l.Extend(segment.MaxPayload + 1); err == nil {
		t.Error("room was made for a record beyond the limit")
	}
	appendTo(t, l, "f")
	if _, got := openLog(t, fs.Crash(crashfs.Oldest)); len(got) != len(want)+1 {
		t.Errorf("got %d records after a crash, want %d", len(got), len(want)+1)
	}
}

func TestRebase(t *testing.T) {
	t.Parallel()
	fs := newLog(t, strings.Repeat("a", 1000), strings.Repeat("b", 1000), "c")
	l, _ := openLog(t, fs)
	want := []string{strings.Repeat("s", 700), "t"}
	if err := l.Rebase([][]byte{[]byte(want[0]), []byte(want[1])}, 100); err != nil {
		t.Fatal(err)
	}
	appendTo(t, l, "d")
	want = append(want, "d")
	if got := len(fs.Files()); got != 1 {
		t.Errorf("got %d files, want 1", got)
	}
	if got := l.Size(); got != 4096 {
		t.Errorf("got a size of %d, want 4096", got)
	}
	for _, choose := range []crashfs.Choice{crashfs.Oldest, crashfs.Newest} {
		if _, got := openLog(t, fs.Crash(choose)); !cmp.Equal(got, want) {
			t.Errorf("got %.40q, want %.40q", got, want)
		}
	}
}

// A settled record was durable before its file had a name, so a crash cannot have taken a part of it.
func TestSettledRecordIsNeverTorn(t *testing.T) {
	t.Parallel()
	fs := newLog(t)
	l, _ := openLog(t, fs)
	if err := l.Rebase([][]byte{make([]byte, 900)}, 0); err != nil {
		t.Fatal(err)
	}
	const name = "/000000000002.seg"
	for _, lost := range [][2]int{{512, 1024}, {1024, 1536}, {512, 1536}} {
		bad := fs.Files()[name]
		clear(bad[lost[0]:lost[1]])
		damaged := fs.Crash(crashfs.Newest)
		damaged.WriteFile(name, bad)
		err := segment.Verify(config(damaged), func(segment.Entry) error { return nil })
		if corrupt, ok := errors.AsType[*segment.CorruptError](err); !ok || corrupt.File != name {
			t.Errorf("bytes %v lost: got %v, want a *CorruptError", lost, err)
		}
	}
}

func TestErrorOfReplayIsReturned(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	fs := newLog(t, "a")
	if err := segment.Verify(config(fs), func(segment.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the error of replay", err)
	}
	if err := segment.Verify(config(crashfs.New()), nil); !errors.Is(err, segment.ErrNoSegments) {
		t.Errorf("got %v, want ErrNoSegments", err)
	}
}

// FuzzOpen reads arbitrary files. What is accepted must stay accepted, and go on after it.
func FuzzOpen(f *testing.F) {
	for _, fs := range []*crashfs.FS{newLog(f), newLog(f, "a", "bc"), newLog(f, strings.Repeat("x", 1000), "y")} {
		good := fs.Files()[first]
		f.Add(good, false)
		f.Add(good, true)
		torn := bytes.Clone(good)
		clear(torn[1024:1536])
		f.Add(torn, true)
	}
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, b []byte, resum bool) {
		if resum {
			b = bytes.Clone(b)
			segment.Resum(b)
		}
		fs := crashfs.New()
		fs.WriteFile(first, b)
		records := 0
		err := segment.Verify(config(fs), func(e segment.Entry) error {
			if len(e.Payload) > len(b) {
				t.Errorf("a file of %d bytes has a record of %d", len(b), len(e.Payload))
			}
			records++
			return nil
		})
		if err != nil {
			if !errors.As(err, new(*segment.CorruptError)) {
				t.Errorf("got %v, want a *CorruptError", err)
			}
			if !bytes.Equal(fs.Files()[first], b) {
				t.Error("a refused file was changed")
			}
			return
		}
		l, got := openLog(t, fs)
		if len(got) != records {
			t.Errorf("Open read %d records, Verify %d", len(got), records)
		}
		appendTo(t, l, "after")
		if _, got = openLog(t, fs.Crash(crashfs.Oldest)); len(got) != records+1 || got[records] != "after" {
			t.Errorf("got %d records after appending, want %d", len(got), records+1)
		}
	})
}
