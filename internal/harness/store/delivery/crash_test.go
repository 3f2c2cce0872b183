package delivery_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
)

// breakAt makes the nth call of a file system fail, before it did anything or after, and all later ones if the
// process is to die there.
func breakAt(disk *crashfs.FS, n int, outcome crashfs.Outcome, dead bool) (reached func() bool) {
	calls := 0
	disk.SetHook(func(crashfs.Call) crashfs.Outcome {
		calls++
		switch {
		case calls == n:
			return outcome
		case dead && calls > n:
			return crashfs.Fail
		}
		return crashfs.Pass
	})
	return func() bool { return calls >= n }
}

// choices are what a power cut keeps of what was not synced.
func choices() []crashfs.Choice {
	turn := 0
	return []crashfs.Choice{crashfs.Oldest, crashfs.Newest, func(n int) int {
		turn = turn*5 + 3
		return turn % n
	}}
}

func newDisk(t *testing.T) *crashfs.FS {
	t.Helper()
	disk := crashfs.New()
	if err := errors.Join(disk.Mkdir("/data"), disk.SyncDir("/")); err != nil {
		t.Fatal(err)
	}
	return disk
}

// TestObjectIsWholeAfterAnyCrash cuts the power at every call of Put: the object is the former one or the new one, and
// the new one once Put has said so. Put again then works.
func TestObjectIsWholeAfterAnyCrash(t *testing.T) {
	t.Parallel()
	const name = "/data/s3/audit/2026/k"
	before, after := strings.Repeat("old ", 300), strings.Repeat("brand new ", 400)
	for n := 1; ; n++ {
		reached := false
		for _, outcome := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
			for _, dead := range []bool{false, true} {
				for _, choose := range choices() {
					disk := newDisk(t)
					object := delivery.Object{Bucket: "audit", Key: "2026/k", Body: []byte(before)}
					if n%2 == 0 { // as well with no former object
						put(t, disk, object)
					}
					object.Body = []byte(after)
					was := breakAt(disk, n, outcome, dead)
					err := delivery.NewObjects("/data/s3", delivery.Options{FS: disk}).Put(t.Context(), object)
					reached = reached || was()
					disk.SetHook(nil)
					left := disk.Crash(choose)
					got, there := left.Files()[name]
					whole := string(got) == after || string(got) == before && n%2 == 0 || !there && n%2 != 0
					if !whole || err == nil && string(got) != after {
						t.Errorf("call %d, outcome %v, dead %v: put said %v, left %.20q", n, outcome, dead, err, got)
					}
					put(t, left, object)
					want := map[string][]byte{name: []byte(after)}
					if diff := cmp.Diff(want, left.Files()); diff != "" {
						t.Errorf("call %d: after another put (-want +got):\n%s", n, diff)
					}
				}
			}
		}
		if !reached {
			t.Logf("%d calls broken", n-1)
			return
		}
	}
}

func put(t *testing.T, disk *crashfs.FS, object delivery.Object) {
	t.Helper()
	if err := delivery.NewObjects("/data/s3", delivery.Options{FS: disk}).Put(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

// What becomes of whoever made the call that was broken.
type fate string

const (
	goesOn      fate = "the process goes on"
	processDies fate = "the process dies"
	machineDies fate = "the power is cut"
)

// TestRecordsSurviveAnyCrash breaks every call of Append. The producer, which goes on behind what was acknowledged,
// finds all its records in the file, in order, also after a power cut at the end; and each once, unless the power was
// cut while some were on their way.
func TestRecordsSurviveAnyCrash(t *testing.T) {
	t.Parallel()
	var want []string
	for _, r := range append(append(three(0), three(3)...), three(6)...) {
		want = append(want, string(r.Data))
	}
	for n := 1; ; n++ {
		reached := false
		for _, outcome := range []crashfs.Outcome{crashfs.Fail, crashfs.FailApplied} {
			for _, then := range []fate{goesOn, processDies, machineDies} {
				for i, choose := range choices() {
					disk, was := brokenAppends(t, n, outcome, then, choose)
					reached = reached || was
					got := contents(t, string(disk.Files()["/data/kinesis/111122223333/eu-west-2/audit.jsonl"]))
					if then == machineDies {
						got = withoutRepeats(got)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("call %d, outcome %v, %s, choice %d (-want +got):\n%s", n, outcome, then, i, diff)
					}
				}
			}
		}
		if !reached {
			t.Logf("%d calls broken", n-1)
			return
		}
	}
}

// brokenAppends appends nine records with the nth call broken, and returns the disk after a power cut.
func brokenAppends(
	t *testing.T, n int, outcome crashfs.Outcome, then fate, choose crashfs.Choice,
) (disk *crashfs.FS, reached bool) {
	t.Helper()
	disk = newDisk(t)
	records := delivery.NewRecords("/data/kinesis", now, delivery.Options{FS: disk})
	acknowledged := uint64(0)
	was := breakAt(disk, n, outcome, then != goesOn)
	for from := uint64(0); from < 9; from += 3 {
		if records.Append(t.Context(), target("audit"), three(from)) != nil {
			break
		}
		acknowledged = from + 3
	}
	reached = was()
	disk.SetHook(nil)
	if then == machineDies {
		disk = disk.Crash(choose)
	}
	if then != goesOn {
		records = delivery.NewRecords("/data/kinesis", now, delivery.Options{FS: disk})
	}
	for from := acknowledged; from < 9; from += 3 {
		appendAll(t, records, target("audit"), three(from)...)
	}
	return disk.Crash(choose), reached
}

// three are three records of more than a sector each.
func three(from uint64) []delivery.Record {
	var list []delivery.Record
	for n := from; n < from+3; n++ {
		r := record("one", n, 1)
		r.Data = append(r.Data, strings.Repeat(" and more", 70)...)
		list = append(list, r)
	}
	return list
}

// withoutRepeats leaves out what comes before the last appearance of a text, which a power cut kept by chance.
func withoutRepeats(list []string) []string {
	var out []string
	for i, text := range list {
		again := false
		for _, later := range list[i+1:] {
			again = again || later == text
		}
		if !again {
			out = append(out, text)
		}
	}
	return out
}
