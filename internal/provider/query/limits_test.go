package query_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

type obj = map[string]any

const typeName = "qldbkms_query"

func wants(t *testing.T, said acctest.Diagnostics, texts ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(said.String()), " ")
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("diagnostics do not say %q:\n%s", want, said)
		}
	}
}

// What is no single SELECT is refused when the configuration is validated: nothing is asked of the service.
func TestRefusedAtValidate(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	c := h.Core()
	h.ForgetCalls()
	for _, statement := range []string{
		"INSERT INTO T {'a': 1}", "UPDATE T SET a = 1", "DELETE FROM T", "FROM T SET a = 1", "CREATE TABLE U", "DROP TABLE T",
		"CREATE INDEX ON T (a)", "UNDROP TABLE \"x\"", "EXEC REDACT_REVISION `{}`, 'a', 'b'",
		"SELECT * FROM T; DROP TABLE T", "(SELECT * FROM T)", "",
	} {
		config := obj{"ledger": "orders", "statement": statement}
		wants(t, c.ValidateData(t.Context(), typeName, config), "Error: The statement is not one SELECT")
	}
	if calls := h.Calls(); len(calls) > 0 {
		t.Errorf("%d calls, the first %s", len(calls), calls[0].Operation)
	}
}

// The state holds no more than it should; what just fits is there.
func TestLimits(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t)
	h.Ledger("orders")
	h.Statement("orders", "CREATE TABLE Few")
	h.Statement("orders", "CREATE TABLE Big")
	h.Statement("orders", "INSERT INTO Few << "+strings.Repeat("{}, ", 9)+"{} >>")
	for range 2 {
		for range 4 { // four documents in a transaction, below its limit
			h.Statement("orders", "INSERT INTO Big ?", obj{"a": strings.Repeat("x", 100_000)})
		}
	}
	c := h.Core()
	for _, test := range []struct {
		statement string
		rows      string
		says      string
	}{
		{"SELECT 1 AS n FROM Few AS a, Few AS b, Few AS c, Few AS d", "10000", ""},
		{"SELECT 1 AS n FROM Few AS a, Few AS b, Few AS c, Few AS d, << 1, 2 >> AS e", "", "more than 10000 rows or 4 MB"},
		{"SELECT a.a FROM Big AS a, << 1, 2, 3, 4, 5 >> AS b", "40", ""},
		{"SELECT a.a FROM Big AS a, << 1, 2, 3, 4, 5, 6 >> AS b", "", "more than 10000 rows or 4 MB"},
	} {
		got, said := c.Look(t.Context(), typeName, obj{"ledger": "orders", "statement": test.statement})
		wants(t, said, test.says)
		if test.rows == "" {
			continue
		}
		if rows, _ := got["rows"].([]any); fmt.Sprint(len(rows)) != test.rows || got["row_count"] != test.rows {
			t.Errorf("%s: %d rows, row_count %v, want %s\n%s", test.statement, len(rows), got["row_count"], test.rows, said)
		}
	}
}

// A ledger that takes no statements is waited for; an interrupt ends the wait and says what it was for.
func TestWaitsForTheLedger(t *testing.T) {
	t.Parallel()
	h := acctest.Start(t, acctest.WithTiming(acctest.Timing{LedgerCreate: time.Hour}))
	if _, err := h.QLDB().CreateLedger(t.Context(), &qldb.CreateLedgerInput{
		Name: aws.String("orders"), PermissionsMode: "STANDARD",
	}); err != nil {
		t.Fatal(err)
	}
	c, done := h.Core(), make(chan acctest.Diagnostics, 1)
	config := obj{"ledger": "orders", "statement": "SELECT name FROM information_schema.user_tables"}
	look := func(ctx context.Context) {
		_, said := c.Look(ctx, typeName, config)
		done <- said
	}
	go look(t.Context())
	h.Await(func() bool { return len(h.Calls()) > 5 || len(done) > 0 })
	h.Advance(2 * time.Hour)
	if said := <-done; len(said) > 0 {
		t.Fatalf("got:\n%s", said)
	}
	key, err := h.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.QLDB().UpdateLedger(t.Context(), &qldb.UpdateLedgerInput{
		Name: aws.String("orders"), KmsKey: key.KeyMetadata.Arn,
	}); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	if _, err := h.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	h.Probe()
	h.ForgetCalls()
	ctx, stop := context.WithCancel(t.Context())
	go look(ctx)
	h.Await(func() bool { return len(h.Calls()) > 3 || len(done) > 0 })
	stop()
	wants(t, <-done, `The query on ledger "orders" was not answered`, "KMS_KEY_INACCESSIBLE", "interrupted while waiting",
		"Plan again when the ledger is ACTIVE and can use its key")
}
