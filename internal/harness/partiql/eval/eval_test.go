package eval_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/eval"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/parse"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// with is a ledger after the statements.
func with(t testing.TB, statements ...string) *memory {
	t.Helper()
	m := newMemory()
	for _, s := range statements {
		if _, err := m.answer(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return m
}

// start begins a query and returns its rows.
func (m *memory) start(t testing.TB, ctx context.Context, text string) eval.Rows {
	t.Helper()
	m.begin()
	tree, err := parse.Statement(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(tree, m)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := eval.Run(ctx, p, eval.Env{Catalog: m, Source: m, Now: m.stamp(), TxID: m.tx})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Every driver's integration tests read 729 rows of a sixfold join of three documents with itself and count
// 1092 = 3 + 9 + 27 + 81 + 243 + 729 reads, some of them with the first row.
func TestNestedLoopReads(t *testing.T) {
	t.Parallel()
	m := with(t, "CREATE TABLE T", "INSERT INTO T << {'col': 1}, {'col': 2}, {'col': 3} >>")
	ctx := context.Background()
	rows := m.start(t, ctx, "SELECT * FROM T as a, T as b, T as c, T as d, T as e, T as f")
	defer rows.Close()
	n := 0
	for {
		v, ok, err := rows.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if n++; n == 1 && m.reads != 6 {
			t.Errorf("first row: got %d reads, want 6", m.reads)
		}
		if v.Len() != 6 {
			t.Fatalf("got a row of %d fields, want 6", v.Len())
		}
	}
	if n != 729 || m.reads != 1092 {
		t.Errorf("got %d rows and %d reads, want 729 and 1092", n, m.reads)
	}
	if _, ok, err := rows.Next(ctx); ok || err != nil {
		t.Errorf("after the end: got %v, %v, want no row and no error", ok, err)
	}
}

func TestErrorsOfTheSource(t *testing.T) {
	t.Parallel()
	errLost := errors.New("lost")
	m := with(t, "CREATE TABLE T", "CREATE TABLE U", "INSERT INTO T <<{'a': 1}, {'a': 2}>>", "INSERT INTO U {'a': 1}")
	for _, text := range []string{
		"SELECT * FROM T", "SELECT COUNT(*) FROM T", "SELECT * FROM history(T)", "UPDATE T SET a = 1", "DELETE FROM T",
		"SELECT * FROM information_schema.user_tables", "SELECT * FROM T BY id WHERE id = 'd1'",
	} {
		m.failing = errLost
		if _, err := m.answer(text); !errors.Is(err, errLost) {
			t.Errorf("%s: got %v, want %v", text, err, errLost)
		}
	}
	ctx := context.Background()
	rows := m.start(t, ctx, "SELECT * FROM U, T")
	if _, ok, err := rows.Next(ctx); !ok || err != nil {
		t.Fatalf("first row: got %v, %v", ok, err)
	}
	m.failing = errLost
	for range 2 { // the error stays
		if _, ok, err := rows.Next(ctx); ok || !errors.Is(err, errLost) {
			t.Errorf("got %v, %v, want %v", ok, err, errLost)
		}
	}
}

func TestCancelledLoops(t *testing.T) {
	t.Parallel()
	m := newMemory()
	ctx, cancel := context.WithCancel(context.Background())
	digits := "<<0,1,2,3,4,5,6,7,8,9>>"
	rows := m.start(t, ctx, "SELECT * FROM "+strings.Repeat(digits+",", 12)+digits+" AS z WHERE z = 10")
	cancel()
	if _, ok, err := rows.Next(ctx); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v, want %v", ok, err, context.Canceled)
	}
}

func TestAuthorizeRedaction(t *testing.T) {
	t.Parallel()
	m := with(t, "CREATE TABLE T", "INSERT INTO T {'a': 1}", "UPDATE T SET a = 2")
	tree, err := parse.Statement("EXEC REDACT_REVISION {'strandId':'s1','sequenceNo':2}, ?, 'd1'")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(tree, m)
	if err != nil {
		t.Fatal(err)
	}
	errDenied := errors.New("denied")
	env := eval.Env{Catalog: m, Source: m, Sink: m, Params: []ion.Value{ion.String("t1")}, Now: m.stamp()}
	if _, err := eval.Run(context.Background(), p, env); err != nil {
		t.Errorf("allowed: got %v", err)
	}
	env.Authorize = func(n plan.Need) error {
		if want := (plan.Need{Action: "qldb:PartiQLRedact", TableID: "t1"}); n != want {
			t.Errorf("got need %v, want %v", n, want)
		}
		return errDenied
	}
	if _, err := eval.Run(context.Background(), p, env); !errors.Is(err, errDenied) {
		t.Errorf("denied: got %v, want %v", err, errDenied)
	}
}

// An end that a client's fast clock puts into the future means now; without one there is none.
func TestHistoryEnd(t *testing.T) {
	t.Parallel()
	m := with(t, "CREATE TABLE T") // at 00:00:01
	for text, want := range map[string]string{
		"SELECT * FROM history(T)": "none",
		"SELECT * FROM history(T, `2000T`, `2020-01-01T00:00:02.5+00:00`)": "2020-01-01T00:00:02.000Z",
		"SELECT * FROM history(T, `2000T`, `2020T`)":                       "2020T",
	} {
		m.now = m.now.Truncate(time.Minute).Add(time.Second)
		if _, err := m.answer(text); err != nil {
			t.Fatal(err)
		}
		got := "none"
		if m.history.End != nil {
			got = m.history.End.String()
		}
		if got != want {
			t.Errorf("%s: got end %s, want %s", text, got, want)
		}
	}
}

// The 41st table, and the 21st that is active.
func TestTableLimits(t *testing.T) {
	t.Parallel()
	m := newMemory()
	for i := range eval.MaxActiveTables {
		if _, err := m.answer(fmt.Sprintf("CREATE TABLE A%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	want := "Exceeded tables limit: Ledger has 20 active tables, and cannot create another."
	if _, err := m.answer("CREATE TABLE X"); err == nil || err.Error() != want {
		t.Errorf("21st active table: got %v, want %s", err, want)
	}
	for i := range eval.MaxActiveTables {
		for _, text := range []string{fmt.Sprintf("DROP TABLE A%d", i), fmt.Sprintf("CREATE TABLE B%d", i)} {
			if _, err := m.answer(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := m.answer(`UNDROP TABLE "t1"`); err == nil || err.Error() != want {
		t.Errorf("undrop as 21st active table: got %v, want %s", err, want)
	}
	want = "Exceeded tables limit: Ledger has 40 total tables, and cannot create another."
	if _, err := m.answer("CREATE TABLE X"); err == nil || err.Error() != want {
		t.Errorf("41st table: got %v, want %s", err, want)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	m := with(t, "CREATE TABLE T WITH (aws_tags = `{'env': \"test\", a: \"\"}`)")
	if diff := cmp.Diff(map[string]string{"env": "test", "a": ""}, m.tables[0].tags); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("k%d: \"v\"", i)
	}
	_, err := m.answer("CREATE TABLE U WITH (aws_tags = `{" + strings.Join(many, ",") + "}`)")
	if err == nil || err.Error() != "Exceeded tags limit: a table can have 50 tags." {
		t.Errorf("51 tags: got %v, want an error", err)
	}
	for tag, want := range map[string]string{
		strings.Repeat("ü", 129) + `': "v"`:           "the key of a tag must have 1 to 128 characters",
		`k': "` + strings.Repeat("ü", 257) + `"`:      "a tag must have at most 256 characters",
		strings.Repeat("ü", 128) + `': "` + "v" + `"`: "",
		`k': "` + strings.Repeat("ü", 256) + `"`:      "",
	} {
		got := ""
		if _, err := m.answer("CREATE TABLE V" + strconv.Itoa(len(tag)) + " WITH (aws_tags = `{'" + tag + "}`)"); err != nil {
			got = err.Error()
		}
		if want == "" && got != "" || !strings.HasSuffix(got, want) {
			t.Errorf("tag %.10s: got %q, want %q", tag, got, want)
		}
	}
}

// The number beside the message, which the service sent with some errors.
func TestCodes(t *testing.T) {
	t.Parallel()
	m := with(t, "CREATE TABLE T")
	for text, want := range map[string]string{
		"CREATE TABLE T": "412", "DELETE FROM Nope": "432", "Person": "", "SELECT 1/0 FROM <<0>>": "",
	} {
		_, err := m.answer(text)
		var e *ast.Error
		if !errors.As(err, &e) || e.Code != want {
			t.Errorf("%s: got %v, want code %q", text, err, want)
		}
	}
}

// A statement of a few lines must not be able to name more than a machine can hold.
func TestHugeValues(t *testing.T) {
	t.Parallel()
	m := newMemory()
	zeros := strings.Repeat("0,", 999) + "0"
	a, b := strings.Repeat("a,", 999)+"a", strings.Repeat("b,", 999)+"b"
	long := "'" + strings.Repeat("x", 10_000) + "'"
	for name, text := range map[string]string{
		"lists of lists": "SELECT c FROM <<[" + zeros + "]>> AS a, <<[" + a + "]>> AS b, <<[" + b + "]>> AS c",
		"lists in sources": "SELECT c FROM <<[" + zeros + "]>> AS a, (SELECT VALUE [" + a + "] FROM <<0>>) AS b, " +
			"(SELECT VALUE [" + b + "] FROM <<0>>) AS c",
		"columns":  "SELECT " + strings.Repeat("a,", 999) + "a FROM <<[" + long + "]>> AS a",
		"texts":    "SELECT a" + strings.Repeat("||a", 999) + " FROM <<" + long + ">> AS a",
		"integers": "SELECT a" + strings.Repeat("*a", 999) + " FROM <<1" + strings.Repeat("0", 1000) + ">> AS a",
		"patterns": "SELECT a LIKE '%" + strings.Repeat("x", 30_000) + "y' FROM <<" + long + ">> AS a",
		"rows":     "SELECT (SELECT VALUE a FROM [" + zeros + "] AS x, [" + zeros + "] AS y) FROM <<" + long + ">> AS a",
	} {
		_, err := m.answer(text)
		var e *ast.Error
		if !errors.As(err, &e) || e.Kind != ast.Evaluation {
			t.Errorf("%s: got %v, want an evaluation error", name, err)
		}
	}
}

// Values in groups: Key and = must find those of one group equal, and all others different.
var groups = [][]string{
	{"1", "1.0", "1.00", "1e0", "10d-1", "a::1"},
	{"0", "0.0", "-0.0", "-0e0", "0d5", "0e0"},
	{"100", "1d2", "1e2", "100.00"},
	{"1d1000000000"},
	{"0.1"}, {"0.1e0"}, {"0.5", "0.5e0", "5d-1"}, {"-1", "-1.0", "-1e0"},
	{"18446744073709551616", "18446744073709551616.0"}, {"9007199254740993"}, {"9007199254740992", "9007199254740992e0"},
	{"+inf"}, {"-inf"}, {"nan"}, {"1e-320"},
	{`"a"`, "a", "x::a"}, {`""`, "''"}, {`"1"`}, {"true"}, {"false"},
	{"2017T", "2017-01-01", "2017-01-01T00:00Z", "2017-01-01T02:00+02:00", "2017-01-01T00:00:00.000-00:00"},
	{"2017-01-01T00:00:00.001Z"}, {`{{YQ==}}`}, {`{{"a"}}`},
	{"[]"}, {"[[]]"}, {"()"}, {"{}"}, {"[1, 2]", "[1.0, 2e0]"}, {"[2, 1]"}, {"[12]"}, {"[1, null]", "[1.0, null.int]"},
	{"{a: 1, b: [x]}", `{b: ["x"], a: 1.0}`}, {"{a: 1}"}, {"{a: 1, a: 1}"}, {"{a: 1, a: 2}", "{a: 2, a: 1}"}, {`{a: "1"}`},
	{"[[1], 2]"}, {"[1, [2]]"}, {"(1)"}, {"[1]"},
}

func TestKeyAgreesWithEquality(t *testing.T) {
	t.Parallel()
	m := newMemory()
	type entry struct {
		text  string
		group int
		value ion.Value
	}
	var entries []entry
	for g, texts := range groups {
		for _, text := range texts {
			v, err := ion.ParseOne(text, ion.Options{})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			entries = append(entries, entry{text, g, v})
		}
	}
	for _, x := range entries {
		for _, y := range entries {
			a, aok := eval.Key(x.value)
			b, bok := eval.Key(y.value)
			if !aok || !bok || (a == b) != (x.group == y.group) {
				t.Errorf("keys of %s and %s: got equal %v, want %v", x.text, y.text, a == b, x.group == y.group)
			}
			rows, err := m.answer("SELECT VALUE ? = ? FROM <<0>>", x.value, y.value)
			if err != nil || len(rows) != 1 || rows[0].Bool() != (x.group == y.group) {
				t.Errorf("%s = %s: got %v, %v, want %v", x.text, y.text, rows, err, x.group == y.group)
			}
		}
	}
	if _, ok := eval.Key(ion.Null(ion.IntType)); ok {
		t.Error("key of null.int: got one, want none")
	}
}

// Floats in comparisons with everything else keep to one order.
func TestNumbersAreOrdered(t *testing.T) {
	t.Parallel()
	m := newMemory()
	ascending := []ion.Value{
		ion.Float(math.Inf(-1)), ion.NewDecimal(-1, 400).Value(), ion.Float(-1e308), ion.Int(-1), ion.Float(-0.5),
		ion.NewDecimal(-1, -400).Value(), ion.Float(0), ion.Float(5e-324), ion.NewDecimal(1, -300).Value(),
		ion.NewDecimal(1, -1).Value(), ion.Float(0.1), ion.Int(1), ion.NewDecimal(11, -1).Value(), ion.Int(math.MaxInt64),
		ion.Float(1e19), ion.NewDecimal(1, 1_000_000_000).Value(), ion.Float(math.Inf(1)),
	}
	for i, x := range ascending {
		for j, y := range ascending {
			rows, err := m.answer("SELECT VALUE [? < ?, ? >= ?] FROM <<0>>", x, y, x, y)
			if err != nil {
				t.Fatal(err)
			}
			if items := rows[0].Items(); items[0].Bool() != (i < j) || items[1].Bool() != (i >= j) {
				t.Errorf("%v and %v: got %v, want %v and %v", x, y, rows[0], i < j, i >= j)
			}
		}
	}
}

func FuzzRun(f *testing.F) {
	for _, chunk := range []string{
		"SELECT * FROM T AS t, @t.l AS x AT i WHERE t.k = 1", "UPDATE T SET l[0] = 1, a.b = ?",
		"FROM T AS t, t.l AS x REMOVE x",
		"SELECT VALUE TO_STRING(`2017T`, 'y-MM-dd''T''HH:mm:ss.SSSXXX') FROM T", "SELECT COUNT(*), SUM(k) FROM T",
		"SELECT VALUE TO_TIMESTAMP('2016-02-03', 'y-M-d') FROM <<0>>", "INSERT INTO T <<{'a': DATE_ADD(month, 13, `2017T`)}>>",
		"SELECT VALUE k / 3.0 % 7 - 1e400 * `1e0` FROM T", "DELETE FROM T WHERE k IN (1,2)",
		"SELECT * FROM history(T, `2000T`) AS h WHERE h.metadata.id = 'd1'",
		"SELECT CAST(k AS STRING) || 'x' LIKE '%x' ESCAPE '!' FROM T BY id WHERE id IN ('d1', ?)",
		"SELECT (SELECT y FROM t.l AS y) AS s, SUBSTRING('abc', k, 2) FROM T AS t JOIN U ON U.k = t.k",
		"SELECT TRIM(BOTH 'a' FROM 'aba'), COALESCE(MISSING, k) FROM U",
	} {
		f.Add(chunk, "1")
	}
	for _, in := range fuzzed.Inputs(f) {
		f.Add(in[0], in[1])
	}
	f.Fuzz(func(t *testing.T, text, param string) {
		m := with(t, "CREATE TABLE T", "CREATE TABLE U", "CREATE INDEX ON T (k)",
			"INSERT INTO T <<{'k': 1, 'a': {'b': 1}, 'l': [1, [2]]}, {'k': 'x', 'l': `(1 2)`}>>", "INSERT INTO U {'k': 1.0}")
		tree, err := parse.Statement(text)
		if err != nil {
			return
		}
		v, err := ion.ParseOne(param, ion.Options{})
		if err != nil {
			return
		}
		params := make([]ion.Value, tree.Params)
		for i := range params {
			params[i] = v
		}
		_, err = m.answer(text, params...)
		var e *ast.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%s: got %T %v, want *ast.Error", text, err, err)
		}
	})
}
