package harness_test

import (
	"strings"
	"testing"
)

// TestMissingTables: only who may do the same to every table is told that a table is not there; for all others it is
// as if they were not allowed to.
func TestMissingTables(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(to(readerARN, "kms:Decrypt"))))
	test := ordersARN + "/table/" + c.tableID("Test")
	may := func(resource string, actions ...string) {
		c.may("reader", `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"qldb:SendCommand","Resource":"`+ordersARN+`"},
			{"Effect":"Allow","Action":["`+strings.Join(actions, `","`)+`"],"Resource":"`+resource+`"}]}`)
	}
	const noVariable = "BadRequestException: Semantic Error: at line 1, column # No such variable named 'Nope'; " +
		"No such variable named 'Nope'"
	at := func(column string) string { return strings.Replace(noVariable, "#", column, 1) }
	noTable := func(column string) string {
		return "BadRequestException: Semantic Error: at line 1, column " + column + ": No such table 'Nope'"
	}
	for statement, tt := range map[string]struct {
		error  string
		action string
	}{
		"SELECT * FROM Nope":                      {at("15:"), "Select"},
		"SELECT * FROM _ql_committed_Nope":        {strings.ReplaceAll(at("15:"), "Nope", "_ql_committed_Nope"), "Select"},
		"SELECT * FROM Test AS t, Nope AS n":      {at("26:"), "Select"},
		"SELECT Nope FROM Test AS t, Test AS u":   {at("8:"), "Select"},
		"SELECT * FROM history(Nope)":             {at("23:"), "HistoryFunction"},
		"INSERT INTO Nope VALUE {'id': 1}":        {at("13:"), "Insert"},
		"UPDATE Nope SET id = 2":                  {at("8:"), "*"},
		"DELETE FROM Nope":                        {at("13:"), "*"},
		"FROM Nope AS n SET n.id = 2":             {at("6:"), "*"},
		"DROP TABLE Nope":                         {noTable("12"), "DropTable"},
		"CREATE INDEX ON Nope (id)":               {noTable("17"), "CreateIndex"},
		"INSERT INTO _ql_committed_Test {'a': 1}": {"BadRequestException: Cannot modify system view", "Insert"},
	} {
		may("*", "qldb:PartiQL"+tt.action)
		want(t, statement+" with rights on everything", c.run(c.as("reader"), statement), tt.error)
		may(ordersARN+"/table/*", "qldb:PartiQL"+tt.action)
		want(t, statement+" with rights on all tables", c.run(c.as("reader"), statement), tt.error)
		may("*", "qldb:PartiQLUndropTable", "qldb:PartiQLRedact")
		want(t, statement+" without the right", c.run(c.as("reader"), statement), statementDenied)
		if !strings.Contains(statement, "_ql_committed_Test") {
			may(test, "qldb:PartiQL*")
			want(t, statement+" with rights on another table", c.run(c.as("reader"), statement), statementDenied)
		}
	}
	may(ordersARN+"/table/*", "qldb:PartiQL*")
	want(t, "what does not parse is told to all", c.run(c.as("reader"), "Nope"),
		"BadRequestException: Unsupported PartiQL Statement, Errors at:\nline 1, column 1")
}
