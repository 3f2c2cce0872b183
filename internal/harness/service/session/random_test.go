package session_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// A model is what a session must answer, told from what was sent to it.
type model struct {
	*client
	ended   bool
	born    time.Time
	open    bool // a transaction was started and not ended
	began   time.Time
	expired string // the last transaction that was found to be older than 30 seconds
}

// look notes that an open transaction has expired.
func (m *model) look(now time.Time) {
	if m.open && now.Sub(m.began) > 30*time.Second {
		m.open, m.expired = false, m.tx
	}
}

// inTransaction is what a command with the last transaction's id must answer if it is not about that transaction's
// contents.
func (m *model) inTransaction() string {
	switch {
	case m.open:
		return ""
	case m.tx != "" && m.tx == m.expired:
		return invalid + ": Transaction " + m.tx + " has expired"
	}
	return bad + ": No open transaction"
}

// step sends a command and returns what came and what had to come: "" for success.
func (m *model) step(kind int) (command string, err error, want string) {
	if m.tx == "" {
		m.tx = "0123456789abcdefghijkl"
	}
	switch kind {
	case 0, 1:
		if m.open {
			return "start", m.start(), bad + ": Transaction already open"
		}
		if err = m.start(); err == nil {
			m.open, m.began = true, m.w.clock.Now()
		}
		return "start", err, ""
	case 2, 3:
		_, err = m.execute("INSERT INTO t {'a': 1}")
		return "insert", err, m.inTransaction()
	case 4:
		_, err = m.execute("SELECT * FROM t WHERE a = 7")
		return "select", err, m.inTransaction()
	case 5:
		_, err = m.execute("SELECT FROM WHERE")
		if want = m.inTransaction(); want == "" {
			want = bad + ": Unsupported PartiQL Statement"
		}
		return "nonsense", err, want
	case 6:
		_, err = m.fetch("AAAA")
		if want = m.inTransaction(); want == "" {
			want = bad + ": The parameter NextPageToken is not valid"
		}
		return "fetch", err, want
	case 7, 8:
		err, want = m.commit(), m.inTransaction()
		if m.open && conflicts(err) {
			err = nil
		}
		m.open = false
		return "commit", err, want
	case 9:
		wrong := *m.client
		wrong.digest[0] ^= 1
		if want = m.inTransaction(); want == "" {
			want = bad + ": Digests don't match"
		}
		return "commit of something else", wrong.commit(), want
	case 10:
		m.open = false
		return "abort", m.abort(), ""
	default:
		m.open, m.ended = false, true
		return "end", m.end(), ""
	}
}

func conflicts(err error) bool {
	var fault *wire.Fault
	return errors.As(err, &fault) && fault.Code == occ
}

// Every command in every state of a session, against the model: never a wrong type, never an internal error.
func TestRandomCommands(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := newWorld(t)
		w.connect(t).transact("CREATE TABLE t")
		sessions := make([]*model, 3)
		for i := range sessions {
			sessions[i] = &model{client: w.connect(t), born: w.clock.Now()}
		}
		for n := range 800 {
			i := r.IntN(len(sessions))
			m := sessions[i]
			now := w.clock.Now()
			m.look(now)
			age, kind := now.Sub(m.born), r.IntN(12)
			if kind == 11 && r.IntN(8) > 0 { // ends are rare
				kind = 10
			}
			ended := m.ended
			command, err, want := m.step(kind)
			switch text := textOf(err); {
			case ended:
				want = invalid + ": No such session"
			case age >= 13*time.Minute && text == invalid+": Session "+m.id+" has expired", age > 17*time.Minute:
				want = invalid + ": Session " + m.id + " has expired"
			}
			if got := textOf(err); got != want && (want == "" || !strings.HasPrefix(got, want)) {
				t.Fatalf("seed %d, command %d: %s: got %q, want %q", seed, n, command, got, want)
			}
			if ended || age >= 13*time.Minute && err != nil && r.IntN(2) == 0 {
				sessions[i] = &model{client: w.connect(t), born: w.clock.Now()}
			}
			if r.IntN(20) == 0 {
				w.clock.Advance(time.Duration(r.IntN(40)) * time.Second)
			}
			if r.IntN(20) == 0 {
				tick(t, w)
			}
		}
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
