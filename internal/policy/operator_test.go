package policy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// conditionRequest is a request that is allowed exactly when the condition is met. The key can have one value or many.
func conditionRequest(t *testing.T, version, operator, key string, values []string) policy.Request {
	t.Helper()
	text := mustJSON(t, map[string]any{"Version": version, "Statement": map[string]any{"Effect": "Allow",
		"Principal": "*", "Action": "*", "Resource": "*",
		"Condition": map[string]any{operator: map[string]any{key: values}}}})
	return policy.Request{Caller: callerOf(t, "u(alice)"), Action: "kms:Decrypt", Resource: keyARN,
		Policies: policy.Policies{Key: mustParse(t, text)}, Context: policy.RequestContext{}}
}

func TestOperators(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/operators.txt")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] == "#" {
			continue
		}
		operator, values, want := w[0], strings.Split(w[1], "|"), w[3] == "yes"
		tested[operator] = true
		t.Run(strings.Join(w, " "), func(t *testing.T) {
			t.Parallel()
			r := conditionRequest(t, policy.Version2012, operator, "own:Key", values)
			switch w[2] {
			case "-":
			case "[]":
				r.Context["own:key"] = []string{}
			default:
				r.Context["OWN:Key"] = strings.Split(w[2], "|")
			}
			if got := policy.Decide(r); got.Allowed != want {
				t.Errorf("got %t, want %t", got.Allowed, want)
			}
			verdictOf(t, r, want)

			// Whoever does not know the key must reckon with this answer.
			r.Context = nil
			open := policy.Can(r, policy.Assumptions{})
			if open.Verdict == policy.Never && want || open.Verdict == policy.Always && !want {
				t.Errorf("of an unknown key Can says %s, but it may be %t", open.Verdict, want)
			}
			if len(open.Doubts) > 0 {
				t.Errorf("of an unknown key Can doubts %v", open.Doubts)
			}
		})
	}
	if len(tested) < 27 {
		t.Errorf("%d operators tested, there are 27", len(tested))
	}
}

// TestUnknownOperators: what only a program can put into a policy makes an Allow fail and a Deny apply.
func TestUnknownOperators(t *testing.T) {
	t.Parallel()
	for _, effect := range []policy.Effect{policy.Allow, policy.Deny} {
		r := conditionRequest(t, policy.Version2012, "StringEquals", "own:Key", []string{"a"})
		r.Context["own:key"] = []string{"a"}
		s := &r.Policies.Key.Statements[0]
		s.Effect = effect
		s.Conditions[0].Operator.Name = "StringResembles"
		d := policy.Decide(r)
		if d.Allowed || d.Explicit != (effect == policy.Deny) {
			t.Errorf("%s: got %+v", effect, d)
		}
		verdictOf(t, r, false)
		if got := policy.Can(r, policy.Assumptions{}); got.Verdict != policy.Never || got.Reason != d.Reason {
			t.Errorf("%s: Can says %+v", effect, got)
		}
	}
}

// TestUnknownOperatorTwice: the same condition means one thing in an Allow and another in a Deny.
func TestUnknownOperatorTwice(t *testing.T) {
	t.Parallel()
	r := policy.Request{Caller: callerOf(t, "u(alice)"), Action: "kms:Decrypt", Resource: keyARN,
		Policies: keyOf(t, "Allow * kms:*", "Allow * kms:* if StringEquals own:Key a",
			"Deny * kms:* if StringEquals own:Key a")}
	for _, i := range []int{1, 2} {
		r.Policies.Key.Statements[i].Conditions[0].Operator.Name = "StringResembles"
	}
	if got := policy.Decide(r); !got.Explicit {
		t.Errorf("Decide: got %+v", got)
	}
	if got := policy.Can(r, policy.Assumptions{}); got.Verdict != policy.Never {
		t.Errorf("Can: got %+v", got)
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		operator, value string
		context         policy.RequestContext
		want            bool
	}{
		"of the caller": {"StringEquals", "x-${aws:username}-y",
			policy.RequestContext{"own:Key": {"x-alice-y"}}, true},
		"of the caller, another": {"StringEquals", "${aws:username}", policy.RequestContext{"own:Key": {"bob"}}, false},
		"in any letter case":     {"StringEquals", "${AWS:UserName}", policy.RequestContext{"own:Key": {"alice"}}, true},
		"of the request": {"StringEquals", "${own:Other}",
			policy.RequestContext{"own:Key": {"v"}, "own:other": {"v"}}, true},
		"two": {"StringLike", "${aws:username}*${own:other}",
			policy.RequestContext{"own:Key": {"alice and v"}, "own:other": {"v"}}, true},
		"undefined": {"StringEquals", "${own:Other}", policy.RequestContext{"own:Key": {""}}, false},
		"undefined, then one": {"StringEquals", "${own:Other}${aws:username}",
			policy.RequestContext{"own:Key": {"alice"}}, false},
		"undefined, negated":        {"StringNotEquals", "${own:Other}", policy.RequestContext{"own:Key": {""}}, true},
		"undefined, default":        {"StringEquals", "${own:Other, 'd'}", policy.RequestContext{"own:Key": {"d"}}, true},
		"undefined, default, brace": {"StringEquals", "${own:Other,'a}b'}", policy.RequestContext{"own:Key": {"a}b"}}, true},
		"undefined, empty default":  {"StringEquals", "${own:Other,''}", policy.RequestContext{"own:Key": {""}}, true},
		"defined, default unused": {"StringEquals", "${aws:username, 'd'}",
			policy.RequestContext{"own:Key": {"alice"}}, true},
		"star in a value is literal": {"StringLike", "${own:Other}",
			policy.RequestContext{"own:Key": {"abc"}, "own:other": {"a*"}}, false},
		"star in a value, itself": {"StringLike", "${own:Other}",
			policy.RequestContext{"own:Key": {"a*"}, "own:other": {"a*"}}, true},
		"star in a default":     {"StringLike", "${own:Other,'*'}", policy.RequestContext{"own:Key": {"abc"}}, false},
		"escaped star":          {"StringLike", "a${*}*", policy.RequestContext{"own:Key": {"a*b"}}, true},
		"escaped star, no star": {"StringLike", "a${*}*", policy.RequestContext{"own:Key": {"abb"}}, false},
		"escaped question mark": {"StringLike", "a${?}", policy.RequestContext{"own:Key": {"ab"}}, false},
		"escaped dollar": {"StringEquals", "${$}{aws:username}",
			policy.RequestContext{"own:Key": {"${aws:username}"}}, true},
		"not closed": {"StringEquals", "${aws:username",
			policy.RequestContext{"own:Key": {"${aws:username"}}, true},
		"empty":       {"StringEquals", "${}", policy.RequestContext{"own:Key": {"${}"}}, true},
		"bad default": {"StringEquals", "${a,b}", policy.RequestContext{"own:Key": {"${a,b}"}}, true},
		"ARN": {"ArnLike", "arn:aws:iam::${aws:PrincipalAccount}:user/*",
			policy.RequestContext{"own:Key": {"arn:aws:iam::111122223333:user/x"}}, true},
		"in a Numeric condition": {"NumericEquals", "${own:Other}",
			policy.RequestContext{"own:Key": {"5"}, "own:other": {"5"}}, false},
		"several values": {"StringEquals", "${own:Other}",
			policy.RequestContext{"own:Key": {"a"}, "own:other": {"a", "b"}}, false},
		"of a key that is a set": {"StringEquals", "${aws:TagKeys}",
			policy.RequestContext{"own:Key": {"a"}, "aws:TagKeys": {"a"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := conditionRequest(t, policy.Version2012, c.operator, "own:Key", []string{c.value})
			r.Context = c.context
			if got := policy.Decide(r); got.Allowed != c.want {
				t.Errorf("got %t, want %t", got.Allowed, c.want)
			}
			verdictOf(t, r, c.want)
			if !strings.Contains(c.value, "own:") {
				return
			}
			r.Context = nil
			open := policy.Can(r, policy.Assumptions{})
			if open.Verdict != policy.Depends && (open.Verdict == policy.Always) != c.want {
				t.Errorf("of unknown keys Can says %s, but it may be %t", open.Verdict, c.want)
			}
		})
	}
}

// TestVariablesNeedVersion: in the old version, and without one, they are text.
func TestVariablesNeedVersion(t *testing.T) {
	t.Parallel()
	r := conditionRequest(t, policy.Version2008, "StringEquals", "own:Key", []string{"${aws:username}"})
	r.Context["own:Key"] = []string{"alice"}
	if got := policy.Decide(r); got.Allowed {
		t.Error("a variable worked in the old version")
	}
	r.Context["own:Key"] = []string{"${aws:username}"}
	if got := policy.Decide(r); !got.Allowed {
		t.Error("a variable is not text in the old version")
	}
	r.Policies.Key.Version = ""
	if got := policy.Decide(r); !got.Allowed {
		t.Error("a variable is not text without a version")
	}
}
