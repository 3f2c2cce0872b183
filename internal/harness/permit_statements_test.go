package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
)

// mayRun lets the reader send commands, and run what actions name on tables.
func (c cast) mayRun(resources string, actions ...string) {
	c.t.Helper()
	c.may("reader", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"qldb:SendCommand","Resource":"`+ordersARN+`"},
		{"Effect":"Allow","Action":["qldb:PartiQL`+strings.Join(actions, `","qldb:PartiQL`)+`"],"Resource":`+resources+`}]}`)
}

// TestDemoRoles has the four roles of the access control demo, and what each of them may do.
//
// Source: AWS-South-Wales-User-Group/qldb-access-control-demo.
func TestDemoRoles(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(to(readerARN, "kms:Decrypt"))))
	want(t, "a document", c.run(c.root(), "INSERT INTO Test VALUE {'id': 1}"), "ok")
	const tables, catalog = `"` + ordersARN + `/table/*"`, `"` + ordersARN + `/information_schema/user_tables"`
	for role, tt := range map[string]struct {
		actions []string
		may     string
	}{
		"super": {[]string{"*"}, "CREATE DROP INDEX INSERT UPDATE DELETE SELECT history catalog"},
		"admin": {
			[]string{"Insert", "Update", "Delete", "Select", "HistoryFunction"},
			"INSERT UPDATE DELETE SELECT history catalog",
		},
		"audit": {[]string{"Select", "HistoryFunction"}, "SELECT history catalog"},
		"ro":    {[]string{"Select"}, "SELECT catalog"},
	} {
		c.mayRun("["+tables+","+catalog+"]", tt.actions...)
		reader := c.as("reader")
		for _, statement := range []struct{ name, text string }{
			{"CREATE", "CREATE TABLE Scratch"}, {"INDEX", "CREATE INDEX ON Test (id)"}, {"DROP", "DROP TABLE Scratch"},
			{"INSERT", "INSERT INTO Test VALUE {'id': 2}"}, {"UPDATE", "UPDATE Test SET n = 1 WHERE id = 1"},
			{"DELETE", "DELETE FROM Test WHERE id = 2"}, {"SELECT", "SELECT * FROM Test"},
			{"history", "SELECT * FROM history(Test)"}, {"catalog", "SELECT * FROM information_schema.user_tables"},
		} {
			text := statementDenied
			if strings.Contains(tt.may, statement.name) {
				text = "ok"
			}
			want(t, role+": "+statement.text, c.run(reader, statement.text), text)
		}
	}
}

// TestRareStatements has the statements that need a right of their own, on the table that they name by its id, and
// what qldb:Purge is for them.
//
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon QLDB".
func TestRareStatements(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(to(readerARN, "kms:Decrypt"))))
	id := c.tableID("Test")
	table, another := `"`+ordersARN+`/table/`+id+`"`, `"`+ordersARN+`/table/`+strings.Repeat("0", 22)+`"`
	redact := "EXEC REDACT_REVISION `{strandId:\"" + strings.Repeat("0", 22) + "\",sequenceNo:1}`, '" + id + "', '" +
		strings.Repeat("0", 22) + "'"
	const ineligible = "BadRequestException: Revision is not eligible for redaction"
	c.mayRun(another, "Redact")
	want(t, "redact in another table", c.run(c.as("reader"), redact), statementDenied)
	c.mayRun(table, "Redact")
	want(t, "redact", c.run(c.as("reader"), redact), ineligible)

	want(t, "drop", c.run(c.root(), "DROP TABLE Test"), "ok")
	undrop := `UNDROP TABLE "` + id + `"`
	c.mayRun(another, "UndropTable")
	want(t, "undrop another table", c.run(c.as("reader"), undrop), statementDenied)
	c.mayRun(table, "UndropTable")
	want(t, "undrop", c.run(c.as("reader"), undrop), "ok")

	purging := func(value, action string) {
		c.may("reader", `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"qldb:SendCommand","Resource":"`+ordersARN+`"},
			{"Effect":"Allow","Action":"qldb:PartiQL`+action+`","Resource":`+table+`,
			"Condition":{"StringEquals":{"qldb:Purge":"`+value+`"}}}]}`)
	}
	const noIndex = "BadRequestException: Semantic Error: at line 1, column 12: No such index 'nope'"
	dropIndex := `DROP INDEX "nope" ON Test WITH (purge = true)`
	purging("false", "DropIndex")
	want(t, "drop an index, allowed without purging", c.run(c.as("reader"), dropIndex), statementDenied)
	purging("true", "DropIndex")
	want(t, "drop an index, allowed with purging", c.run(c.as("reader"), dropIndex), noIndex)
	purging("true", "DropTable")
	want(t, "drop a table, allowed with purging", c.run(c.as("reader"), "DROP TABLE Test"), statementDenied)
	purging("false", "DropTable")
	want(t, "drop a table, allowed without purging", c.run(c.as("reader"), "DROP TABLE Test"), "ok")
}

// TestLedgerAndStreamTags: tags of the ledger count for statements, those of a stream for it, and those in a request.
func TestLedgerAndStreamTags(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.ledger(c.key(keyPolicy(to(readerARN, "kms:Decrypt"))))
	ledgers := qldb.NewFromConfig(c.root())
	tag := func(arn, value string) {
		t.Helper()
		want(t, "tag", c.tagTable(c.root(), arn, map[string]string{"team": value}), "ok")
	}
	limited := func(action, key, value string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:PassRole","qldb:PartiQL*"],
			"Resource":"*"},{"Effect":"Allow","Action":"` + action + `","Resource":"*",
			"Condition":{"StringEquals":{"` + key + `":"` + value + `"}}}]}`
	}
	c.may("reader", limited("qldb:SendCommand", "aws:ResourceTag/team", "sales"))
	for value, allow := range map[string]bool{"legal": false, "sales": true} {
		tag(ordersARN, value)
		if got := said(c.run(c.as("reader"), "SELECT * FROM Test")); (got == "ok") != allow {
			t.Errorf("SendCommand on a ledger of %s: got %s, want allowed %t", value, got, allow)
		}
	}
	stream := func(client *qldb.Client, name string, tags map[string]*string) (string, error) {
		out, err := client.StreamJournalToKinesis(t.Context(), &qldb.StreamJournalToKinesisInput{
			LedgerName: aws.String("orders"), StreamName: &name, RoleArn: aws.String(readerARN), Tags: tags,
			InclusiveStartTime: aws.Time(start.Add(-time.Hour)), KinesisConfiguration: &types.KinesisConfiguration{
				StreamArn: aws.String("arn:aws:kinesis:eu-west-2:" + account + ":stream/s"),
			},
		})
		if err != nil {
			return "", err
		}
		return *out.StreamId, nil
	}
	c.may("reader", limited("qldb:StreamJournalToKinesis", "aws:RequestTag/team", "sales"))
	for value, allow := range map[string]bool{"legal": false, "sales": true} {
		_, err := stream(qldb.NewFromConfig(c.as("reader")), "for-"+value, map[string]*string{"team": &value})
		if got := said(err); strings.Contains(got, "qldb:StreamJournalToKinesis") == allow {
			t.Errorf("a stream tagged %s: got %s, want allowed %t", value, got, allow)
		}
	}
	id, err := stream(ledgers, "tagged-later", nil)
	if err != nil {
		t.Fatal(err)
	}
	arn := strings.Replace(ordersARN, "ledger/orders", "stream/orders/"+id, 1)
	c.may("reader", limited("qldb:DescribeJournalKinesisStream", "aws:ResourceTag/team", "sales"))
	for value, allow := range map[string]bool{"legal": false, "sales": true} {
		tag(arn, value)
		_, err := qldb.NewFromConfig(c.as("reader")).DescribeJournalKinesisStream(t.Context(),
			&qldb.DescribeJournalKinesisStreamInput{LedgerName: aws.String("orders"), StreamId: &id})
		if got := said(err); (got == "ok") != allow {
			t.Errorf("a stream of %s: got %s, want allowed %t", value, got, allow)
		}
	}
}
