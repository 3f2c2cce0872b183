package parse_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/parse"
)

func detail(err error) string {
	var e *ast.Error
	if errors.As(err, &e) {
		return e.Detail()
	}
	return "no error"
}

func TestErrors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for i, line := range strings.Split(string(data), "\n") {
		text, want, ok := strings.Cut(line, "### ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		checked++
		_, err := parse.Statement(strings.TrimRight(text, " "))
		if got := detail(err); got != want {
			t.Errorf("line %d: %s(-want +got)\n%s", i+1, text, cmp.Diff(want, got))
		}
	}
	if checked < 90 {
		t.Errorf("got %d statements, want all", checked)
	}
}

// 4.9, 4.15: what other dialects have is refused, every kind by as many statements as its heading says.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/unsupported.txt")
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	for _, group := range strings.Split(string(data), "\n# ")[1:] {
		heading, statements, _ := strings.Cut(strings.TrimSpace(group), "\n")
		kind, count, _ := strings.Cut(heading, ": ")
		lines := strings.Split(statements, "\n")
		if strconv.Itoa(len(lines)) != count {
			t.Errorf("%s: got %d statements, want %s", kind, len(lines), count)
		}
		kinds++
		for _, line := range lines {
			text, want, _ := strings.Cut(line, " ### ")
			_, err := parse.Statement(text)
			if got := detail(err); got != want {
				t.Errorf("%s: %s\n(-want +got)\n%s", kind, text, cmp.Diff(want, got))
			}
		}
	}
	if kinds != 17 {
		t.Errorf("got %d kinds, want 17", kinds)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "", "1:1: expected a statement, found end of statement"},
		{"comment only", "-- x\n /* y\n*/ ", "3:4: expected a statement, found end of statement"},
		{"second line", "SELECT *\nFROM T\n\tWHERE ,", "3:8: expected an expression, found ,"},
		{"characters, not bytes", "SELECT 'é€😀' AS é FROM T", "1:17: unexpected character 'é'"},
		{"not UTF-8", "SELECT \xff FROM T", "1:8: unexpected character '\uFFFD'"},
		{"after a text of several lines", "SELECT 'a\nb' ? FROM T", "2:4: expected FROM, found ?"},
	}
	for _, tt := range tests {
		_, err := parse.Statement(tt.text)
		if got := detail(err); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The service's answer to a statement it cannot parse, word for word.
func TestServiceWords(t *testing.T) {
	t.Parallel()
	_, err := parse.Statement("Person")
	const want = "Unsupported PartiQL Statement, Errors at:\nline 1, column 1"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	padded := func(n int) string { return "SELECT * FROM T" + strings.Repeat(" ", n-15) }
	if _, err := parse.Statement(padded(parse.MaxLength)); err != nil {
		t.Errorf("100000 characters: got %v, want no error", err)
	}
	_, err := parse.Statement(padded(parse.MaxLength + 1))
	want := "Exceeded statement length limit: statement has 100001 characters, the limit is 100000."
	if detail(err) != want {
		t.Errorf("100001 characters: got %s, want %s", detail(err), want)
	}
	wide := "SELECT '" + strings.Repeat("é", parse.MaxLength-16) + "' FROM T"
	if _, err := parse.Statement(wide); err != nil {
		t.Errorf("100000 characters of two bytes: got %v, want no error", err)
	}
	nested := func(open, middle, closing string, n int) string {
		return "SELECT " + strings.Repeat(open, n) + middle + strings.Repeat(closing, n) + " FROM T"
	}
	for _, tt := range []struct{ open, middle, closing string }{
		{"(", "1", ")"}, {"[", "1", "]"}, {"<<", "1", ">>"}, {"{'a':", "1", "}"}, {"NOT ", "1", ""}, {"- ", "1", ""},
		{"(SELECT ", "1", " FROM T)"}, {"x[", "1", "]"}, {"LOWER(", "1", ")"}, {"EXISTS(", "1", ")"}, {"1 IN (", "1", ")"},
	} {
		if _, err := parse.Statement(nested(tt.open, tt.middle, tt.closing, 90)); err != nil {
			t.Errorf("90 times %s: got %v, want no error", tt.open, err)
		}
		_, err := parse.Statement(nested(tt.open, tt.middle, tt.closing, 5000))
		if !strings.Contains(detail(err), "nested deeper") {
			t.Errorf("5000 times %s: got %v, want an error about nesting", tt.open, detail(err))
		}
	}
	sources := "SELECT * FROM " + strings.Repeat("(", 5000) + "T" + strings.Repeat(")", 5000)
	if _, err := parse.Statement(sources); !strings.Contains(detail(err), "nested deeper") {
		t.Errorf("5000 nested sources: got %v, want an error about nesting", detail(err))
	}
	ion := "SELECT `" + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "` FROM T"
	if _, err := parse.Statement(ion); err == nil {
		t.Error("5000 nested Ion lists: got no error")
	}
	chain := "SELECT * FROM T WHERE a = 1" + strings.Repeat(" OR a = 1", 10_000)
	if _, err := parse.Statement(chain); err != nil {
		t.Errorf("a chain of 10000 terms: got %v, want no error", err)
	}
}

// Every reserved word is refused as a name, and accepted in double quotes, after a dot and after AS.
func TestReservedWords(t *testing.T) {
	t.Parallel()
	words := parse.ReservedWords()
	if len(words) != 251 {
		t.Errorf("got %d reserved words, want 251", len(words))
	}
	for _, w := range words {
		if strings.Contains(w, "-") { // END-EXEC cannot be written as one word
			continue
		}
		for _, name := range []string{w, strings.ToLower(w)} {
			if _, err := parse.Statement("CREATE TABLE " + name); detail(err) != "1:14: expected a table name, found "+name {
				t.Errorf("CREATE TABLE %s: got %s, want an error at the name", name, detail(err))
			}
			_, err := parse.Statement("SELECT a FROM " + name)
			if literal := strings.Contains(" TRUE FALSE NULL MISSING ", " "+w+" "); (err == nil) != literal {
				t.Errorf("FROM %s: got %v, want an error unless it is a literal", name, err)
			}
			for _, text := range []string{
				`CREATE TABLE "` + name + `"`, `SELECT "` + name + `" FROM "` + name + `"`,
				"SELECT t." + name + " AS " + name + " FROM T AS t",
			} {
				if _, err := parse.Statement(text); err != nil {
					t.Errorf("%s: got %v, want no error", text, err)
				}
			}
		}
	}
}

// Names that clients write without quotes.
func TestNotReserved(t *testing.T) {
	t.Parallel()
	const names = "name status id hash data metadata version history Type purge aws_tags indexes expr redact_revision" +
		" _a $b a1$_"
	for _, w := range strings.Fields(names) {
		if parse.Reserved(w) {
			t.Errorf("Reserved(%s): got true", w)
		}
		text := "SELECT " + w + ", x." + w + " AS " + w + " FROM " + w + " AS " + w + " BY " + w
		if _, err := parse.Statement(text); err != nil {
			t.Errorf("%s: got %v, want no error", w, err)
		}
	}
	for _, w := range []string{"Year", "date", "VALUE", "key"} {
		if !parse.Reserved(w) {
			t.Errorf("Reserved(%s): got false", w)
		}
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	tree, err := parse.Statement("SELECT a, ? FROM T AS t WHERE t.b = ? AND c IN (?, 1);")
	if err != nil {
		t.Fatal(err)
	}
	if tree.Params != 3 || tree.Names != 4 {
		t.Errorf("got %d parameters and %d names, want 3 and 4", tree.Params, tree.Names)
	}
	s, ok := tree.Statement.(*ast.Select)
	if !ok {
		t.Fatalf("got %T, want *ast.Select", tree.Statement)
	}
	if got := s.Where.Position(); got != (ast.Pos{Line: 1, Column: 39}) {
		t.Errorf("got AND at %v, want 1:39", got)
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	c := parse.NewCache(4000) // room for two short statements
	first, err := c.Statement("SELECT 1 FROM T")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := c.Statement("SELECT 1 FROM T"); again != first {
		t.Error("the second time: got another tree, want the same")
	}
	for _, text := range []string{"SELECT 2 FROM T", "SELECT 1 FROM T", "SELECT 3 FROM T"} {
		if _, err := c.Statement(text); err != nil {
			t.Fatal(err)
		}
	}
	if c.Len() != 2 {
		t.Errorf("got %d statements kept, want 2", c.Len())
	}
	if again, _ := c.Statement("SELECT 1 FROM T"); again != first {
		t.Error("used lately: got another tree, want the same")
	}
	if _, err := c.Statement("Person"); err == nil || c.Len() != 2 {
		t.Errorf("a bad statement: got %v and %d kept, want an error and 2", err, c.Len())
	}
	if _, err := c.Statement("SELECT " + strings.Repeat("1+", 2000) + "1 FROM T"); err != nil || c.Len() != 2 {
		t.Errorf("a huge statement: got %v and %d kept, want none and 2", err, c.Len())
	}
}

func TestCacheConcurrently(t *testing.T) {
	t.Parallel()
	c := parse.NewCache(5000)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 200 {
				if _, err := c.Statement("SELECT " + strings.Repeat("1", 1+(i*j)%7) + " FROM T"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzStatement(f *testing.F) {
	for _, path := range []string{"testdata/errors.txt", "../plan/testdata/corpus.txt", "../eval/testdata/change.txt"} {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n") {
			text, _, _ := strings.Cut(line, " ### ")
			f.Add(text)
		}
	}
	for _, in := range fuzzed.Inputs(f) {
		f.Add(in[0])
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := parse.Statement(text)
		var e *ast.Error
		switch {
		case err == nil && tree.Statement == nil:
			t.Error("got neither tree nor error")
		case err != nil && !errors.As(err, &e):
			t.Errorf("got %T, want *ast.Error", err)
		}
	})
}
