package eval_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/eval"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/parse"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// answer runs one statement to its end.
func (m *memory) answer(text string, params ...ion.Value) ([]ion.Value, error) {
	m.begin()
	tree, err := parse.Statement(text)
	if err != nil {
		return nil, err
	}
	p, err := plan.New(tree, m)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	rows, err := eval.Run(ctx, p, eval.Env{Catalog: m, Source: m, Sink: m, Params: params, Now: m.stamp(), TxID: m.tx})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []ion.Value
	for {
		v, ok, err := rows.Next(ctx)
		if err != nil || !ok {
			return list, err
		}
		list = append(list, v)
	}
}

// A step is a statement of a script and what must come of it.
type step struct {
	line      int
	statement string
	params    string
	want      string // rows as Ion text, or an error's Detail in quotes
	reads     string // "" if it does not matter
}

// script splits a file into chunks of steps, see testdata/README.
func script(t *testing.T, path string) [][]step {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var chunks [][]step
	var chunk []step
	var s step
	for i, line := range strings.Split(string(data), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "---":
			chunks = append(chunks, chunk)
			chunk = nil
		case word == "??":
			s.params = rest
		case word == "==>" || word == "###":
			s.want = strings.TrimSpace(rest)
			if word == "###" {
				s.want = "### " + s.want
			}
			chunk = append(chunk, s)
			s = step{}
		case word == "reads":
			chunk[len(chunk)-1].reads = rest
		case strings.TrimSpace(line) == "" && s.statement == "", strings.HasPrefix(line, "#"):
		default:
			if s.statement == "" {
				s.line = i + 1
			}
			s.statement += line + "\n"
		}
	}
	return append(chunks, chunk)
}

func ionText(t *testing.T, values []ion.Value) string {
	t.Helper()
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = v.String()
	}
	return strings.Join(texts, "\n")
}

func parseIon(t *testing.T, text string) []ion.Value {
	t.Helper()
	values, err := ion.ParseText(text, ion.Options{})
	if err != nil {
		t.Fatalf("ion %s: %v", text, err)
	}
	return values
}

func (s step) check(t *testing.T, m *memory) {
	t.Helper()
	rows, err := m.answer(strings.TrimSpace(s.statement), parseIon(t, s.params)...)
	got, want := ionText(t, rows), s.want
	if text, ok := strings.CutPrefix(s.want, "### "); ok {
		want, got = text, "no error, rows "+got
		var e *ast.Error
		if errors.As(err, &e) {
			got = e.Detail()
		}
	} else if err != nil {
		t.Fatalf("line %d: %s\nerror: %v", s.line, s.statement, err)
	} else {
		want = ionText(t, parseIon(t, s.want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line %d: %s (-want +got)\n%s", s.line, s.statement, diff)
	}
	if reads := fmt.Sprintf("%d %s", m.reads, strings.Join(m.ranges, ", ")); s.reads != "" && s.reads != reads {
		t.Errorf("line %d: %s got reads %q, want %q", s.line, s.statement, reads, s.reads)
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got scripts %v, %v", paths, err)
	}
	for _, path := range paths {
		if filepath.Base(path) == filepath.Base(fuzzed.File) {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			chunks := script(t, path)
			for _, chunk := range chunks[1:] {
				m := newMemory()
				for _, s := range chunks[0] {
					s.check(t, m)
				}
				for _, s := range chunk {
					s.check(t, m)
				}
			}
		})
	}
}
