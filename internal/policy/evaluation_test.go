package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// places are the words of evaluation.txt for where the reason of a denial lies.
var places = map[policy.Reason]string{
	policy.NoResourcePolicy:  "key",
	policy.NoIdentityPolicy:  "identity",
	policy.NoBoundary:        "boundary",
	policy.NoSessionPolicy:   "session",
	policy.NotAcrossAccounts: "accounts",
}

func answerOf(d policy.Decision) string {
	switch {
	case d.Allowed:
		return "allow"
	case d.Explicit:
		kind, _, _ := strings.Cut(string(d.Statements[0].Kind), " ")
		return "deny explicit " + kind
	}
	return "deny implicit " + places[d.Reason]
}

func TestEvaluationVectors(t *testing.T) {
	t.Parallel()
	vectors := readVectors(t, "testdata/evaluation.txt")
	for i := range 72 {
		id := fmt.Sprintf("EV-%02d", i+1)
		if !slices.ContainsFunc(vectors, func(v vector) bool { return v.id() == id }) {
			t.Errorf("there is no vector %s", id)
		}
	}
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := v.request(t)
			d := policy.Decide(r)
			if got, want := answerOf(d), v.one("answer", ""); got != want {
				t.Errorf("got %s, want %s; %+v", got, want, d)
			}
			a := verdictOf(t, r, d.Allowed)
			if a.Reason != d.Reason {
				t.Errorf("Can: got reason %q, want %q", a.Reason, d.Reason)
			}
			if d.Explicit && !cmp.Equal(a.Statements, d.Statements) {
				t.Errorf("Can: got statements %v, want %v", a.Statements, d.Statements)
			}
			if v.one("answer", "") != "allow" {
				twin := v.twin(t, "allow")
				r := twin.request(t)
				if d := policy.Decide(r); !d.Allowed {
					t.Errorf("%s: got %+v, want it allowed", twin.lines, d)
				}
				verdictOf(t, r, true)
			}
		})
	}
}

func TestLockOutVectors(t *testing.T) {
	t.Parallel()
	vectors := readVectors(t, "testdata/lockout.txt")
	for i := range 24 {
		id := fmt.Sprintf("LOCK-%02d", i+1)
		if !slices.ContainsFunc(vectors, func(v vector) bool { return v.id() == id }) {
			t.Errorf("there is no vector %s", id)
		}
	}
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r, bypass := v.lockOut(t)
			var d policy.Decision
			if len(v.lines["request"]) > 0 {
				d = policy.Decide(r)
			} else {
				d = policy.LockOut(r.Policies.Key, r, bypass)
			}
			if want := v.one("answer", "") == "pass"; d.Allowed != want {
				t.Errorf("got %t, want %t; %+v", d.Allowed, want, d)
			}
			if v.one("answer", "") != "pass" {
				twin := v.twin(t, "pass")
				r, bypass := twin.lockOut(t)
				if d := policy.LockOut(r.Policies.Key, r, bypass); !d.Allowed {
					t.Errorf("%s: got %+v, want it allowed", twin.lines, d)
				}
			}
			if !bypass && len(v.lines["request"]) == 0 {
				verdictOf(t, policy.LockOutProbe(r.Policies.Key, r), d.Allowed)
			}
		})
	}
}

// lockOut is the request of a vector of lockout.txt.
func (v *vector) lockOut(t *testing.T) (r policy.Request, bypass bool) {
	t.Helper()
	switch v.one("identity", "") {
	case "":
		v.lines["identity"] = []string{"Allow kms:*"}
	case "none":
		delete(v.lines, "identity")
	}
	_, bypass = v.lines["bypass"]
	return v.request(t), bypass
}

// verdictOf asks Can the same question with everything known, where it may not say that the answer depends.
func verdictOf(t *testing.T, r policy.Request, allowed bool) policy.Answer {
	t.Helper()
	a := policy.Can(r, policy.Assumptions{Complete: true})
	want := policy.Never
	if allowed {
		want = policy.Always
	}
	if a.Verdict != want {
		t.Errorf("Can: got %s, want %s; %+v", a.Verdict, want, a)
	}
	return a
}
