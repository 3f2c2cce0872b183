package eval_test

import (
	"context"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/eval"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/parse"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// What a statement costs besides the storage: found in the cache, planned, answered.
func BenchmarkIndexedSelect(b *testing.B) {
	m := with(b, "CREATE TABLE T", "CREATE INDEX ON T (Name)", "INSERT INTO T {'Name': 'x', 'n': 1}")
	cache := parse.NewCache(1 << 20)
	ctx := context.Background()
	params := []ion.Value{ion.String("x")}
	b.ReportAllocs()
	for b.Loop() {
		m.ranges = m.ranges[:0]
		tree, err := cache.Statement("SELECT n FROM T WHERE Name = ?")
		if err != nil {
			b.Fatal(err)
		}
		p, err := plan.New(tree, m)
		if err != nil {
			b.Fatal(err)
		}
		rows, err := eval.Run(ctx, p, eval.Env{Catalog: m, Source: m, Params: params})
		if err != nil {
			b.Fatal(err)
		}
		if _, ok, err := rows.Next(ctx); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse.Statement("SELECT n, v.a.b FROM T AS v WHERE v.Name = ? AND status = 'ACTIVE'"); err != nil {
			b.Fatal(err)
		}
	}
}
