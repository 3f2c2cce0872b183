package engine_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/index"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/ledgerlog"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

var logID = [16]byte([]byte("log of the tests"))

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A source of repeatable randomness that may be shared.
type randomness struct {
	mu sync.Mutex
	r  *rand.ChaCha8
}

func (r *randomness) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.Read(p)
}

// A world is a ledger on disks in memory that can be crashed.
type world struct {
	t      testing.TB
	disk   *crashfs.FS // of the log
	memory *vfs.MemFS  // of the index
	clock  *clock
	cfg    engine.Config // as it was last opened

	log    *ledgerlog.Log
	index  *index.Index
	ledger *engine.Ledger
}

func newWorld(t testing.TB, change ...func(*engine.Config)) *world {
	t.Helper()
	w := &world{
		t: t, disk: crashfs.New(), memory: vfs.NewCrashableMem(),
		clock: &clock{now: time.Date(2021, 8, 30, 15, 50, 0, 0, time.UTC)},
	}
	w.cfg = engine.Config{Clock: w.clock.read, Rand: &randomness{r: rand.NewChaCha8([32]byte{1})}}
	for _, f := range change {
		f(&w.cfg)
	}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.t.Helper()
	if err := w.tryOpen(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tryOpen() (err error) {
	ctx := context.Background()
	options := ledgerlog.Options{FS: w.disk, SegmentBytes: 32 << 10}
	if w.log, err = ledgerlog.Open(ctx, "/log", logID, options); err != nil {
		return err
	}
	if w.index, err = index.Open("/index", logID, index.Options{FS: w.memory}); err != nil {
		return err
	}
	w.cfg.Log, w.cfg.Index = w.log, w.index
	w.ledger, err = engine.Open(ctx, w.cfg)
	return err
}

func (w *world) close() {
	if w.ledger != nil {
		_ = w.ledger.Close()
	}
	_ = w.index.Close()
	_ = w.log.Close()
}

// What becomes of the index in a crash.
type indexFate int

const (
	indexKept indexFate = iota
	indexLags
	indexDeleted
)

// crash cuts the power and opens what is left.
func (w *world) crash(choose crashfs.Choice, fate indexFate) {
	w.t.Helper()
	disk := w.disk.Crash(choose)
	memory := w.memory
	switch fate {
	case indexLags:
		memory = memory.CrashClone(vfs.CrashCloneCfg{})
	case indexDeleted:
		memory = vfs.NewCrashableMem()
	}
	w.close()
	w.disk, w.memory = disk, memory
	w.open()
}

func (w *world) begin() *engine.Tx {
	w.t.Helper()
	tx, err := w.ledger.Begin(context.Background(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

// values reads Ion text, one value each.
func values(t testing.TB, texts []string) []ion.Value {
	t.Helper()
	params := make([]ion.Value, len(texts))
	for i, text := range texts {
		v, err := ion.ParseOne(text, ion.Options{})
		if err != nil {
			t.Fatal(err)
		}
		params[i] = v
	}
	return params
}

// try runs a statement to its last page. Rows are Ion text.
func try(t testing.TB, tx *engine.Tx, statement string, params ...string) (rows []string, reads int64, err error) {
	t.Helper()
	page, err := tx.Execute(context.Background(), statement, values(t, params))
	for {
		if err != nil {
			return rows, reads, err
		}
		reads += page.ReadIOs
		for _, b := range page.Values {
			v, err := ion.DecodeOne(b, ion.Options{MaxDepth: 1000})
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, v.String())
		}
		if page.Next == "" {
			return rows, reads, nil
		}
		page, err = tx.Fetch(context.Background(), page.Next)
	}
}

func exec(t testing.TB, tx *engine.Tx, statement string, params ...string) []string {
	t.Helper()
	rows, _, err := try(t, tx, statement, params...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return rows
}

func commit(tx *engine.Tx) error { return tx.Commit(context.Background(), tx.Digest()) }

func mustCommit(t testing.TB, tx *engine.Tx) {
	t.Helper()
	if err := commit(tx); err != nil {
		t.Fatal(err)
	}
}

// do runs statements in a transaction of their own and returns the rows of the last one.
func (w *world) do(statements ...string) []string {
	w.t.Helper()
	tx := w.begin()
	var rows []string
	for _, s := range statements {
		rows = exec(w.t, tx, s)
	}
	mustCommit(w.t, tx)
	return rows
}

// query runs one statement with parameters in a transaction of its own.
func (w *world) query(statement string, params ...string) []string {
	w.t.Helper()
	tx := w.begin()
	rows := exec(w.t, tx, statement, params...)
	mustCommit(w.t, tx)
	return rows
}

// field is a text field of a row.
func field(t testing.TB, row, name string) string {
	t.Helper()
	v, _ := values(t, []string{row})[0].Field(name)
	return v.Text()
}

func wantRows(t testing.TB, got []string, want ...string) {
	t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// wantRefused checks that err is the client's doing and what it is told.
func wantRefused(t testing.TB, err error, text string) {
	t.Helper()
	if refused, ok := err.(*engine.BadRequestError); !ok || !strings.HasPrefix(refused.Message, text) {
		t.Errorf("got %v, want a *BadRequestError %q", err, text)
	}
}
