package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

var ledgerContext = policy.Context{Partition: "aws", KeyARN: keyARN}

// one is a policy of one statement; members replace those of a plain Allow.
func one(members string) string {
	for _, m := range []struct{ name, value string }{
		{`"Effect":`, `"Allow"`}, {`Principal":`, `{"AWS":"` + reader + `"}`},
		{`Action":`, `"kms:Decrypt"`}, {`Resource":`, `"*"`},
	} {
		if !strings.Contains(members, m.name) {
			members += `,"` + strings.Trim(m.name, `":`) + `":` + m.value
		}
	}
	return `{"Version":"2012-10-17","Statement":[{` + strings.TrimPrefix(members, ",") + `}]}`
}

type pair struct {
	name       string
	a, b       string
	structural bool
	semantic   bool
}

var pairs = []pair{
	{"P1 action letter case", one(`"Action":"kms:decrypt"`), one(`"Action":"KMS:Decrypt"`), true, true},
	{"P1 condition key letter case", one(`"Condition":{"StringEquals":{"kms:ViaService":"x"}}`),
		one(`"Condition":{"StringEquals":{"KMS:viaservice":"x"}}`), true, true},
	{"P1 encryption context name letter case", one(`"Condition":{"StringEquals":{"kms:EncryptionContext:Ledger":"x"}}`),
		one(`"Condition":{"StringEquals":{"kms:EncryptionContext:ledger":"x"}}`), true, true},
	{"P1 condition value letter case", one(`"Condition":{"StringEquals":{"a":"x"}}`),
		one(`"Condition":{"StringEquals":{"a":"X"}}`), false, false},
	{"P1 principal letter case", one(``),
		one(`"Principal":{"AWS":"` + strings.Replace(reader, "ledger", "Ledger", 1) + `"}`),
		false, false},
	{"P1 resource letter case", one(`"Resource":"a"`), one(`"Resource":"A"`), false, false},
	{"P2 no Action and some Action", `{"Statement":{"Effect":"Allow","Principal":"*"}}`,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}`, false, false},
	{"P2 Action and NotAction", one(`"Action":"a"`), one(`"NotAction":"a"`), false, false},
	{"P2 Resource and NotResource", one(`"Resource":"a"`), one(`"NotResource":"a"`), false, false},
	{"P2 Principal and NotPrincipal", one(`"Principal":"*"`), one(`"NotPrincipal":"*"`), false, false},
	{"P5 Sid", one(`"Sid":"a"`), one(`"Sid":"b"`), false, true},
	{"P5 empty Sid and none", one(`"Sid":""`), one(``), true, true},
	{"P6 own key ARN", one(`"Resource":"` + keyARN + `"`), one(`"Resource":"*"`), true, true},
	{"P6 own key ARN beside *", one(`"Resource":["*","` + keyARN + `"]`), one(`"Resource":"*"`), true, true},
	{"P6 other key ARN", one(`"Resource":"` + keyARN + `0"`), one(`"Resource":"*"`), false, false},
	{"P6 own key ARN, any action", one(`"Action":"*","Resource":"` + keyARN + `"`), one(`"Action":"*","Resource":"*"`),
		false, false},
	{"P6 own key ARN, other action", one(`"Action":["kms:*","qldb:*"],"Resource":"` + keyARN + `"`),
		one(`"Action":["kms:*","qldb:*"],"Resource":"*"`), false, false},
	{"P6 own key ARN, NotAction", one(`"NotAction":"kms:*","Resource":"` + keyARN + `"`),
		one(`"NotAction":"kms:*","Resource":"*"`), false, false},
	{"P6 own key ARN, NotResource", one(`"NotResource":"` + keyARN + `"`), one(`"NotResource":"*"`), false, false},
	{"P7 typo", one(`"Action":"kms:Decrypt"`), one(`"Action":"kms=Decrypt"`), false, false},
	{"P8 covered action", one(`"Action":["kms:*","kms:Decrypt","kms:De*"]`), one(`"Action":"kms:*"`), true, true},
	{"P8 covered NotAction", one(`"NotAction":["kms:De*","kms:Decrypt"]`), one(`"NotAction":"kms:De*"`), true, true},
	{"P8 uncovered action", one(`"Action":["kms:De*","kms:Encrypt"]`), one(`"Action":"kms:De*"`), false, false},
	{"P8 everything and KMS", one(`"Action":"*"`), one(`"Action":"kms:*"`), false, false},
	{"P8 runs of wildcards", one(`"Action":"kms:*?**?"`), one(`"Action":"kms:??*"`), true, true},
	{"P8 one character does not cover many", one(`"Action":["kms:?","kms:*"]`), one(`"Action":"kms:?"`), false, false},
	{"P8 one character more", one(`"Action":"kms:?*"`), one(`"Action":"kms:*"`), false, false},
	{"P9 Version decides on variables", one(`"Resource":"${aws:username}"`),
		strings.Replace(one(`"Resource":"${aws:username}"`), "2012", "2008", 1), false, false},

	{"missing Version is 2008", `{"Statement":{"Effect":"Allow","Principal":"*"}}`,
		`{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":"*"}}`, true, true},
	{"missing Version is not 2012", `{"Statement":{"Effect":"Allow","Principal":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*"}}`, false, false},
	{"Id", `{"Id":"a","Statement":{"Effect":"Allow","Principal":"*"}}`,
		`{"Id":"b","Statement":{"Effect":"Allow","Principal":"*"}}`, false, true},
	{"formatting", ledgerPolicy, strings.ReplaceAll(ledgerPolicy, ":[", " :\t[\r\n"), true, true},
	{"escapes", one(`"Sid":"Ledger"`), one(`"\u0053id":"L\u0065dger"`), true, true},
	{"Effect", one(`"Effect":"Allow"`), one(`"Effect":"Deny"`), false, false},
	{"everyone", one(`"Principal":"*"`), one(`"Principal":{"AWS":["*"]}`), true, true},
	{"everyone is not a root", one(`"Principal":"*"`), one(`"Principal":{"AWS":"` + root + `"}`), false, false},
	{"account id and root", one(`"Principal":{"AWS":"111122223333"}`),
		one(`"Principal":{"AWS":"` + root + `"}`), true, true},
	{"account id and root of another partition", one(`"Principal":{"AWS":"111122223333"}`),
		one(`"Principal":{"AWS":"arn:aws-cn:iam::111122223333:root"}`), false, false},
	{"space around a principal", one(`"Principal":{"AWS":" ` + reader + ` "}`), one(``), true, true},
	{"principals twice and once", one(`"Principal":{"AWS":["` + reader + `","` + reader + `"]}`), one(``), true, true},
	{"unique id and ARN", one(`"Principal":{"AWS":"AROAEXAMPLEROLEID123"}`), one(``), false, false},
	{"session and role", one(`"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/ledger-reader/x"}`), one(``),
		false, false},
	{"principal types", one(`"Principal":{"Service":"a.amazonaws.com"}`),
		one(`"Principal":{"Federated":"a.amazonaws.com"}`),
		false, false},
	{"one name under two types", one(`"Principal":{"Service":"a.b","Federated":"a.b"}`),
		one(`"Principal":{"Federated":"a.b"}`), false, false},
	{"order of types", one(`"Principal":{"Service":"a.b","Federated":"a.b"}`),
		one(`"Principal":{"Federated":"a.b","Service":"a.b"}`), true, true},
	{"empty Condition", one(`"Condition":{}`), one(``), true, true},
	{"empty operator", one(`"Condition":{"Bool":{}}`), one(``), true, true},
	{"operators", one(`"Condition":{"StringEquals":{"a":"x"}}`),
		one(`"Condition":{"StringLike":{"a":"x"}}`), false, false},
	{"IfExists", one(`"Condition":{"Bool":{"a":"x"}}`), one(`"Condition":{"BoolIfExists":{"a":"x"}}`), false, false},
	{"set operators", one(`"Condition":{"ForAnyValue:StringEquals":{"a":"x"}}`),
		one(`"Condition":{"ForAllValues:StringEquals":{"a":"x"}}`), false, false},
	{"ARN operators", one(`"Condition":{"ArnEquals":{"a":"x"},"ArnNotEqualsIfExists":{"b":"x"}}`),
		one(`"Condition":{"ArnNotLikeIfExists":{"b":"x"},"ArnLike":{"a":"x"}}`), true, true},
	{"scalars and strings", one(`"Condition":{"NumericEquals":{"a":[5,1.50,1e3]},"Bool":{"b":true}}`),
		one(`"Condition":{"Bool":{"b":"true"},"NumericEquals":{"a":["1000","1.5","5"]}}`), true, true},
	{"long numbers", one(`"Condition":{"NumericEquals":{"a":1234567890123456789}}`),
		one(`"Condition":{"NumericEquals":{"a":1234567890123456788}}`), false, false},
	{"Bool letter case", one(`"Condition":{"Bool":{"a":"TRUE"},"Null":{"b":"False"}}`),
		one(`"Condition":{"Bool":{"a":true},"Null":{"b":false}}`), true, true},
	{"Bool of something else", one(`"Condition":{"Bool":{"a":"Yes"}}`),
		one(`"Condition":{"Bool":{"a":"yes"}}`), false, false},
	{"addresses", one(`"Condition":{"IpAddress":{"a":["203.0.113.7","10.1.2.3/8","2001:DB8:0::/32"]}}`),
		one(`"Condition":{"IpAddress":{"a":["2001:db8::/32","10.0.0.0/8","203.0.113.7/32"]}}`), true, true},
	{"networks of other sizes", one(`"Condition":{"NotIpAddress":{"a":"10.0.0.0/8"}}`),
		one(`"Condition":{"NotIpAddress":{"a":"10.0.0.0/9"}}`), false, false},
	{"addresses as strings", one(`"Condition":{"StringEquals":{"a":"10.0.0.1"}}`),
		one(`"Condition":{"StringEquals":{"a":"10.0.0.1/32"}}`), false, false},
	{"condition values twice", one(`"Condition":{"StringLike":{"a":["x","y","x"]}}`),
		one(`"Condition":{"StringLike":{"a":["y","x"]}}`), true, true},
	{"condition twice", one(`"Condition":{"Bool":{"a":"x","A":"x"},"ArnLike":{"b":"x"},"ArnEquals":{"b":"x"}}`),
		one(`"Condition":{"Bool":{"a":"x"},"ArnLike":{"b":"x"}}`), true, true},
	{"one key in two cases is no list of alternatives", one(`"Condition":{"StringEquals":{"a":"x","A":"y"}}`),
		one(`"Condition":{"StringEquals":{"a":["x","y"]}}`), false, false},
	{"statement twice", `{"Statement":[{"Effect":"Allow","Principal":"*"},{"Effect":"Allow","Principal":{"AWS":"*"}}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":"*"}]}`, true, true},
	{"statement missing", ledgerPolicy, policy.Default("aws", account), false, false},
}

func TestEquality(t *testing.T) {
	t.Parallel()
	for _, tt := range pairs {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := mustParse(t, tt.a), mustParse(t, tt.b)
			for _, direction := range [][2]*policy.Policy{{a, b}, {b, a}} {
				if got := policy.Structural(direction[0], direction[1], ledgerContext); got != tt.structural {
					t.Errorf("Structural: got %t, want %t", got, tt.structural)
				}
				if got := policy.Semantic(direction[0], direction[1], ledgerContext); got != tt.semantic {
					t.Errorf("Semantic: got %t, want %t", got, tt.semantic)
				}
				changes := policy.Diff(direction[0], direction[1], ledgerContext)
				if (len(changes) == 0) != tt.structural {
					t.Errorf("Diff: got %v, want changes: %t", changes, !tt.structural)
				}
			}
			if got, err := policy.EqualText(tt.a, tt.b, ledgerContext); err != nil || got != tt.structural {
				t.Errorf("EqualText: got %t, %v, want %t", got, err, tt.structural)
			}
		})
	}
}

func TestEqualityDependsOnContext(t *testing.T) {
	t.Parallel()
	own, any := one(`"Resource":"`+keyARN+`"`), one(`"Resource":"*"`)
	china, id := one(`"Principal":{"AWS":"arn:aws-cn:iam::111122223333:root"}`),
		one(`"Principal":{"AWS":"111122223333"}`)
	for _, tt := range []struct {
		name string
		a, b string
		ctx  policy.Context
		want bool
	}{
		{"no key yet", own, any, policy.Context{}, false},
		{"other key", own, any, policy.Context{KeyARN: keyARN + "0"}, false},
		{"partition", china, id, policy.Context{Partition: "aws-cn"}, true},
		{"no partition means aws", china, id, policy.Context{}, false},
	} {
		if got, err := policy.EqualText(tt.a, tt.b, tt.ctx); err != nil || got != tt.want {
			t.Errorf("%s: got %t, %v, want %t", tt.name, got, err, tt.want)
		}
	}
}

func TestEqualTextErrors(t *testing.T) {
	t.Parallel()
	if got, err := policy.EqualText("x", "x", ledgerContext); !got || err != nil {
		t.Errorf("identical texts: got %t, %v, want true", got, err)
	}
	for _, texts := range [][2]string{{"x", ledgerPolicy}, {ledgerPolicy, "x"}} {
		got, err := policy.EqualText(texts[0], texts[1], ledgerContext)
		var syntax *policy.SyntaxError
		if got || !errors.As(err, &syntax) {
			t.Errorf("got %t, %v, want a SyntaxError", got, err)
		}
	}
}

func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	text := `{"Id":"i","Statement":[{"Sid":"s","Effect":"Allow",
		"Principal":{"Service":"qldb.amazonaws.com",
			"AWS":["` + writer + `","111122223333","` + reader + `","` + root + `"]},
		"Action":["kms:ReEncrypt*","kms:ReEncryptTo","kms:Decrypt"],"Resource":"` + keyARN + `",
		"Condition":{"StringEquals":{"kms:ViaService":["b","a"]},"ArnEquals":{"aws:PrincipalArn":"x"},"Bool":{}}}]}`
	p := mustParse(t, text)
	c := p.Canonical(ledgerContext)
	if diff := cmp.Diff(mustParse(t, text), p); diff != "" {
		t.Errorf("Canonical changed the policy (-want +got):\n%s", diff)
	}
	if c.Version != policy.Version2008 || c.ID != "i" || len(c.Statements) != 1 {
		t.Fatalf("got Version %q, Id %q, %d statements", c.Version, c.ID, len(c.Statements))
	}
	s := c.Statements[0]
	var principals, values []string
	for _, v := range s.Principal.List {
		principals = append(principals, string(v.Type)+" "+v.Value)
	}
	for _, v := range append(s.Action.List, s.Resource.List...) {
		values = append(values, v.Text)
	}
	for _, condition := range s.Conditions {
		values = append(values, condition.Operator.String(), condition.Key)
		for _, v := range condition.Values {
			values = append(values, v.Text)
		}
	}
	want := []string{"AWS " + reader, "AWS " + writer, "AWS " + root, "Service qldb.amazonaws.com"}
	if diff := cmp.Diff(want, principals); diff != "" {
		t.Errorf("principals (-want +got):\n%s", diff)
	}
	want = []string{"kms:decrypt", "kms:reencrypt*", "*", "ArnLike", "aws:principalarn", "x", "StringEquals",
		"kms:viaservice", "a", "b"}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestDefault(t *testing.T) {
	t.Parallel()
	want := `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",
		"Effect":"Allow","Principal":{"AWS":"arn:aws-us-gov:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	got := policy.Default("aws-us-gov", account)
	if equal, err := policy.EqualText(got, want, ledgerContext); err != nil || !equal {
		t.Errorf("got %t, %v for %s", equal, err, got)
	}
	if !strings.HasPrefix(got, "{\n  \"Version\" : \"2012-10-17\",\n") || strings.HasSuffix(got, "\n") {
		t.Errorf("got %s, want the layout of GetKeyPolicy", got)
	}
}
