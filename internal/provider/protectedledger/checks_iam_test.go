package protectedledger_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// identity is an identity policy of statements.
func identity(statements ...obj) obj { return obj{"Version": "2012-10-17", "Statement": statements} }

func lets(effect string, actions ...string) obj {
	return obj{"Effect": effect, "Action": actions, "Resource": "*"}
}

// newStaff has a role for each way in which own policies say yes, no or neither about kms:Decrypt.
func newStaff(t *testing.T) *bench {
	t.Helper()
	reads := lets("Allow", "qldb:*")
	roles := []obj{}
	for name, parts := range map[string]obj{
		"admin":  {"p": identity(lets("Allow", "*"))},
		"able":   {"p": identity(reads, lets("Allow", "kms:Decrypt"))},
		"silent": {"p": identity(reads)},
		"denied": {"p": identity(lets("Allow", "*"), lets("Deny", "kms:Decrypt"))},
		"bound":  {"p": identity(lets("Allow", "*"))},
		"hinged": {"p": identity(reads, with(lets("Allow", "kms:Decrypt"), "Condition",
			obj{"Bool": obj{"aws:MultiFactorAuthPresent": "true"}}))},
	} {
		role := obj{"name": name, "inline": parts, "trust": identity(
			obj{"Effect": "Allow", "Principal": obj{"AWS": "*"}, "Action": "sts:AssumeRole"})}
		if name == "bound" {
			role["boundary"] = "arn:aws:iam::" + acctest.Account + ":policy/edge"
		}
		roles = append(roles, role)
	}
	seed, err := json.Marshal(obj{"accounts": []obj{{
		"id": acctest.Account, "roles": roles,
		"policies": []obj{{"name": "edge", "document": identity(reads)}},
		"users": []obj{{"name": "developer", "inline": obj{"p": identity(lets("Allow", "sts:AssumeRole"))},
			"access_keys": []obj{{"id": acctest.DeveloperKey, "secret": acctest.DeveloperSecret}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, acctest.WithSeed(t, string(seed)))
	b.as("admin")
	return b
}

var staff = []string{"able", "silent", "denied", "bound", "hinged"}

func staffARNs(names ...string) (arns []string, list []any) {
	for _, name := range names {
		arns = append(arns, acctest.RoleARN(name))
		list = append(list, acctest.RoleARN(name))
	}
	return arns, list
}

// wantReal tries as each role what the plan said of it.
func (b *bench) wantReal(reads map[string]bool) {
	b.t.Helper()
	for role, may := range reads {
		err := b.As(role).Run(b.t.Context(), "orders", "SELECT tableId FROM information_schema.user_tables")
		if may != (err == nil) {
			b.t.Errorf("as %s: got %v, want it to be allowed: %t", role, err, may)
		}
	}
}

// Whom the key policy leaves to IAM, and whom it lets by itself: IAM is asked, and what the plan then says is so.
func TestUseIAM(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy func(arns []string) string
		errors map[string]string // by role
		reads  map[string]bool
	}{
		"left to IAM": {func([]string) string { return document(delegation()) }, map[string]string{
			"silent": "the key policy leaves it to IAM, and its own policies do not allow it.",
			"denied": "its own policies deny it, whatever the key policy says.",
			"bound":  "its permissions boundary does not let it, whatever the key policy says.",
		}, map[string]bool{"able": true, "silent": false, "denied": false, "bound": false, "hinged": false}},
		"named by the key policy": {func(arns []string) string { return document(delegation(), users(arns...)) },
			map[string]string{
				"denied": "its own policies deny it, whatever the key policy says.",
				"bound":  "its permissions boundary does not let it, whatever the key policy says.",
			}, map[string]bool{"able": true, "silent": true, "denied": false, "bound": false, "hinged": true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newStaff(t)
			arns, callers := staffARNs(staff...)
			cfg := with(own("orders", obj{"policy": c.policy(arns)}), "permissions_mode", "ALLOW_ALL",
				"policy_checks", obj{"callers": callers})
			if o := b.planned(cfg, nil); o.failed() {
				t.Fatalf("without IAM:\n%s", o.text())
			}
			cfg["policy_checks"] = obj{"callers": callers, "use_iam": true}
			o := b.planned(cfg, nil)
			for role, text := range c.errors {
				wantError(t, o, "KP-205", acctest.RoleARN(role)+" cannot call kms:Decrypt through QLDB: "+text)
			}
			for _, role := range staff {
				if c.errors[role] == "" && strings.Contains(o.text(), acctest.RoleARN(role)+" cannot") {
					t.Errorf("%s is refused in the plan:\n%s", role, o.text())
				}
			}
			wantText(t, o, "own policies not checked",
				"- role/hinged: they ask for aws:MultiFactorAuthPresent, which no simulation knows")
			cfg["policy_checks"] = obj{"callers": callers, "use_iam": true, "accept": []any{"KP-205"}}
			b.mustApply(cfg, nil)
			b.wantReal(c.reads)
		})
	}
}

// A swap from a key that names its readers to one that leaves them to IAM: without IAM two may lose, with IAM it is
// known that one does and one does not, and so it is.
func TestUseIAMInASwap(t *testing.T) {
	t.Parallel()
	b := newStaff(t)
	arns, _ := staffARNs("able", "silent")
	st := b.mustApply(with(own("orders", obj{"policy": document(delegation(), users(arns...))}),
		"permissions_mode", "ALLOW_ALL"), nil)
	b.wantReal(map[string]bool{"able": true, "silent": true})
	cfg := with(own("orders", obj{"policy": document(delegation()), "generation": 2}), "permissions_mode", "ALLOW_ALL")
	alone := b.planned(cfg, st)
	wantWarning(t, alone, "KP-207", arns[0]+" can read the ledger now", "only if an identity policy allows it")
	cfg["policy_checks"] = obj{"use_iam": true}
	o := b.planned(cfg, st)
	wantError(t, o, "KP-207", arns[1]+" can read the ledger now. Under the new key it cannot: the key policy leaves it "+
		"to IAM, and its own policies do not allow it.", "Allow kms:Decrypt on the key in an identity policy of it")
	if strings.Contains(o.text(), arns[0]+" can read the ledger now") {
		t.Errorf("who keeps access is said to lose it:\n%s", o.text())
	}
	cfg["policy_checks"] = obj{"use_iam": true, "accept": []any{"KP-207"}}
	o = b.planned(cfg, st)
	wantWarning(t, o, `Ledger "orders": who can read, by key policy and IAM`,
		"role/able: before yes, after yes, its own policies allow it",
		"role/silent: before yes, after no, its own policies do not allow it")
	if diff := cmp.Diff([]string{
		"role/able: before yes, during yes, after if an identity policy allows it",
		"role/silent: before yes, during yes, after if an identity policy allows it",
	}, linesOf(changeOf(o.state)["checked"])); diff != "" {
		t.Errorf("what is kept must not hinge on IAM (-want +got):\n%s", diff)
	}
	b.mustApply(cfg, st)
	b.wantReal(map[string]bool{"able": true, "silent": false})
}

// Where IAM answers nothing, the plan says so and goes on by key policy.
func TestUseIAMWithoutAnswer(t *testing.T) {
	t.Parallel()
	b := newStaff(t)
	b.refuse("SimulatePrincipalPolicy")
	_, callers := staffARNs("able", "silent")
	far := "arn:aws:iam::999999999999:role/far"
	checks := obj{"callers": append(callers, far), "use_iam": true}
	o := b.planned(with(own("orders", obj{"policy": document(delegation(), users(far))}), "policy_checks", checks), nil)
	wantWarning(t, o, "own policies not checked", "They are judged by the key policy alone:",
		"- "+far+": no role or user of account "+acctest.Account,
		"- role/able, role/silent: SimulatePrincipalPolicy: AccessDeniedException: not allowed here")
	if strings.Contains(o.text(), "KP-205 in key.policy: "+acctest.RoleARN("silent")) {
		t.Errorf("judged without an answer:\n%s", o.text())
	}
	asked := slices.DeleteFunc(b.Calls(), func(c acctest.Call) bool { return c.Operation != "SimulatePrincipalPolicy" })
	if len(asked) == 0 {
		t.Error("IAM was not asked")
	}
	before := len(b.Calls())
	unasked := b.planned(with(own("orders", obj{"policy": document(delegation())}), "policy_checks",
		obj{"callers": callers}), nil)
	for _, call := range b.Calls()[before:] {
		if call.Operation == "SimulatePrincipalPolicy" {
			t.Error("IAM's simulator was asked although use_iam is not set")
		}
	}
	if strings.Contains(unasked.text(), "own policies") {
		t.Errorf("use_iam is not set:\n%s", unasked.text())
	}
	later := b.planned(with(own("orders", obj{"policy": document(delegation())}), "policy_checks",
		obj{"callers": callers, "use_iam": unknown{}}), nil)
	wantWarning(t, later, "policy_checks.use_iam is known only during the apply")
}
