package session_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// BenchmarkInsert is a transaction with one insert of 512 bytes: three requests through wire, without a network,
// signatures or syncs.
func BenchmarkInsert(b *testing.B) {
	document := ion.Struct(ion.F("vin", ion.String("1N4AL11D75C109151")),
		ion.F("x", ion.String(strings.Repeat("x", 480))))
	benchmarkTransaction(b, "INSERT INTO t ?", document)
}

// BenchmarkSelect is the same with a lookup by an index.
func BenchmarkSelect(b *testing.B) {
	benchmarkTransaction(b, "SELECT * FROM t WHERE vin = ?", ion.String("1N4AL11D75C109151"))
}

func benchmarkTransaction(b *testing.B, statement string, param ion.Value) {
	w := newWorld(b)
	c := w.connect(b)
	c.transact("CREATE TABLE t")
	c.transact("CREATE INDEX ON t (vin)")
	c.transact("INSERT INTO t {'vin': '1N4AL11D75C109151', 'x': 'x'}")
	prefix := `{"SessionToken":` + quote(c.token) + `,`
	execute := `,"Statement":` + quote(statement) + `,"Parameters":[{"IonBinary":` +
		quote(base64.StdEncoding.EncodeToString(ion.EncodeBinary(param))) + `}]}}`
	hash := ion.Dot(ion.Hash(ion.String(statement)), ion.Hash(param))
	for b.Loop() {
		var begun session.SendCommandOutput
		if err := json.NewDecoder(w.post(prefix + `"StartTransaction":{}}`).Body).Decode(&begun); err != nil {
			b.Fatal(err)
		}
		id := begun.StartTransaction.TransactionID
		digest := ion.Dot(ion.Hash(ion.String(id)), hash)
		for _, body := range []string{
			prefix + `"ExecuteStatement":{"TransactionId":"` + id + `"` + execute,
			prefix + `"CommitTransaction":{"TransactionId":"` + id + `","CommitDigest":"` +
				base64.StdEncoding.EncodeToString(digest[:]) + `"}}`,
		} {
			if r := w.post(body); r.StatusCode != http.StatusOK {
				b.Fatalf("got status %d", r.StatusCode)
			}
		}
	}
}
