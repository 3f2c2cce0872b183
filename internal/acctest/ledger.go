package acctest

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
)

// Ledger makes an ACTIVE ledger in STANDARD mode, behind the provider's back, and returns its ARN.
func (h *Harness) Ledger(name string) string { return h.LedgerUnder(name, "AWS_OWNED_KMS_KEY") }

// LedgerUnder is Ledger under a KMS key.
func (h *Harness) LedgerUnder(name, key string) string {
	h.t.Helper()
	out, err := h.QLDB().CreateLedger(h.t.Context(), &qldb.CreateLedgerInput{
		Name: &name, PermissionsMode: "STANDARD", DeletionProtection: aws.Bool(false), KmsKey: &key,
	})
	if err != nil {
		h.t.Fatalf("create ledger %s: %v", name, err)
	}
	h.Await(func() bool {
		l, err := h.QLDB().DescribeLedger(h.t.Context(), &qldb.DescribeLedgerInput{Name: &name})
		return err == nil && l.State == "ACTIVE"
	})
	return aws.ToString(out.Arn)
}

// DropLedger deletes a ledger and waits until it is gone.
func (h *Harness) DropLedger(name string) {
	h.t.Helper()
	if _, err := h.QLDB().DeleteLedger(h.t.Context(), &qldb.DeleteLedgerInput{Name: &name}); err != nil {
		h.t.Fatalf("delete ledger %s: %v", name, err)
	}
	h.Await(func() bool {
		_, err := h.QLDB().DescribeLedger(h.t.Context(), &qldb.DescribeLedgerInput{Name: &name})
		return err != nil
	})
}

// Await asks until done says so; it fails the test when the test's context ends first.
func (h *Harness) Await(done func() bool) {
	h.t.Helper()
	for !done() {
		if h.t.Context().Err() != nil {
			h.t.Fatal("await: the test is over")
		}
	}
}

// Session is a client of the test's own for statements.
func (h *Harness) Session() *qldbsession.Client { return qldbsession.NewFromConfig(h.aws(Region)) }

// Statement runs one statement in a transaction of its own, behind the provider's back, and returns its rows in binary
// Ion. Parameters are Go values as Amazon's driver takes them.
func (h *Harness) Statement(ledger, text string, parameters ...any) [][]byte {
	h.t.Helper()
	driver, err := qldbdriver.New(ledger, h.Session(), func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
	})
	if err != nil {
		h.t.Fatalf("make driver of %s: %v", ledger, err)
	}
	defer driver.Shutdown(context.WithoutCancel(h.t.Context()))
	var rows [][]byte
	_, err = driver.Execute(h.t.Context(), func(tx qldbdriver.Transaction) (any, error) {
		rows = nil
		result, err := tx.Execute(text, parameters...)
		if err != nil {
			return nil, err
		}
		for result.Next(tx) {
			rows = append(rows, result.GetCurrentData())
		}
		return nil, result.Err()
	})
	if err != nil {
		h.t.Fatalf("run %q: %v", text, err)
	}
	return rows
}
