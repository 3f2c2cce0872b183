package engine_test

import (
	"fmt"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// The drivers' own test: three documents, joined with themselves six times: 3+3²+3³+3⁴+3⁵+3⁶ are read.
//
// Source: integration tests of the QLDB drivers, "execution metrics".
func TestSixfoldJoinReads1092(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	w.do("INSERT INTO T << {'col': 1}, {'col': 2}, {'col': 3} >>")
	tx := w.begin()
	page, err := tx.Execute(t.Context(), "SELECT * FROM T as a, T as b, T as c, T as d, T as e, T as f", nil)
	var reads int64
	var pages []int
	for {
		if err != nil {
			t.Fatal(err)
		}
		if page.ReadIOs <= 0 {
			t.Errorf("page %d: got %d reads, want some on each", len(pages), page.ReadIOs)
		}
		reads += page.ReadIOs
		pages = append(pages, len(page.Values))
		if page.Next == "" {
			break
		}
		page, err = tx.Fetch(t.Context(), page.Next)
	}
	if got, want := fmt.Sprint(pages), "[200 200 200 129]"; got != want || reads != 1092 {
		t.Errorf("got pages of %s rows and %d reads, want %s and 1092", got, reads, want)
	}
	mustCommit(t, tx)
}

func TestReads(t *testing.T) {
	t.Parallel()
	w := conflictWorld(t)
	for _, tc := range []struct {
		statement string
		want      int64
	}{
		{"SELECT * FROM T", 3},
		{"SELECT * FROM T WHERE p = 2", 3},
		{"SELECT COUNT(*) FROM T", 3},
		{"SELECT * FROM T WHERE k = 2", 1},
		{"SELECT * FROM T WHERE k IN (1, 2)", 2},
		{"SELECT * FROM T WHERE k = 9", 1}, // a lookup that finds nothing
		{w.fill("SELECT * FROM T BY id WHERE id = '$k2'"), 1},
		{"SELECT * FROM T BY id WHERE id = 'nobody'", 1},
		{"SELECT * FROM Other", 0},
		{"SELECT * FROM history(T)", 4},
		{"SELECT * FROM information_schema.user_tables", 3},
		{"SELECT 1 FROM <<0>>", 0},
		{"INSERT INTO T {'k':1}", 0},
		{"UPDATE T SET p = 1 WHERE k = 2", 1},
		{"DELETE FROM T", 4}, // one of them the transaction's own
		{"SELECT * FROM T", 0},
	} {
		t.Run(tc.statement, func(t *testing.T) {
			tx := w.begin()
			if _, got, err := try(t, tx, tc.statement); err != nil || got != tc.want {
				t.Errorf("got %d reads, %v, want %d", got, err, tc.want)
			}
			if tc.statement[0] != 'S' {
				mustCommit(t, tx)
			}
		})
	}
}

func TestPageTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *engine.Config) { c.PageRows = 2 })
	w.do("CREATE TABLE T")
	w.do("INSERT INTO T <<{'k':1},{'k':2},{'k':3},{'k':4},{'k':5}>>")
	tx, other := w.begin(), w.begin()
	first := func(k int) engine.Page {
		p, err := tx.Execute(t.Context(), "SELECT VALUE k FROM T WHERE k > ?", []ion.Value{ion.Int(int64(k))})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a, b := first(0), first(2)
	exec(t, tx, "UPDATE T SET k = 0") // later writes do not change pages that are open
	for _, step := range []struct {
		page *engine.Page
		want string
	}{{&b, "5"}, {&a, "3 4"}, {&a, "5"}} { // in any order
		used := step.page.Next
		if _, err := other.Fetch(t.Context(), used); err == nil {
			t.Error("a token served another transaction")
		}
		next, err := tx.Fetch(t.Context(), used)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for i, v := range next.Values {
			one, err := ion.DecodeOne(v, ion.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				got += " "
			}
			got += one.String()
		}
		if got != step.want {
			t.Errorf("got rows %s, want %s", got, step.want)
		}
		_, err = tx.Fetch(t.Context(), used)
		wantRefused(t, err, "The parameter NextPageToken is not valid")
		*step.page = next
	}
	left := first(-1)
	mustCommit(t, tx) // with a result half read
	_, err := tx.Fetch(t.Context(), left.Next)
	wantRefused(t, err, "No open transaction")
}

func TestPagesByBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("CREATE TABLE T")
	tx := w.begin()
	for range 12 {
		if _, err := tx.Execute(t.Context(), "INSERT INTO T ?", []ion.Value{sized(1 << 17)}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := tx.Execute(t.Context(), "SELECT * FROM T", nil)
	if err != nil || len(page.Values) != 8 || page.Next == "" {
		t.Errorf("got a page of %d rows, %v, want 8 of 128 KiB each", len(page.Values), err)
	}
}
