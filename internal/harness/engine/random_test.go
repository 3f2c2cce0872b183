package engine_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
)

// An action is one step of a random history.
type action struct {
	kind      string // "statement", "commit", "abort", "pass", "crash", "redact", "reopen"
	tx        int    // which of the open transactions; it begins with its first statement
	statement string
	n         int
}

// randomHistory makes a history for a few transactions at a time.
func randomHistory(seed uint64, length int) []action {
	r := rand.New(rand.NewPCG(seed, 1))
	value := func() string { return []string{"0", "1", "2", "2.0", "3", "'a'", "`a`", "null", "[1, 2]"}[r.IntN(9)] }
	statement := func() string {
		table := []string{"T", "T", "T", "U"}[r.IntN(4)]
		where := []string{"", " WHERE k = " + value(), " WHERE k = " + value(), " WHERE p = " + value(),
			" WHERE k IN (" + value() + ", " + value() + ")"}[r.IntN(5)]
		switch r.IntN(24) {
		case 0, 1, 2, 3, 4, 5:
			return fmt.Sprintf("INSERT INTO %s {'k': %s, 'p': %s}", table, value(), value())
		case 6, 7, 8:
			return fmt.Sprintf("UPDATE %s SET p = %s%s", table, value(), where)
		case 9, 10:
			return fmt.Sprintf("UPDATE %s SET k = %s, p = k%s", table, value(), where)
		case 11, 12:
			return fmt.Sprintf("DELETE FROM %s%s", table, where)
		case 13:
			return "CREATE TABLE U"
		case 14:
			return "DROP TABLE U"
		case 15:
			return fmt.Sprintf("CREATE INDEX ON %s (%s)", table, []string{"k", "p"}[r.IntN(2)])
		case 16:
			return fmt.Sprintf("SELECT VALUE data.p FROM history(%s)", table)
		case 17:
			return "SELECT name, status FROM information_schema.user_tables"
		case 18:
			return fmt.Sprintf("SELECT a.p AS x, b.p AS y FROM T AS a, %s AS b WHERE a.k = b.k", table)
		default:
			return fmt.Sprintf("SELECT * FROM %s%s", table, where)
		}
	}
	history := []action{{kind: "statement", statement: "CREATE TABLE T"}, {kind: "commit"}}
	for range length {
		a := action{tx: r.IntN(4), n: r.IntN(1000)}
		switch r.IntN(60) {
		case 0:
			a.kind = "crash"
		case 1:
			a.kind = "redact"
		case 2:
			a.kind = "abort"
		case 3, 4, 5:
			a.kind = "pass"
		case 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20:
			a.kind = "commit"
		default:
			a.kind, a.statement = "statement", statement()
		}
		history = append(history, a)
	}
	return history
}

// A told transaction is one that was committed, with what it was told.
type told struct {
	redact     int // 1 + which revision, if that is all
	statements []string
	rows       []string
}

// live runs a history. crash stands for what becomes of the machine.
func (w *world) live(history []action, crash func(n int)) (outcomes []string, committed []told) {
	w.t.Helper()
	open, so := map[int]*engine.Tx{}, map[int]told{}
	for _, a := range history {
		outcome := ""
		switch tx := open[a.tx]; {
		case a.kind == "pass":
			w.clock.move(time.Duration(a.n) * time.Millisecond)
		case a.kind == "crash":
			for i, tx := range open {
				tx.Abort()
				delete(open, i)
			}
			crash(a.n)
		case a.kind == "redact":
			if w.redact(a.n) {
				committed = append(committed, told{redact: 1 + a.n})
			}
		case a.kind == "statement":
			if tx == nil {
				tx = w.begin()
				open[a.tx], so[a.tx] = tx, told{}
			}
			rows, _, err := try(w.t, tx, a.statement)
			outcome = fmt.Sprint(shown(a.statement, rows), err)
			t := so[a.tx]
			t.statements = append(t.statements, a.statement)
			t.rows = append(t.rows, outcome)
			so[a.tx] = t
		case tx != nil:
			delete(open, a.tx)
			if a.kind == "abort" {
				tx.Abort()
				break
			}
			err := commit(tx)
			if err == nil {
				committed = append(committed, so[a.tx])
			} else if expired := (*engine.ExpiredError)(nil); !errors.Is(err, engine.ErrConflict) && !errors.As(err, &expired) {
				w.t.Fatal(err)
			}
			outcome = fmt.Sprint(err)
		}
		outcomes = append(outcomes, outcome)
	}
	for _, tx := range open {
		tx.Abort()
	}
	return outcomes, committed
}

// shown leaves out ids, which differ where transactions that failed are left out.
func shown(statement string, rows []string) []string {
	if strings.HasPrefix(statement, "SELECT") {
		return rows
	}
	return []string{fmt.Sprint(len(rows))}
}

// redact redacts one of the revisions that can be; it reports whether there was one.
func (w *world) redact(n int) bool {
	w.t.Helper()
	statements := w.redactions("T", 0)
	if len(statements) == 0 {
		return false
	}
	tx := w.begin()
	if _, _, err := try(w.t, tx, statements[n%len(statements)]); err != nil {
		tx.Abort()
		return false
	}
	mustCommit(w.t, tx)
	return true
}

// A seal is a real one, so that nothing is read at another place than it was written.
type seal struct{ aead cipher.AEAD }

func newSeal() seal {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return seal{aead}
}

func (s seal) Seal(place, plaintext []byte) ([]byte, error) {
	return s.aead.Seal(nil, nil, plaintext, place), nil
}

func (s seal) Open(_ context.Context, place, sealed []byte) ([]byte, error) {
	return s.aead.Open(nil, nil, sealed, place)
}

func (s seal) Hash(_ context.Context, value []byte) ([32]byte, error) {
	m := hmac.New(sha256.New, []byte("key"))
	m.Write(value)
	return [32]byte(m.Sum(nil)), nil
}

func (s seal) Hold(context.Context) (engine.Held, error) { return s, nil }

func (s seal) Release() {}

// Random histories end in one digest and give the same answers, whether the machine crashes, the index lags or is
// deleted, blocks are sealed or not; every revision proves; and each committed transaction was told what it would have
// been told had the transactions run one after the other.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	seeds, length := uint64(12), 250
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			history := randomHistory(seed, length)
			steady := newWorld(t)
			want, committed := steady.live(history, func(int) {})
			shaky := newWorld(t, func(c *engine.Config) { c.Sealer = newSeal() })
			random := rand.New(rand.NewPCG(seed, 2))
			got, _ := shaky.live(history, func(n int) {
				shaky.crash([]crashfs.Choice{crashfs.Oldest, crashfs.Newest, random.IntN}[n%3], indexFate(random.IntN(3)))
			})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("outcomes (-steady +shaky):\n%s", diff)
			}
			if diff := cmp.Diff(steady.answers(), shaky.answers()); diff != "" {
				t.Errorf("answers at the end (-steady +shaky):\n%s", diff)
			}
			d, err := shaky.ledger.Digest()
			if err != nil {
				t.Fatal(err)
			}
			shaky.prove(d.Tip, d.Hash)
			serial(t, committed)
		})
	}
}

// serial runs committed transactions one after the other and checks that each is told the same.
func serial(t *testing.T, committed []told) {
	t.Helper()
	w := newWorld(t)
	for i, c := range committed {
		if c.redact > 0 {
			if !w.redact(c.redact - 1) {
				t.Errorf("transaction %d: nothing to redact", i)
			}
			continue
		}
		tx := w.begin()
		for k, s := range c.statements {
			rows, _, err := try(t, tx, s)
			if got := fmt.Sprint(shown(s, rows), err); got != c.rows[k] {
				t.Errorf("transaction %d: %s\n got %s\nwant %s, as in the concurrent run", i, s, got, c.rows[k])
			}
		}
		mustCommit(t, tx)
	}
}
