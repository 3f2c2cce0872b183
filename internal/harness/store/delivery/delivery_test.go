package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

var arrival = time.Date(2026, 1, 5, 10, 0, 0, 500e6, time.UTC)

func now() time.Time { return arrival }

// files are the names and contents of all files below dir.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	got := "none"
	if r, ok := errors.AsType[*delivery.Refusal](err); ok {
		got = r.ErrorCode()
	} else if err != nil {
		got = err.Error()
	}
	if got != code {
		t.Errorf("got %s (%v), want %s", got, err, code)
	}
}

// TestKeysStayInTheirBucket puts objects under keys that a file system would follow elsewhere, or take for one another.
func TestKeysStayInTheirBucket(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	objects := delivery.NewObjects(filepath.Join(above, "s3"), delivery.Options{NoSync: true})
	want := map[string]string{}
	for key, name := range map[string]string{
		"a":                            "a",
		"year/2026/x.ion":              "year/2026/x.ion",
		"../escaped":                   "%2E%2E/escaped",
		"x/..":                         "x/%2E%2E",
		"../../../../etc/passwd":       "%2E%2E/%2E%2E/%2E%2E/%2E%2E/etc/passwd",
		"/etc/passwd":                  "%/etc/passwd",
		"//":                           "%/%/%",
		"./b":                          "%2E/b",
		"b/../../c":                    "b/%2E%2E/%2E%2E/c",
		"d/":                           "d/%",
		`..\..\windows`:                "..%5C..%5Cwindows",
		"C:x":                          "C%3Ax",
		"%2E%2E/escaped":               "%252E%252E/escaped",
		"%":                            "%25",
		"%new-a":                       "%25new-a",
		"nul\x00byte":                  "nul%00byte",
		"line\nfeed":                   "line%0Afeed",
		"...":                          "...",
		"Grüße":                        "Grüße",
		strings.Repeat("n", 240):       strings.Repeat("n", 240),
		"x/" + strings.Repeat("?", 80): "x/" + strings.Repeat("%3F", 80),
	} {
		if err := objects.Put(t.Context(), delivery.Object{Bucket: "audit", Key: key, Body: []byte(key)}); err != nil {
			t.Errorf("put %q: %v", key, err)
		}
		want["s3/audit/"+name] = key
	}
	if diff := cmp.Diff(want, files(t, above)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestRefusedObjects(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	objects := delivery.NewObjects(filepath.Join(above, "s3"), delivery.Options{NoSync: true})
	for _, bucket := range []string{"", ".", "..", "../other", "a/b", `a\b`, "a:b", "a\x00", "%"} {
		wantCode(t, objects.Put(t.Context(), delivery.Object{Bucket: bucket, Key: "k"}), "NoSuchBucket")
	}
	for _, key := range []string{strings.Repeat("n", 241), "a/" + strings.Repeat(":", 81) + "/b"} {
		wantCode(t, objects.Put(t.Context(), delivery.Object{Bucket: "audit", Key: key}), "KeyTooLongError")
	}
	if got := files(t, above); len(got) != 0 {
		t.Errorf("files: got %v, want none", got)
	}
	if err := os.MkdirAll(filepath.Join(above, "s3"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(above, "s3", "taken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantCode(t, objects.Put(t.Context(), delivery.Object{Bucket: "taken", Key: "k"}), "InternalError")
	ended, end := context.WithCancel(t.Context())
	end()
	if err := objects.Put(ended, delivery.Object{Bucket: "audit", Key: "k"}); !errors.Is(err, context.Canceled) {
		t.Errorf("put after the end of the context: got %v", err)
	}
}

// closed is a file system whose directories are others'. Only it shows a refusal to root, who may write anywhere.
type closed struct{ disk.FS }

func (closed) Mkdir(dir string) error {
	return &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrPermission}
}

func TestClosedDirectoryDenies(t *testing.T) {
	t.Parallel()
	options := delivery.Options{FS: closed{disk.OS()}}
	objects := delivery.NewObjects(t.TempDir(), options)
	wantCode(t, objects.Put(t.Context(), delivery.Object{Bucket: "audit", Key: "k"}), "AccessDenied")
	records := delivery.NewRecords(t.TempDir(), now, options)
	wantCode(t, records.Check(t.Context(), target("audit")), "AccessDeniedException")
}

func TestPutReplaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	objects := delivery.NewObjects(dir, delivery.Options{})
	for _, body := range []string{"a long first content", "short", ""} {
		if err := objects.Put(t.Context(), delivery.Object{Bucket: "b", Key: "k", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"b/k": body}, files(t, dir)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	}
}

func target(name string) delivery.Target {
	return delivery.Target{Account: "111122223333", Region: "eu-west-2", Name: name}
}

// record is what a producer sends as its records first to first+count-1.
func record(producer string, first, count uint64) delivery.Record {
	return delivery.Record{
		PartitionKey: "key", Data: fmt.Appendf(nil, "%s %d", producer, first),
		Producer: producer, First: first, Count: count,
	}
}

type line struct {
	SequenceNumber              string
	ApproximateArrivalTimestamp float64
	PartitionKey                string
	Data                        []byte
}

// contents are the data of the records in a file, which must all be JSON and numbered upwards.
func contents(t *testing.T, text string) []string {
	t.Helper()
	var got []string
	last := ""
	in := json.NewDecoder(strings.NewReader(text))
	for in.More() {
		var l line
		if err := in.Decode(&l); err != nil {
			t.Fatalf("%v after %.100q in %d bytes", err, got, len(text))
		}
		if len(l.SequenceNumber) != 56 || l.SequenceNumber <= last {
			t.Errorf("sequence number %q after %q", l.SequenceNumber, last)
		}
		last = l.SequenceNumber
		got = append(got, string(l.Data))
	}
	return got
}

func appendAll(t *testing.T, records *delivery.Records, to delivery.Target, list ...delivery.Record) {
	t.Helper()
	if err := records.Append(t.Context(), to, list); err != nil {
		t.Fatal(err)
	}
}

// TestRecordsAreThereOnce sends records again, as a producer does that was cut off, to the same process and the next.
func TestRecordsAreThereOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const name = "111122223333/eu-west-2/audit.jsonl"
	first := delivery.NewRecords(dir, now, delivery.Options{})
	appendAll(t, first, target("audit"), record("one", 0, 1), record("one", 1, 3))
	appendAll(t, first, target("audit"), record("one", 1, 3), record("two", 0, 1))
	next := delivery.NewRecords(dir, now, delivery.Options{})
	appendAll(t, next, target("audit"), record("one", 1, 3), record("one", 4, 1), record("two", 0, 1))
	appendAll(t, next, target("other"), record("one", 0, 1))
	want := []string{"one 0", "one 1", "two 0", "one 4"}
	if diff := cmp.Diff(want, contents(t, files(t, dir)[name])); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	text, _, _ := strings.Cut(files(t, dir)[name], "\n")
	wantLine := `{"SequenceNumber":"` + strings.Repeat("0", 56) + `","ApproximateArrivalTimestamp":1767607200.5,` +
		`"PartitionKey":"key","Data":"b25lIDA=","Producer":"one","First":0,"Count":1}`
	if text != wantLine {
		t.Errorf("line: got %s, want %s", text, wantLine)
	}

	// Whoever reads the file may take it away; the next record begins another.
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	appendAll(t, next, target("audit"), record("one", 5, 1))
	if diff := cmp.Diff([]string{"one 5"}, contents(t, files(t, dir)[name])); diff != "" {
		t.Errorf("records of the new file (-want +got):\n%s", diff)
	}
}

// TestTornLines opens files as crashes leave them.
func TestTornLines(t *testing.T) {
	t.Parallel()
	whole := func(n int) string {
		return fmt.Sprintf(`{"SequenceNumber":"%056d","Data":"b25lIDA=","Producer":"one","First":%d,"Count":1}`+"\n", n, n)
	}
	for _, tc := range []struct {
		name, left string
		want       []string
	}{
		{"nothing", "", []string{"one 0", "one 1", "one 2"}},
		{"half a line", whole(0) + whole(1)[:30], []string{"one 0", "one 1", "one 2"}},
		{"a line without its end", strings.TrimSuffix(whole(0), "\n"), []string{"one 0", "one 1", "one 2"}},
		{"zeros", whole(0) + strings.Repeat("\x00", 700), []string{"one 0", "one 1", "one 2"}},
		// "one 0" stands for the contents of both lines of before.
		{
			"a hole before a line that was kept", strings.Repeat("\x00", 99) + "\n" + whole(1),
			[]string{"one 0", "one 0", "one 1", "one 2"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "111122223333", "eu-west-2", "audit.jsonl")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tc.left), 0o600); err != nil {
				t.Fatal(err)
			}
			records := delivery.NewRecords(dir, now, delivery.Options{})
			appendAll(t, records, target("audit"), record("one", 0, 1), record("one", 1, 1), record("one", 2, 1))
			got := contents(t, files(t, dir)["111122223333/eu-west-2/audit.jsonl"])
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// TestForeignLinesStay: what a person wrote into the file is neither read nor removed.
func TestForeignLinesStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "111122223333", "eu-west-2", "audit.jsonl")
	appendAll(t, delivery.NewRecords(dir, now, delivery.Options{}), target("audit"), record("one", 0, 1))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("# looked at until here\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again := delivery.NewRecords(dir, now, delivery.Options{})
	appendAll(t, again, target("audit"), record("one", 0, 1), record("one", 1, 1))
	text := files(t, dir)["111122223333/eu-west-2/audit.jsonl"]
	if got := strings.Count(text, "\n"); got != 3 || !strings.Contains(text, "\n# looked at until here\n") {
		t.Errorf("got %d lines: %s", got, text)
	}
}

func TestTargetsStayInTheirDirectory(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	records := delivery.NewRecords(filepath.Join(above, "kinesis"), now, delivery.Options{NoSync: true})
	good := target("audit")
	for _, change := range []func(*delivery.Target){
		func(to *delivery.Target) { to.Name = "../audit" },
		func(to *delivery.Target) { to.Name = "" },
		func(to *delivery.Target) { to.Name = strings.Repeat("n", 129) },
		func(to *delivery.Target) { to.Name = "a/b" },
		func(to *delivery.Target) { to.Name = "a\x00" },
		func(to *delivery.Target) { to.Region = ".." },
		func(to *delivery.Target) { to.Region = "eu/west" },
		func(to *delivery.Target) { to.Account = ".." },
		func(to *delivery.Target) { to.Account = "11112222333/" },
	} {
		to := good
		change(&to)
		wantCode(t, records.Append(t.Context(), to, []delivery.Record{record("one", 0, 1)}), "ResourceNotFoundException")
	}
	appendAll(t, records, target(".."), record("one", 0, 1))
	want := []string{"kinesis/111122223333/eu-west-2/...jsonl"}
	var got []string
	for name := range files(t, above) {
		got = append(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
