package preflight_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// What holds in every account and Region is found before they are known; what hinges on them is not.
func TestAnywhere(t *testing.T) {
	t.Parallel()
	const delegated = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*",` +
		`"Resource":"*"}`
	with := func(statement string) string {
		return `{"Version":"2012-10-17","Statement":[` + delegated + `,` + statement + `]}`
	}
	for name, c := range map[string]struct {
		in   preflight.Input
		want []string
	}{
		"delegated to an account": {in: preflight.Input{Policy: `{"Version":"2012-10-17","Statement":[` + delegated + `]}`}},
		"public": {
			in: preflight.Input{Policy: with(
				`{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`)}, want: []string{"KP-301"},
		},
		"denied to all": {
			in: preflight.Input{Policy: with(
				`{"Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}`)}, want: []string{"KP-102", "KP-108"},
		},
		"another Region, and none is known": {
			in: preflight.Input{Policy: with(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/r"},` +
				`"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{` +
				`"kms:ViaService":"qldb.us-east-1.amazonaws.com"}}}`)},
		},
		"another Region": {
			in: preflight.Input{Region: "eu-west-2", Policy: with(`{"Effect":"Allow",` +
				`"Principal":{"AWS":"arn:aws:iam::111122223333:role/r"},"Action":"kms:Decrypt","Resource":"*",` +
				`"Condition":{"StringEquals":{"kms:ViaService":"qldb.us-east-1.amazonaws.com"}}}`)}, want: []string{"KP-202", "KP-408"},
		},
		"no policy": {in: preflight.Input{Policy: `{`}, want: []string{"KP-502"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range preflight.Anywhere(c.in) {
				if f.Severity > preflight.Note {
					got = append(got, f.Rule)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, account := range []string{"111122223333", "444455556666"} {
				in := c.in
				in.Account, in.Region = account, "eu-west-2"
				if there := preflight.Check(in); !containsAll(there, preflight.Anywhere(c.in)) {
					t.Errorf("in %s: got %v, want all of %v", account, there, preflight.Anywhere(c.in))
				}
			}
		})
	}
}

func containsAll(list, part []preflight.Finding) bool {
	for _, f := range part {
		if !slices.ContainsFunc(list, f.Same) {
			return false
		}
	}
	return true
}

// A policy that names very many accounts is judged in bounded time.
func TestAnywhereBounded(t *testing.T) {
	t.Parallel()
	var arns []string
	for i := range 300 {
		arns = append(arns, fmt.Sprintf(`"arn:aws:iam::%012d:root"`, i+1))
	}
	in := preflight.Input{Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":[` +
		strings.Join(arns, ",") + `]},"Action":"kms:*","Resource":"*"}]}`}
	if got := preflight.Anywhere(in); got != nil {
		t.Errorf("got %d findings, want none", len(got))
	}
}
