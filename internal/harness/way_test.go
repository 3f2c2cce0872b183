package harness_test

import (
	"io"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// A stop is a function on the way of a call, in a file below this folder.
type stop struct{ file, function string }

// ways are the tables of CONTRIBUTING.md's section on the way of a call: that of a commit, and that of a statement.
func ways(t *testing.T) [][]stop {
	t.Helper()
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## From a driver's call to an fsync\n")
	section, _, _ = strings.Cut(section, "\n## ")
	row := regexp.MustCompile("^\\| `([a-z/_]+\\.go)` \\| `(\\w+)` \\| .+ \\|$")
	var tables [][]stop
	for line := range strings.Lines(section) {
		found := row.FindStringSubmatch(strings.TrimSpace(line))
		switch {
		case strings.HasPrefix(line, "| ---"):
			tables = append(tables, nil)
		case found != nil:
			last := len(tables) - 1
			tables[last] = append(tables[last], stop{found[1], found[2]})
		}
	}
	if len(tables) != 2 {
		t.Fatalf("tables in CONTRIBUTING.md: got %d, want 2", len(tables))
	}
	return tables
}

// stack is which of our functions called the one that asks, the outermost first.
func stack() []stop {
	const ours = "/internal/harness/"
	name := regexp.MustCompile(`(\w+)(?:\[\.\.\.\])?(?:\.func\d+)*$`) // without type arguments and number of a closure
	pcs := make([]uintptr, 128)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var list []stop
	for {
		f, more := frames.Next()
		if _, file, ok := strings.Cut(f.File, ours); ok && !strings.HasSuffix(file, "_test.go") {
			list = append(list, stop{file, name.FindStringSubmatch(f.Function)[1]})
		}
		if !more {
			slices.Reverse(list)
			return list
		}
	}
}

// wantWay checks that a call passes through the files of a table and no others, in their order, and through the
// functions that are named.
func wantWay(t *testing.T, got, want []stop) {
	t.Helper()
	var files []string
	next := 0
	for _, s := range want {
		files = append(files, s.file)
		at := slices.Index(got[next:], s)
		if at < 0 {
			t.Errorf("%s of %s is not on the way after %v, which is:\n%v", s.function, s.file, got[:next], got)
			return
		}
		next += at + 1
	}
	for _, s := range got {
		if !slices.Contains(files, s.file) {
			t.Errorf("the way leads through %s, which the table leaves out:\n%v", s.file, got)
			return
		}
	}
}

// randomCalls keeps the last stack that reads randomness for a document's id.
type randomCalls struct {
	io.Reader
	mu   sync.Mutex
	last []stop
}

// Read implements io.Reader.
func (r *randomCalls) Read(b []byte) (int, error) {
	if calls := stack(); slices.ContainsFunc(calls, func(s stop) bool { return s.function == "Insert" }) {
		// The rest of the way only fetches the random bytes.
		end := slices.IndexFunc(calls, func(s stop) bool { return s.function == "newID" })
		r.mu.Lock()
		defer r.mu.Unlock()
		r.last = calls[:end]
	}
	return r.Reader.Read(b)
}

// A reader of the code can follow a call of the driver to the fsync in ten files, those that CONTRIBUTING.md lists:
// they are held against the stacks of an INSERT through the driver, when its document gets an id, and when its block
// is synced.
func TestFromADriversCallToAnFsync(t *testing.T) {
	t.Parallel()
	tables, broken := ways(t), &brokenDisk{}
	cfg := broken.use(config(t.TempDir()))
	random := &randomCalls{Reader: cfg.Rand}
	cfg.Rand = random
	h, server := open(t, cfg)
	client := sdk(h, server, "eu-west-2")
	createLedger(t, qldb.NewFromConfig(client), makeKey(t, kms.NewFromConfig(client)))
	advance(t, h, 2*time.Second)
	driver := newDriver(t, client, "orders")
	execute(t, driver, "CREATE TABLE Test")

	var commit []stop
	broken.breakAt(2, func() manner { // the first writes what this one syncs
		commit = stack()
		return manner{} // nothing goes wrong
	})
	execute(t, driver, "INSERT INTO Test ?", record{ID: 1, Name: "Ada"})
	if at := broken.broken(); !strings.HasPrefix(at, "sync ledgers/") || !strings.HasSuffix(at, ".seg") {
		t.Fatalf("the second write of a commit: got %q, want the sync of a segment", at)
	}
	file, err := disk.OS().Open("way_test.go", false)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	method, _ := reflect.TypeOf(file).MethodByName("Sync")
	name, _ := runtime.FuncForPC(method.Func.Pointer()).FileLine(method.Func.Pointer())
	_, name, _ = strings.Cut(name, "/internal/harness/")
	wantWay(t, append(commit, stop{name, method.Name}), tables[0])
	if n := len(tables[0]); n > 10 {
		t.Errorf("files from the commit to the fsync: got %d, want 10 or fewer", n)
	}
	random.mu.Lock()
	defer random.mu.Unlock()
	// As far as command.go it is the way of the commit.
	turn := slices.Index(random.last, tables[1][0])
	wantWay(t, random.last[max(0, turn):], tables[1])
}
