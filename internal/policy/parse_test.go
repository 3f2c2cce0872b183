package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

const (
	account = "111122223333"
	root    = "arn:aws:iam::111122223333:root"
	reader  = "arn:aws:iam::111122223333:role/ledger-reader"
	writer  = "arn:aws:iam::111122223333:role/ledger-writer"
	keyARN  = "arn:aws:kms:eu-west-2:111122223333:key/6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01"
)

// ledgerPolicy is a correct policy for one ledger: delegation to the account, the operators' grant, the readers.
const ledgerPolicy = `{"Version":"2012-10-17","Id":"orders-ledger-key","Statement":[
 {"Sid":"Account delegation","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},
  "Action":"kms:*","Resource":"*"},
 {"Sid":"Ledger operators through QLDB","Effect":"Allow","Principal":{"AWS":"*"},
  "Action":["kms:CreateGrant","kms:DescribeKey"],"Resource":"*",
  "Condition":{"StringEquals":{"kms:CallerAccount":"111122223333","kms:ViaService":"qldb.eu-west-2.amazonaws.com"}}},
 {"Sid":"Ledger users","Effect":"Allow",
  "Principal":{"AWS":["arn:aws:iam::111122223333:role/ledger-reader","arn:aws:iam::111122223333:role/ledger-writer"]},
  "Action":"kms:Decrypt","Resource":"*",
  "Condition":{"StringEquals":{"kms:ViaService":"qldb.eu-west-2.amazonaws.com"}}}]}`

// statement is a policy of one statement, %s standing for more members.
func statement(members string) string {
	return `{"Statement":{"Effect":"Allow","Principal":"*"` + members + `}}`
}

func mustParse(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, text)
	}
	return p
}

func TestParseLedgerPolicy(t *testing.T) {
	t.Parallel()
	p := mustParse(t, ledgerPolicy)
	if p.Version != policy.Version2012 || p.ID != "orders-ledger-key" || len(p.Statements) != 3 {
		t.Fatalf("got Version %q, Id %q, %d statements", p.Version, p.ID, len(p.Statements))
	}
	s := p.Statements[2]
	at := func(sub string) int { return strings.LastIndex(ledgerPolicy, sub) }
	want := policy.Statement{
		Index:  2,
		Offset: at(`{"Sid"`),
		Sid:    "Ledger users",
		Effect: policy.Allow,
		Principal: policy.PrincipalElement{
			Offset: at(`{"AWS"`),
			List: []policy.Principal{
				{Type: policy.AWS, Value: reader, Statement: 2, Offset: at(`"` + reader)},
				{Type: policy.AWS, Value: writer, Statement: 2, Offset: at(`"` + writer)},
			},
		},
		Action: policy.ListElement{Present: true, Offset: at(`"kms:Decrypt"`),
			List: []policy.Value{{Text: "kms:Decrypt", Offset: at(`"kms:Decrypt"`)}}},
		Resource: policy.ListElement{Present: true, Offset: at(`"*"`),
			List: []policy.Value{{Text: "*", Offset: at(`"*"`)}}},
		Conditions: []policy.Condition{{
			Operator: policy.Operator{Name: "StringEquals"},
			Key:      "kms:ViaService",
			Offset:   at(`"kms:ViaService"`),
			Values:   []policy.Value{{Text: "qldb.eu-west-2.amazonaws.com", Offset: at(`"qldb.`)}},
		}},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("third statement (-want +got):\n%s", diff)
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"P1 action and condition key in any case": statement(`,"Action":"KMS:decrypt","Resource":"*",
			"Condition":{"StringEquals":{"KMS:VIASERVICE":"x"}}`),
		"P2 no Action":   statement(`,"Resource":"*"`),
		"P2 no Resource": statement(`,"Action":"kms:*"`),
		"P2 negations": `{
			"Statement":{"Effect":"Deny","NotPrincipal":"*","NotAction":"a","NotResource":"b"}}`,
		"P4 tab, CR, LF, Latin-1": "\t{\r\n\"Statement\":" +
			"{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Sid\":\"\u00e9\u00ff\u00a0\"}}\n",
		"P5 Sid with spaces": statement(`,"Sid":"Ledger users, all of them!"`),
		"P5 Sid twice": `{
			"Statement":[{"Sid":"a","Effect":"Allow","Principal":"*"},{"Sid":"a","Effect":"Deny","Principal":"*"}]}`,
		"P6 other key's ARN":               statement(`,"Action":"kms:*","Resource":"arn:aws:kms:eu-west-2:1:key/k"`),
		"P7 action typo":                   statement(`,"Action":"kms=Decrypt","Resource":"*"`),
		"P7 action of another service":     statement(`,"Action":["qldb:SendCommand",""],"Resource":"*"`),
		"P8 wildcards outside Principal":   statement(`,"Action":"kms:De?rypt*","Resource":"arn:*:kms:*"`),
		"P9 variable without Version":      statement(`,"Resource":"${aws:username}"`),
		"P10 same name in sibling objects": statement(`,"Condition":{"StringEquals":{"a":"1"},"StringLike":{"a":"1"}}`),
		"Version 2008":                     `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*"}]}`,
		"empty Condition":                  statement(`,"Condition":{}`),
		"empty operator":                   statement(`,"Condition":{"StringEquals":{}}`),
		"unknown condition key":            statement(`,"Condition":{"StringEquals":{"kms:ViaServices":"x"}}`),
		"scalars in Condition": statement(`,"Condition":{"NumericEquals":{"a":5},
			"Bool":{"b":[true,"false"]}}`),
		"ForAllValues, multi-valued key": statement(`,"Condition":{
			"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":"x"}}`),
		"ForAnyValue, single-valued key": statement(`,"Condition":{
			"ForAnyValue:StringEquals":{"kms:EncryptionContext:a":"x"}}`),
		"no set operator, single-valued":   statement(`,"Condition":{"StringEqualsIfExists":{"aws:RequestTag/a":"x"}}`),
		"escapes":                          statement(`,"Sid":"a\u0020\n\t\"\\\/\ud83d\ude00"`),
		"one statement object, not a list": statement(``),
		"AWS principal with space around":  `{"Statement":{"Effect":"Allow","Principal":{"AWS":" 111122223333 "}}}`,
		"several principal types": `{
			"Statement":{"Effect":"Allow","Principal":{"AWS":"*","Service":["qldb.amazonaws.com"]}}}`,
		"default policy":                    policy.Default("aws-cn", account),
		"policy for one ledger":             ledgerPolicy,
		"empty strings":                     statement(`,"Sid":"","Condition":{"StringEquals":{"a":""}}`),
		"depth of a policy":                 statement(`,"Condition":{"StringEquals":{"a":["1","2"]}}`),
		"every operator, IfExists and sets": statement(`,"Condition":{` + everyOperator() + `}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustParse(t, text)
		})
	}
}

func operatorNames() []string {
	names := []string{"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals",
		"ArnNotLike", "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase",
		"StringLike", "StringNotLike"}
	for _, kind := range []string{"Numeric", "Date"} {
		for _, test := range []string{"Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan",
			"GreaterThanEquals"} {
			names = append(names, kind+test)
		}
	}
	return names
}

func everyOperator() string {
	all := []string{`"Null":{"k":"true"}`}
	for _, name := range operatorNames() {
		for _, form := range []string{"%s", "%sIfExists", "ForAllValues:%s", "ForAnyValue:%sIfExists"} {
			all = append(all, fmt.Sprintf(`"`+form+`":{"k":"v"}`, name))
		}
	}
	return strings.Join(all, ",")
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		text string // the fault is at the mark, which is taken out
		msg  string
	}{
		{"empty", `¦`, "unexpected end of the policy"},
		{"white space", " \n¦", "unexpected end of the policy"},
		{"not an object", `¦[]`, "a policy is an object, not an array"},
		{"trailing text", `{"Statement":{"Effect":"Allow","Principal":"*"}} ¦x`, "unexpected text after the policy"},
		{"trailing comma", `{"Id":"a",¦}`, `unexpected character '}': expected a member name in double quotes`},
		{"cut off", `{"Id":"a"¦`, `unexpected end of the policy: expected ',' or '}'`},
		{"open string", `{"Id":¦"a`, `string is not closed`},
		{"bad escape", `{"Id":"a¦\x"}`, `unknown escape sequence`},
		{"half surrogate", `{"Id":"a¦\ud83d"}`, `half of a surrogate pair`},
		{"half surrogate, then an escape", `{"Id":"¦\ud83d\u0041"}`, `half of a surrogate pair`},
		{"short hex", `{"Id":"¦\u00g0"}`, `\u takes four hexadecimal digits`},
		{"raw line feed in string", "{\"Id\":\"a¦\n\"}", "unescaped control character U+000A in a string"},
		{"leading zero", statement(`,"Condition":{"NumericEquals":{"a":0¦1}}`),
			`unexpected character '1': expected ',' or '}'`},
		{"literal", `{"Id":¦nul}`, `unexpected character 'n': expected a JSON value`},
		{"too deep", `{"Statement":` + strings.Repeat("[", 15) + `¦[`, "nested deeper than 16 levels"},

		{"P1 element in lower case", statement(`,¦"action":"kms:*"`),
			`statement 1: unknown element "action": names are case-sensitive, write "Action"`},
		{"P1 Statement in lower case", `{¦"statement":[]}`,
			`unknown element "statement": names are case-sensitive, write "Statement"`},
		{"P1 Effect in lower case", `{"Statement":[{"Sid":"s","Effect":¦"allow","Principal":"*"}]}`,
			`statement 1 ("s"): Effect is "Allow" or "Deny", not "allow"`},
		{"P1 AWS in lower case", `{"Statement":{"Effect":"Allow","Principal":{¦"Aws":"*"}}}`,
			`statement 1: unknown element "Aws": names are case-sensitive, write "AWS"`},
		{"P1 unknown element", statement(`,¦"Principals":"*"`), `statement 1: unknown element "Principals"`},
		{"P2 no Effect", `{"Statement":[¦{"Sid":"s","Principal":"*"}]}`, `statement 1 ("s"): Effect is missing`},
		{"P2 no Principal", `{"Statement":[{"Effect":"Deny","Principal":"*"},¦{"Effect":"Allow"}]}`,
			`statement 2: Principal is missing`},
		{"P2 both principals", statement(`,¦"NotPrincipal":"*"`), `statement 1: both Principal and NotPrincipal`},
		{"P2 both actions", statement(`,"NotAction":"a",¦"Action":"a"`), `statement 1: both Action and NotAction`},
		{"P2 both resources", statement(`,"Resource":"a",¦"NotResource":"a"`),
			`statement 1: both Resource and NotResource`},
		{"P4 beyond Latin-1", `{"Id":"` + "¦\u201cquoted\u201d" + `"}`,
			"character U+201C is not allowed: a key policy takes printable characters up to U+00FF"},
		{"P4 NUL", "{\"Id\":\"¦\x00\"}",
			"character U+0000 is not allowed: a key policy takes printable characters up to U+00FF"},
		{"P4 DEL", "{\"Id\":\"é¦\x7f\"}",
			"character U+007F is not allowed: a key policy takes printable characters up to U+00FF"},
		{"P4 byte order mark", "¦\ufeff{}",
			"character U+FEFF is not allowed: a key policy takes printable characters up to U+00FF"},
		{"P4 not UTF-8", "{\n\"Id\":\"éa¦\xe9\"}", "text is not valid UTF-8"},
		{"P10 top level", `{"Id":"a",¦"Id":"a"}`, `duplicate member "Id"`},
		{"P10 in a statement", `{"Statement":{"Effect":"Allow",¦"Effect":"Deny"}}`, `duplicate member "Effect"`},
		{"P10 spelt with an escape", `{"Id":"a",¦"I\u0064":"a"}`, `duplicate member "Id"`},
		{"P10 condition key", statement(`,"Condition":{"Bool":{"a":"true",¦"a":"true"}}`), `duplicate member "a"`},
		{"P10 far apart", `{` + manyMembers(40) + `,¦"m7":0}`, `duplicate member "m7"`},

		{"Version", `{"Version":¦"2012-10-18"}`,
			`Version "2012-10-18" is unknown: it is "2012-10-17" or "2008-10-17"`},
		{"Version a number", `{"Version":¦2012}`, `Version is a string, not a number`},
		{"no Statement", `¦{"Version":"2012-10-17"}`, `the policy has no Statement`},
		{"Statement empty", `{"Statement":¦[]}`, `Statement is an empty array`},
		{"Statement null", `{"Statement":¦null}`, `Statement is an object or an array of objects, not null`},
		{"statement a string", `{"Statement":[¦"a"]}`, `statement 1: a statement is an object, not a string`},
		{"Sid a number", statement(`,"Sid":¦1`), `statement 1: Sid is a string, not a number`},
		{"Action empty", statement(`,"Action":¦[]`), `statement 1: Action is an empty array`},
		{"Action nested", statement(`,"Action":["a",¦["b"]]`),
			`statement 1: each value of Action is a string, not an array`},
		{"Resource object", statement(`,"Resource":¦{}`),
			`statement 1: Resource is a string or an array of strings, not an object`},
		{"Principal null", `{"Statement":{"Effect":"Allow","Principal":¦null}}`,
			`statement 1: Principal is "*" or an object, not null`},
		{"Condition array", statement(`,"Condition":¦[]`), `statement 1: Condition is an object, not an array`},
		{"operator unknown", statement(`,"Condition":{¦"StringEqual":{}}`),
			`statement 1: invalid condition type "StringEqual"`},
		{"operator case", statement(`,"Condition":{¦"stringEqualsIfExists":{}}`),
			`statement 1: invalid condition type "stringEqualsIfExists": operator names are case-sensitive, ` +
				`write StringEquals`},
		{"set operator", statement(`,"Condition":{¦"ForAny:StringEquals":{}}`),
			`statement 1: invalid condition type "ForAny:StringEquals": a set operator is ForAllValues or ForAnyValue`},
		{"NullIfExists", statement(`,"Condition":{¦"NullIfExists":{}}`),
			`statement 1: invalid condition type "NullIfExists": ` +
				`Null tests for existence itself, it takes no IfExists`},
		{"operator value", statement(`,"Condition":{"Bool":¦"true"}`),
			`statement 1: Bool takes an object of condition keys, not a string`},
		{"condition value null", statement(`,"Condition":{"Bool":{"a":¦null}}`),
			`statement 1: a value of condition key "a" is a string, a number or a boolean, not null`},
		{"condition values empty", statement(`,"Condition":{"Bool":{"a":¦[]}}`),
			`statement 1: condition key "a" has an empty array of values`},
		{"condition key empty", statement(`,"Condition":{"Bool":{¦"":"true"}}`),
			`statement 1: condition key is empty`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before, after, ok := strings.Cut(tt.text, "¦")
			if !ok {
				t.Fatal("no mark in the text")
			}
			p, err := policy.Parse(before + after)
			var got *policy.SyntaxError
			if !errors.As(err, &got) {
				t.Fatalf("got %v, %v, want a SyntaxError", p, err)
			}
			if got.Msg != tt.msg || got.Offset != len(before) {
				t.Errorf("got  %d: %s\nwant %d: %s", got.Offset, got.Msg, len(before), tt.msg)
			}
		})
	}
}

func manyMembers(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`"m%d":0`, i))
	}
	return strings.Join(list, ",")
}

func TestSyntaxErrorPosition(t *testing.T) {
	t.Parallel()
	_, err := policy.Parse("{\n  \"Id\": \"caf\u00e9\", x")
	if got, want := fmt.Sprint(err), `line 2, column 17: unexpected character 'x': `+
		`expected a member name in double quotes`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseOverlyPermissive(t *testing.T) {
	t.Parallel()
	for key, what := range map[string]string{
		"kms:EncryptionContext:ledger": "encryption context",
		"KMS:encryptioncontext:ledger": "encryption context",
		"aws:RequestTag/team":          "tag",
	} {
		for _, op := range []string{"ForAllValues:StringEquals", "ForAllValues:StringNotLikeIfExists"} {
			_, err := policy.Parse(statement(`,"Condition":{"` + op + `":{"` + key + `":"x"}}`))
			var got *policy.SyntaxError
			if !errors.As(err, &got) || !errors.Is(err, policy.ErrOverlyPermissive) {
				t.Fatalf("%s %s: got %v, want a SyntaxError that is ErrOverlyPermissive", op, key, err)
			}
			want := "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition " +
				"key matches requests without the specified " + what + " or with an unspecified " + what +
				". To fix, remove ForAllValues."
			if got.Msg != want {
				t.Errorf("%s %s: got %s\nwant %s", op, key, got.Msg, want)
			}
		}
	}
}

// TestParseSizeP3 is about the bytes of the text as sent, white space included.
func TestParseSizeP3(t *testing.T) {
	t.Parallel()
	pad := func(size int) string { return ledgerPolicy + strings.Repeat(" ", size-len(ledgerPolicy)) }
	mustParse(t, pad(policy.MaxBytes))
	_, err := policy.Parse(pad(policy.MaxBytes + 1))
	var syntax *policy.SyntaxError
	if !errors.Is(err, policy.ErrTooLarge) || errors.As(err, &syntax) {
		t.Errorf("got %v, want ErrTooLarge alone", err)
	}
	// Size goes before everything else.
	if _, err := policy.Parse(strings.Repeat("\xff", policy.MaxBytes+1)); !errors.Is(err, policy.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

func TestErrorsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\u00e9", 10000)
	for _, text := range []string{`{"` + long + `":1}`, statement(`,"Sid":"` + long + `","x":1`),
		`{"Version":"` + long + `"}`, `{"Statement":{"Effect":"Allow","Principal":"` + long + `"}}`} {
		_, err := policy.Parse(text)
		if err == nil || len(err.Error()) > 2000 {
			t.Errorf("got an error of %d bytes, want at most 2000", len(fmt.Sprint(err)))
		}
	}
}

// hostile are texts, most of them as large as Parse takes, that try to cost more than a policy of their size.
func hostile() map[string]string {
	fill := func(format string, size int) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	const most = policy.MaxBytes - 200
	return map[string]string{
		"10000 empty statements": `{"Statement":[` + strings.TrimSuffix(strings.Repeat("{},", 10000), ",") + `]}`,
		"many statements": `{
			"Statement":[` + fill(`{"Effect":"Deny","Principal":"*","Action":"%d"},`, most) + `]}`,
		"deep arrays":             strings.Repeat("[", most),
		"deep objects":            strings.Repeat(`{"a":`, most/5),
		"many members":            `{` + fill(`"%d":0,`, most) + `}`,
		"many condition keys":     statement(`,"Condition":{"Bool":{` + fill(`"%d":1,`, most) + `}}`),
		"many actions":            statement(`,"Action":[` + fill(`"%d*",`, most) + `]`),
		"actions in a short list": statement(`,"Action":[` + fill(`"*a*a%d",`, 4400) + `]`),
		"two long patterns": statement(`,"Action":["` + strings.Repeat("*a", 1000) + `b","` +
			strings.Repeat("a", 2000) + `"]`),
		"many principals": `{"Statement":{"Effect":"Allow","Principal":{"AWS":[` + fill(`"%012d",`, most) + `]}}}`,
		"many escapes":    `{"Id":"` + strings.Repeat(`\u0041`, most/6) + `"}`,
		"not UTF-8":       strings.Repeat("\xff", most),
		"one long number": statement(`,"Condition":{"NumericEquals":{"a":1e` + strings.Repeat("9", most) + `}}`),
		"line feeds":      strings.Repeat("\n", most),
	}
}

func TestHostileTextIsBounded(t *testing.T) {
	t.Parallel()
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if p, err := policy.Parse(text); err == nil {
				if changes := policy.Diff(p, p, policy.Context{}); len(changes) > 0 {
					t.Errorf("differs from itself: %v", changes[0])
				}
				other := mustParse(t, ledgerPolicy)
				_ = policy.Diff(p, other, policy.Context{})
				_ = policy.Diff(other, p, policy.Context{})
			}
			// A hundred times what it takes; quadratic work at this size takes far longer still.
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}
