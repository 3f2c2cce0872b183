package protectedledger_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

var (
	adminARN  = acctest.RoleARN("admin")
	deputyARN = acctest.RoleARN("deputy")
	readerARN = acctest.RoleARN("reader")
	writerARN = acctest.RoleARN("writer")
	rootARN   = strings.Replace(acctest.RoleARN(""), "role/", "root", 1)
)

// newCast is a bench whose account has the roles that the tests name.
func newCast(t *testing.T) *bench {
	t.Helper()
	return newBench(t, acctest.WithRoles(t, map[string][]string{
		"admin": {"*"}, "deputy": {"*"}, "reader": {"qldb:*"}, "writer": {"qldb:*"},
	}))
}

// as lets a role run Terraform.
func (b *bench) as(role string) {
	b.t.Helper()
	s := b.As(role)
	b.config.AccessKey, b.config.SecretKey, b.config.Token = s.AccessKeyID, s.SecretKey, s.Token
	b.serve(&b.config)
}

// document is a key policy of statements.
func document(statements ...obj) string {
	for i := range statements {
		statements[i] = with(statements[i], "Resource", "*")
		if statements[i]["Effect"] == nil {
			statements[i]["Effect"] = "Allow"
		}
	}
	text, err := json.Marshal(obj{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Statements of policies under test.
func delegation() obj {
	return obj{"Sid": "Account", "Principal": obj{"AWS": rootARN}, "Action": "kms:*"}
}

// management lets the account manage the key and put ledgers under it, and leaves kms:Decrypt to other statements.
func management() obj {
	return obj{"Sid": "Managers", "Principal": obj{"AWS": rootARN}, "Action": []string{
		"kms:Cancel*", "kms:Create*", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*", "kms:List*",
		"kms:Put*", "kms:Revoke*", "kms:Schedule*", "kms:TagResource", "kms:UntagResource", "kms:Update*",
	}}
}

func users(arns ...string) obj {
	return obj{"Sid": "Ledger users", "Principal": obj{"AWS": arns}, "Action": "kms:Decrypt", "Condition": throughQLDB()}
}

func throughQLDB() obj {
	return obj{"StringEquals": obj{"kms:ViaService": "qldb." + acctest.Region + ".amazonaws.com"}}
}

// strangersTo is a condition that holds for whom an account does not have, but for AWS services.
func strangersTo(account string) obj {
	return obj{
		"StringNotEquals": obj{"aws:PrincipalAccount": account}, "Bool": obj{"aws:PrincipalIsAWSService": "false"},
	}
}

// findingsOf are the ids of policy_findings, those accepted with a star.
func findingsOf(st obj) []string {
	ids := []string{}
	list, _ := st["policy_findings"].([]any)
	for _, one := range list {
		f := one.(obj)
		id := f["id"].(string) + " " + f["severity"].(string)
		if f["accepted"] == true {
			id += " accepted"
		}
		ids = append(ids, id)
	}
	return ids
}

// Each policy that is refused, the twin in which one change lets it pass, and the finding accepted.
func TestPolicyChecks(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	for name, c := range map[string]struct {
		callers   []any
		bad, good string
		rule      string
		says      []string
	}{
		"a reader left out": {
			callers: []any{readerARN}, bad: document(management(), users(writerARN)),
			good: document(management(), users(writerARN, readerARN)), rule: "KP-205",
			says: []string{readerARN + " cannot call kms:Decrypt through QLDB", "Its reads fail", "Allow kms:Decrypt to"},
		},
		"another Region": {
			bad: document(delegation(), with(users(readerARN), "Condition",
				obj{"StringEquals": obj{"kms:ViaService": "qldb.us-east-1.amazonaws.com"}})),
			good: document(delegation(), users(readerARN)), rule: "KP-202",
			says: []string{`Statement 2 ("Ledger users")`, "us-east-1", `Write "qldb.eu-west-2.amazonaws.com"`},
		},
		"everyone": {
			bad: document(delegation(), obj{"Sid": "Open", "Principal": "*", "Action": "kms:Encrypt"}),
			good: document(delegation(), obj{"Sid": "Open", "Principal": "*", "Action": "kms:Encrypt",
				"Condition": obj{"StringEquals": obj{"kms:CallerAccount": acctest.Account}}}),
			rule: "KP-301", says: []string{`Statement 2 ("Open")`},
		},
		"a Deny that shadows": {
			callers: []any{readerARN},
			bad: document(delegation(), users(readerARN), obj{"Sid": "No strangers", "Effect": "Deny", "Principal": "*",
				"Action": "kms:Decrypt", "Condition": strangersTo("444455556666")}),
			good: document(delegation(), users(readerARN), obj{"Sid": "No strangers", "Effect": "Deny", "Principal": "*",
				"Action": "kms:Decrypt", "Condition": strangersTo(acctest.Account)}),
			rule: "KP-217", says: []string{"No strangers"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of := func(policy string, accept ...any) obj {
				cfg := own("orders", obj{"policy": policy})
				cfg["policy_checks"] = obj{"callers": c.callers, "accept": accept}
				if c.callers == nil {
					cfg["policy_checks"] = obj{"accept": accept}
				}
				return cfg
			}
			o := b.planned(of(c.bad), nil)
			wantError(t, o, append(c.says, c.rule+" in key.policy:",
				fmt.Sprintf("policy_checks = { accept = [%q] }", c.rule))...)
			if o := b.planned(of(c.good), nil); o.failed() || slices.Contains(findingsOf(o.state), c.rule+" error") {
				t.Errorf("the twin finds %v:\n%s", findingsOf(o.state), o.text())
			}
			accepted := b.planned(of(c.bad, c.rule, "KP-408"), nil)
			if accepted.failed() || !slices.Contains(findingsOf(accepted.state), c.rule+" error accepted") {
				t.Errorf("accepted, the list is %v:\n%s", findingsOf(accepted.state), accepted.text())
			}
		})
	}
}

// planned is what terraform plan says: first of the configuration alone, then of the world.
func (b *bench) planned(cfg, prior obj) outcome {
	b.t.Helper()
	if o := b.validate(cfg); o.failed() {
		return o
	}
	return b.plan(cfg, prior)
}

// What the text alone says is found without credentials; its twin is not.
func TestChecksAtValidate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.serve(nil)
	open := obj{"Principal": "*", "Action": "kms:Encrypt"}
	closed := with(open, "Condition", obj{"StringEquals": obj{"kms:CallerAccount": acctest.Account}})
	wantError(t, b.validate(own("orders", obj{"policy": document(delegation(), open)})), "KP-301", "<account id>")
	accepting := own("orders", obj{"policy": document(delegation(), open)})
	accepting["policy_checks"] = obj{"accept": []any{"KP-301"}}
	notYet := own("orders", obj{"policy": document(delegation(), open)})
	notYet["policy_checks"] = obj{"accept": unknown{}}
	for name, cfg := range map[string]obj{
		"twin": own("orders", obj{"policy": document(delegation(), closed)}), "accepted": accepting, "not known": notYet,
	} {
		if o := b.validate(cfg); len(o.diags) > 0 {
			t.Errorf("%s finds:\n%s", name, o.text())
		}
	}
	for _, c := range []struct {
		checks obj
		want   string
	}{
		{obj{"accept": []any{"KP-999"}}, "not the id of a rule"},
		{obj{"accept": []any{"KP-606"}}, "KP-606 (A key in use would be deleted) cannot be accepted: the data of a ledger " +
			"would be lost for ever"},
		{obj{"accept": []any{"KP-601"}}, "QLDB takes no key of another type"},
		{obj{"callers": []any{"reader"}}, "must be the ARN of a role or user"},
		{obj{"callers": []any{"arn:aws:sts::111122223333:assumed-role/reader/me"}}, "is one session"},
	} {
		cfg := own("orders", nil)
		cfg["policy_checks"] = c.checks
		wantError(t, b.validate(cfg), c.want)
	}
}

// key.access makes the policy that the plan shows, gives nothing to find, and is in force after the apply.
func TestAccess(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	access := obj{"administrators": []any{adminARN}, "users": []any{readerARN, writerARN}}
	o := b.planned(own("orders", obj{"access": access}), nil)
	want, err := preflight.Policy(preflight.Access{
		Account: acctest.Account, Region: acctest.Region, Ledger: "orders", AccountRoot: true,
		Administrators: []string{adminARN}, Users: []string{readerARN, writerARN},
	})
	if err != nil || o.failed() {
		t.Fatal(err, o.text())
	}
	if diff := cmp.Diff(want, keyOf(o.state)["policy_document"]); diff != "" {
		t.Errorf("the plan shows another policy (-want +got):\n%s", diff)
	}
	st := b.mustApply(own("orders", obj{"access": access}), nil)
	got, err := b.KMS().GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: keyID(st["kms_key_arn"].(string))})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *got.Policy); diff != "" {
		t.Errorf("another policy is in force (-want +got):\n%s", diff)
	}
	// The same policy written out, and the same words in another order, are no change.
	for _, same := range []obj{
		{"access": obj{"administrators": []any{adminARN}, "users": []any{writerARN, readerARN}, "account_root": true}},
		{"policy": want}, {"policy": strings.ReplaceAll(want, ",", ",\n ")},
	} {
		if p := b.plan(own("orders", same), st); keyOf(p.state)["policy_document"] != want ||
			!cmp.Equal(p.state["policy_findings"], st["policy_findings"]) {
			t.Errorf("%v changes the plan:\n%s", same, differences(st, p.state, ""))
		}
	}
	b.ForgetCalls()
	st = b.mustApply(own("orders", obj{"access": with(access, "users", []any{readerARN})}), st)
	wantMutations(t, b, "PutKeyPolicy")
	if !strings.Contains(keyOf(st)["policy_document"].(string), readerARN) {
		t.Errorf("policy is %v", keyOf(st)["policy_document"])
	}
}

// Whatever is said in words, nothing above a note is found in the policy.
func TestAccessFindsNotes(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	b.as("admin")
	for name, access := range map[string]obj{
		"nothing":   {},
		"users":     {"users": []any{readerARN, writerARN}},
		"all":       {"administrators": []any{adminARN, deputyARN}, "users": []any{readerARN}},
		"no root":   {"account_root": false, "administrators": []any{adminARN, deputyARN}, "users": []any{readerARN}},
		"no reader": {"account_root": false, "administrators": []any{adminARN, deputyARN}},
		"extra": {"extra_statements": []any{
			`{"Sid":"Audit","Effect":"Allow","Principal":{"AWS":"` + readerARN + `"},"Action":"kms:DescribeKey","Resource":"*"}`,
		}},
	} {
		o := b.planned(own("orders", obj{"access": access}), nil)
		if o.failed() || len(o.diags) > 0 {
			t.Errorf("%s says:\n%s", name, o.text())
		}
		for _, id := range findingsOf(o.state) {
			if !strings.HasSuffix(id, " note") {
				t.Errorf("%s finds %v", name, findingsOf(o.state))
			}
		}
	}
}

// What key.access cannot mean is refused before anything is asked, and on the argument to blame.
func TestAccessRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.serve(nil)
	for _, c := range []struct {
		access obj
		at     string
		want   string
	}{
		{obj{"users": []any{"reader"}}, "users", "is not the ARN of a role or user"},
		{obj{"users": []any{"arn:aws:sts::111122223333:assumed-role/r/s"}}, "users", "give the ARN of its role"},
		{obj{"administrators": []any{rootARN}}, "administrators", "use account_root"},
		{obj{"administrators": []any{adminARN}, "users": []any{"arn:aws:iam::444455556666:role/r"}}, "users", "of account"},
		{obj{"account_root": false, "administrators": []any{adminARN}}, "account_root", "two administrators"},
		{obj{"extra_statements": []any{"Allow"}}, "extra_statements", "no JSON object"},
		{obj{"extra_statements": []any{"{}"}}, "access", "Effect"},
	} {
		o := b.validate(own("orders", obj{"access": c.access}))
		wantError(t, o, "No key policy can be made of this", c.want)
		if len(o.diags) != 1 || !strings.Contains(o.diags[0].Attribute.String(), c.at) {
			t.Errorf("%v blames %v", c.access, o.diags[0].Attribute)
		}
	}
	both := own("orders", obj{"access": obj{}, "policy": policyText("p")})
	wantError(t, b.validate(both), "cannot be specified when")
	for _, later := range []obj{
		{"users": []any{unknown{}}}, {"users": unknown{}}, {"account_root": false, "administrators": []any{unknown{}}},
	} {
		if o := b.validate(own("orders", obj{"access": later})); len(o.diags) > 0 {
			t.Errorf("%v finds:\n%s", later, o.text())
		}
	}
}

// Without an account there is no policy to be made, and the default policy must not take its place.
func TestAccessWithoutAccount(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	b.refuse("GetCallerIdentity")
	wantError(t, b.planned(own("orders", obj{"access": obj{}}), nil), "The account of the key is not known")
	o := b.planned(own("orders", obj{"access": obj{"users": []any{readerARN}}}), nil)
	if o.failed() || !strings.Contains(keyOf(o.state)["policy_document"].(string), rootARN) {
		t.Errorf("the account of a user is not taken: %v\n%s", keyOf(o.state), o.text())
	}
	wantMutations(t, b)
}

// Who is named and does not exist is told, KP-308, and stops nothing: by the time of the apply it may. Without an
// answer of IAM nothing is said.
func TestAbsentPrincipals(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	policy := func(arn string) obj { return own("orders", obj{"policy": document(delegation(), users(arn))}) }
	nobody := acctest.RoleARN("nobody")
	planned := b.planned(policy(nobody), nil)
	wantWarning(t, planned, "A principal does not exist yet", `KP-308 in key.policy: Statement 2 ("Ledger users")`,
		nobody+" does not exist, or not yet", "refer to the resource that makes it", `accept = ["KP-308"]`)
	if planned.failed() || slices.ContainsFunc(findingsOf(planned.state), func(f string) bool {
		return strings.HasPrefix(f, "KP-308")
	}) {
		t.Errorf("failed %t, findings %v", planned.failed(), findingsOf(planned.state))
	}
	elsewhere := acctest.RoleARN("team/reader")
	wantWarning(t, b.planned(policy(elsewhere), nil), "KP-308", elsewhere+" does not exist.", "Write "+readerARN)
	for name, o := range map[string]outcome{
		"exists":   b.planned(policy(readerARN), nil),
		"accepted": b.planned(with(policy(nobody), "policy_checks", obj{"accept": []any{"KP-308"}}), nil),
	} {
		if strings.Contains(o.text(), "KP-308") {
			t.Errorf("%s:\n%s", name, o.text())
		}
	}
	var crowd []string
	for i := range 40 {
		crowd = append(crowd, acctest.RoleARN(fmt.Sprintf("nobody-%02d", i)))
	}
	o := b.planned(own("orders", obj{"policy": document(delegation(), users(crowd...))}), nil)
	wantWarning(t, o, "KP-308", crowd[0]+" does not exist", crowd[39]+" does not exist")
	b.refuse("GetRole")
	if o := b.planned(policy(nobody), nil); strings.Contains(o.text(), "KP-308") {
		t.Errorf("IAM refused:\n%s", o.text())
	}
}
