package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// manyStatements is a policy that no text within the limits can be: n statements, each made by one.
func manyStatements(n int, each func(i int) policy.Statement) *policy.Policy {
	p := &policy.Policy{Version: policy.Version2012}
	for i := range n {
		s := each(i)
		s.Index = i
		s.Principal = policy.PrincipalElement{Bare: true, List: []policy.Principal{{Type: policy.AWS, Value: "*"}}}
		s.Action = policy.ListElement{Present: true, List: []policy.Value{{Text: "kms:*"}}}
		if s.Resource.List == nil {
			s.Resource.List = []policy.Value{{Text: "*"}}
		}
		s.Resource.Present = true
		p.Statements = append(p.Statements, s)
	}
	return p
}

func condition(operator, key string, values ...string) []policy.Condition {
	set, name, found := strings.Cut(operator, ":")
	if !found {
		set, name = "", operator
	}
	c := policy.Condition{Operator: policy.Operator{Set: policy.SetOperator(set), Name: name}, Key: key}
	for _, v := range values {
		c.Values = append(c.Values, policy.Value{Text: v})
	}
	return []policy.Condition{c}
}

// hostileRequests are made to cost as much time as they can.
func hostileRequests() map[string]policy.Request {
	long := strings.Repeat("a", 8192)
	alternately := func(i int) policy.Effect { return []policy.Effect{policy.Allow, policy.Deny}[i%2] }
	stars := strings.Repeat("*a", 8000) + "b"
	requests := map[string]*policy.Policy{
		"10 000 statements": manyStatements(10_000, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i),
				Conditions: condition("StringEquals", "own:Key", fmt.Sprint(i))}
		}),
		"10 000 condition keys": manyStatements(10_000, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i),
				Conditions: condition("StringLike", fmt.Sprint("own:Key", i), "a*b*c")}
		}),
		"10 000 statements, all keys tangled": manyStatements(10_000, func(i int) policy.Statement {
			s := policy.Statement{Effect: alternately(i)}
			for j := range 8 {
				s.Conditions = append(s.Conditions, condition("StringEquals", fmt.Sprint("own:Key", (i+j*j)%50), "a")...)
			}
			return s
		}),
		"10 000 conditions in one statement": manyStatements(2, func(i int) policy.Statement {
			s := policy.Statement{Effect: policy.Allow}
			for j := range 10_000 {
				s.Conditions = append(s.Conditions, condition("StringEquals", fmt.Sprint("own:Key", j), "a")...)
			}
			return s
		}),
		"stars": manyStatements(20, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i), Conditions: condition("StringLike", "own:Key", stars)}
		}),
		"question marks": manyStatements(20, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i),
				Conditions: condition("StringLike", "own:Key", "*"+strings.Repeat("?a", 2000)+"b*")}
		}),
		"stars in resources": manyStatements(20, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i),
				Resource: policy.ListElement{List: []policy.Value{{Text: strings.Repeat("*a*", 5000)}}}}
		}),
		"patterns with a state for every subset": manyStatements(40, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i),
				Conditions: condition("StringLike", "own:Key", "*a"+strings.Repeat("?", 10+i)+"*", "*b"+strings.Repeat("?", 12+i))}
		}),
		"sets": manyStatements(60, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i),
				Conditions: condition([]string{"ForAnyValue:StringLike", "ForAllValues:StringLike"}[i/2%2], "own:Key",
					fmt.Sprintf("*%d*", i))}
		}),
		"more single values than sets": manyStatements(64, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i), Conditions: condition("StringLike", "kms:EncryptionContext:x",
				[]string{fmt.Sprintf("p%02d*", i), fmt.Sprintf("*s%02d", i)}[i/2%2])}
		}),
		"many values": manyStatements(60, func(i int) policy.Statement {
			var values []string
			for j := range 500 {
				values = append(values, fmt.Sprint(i*j))
			}
			return policy.Statement{Effect: alternately(i),
				Conditions: condition([]string{"NumericEquals", "NumericLessThan"}[i%2], "own:Key", values...)}
		}),
		"letter cases": manyStatements(60, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i), Conditions: condition(
				[]string{"StringEquals", "StringEqualsIgnoreCase"}[i%2], "own:Key", fmt.Sprintf("%.*s", i+1, long))}
		}),
		"variables": manyStatements(20, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i),
				Conditions: condition("StringLike", "own:Key", strings.Repeat("${own:Key}*", 200))}
		}),
		"variables never closed": manyStatements(20, func(i int) policy.Statement {
			return policy.Statement{Effect: alternately(i),
				Conditions: condition("StringLike", "own:Key", strings.Repeat("${a", 10_000))}
		}),
	}
	list := map[string]policy.Request{}
	for name, p := range requests {
		list[name] = policy.Request{Action: "kms:Decrypt", Resource: keyARN, Policies: policy.Policies{Key: p},
			Context: policy.RequestContext{"own:Key": {long}}}
	}
	return list
}

// TestBoundedTime: no policy makes either engine slow. The bound is far above what a busy machine needs under the race
// detector, and far below what a matcher that tries every star would, or a search through all combinations.
func TestBoundedTime(t *testing.T) {
	t.Parallel()
	for name, r := range hostileRequests() {
		t.Run(name, func(t *testing.T) {
			r.Caller = callerOf(t, "s(ledger-reader/s1)")
			deadline, started := 2*time.Minute, testingClock()
			policy.Decide(r)
			if spent := started(); spent > deadline {
				t.Errorf("Decide took %v", spent)
			}
			started = testingClock()
			policy.Can(r, policy.Assumptions{Complete: true})
			r.Context = nil
			policy.Can(r, policy.Assumptions{})
			if spent := started(); spent > deadline {
				t.Errorf("Can took %v", spent)
			}
		})
	}
}

// TestAnalystTires: an Analyst that was asked too much leaves in doubt what it would have to search for, and is right
// about what is plain.
func TestAnalystTires(t *testing.T) {
	t.Parallel()
	searched := policy.Request{Caller: callerOf(t, "s(ledger-reader/s1)"), Action: "kms:Decrypt", Resource: keyARN}
	hard := searched
	// Of three keys two are always alike, but that takes trying. All four policies must allow.
	alike := func(name, who string, parse func(string) (*policy.Policy, error)) *policy.Policy {
		var lines []string
		for _, pair := range []string{"12", "13", "23"} {
			for _, op := range []string{"StringEquals", "StringNotEquals"} {
				lines = append(lines, fmt.Sprintf("Allow %skms:* if %s own:%s%c a and %s own:%s%c a",
					who, op, name, pair[0], op, name, pair[1]))
			}
		}
		return policyOf(t, lines, parse)
	}
	hard.Policies = policy.Policies{Key: alike("A", "root(A) ", nil), Boundary: alike("B", "", policy.ParseIdentity),
		Identity: one1(alike("C", "", policy.ParseIdentity)), Session: one1(alike("D", "", policy.ParseIdentity))}
	searched.Policies.Key = policyOf(t, []string{"Allow r(ledger-reader) kms:Decrypt if StringEquals own:Key a",
		"Allow r(ledger-reader) kms:Decrypt if StringNotEquals own:Key a"}, nil)
	plain := searched
	plain.Action = "kms:Encrypt"
	used := func(m *policy.Analyst) bool {
		dead := policyOf(t, []string{"Allow * kms:Decrypt", "Allow * kms:Decrypt"}, nil)
		return m.Uses(dead, []policy.Request{searched}, policy.Assumptions{})[1].Needed
	}
	analyst := policy.NewAnalyst()
	for i, want := range []policy.Verdict{policy.Always, policy.Depends} {
		if got := analyst.Can(searched, policy.Assumptions{}); got.Verdict != want {
			t.Errorf("%d: got %+v, want %s", i, got, want)
		}
		if got := analyst.Can(plain, policy.Assumptions{}); got.Verdict != policy.Never {
			t.Errorf("%d: plain: got %+v", i, got)
		}
		if got := used(analyst); got != (want == policy.Depends) {
			t.Errorf("%d: a statement that is there twice is needed: %t", i, got)
		}
		for range 2000 {
			analyst.Can(hard, policy.Assumptions{})
		}
	}
}

func testingClock() func() time.Duration {
	begin := time.Now()
	return func() time.Duration { return time.Since(begin) }
}

// variedStatements is a policy of 20 statements of which each has its own conditions.
func variedStatements() string {
	var list []string
	for i := range 20 {
		list = append(list, fmt.Sprintf(`{"Effect":%q,"Principal":{"AWS":["111122223333",
			"arn:aws:iam::111122223333:role/reader-%d"]},"Action":["kms:De*","kms:Generate*"],"Resource":"*",
			"Condition":{"StringLike":{"kms:ViaService":"%s.*.amazonaws.com"},
			"StringEquals":{"kms:EncryptionContext:tenant":"t%d"},"Bool":{"aws:SecureTransport":%t},
			"IpAddress":{"aws:SourceIp":"10.%d.0.0/16"}}}`,
			[]string{"Allow", "Allow", "Deny"}[i%3], i, []string{"qldb", "s3", "lambda"}[i%3], i%5, i%2 == 0, i))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",\n") + `]}`
}

// BenchmarkCan is what a plan asks: a policy of 20 statements, analysed for 10 principals.
func BenchmarkCan(b *testing.B) {
	for name, text := range map[string]string{"alike": twentyStatements(), "varied": variedStatements()} {
		b.Run(name, func(b *testing.B) { benchmarkCan(b, text) })
	}
}

func benchmarkCan(b *testing.B, text string) {
	p, err := policy.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	var callers []policy.Caller
	for i := range 10 {
		c, err := policy.NewCaller(fmt.Sprintf("arn:aws:iam::111122223333:role/reader-%d", i), "")
		if err != nil {
			b.Fatal(err)
		}
		callers = append(callers, c)
	}
	assume := policy.Assumptions{Unknown: []policy.PolicyKind{policy.IdentityPolicy}}
	b.ReportAllocs()
	for b.Loop() {
		analyst := policy.NewAnalyst()
		for _, c := range callers {
			analyst.Can(policy.Request{Caller: c, Action: "kms:Decrypt", Resource: keyARN,
				Policies: policy.Policies{Key: p}}, assume)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	p, err := policy.Parse(twentyStatements())
	if err != nil {
		b.Fatal(err)
	}
	c, err := policy.NewCaller(readerS1, "")
	if err != nil {
		b.Fatal(err)
	}
	r := policy.Request{Caller: c, Action: "kms:Decrypt", Resource: keyARN, Policies: policy.Policies{Key: p},
		Context: policy.RequestContext{"kms:ViaService": {viaLedger}, "kms:GrantIsForAWSResource": {"true"}}}
	b.ReportAllocs()
	for b.Loop() {
		policy.Decide(r)
	}
}

func BenchmarkHostileRequests(b *testing.B) {
	c, err := policy.NewCaller(readerS1, "")
	if err != nil {
		b.Fatal(err)
	}
	for name, r := range hostileRequests() {
		r.Caller = c
		b.Run("Decide/"+name, func(b *testing.B) {
			for b.Loop() {
				policy.Decide(r)
			}
		})
		open := r
		open.Context = nil
		b.Run("Can/"+name, func(b *testing.B) {
			for b.Loop() {
				policy.Can(open, policy.Assumptions{})
			}
		})
	}
}
