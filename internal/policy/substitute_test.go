package policy_test

import (
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func TestSubstitute(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"111122223333":                     "arn:aws:iam::111122223333:root",
		"arn:aws:iam::111122223333:role/r": "AROA11112222333344445",
		"qldb.amazonaws.com":               "never",
	}
	for name, tt := range map[string]struct{ text, want string }{
		"one":           {`{"AWS":"111122223333"}`, `{"AWS":"arn:aws:iam::111122223333:root"}`},
		"written oddly": {`{"AWS": "1111\u00322223333" }`, `{"AWS": "arn:aws:iam::111122223333:root" }`},
		"a list": {
			`{"AWS":[ "arn:aws:iam::111122223333:role/r" ,"111122223333"]}`,
			`{"AWS":[ "AROA11112222333344445" ,"arn:aws:iam::111122223333:root"]}`,
		},
		"twice": {
			"{\"AWS\":[\"111122223333\"\n,\n\"111122223333\" ,\"arn:aws:iam::111122223333:user/u\"]}",
			`{"AWS":["arn:aws:iam::111122223333:root" ,"arn:aws:iam::111122223333:user/u"]}`,
		},
		"twice at the end": {
			`{"AWS":["arn:aws:iam::111122223333:user/u","arn:aws:iam::111122223333:user/u" ]}`,
			`{"AWS":["arn:aws:iam::111122223333:user/u" ]}`,
		},
		"services": {
			`{"Service":["qldb.amazonaws.com","qldb.amazonaws.com"]}`, `{"Service":["qldb.amazonaws.com"]}`,
		},
		"the same of two kinds": {`{"AWS":"*","Service":"qldb.amazonaws.com"}`, `{"AWS":"*","Service":"qldb.amazonaws.com"}`},
		"everybody":             {`"*"`, `"*"`},
		"once per statement": {
			`"*","Action":"kms:*","Resource":"*"},{"Effect":"Allow","Principal":{"AWS":"111122223333"}`,
			`"*","Action":"kms:*","Resource":"*"},{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"}`,
		},
	} {
		text := func(principal string) string {
			return ` {"Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"kms:*", "Resource":"*"}]}` + "\n"
		}
		p, err := policy.Parse(text(tt.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := policy.Substitute(p, text(tt.text), values)
		if err != nil || got != text(tt.want) {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, text(tt.want))
		}
		if again, err := policy.Parse(got); err != nil {
			t.Errorf("%s: the result does not parse: %v", name, err)
		} else if twice, err := policy.Substitute(again, got, values); err != nil || twice != got {
			t.Errorf("%s: a second time gives %s, %v", name, twice, err)
		}
	}
}
