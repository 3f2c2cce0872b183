package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// twentyStatements is a policy as large as careful people write them.
func twentyStatements() string {
	var list []string
	for i := range 20 {
		list = append(list, fmt.Sprintf(`{"Sid":"Ledger users %d","Effect":"Allow","Principal":{"AWS":[
			"arn:aws:iam::111122223333:role/reader-%d","arn:aws:iam::111122223333:role/writer-%d","111122223333"]},
			"Action":["kms:Decrypt","kms:DescribeKey","kms:Describe*","kms:GenerateDataKey*"],"Resource":"*",
			"Condition":{"StringEquals":{"kms:ViaService":["qldb.eu-west-2.amazonaws.com","s3.eu-west-2.amazonaws.com"],
			"kms:CallerAccount":"111122223333"},"Bool":{"kms:GrantIsForAWSResource":true}}}`, i, i, i))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",\n") + `]}`
}

func BenchmarkParse(b *testing.B) {
	text := twentyStatements()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAndCanonical(b *testing.B) {
	text := twentyStatements()
	b.ReportAllocs()
	for b.Loop() {
		p, err := policy.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		p.Canonical(ledgerContext)
	}
}

func BenchmarkEqualText(b *testing.B) {
	text := twentyStatements()
	other := strings.ReplaceAll(text, "kms:Decrypt", "kms:decrypt")
	b.ReportAllocs()
	for b.Loop() {
		if equal, err := policy.EqualText(text, other, ledgerContext); err != nil || !equal {
			b.Fatal(equal, err)
		}
	}
}

// BenchmarkHostile shows the worst that a text may cost.
func BenchmarkHostile(b *testing.B) {
	for name, text := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p, err := policy.Parse(text); err == nil {
					p.Canonical(ledgerContext)
				}
			}
		})
	}
}
