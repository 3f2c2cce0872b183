package preflight_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

func many(statements, roles int) preflight.Input {
	var lines []string
	for i := range statements {
		var who []string
		for k := range roles {
			who = append(who, fmt.Sprintf("r/team-%d-%d", i, k))
		}
		lines = append(lines, fmt.Sprintf(`Allow %s kms:Decrypt if {"StringEquals":{"kms:ViaService":`+
			`"qldb.eu-west-2.amazonaws.com","aws:PrincipalOrgID":"o-%d"}}`, strings.Join(who, ","), i))
	}
	return preflight.Input{Policy: "Allow root kms:* ; " + strings.Join(lines, " ; "), Account: account, Region: region}
}

// A large policy is judged in the time of a plan.
func BenchmarkCheck(b *testing.B) {
	for _, size := range [][2]int{{2, 2}, {19, 1}, {1, 400}, {100, 1}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			in := many(size[0], size[1])
			in.Policy = document(b, in.Policy)
			for b.Loop() {
				preflight.Check(in)
			}
		})
	}
}
