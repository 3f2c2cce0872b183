package session_test

import (
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// What the Python and Java drivers' own tests write: a value of each type, the null of the type, and both annotated.
// They are inserted with their document, then set by an update; found by IS NULL or by = with the value; and come back
// with their type, annotations and content, also after the commit.
//
// Source: amazon-qldb-driver-python tests/integration/test_statement_execution.py, amazon-qldb-driver-java
// IonTypesIntegTest.
func TestEveryTypeComesBack(t *testing.T) {
	t.Parallel()
	c := newWorld(t).connect(t)
	c.transact("CREATE TABLE t")
	value := func(text string) ion.Value {
		t.Helper()
		v, err := ion.ParseOne(text, ion.Options{})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return v
	}
	commit := func() {
		t.Helper()
		wantFault(t, c.commit(), "", "")
		c.begin()
	}
	found := func(how string, want ion.Value) {
		t.Helper()
		statement, params := "SELECT VALUE Name FROM t WHERE Name = ?", []ion.Value{want}
		if want.IsNull() {
			statement, params = "SELECT VALUE Name FROM t WHERE Name IS NULL", nil
		}
		rows := c.run(statement, params...).FirstPage.Values
		if len(rows) != 1 {
			t.Fatalf("%s %s: got %d rows, want 1", how, want, len(rows))
		}
		got, err := ion.DecodeOne(rows[0].IonBinary, ion.Options{})
		if err != nil || !got.Equal(want) || got.String() != want.String() {
			t.Errorf("%s: got %s, %v, want %s", how, got, err, want)
		}
	}
	c.begin()
	for kind, some := range map[string]string{
		"null": "null", "clob": `{{"This is a CLOB of text."}}`, "blob": "{{aGVsbG8=}}", "bool": "true",
		"decimal": "0.10", "float": "2e-1", "int": "12345678901234567890", "list": "[1, null.int, a::2]",
		"sexp": "(cons 1 2)", "string": `"text"`, "struct": "{b: 1, a: {}}", "symbol": "abc",
		"timestamp": "2016-12-20T05:23:43.000000-00:00",
	} {
		for _, text := range []string{some, "null." + kind, "annotation::" + some, "annotation::null." + kind} {
			want := value(text)
			c.run("INSERT INTO t ?", ion.Struct(ion.F("Name", want)))
			found("inserted", want)
			commit()
			found("inserted and committed", want)
			c.run("UPDATE t SET Name = ?", ion.String("another"))
			c.run("UPDATE t SET Name = ?", want)
			found("updated", want)
			commit()
			found("updated and committed", want)
			c.run("DELETE FROM t")
		}
	}
	wantFault(t, c.commit(), "", "")
}

// More documents than a transaction may change are the fault of who asks; the transaction goes on.
func TestTooManyDocuments(t *testing.T) {
	t.Parallel()
	c := newWorld(t).connect(t)
	c.transact("CREATE TABLE t")
	c.begin()
	many := make([]ion.Value, 41)
	for i := range many {
		many[i] = ion.Struct(ion.F("n", ion.Int(int64(i))))
	}
	_, err := c.execute("INSERT INTO t ?", ion.List(many...))
	wantFault(t, err, bad, "Exceeded documents per transaction limit")
	c.run("INSERT INTO t ?", ion.List(many[:40]...))
	wantFault(t, c.commit(), "", "")
}
