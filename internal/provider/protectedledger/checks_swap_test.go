package protectedledger_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
)

func linesOf(v any) []string {
	lines := []string{}
	list, _ := v.([]any)
	for _, line := range list {
		lines = append(lines, line.(string))
	}
	return lines
}

// Each move of a ledger to another key: whom it takes access from, and what the plan shows of everybody.
func TestSwapChecks(t *testing.T) {
	t.Parallel()
	both, one := document(management(), users(readerARN, writerARN)), document(management(), users(writerARN))
	lost := []string{
		readerARN + ` can read the ledger now, by statement 2 ("Ledger users").`,
		`Under the new key it cannot: statement 2 ("Ledger users") allows only others.`,
		"Add " + readerARN + ` to statement 2 ("Ledger users")`, `policy_checks = { accept = ["KP-207"] }`,
	}
	owned := func(policy string) func(*bench) obj {
		return func(*bench) obj { return own("orders", obj{"policy": policy}) }
	}
	raised := func(policy string) func(*bench) obj {
		return func(*bench) obj { return own("orders", obj{"policy": policy, "generation": 2}) }
	}
	referenced := func(policy string) func(*bench) obj {
		return func(b *bench) obj {
			arn := b.newKey(&kms.CreateKeyInput{Policy: &policy})
			return obj{"name": "orders", "deletion_protection": false, "kms_key": arn}
		}
	}
	const yes, no = ": before yes, during yes, after yes", ": before yes, during yes, after no"
	everyone := []string{"role/reader" + yes, "role/writer" + yes}
	for name, c := range map[string]struct {
		from, to func(*bench) obj
		says     []string // of the error; none without
		checked  []string // known when it is no error
	}{
		"reader left out of a new key":        {owned(both), raised(one), lost, nil},
		"the same policy":                     {owned(both), raised(both), nil, everyone},
		"reader left out of a referenced key": {owned(both), referenced(one), lost, nil},
		"to a referenced key":                 {owned(both), referenced(both), nil, everyone},
		"from a referenced key":               {referenced(both), owned(one), lost, nil},
		"between referenced keys":             {referenced(one), referenced(both), nil, []string{"role/writer" + yes}},
		"to words that leave the reader out": {owned(both), func(*bench) obj {
			return own("orders", obj{"generation": 2, "access": obj{
				"account_root": false, "administrators": []any{adminARN, deputyARN}, "users": []any{writerARN}}})
		}, []string{lost[0], `Add "` + readerARN + `" to key.access.users.`}, nil},
		"to words that name the reader": {owned(both), func(*bench) obj {
			return own("orders", obj{"generation": 2, "access": obj{
				"account_root": false, "administrators": []any{adminARN, deputyARN}, "users": []any{writerARN, readerARN}}})
		}, nil, everyone},
		"to the AWS owned key": {owned(both), func(*bench) obj { return obj{"name": "orders", "deletion_protection": false} },
			nil, []string{"everyone whom IAM lets read the ledger: the AWS owned key has no policy"}},
		"from the AWS owned key": {func(*bench) obj { return obj{"name": "orders", "deletion_protection": false} },
			func(*bench) obj {
				return with(own("orders", obj{"policy": one}), "policy_checks", obj{"callers": []any{writerARN}})
			}, nil, []string{"role/writer" + yes}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newCast(t)
			b.as("admin")
			st := b.mustApply(c.from(b), nil)
			cfg := c.to(b)
			o := b.planned(cfg, st)
			if c.says != nil {
				wantError(t, o, c.says...)
				cfg["policy_checks"] = obj{"accept": []any{"KP-207"}}
				o = b.planned(cfg, st)
				c.checked = []string{"role/reader" + no, "role/writer" + yes}
				if !slices.Contains(findingsOf(o.state), "KP-207 error accepted") {
					t.Errorf("accepted, the list is %v", findingsOf(o.state))
				}
			}
			if o.failed() {
				t.Fatal(o.text())
			}
			if diff := cmp.Diff(c.checked, linesOf(changeOf(o.state)["checked"])); diff != "" {
				t.Errorf("checked (-want +got):\n%s", diff)
			}
			wantText(t, o, "Readers and writers, by key policy:", c.checked[0])
			if after := b.mustApply(cfg, st); !cmp.Equal(changeOf(after)["checked"], changeOf(o.state)["checked"]) {
				t.Errorf("the record of the change is %v", changeOf(after))
			}
		})
	}
}

// A policy changed in place: whoever cannot read any more is named in a warning, except those of whom a finding or the
// words of the configuration speak.
func TestPolicyNarrowed(t *testing.T) {
	t.Parallel()
	const told = "A policy change takes access away"
	both, one := document(management(), users(readerARN, writerARN)), document(management(), users(writerARN))
	words := func(users ...any) obj {
		return obj{"access": obj{"account_root": false, "administrators": []any{adminARN, deputyARN}, "users": users}}
	}
	for name, c := range map[string]struct {
		from, to, checks obj
		says             []string
	}{
		"taken out": {obj{"policy": both}, obj{"policy": one}, nil, []string{told,
			readerARN + ` can read the ledger now, by statement 2 ("Ledger users").`, "By the changed policy it cannot:",
			`policy_checks = { accept = ["KP-207"] }`}},
		"accepted": {obj{"policy": both}, obj{"policy": one}, obj{"accept": []any{"KP-207"}}, nil},
		"let in":   {obj{"policy": one}, obj{"policy": both}, nil, nil},
		"from text to words": {
			obj{"policy": both}, words(writerARN), nil, []string{told, readerARN + " can read the ledger now"}},
		"in words": {words(writerARN, readerARN), words(writerARN), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newCast(t)
			b.as("admin")
			st := b.mustApply(own("orders", c.from), nil)
			cfg := own("orders", c.to)
			if c.checks != nil {
				cfg["policy_checks"] = c.checks
			}
			o := b.planned(cfg, st)
			if o.failed() {
				t.Fatal(o.text())
			}
			if c.says == nil && strings.Contains(o.text(), told) {
				t.Errorf("the plan says:\n%s", o.text())
			}
			wantText(t, o, c.says...)
			if again := b.planned(cfg, b.mustApply(cfg, st)); strings.Contains(again.text(), told) {
				t.Errorf("after the apply the plan says:\n%s", again.text())
			}
		})
	}
	b := newCast(t)
	st := b.mustApply(own("orders", obj{"policy": both}), nil)
	cfg := with(own("orders", obj{"policy": one}), "policy_checks", obj{"callers": []any{readerARN}})
	o := b.planned(cfg, st)
	wantError(t, o, "KP-205")
	if strings.Contains(o.text(), told) {
		t.Errorf("a named reader is told of twice:\n%s", o.text())
	}
}

// What the comparison cannot see is said.
func TestSwapNotChecked(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	shared := b.newKey(nil)
	st := b.mustApply(obj{"name": "orders", "deletion_protection": false, "kms_key": shared}, nil)
	cfg := own("orders", obj{"policy": document(management(), users(writerARN))})
	notChecked := func(want string) {
		t.Helper()
		o := b.planned(cfg, st)
		if got := linesOf(changeOf(o.state)["not_checked"]); o.failed() || len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("not checked is %v, want %q:\n%s", got, want, o.text())
		}
		wantText(t, o, "Not checked:", want)
	}
	notChecked("roles that only IAM policies let read now; under the new key: no")
	cfg = own("orders", obj{"policy": document(delegation(), users(writerARN))})
	notChecked("roles that only IAM policies let read: name them in policy_checks.callers")
	b.refuse("GetKeyPolicy")
	unread := func(key string) {
		t.Helper()
		o := b.planned(cfg, st)
		if o.failed() || changeOf(o.state)["checked"] != (unknown{}) || o.state["policy_findings"] != (unknown{}) {
			t.Errorf("without the policy the plan says %v:\n%s", changeOf(o.state), o.text())
		}
		wantText(t, o, "Not checked: who can read afterwards; the policy of "+key+" could not be read")
	}
	unread(shared)
	other := b.newKey(nil)
	cfg = obj{"name": "orders", "deletion_protection": false, "kms_key": other}
	unread(other)
	wantText(t, b.plan(cfg, st), "key policy not checked yet", "cannot be read")
	b.mustApply(cfg, st)
	later := own("orders", obj{"policy": unknown{}})
	if o := b.plan(later, st); o.failed() || changeOf(o.state)["checked"] != (unknown{}) ||
		o.state["policy_findings"] != (unknown{}) {
		t.Errorf("with an unknown policy the plan says %v:\n%s", changeOf(o.state), o.text())
	}
	wantText(t, b.plan(later, st), "compared during the apply", "key.policy is known only during the apply")
}

// A role reads through the driver, loses the key with the finding accepted, and is refused in the service's words; with
// the role in the new policy it reads on.
func TestAccSwapTakesAccessAway(t *testing.T) {
	t.Parallel()
	refused := regexp.MustCompile(`^run "SELECT \* FROM Vehicle"\n.*The user does not have permissions to use the customer ` +
		`managed KMS key of the ledger \(KMS Request ID: .*\) : The ciphertext refers to a customer master key that does ` +
		`not exist, does not exist in this region, or you are not allowed to access\.`)
	for name, kept := range map[string]bool{"left out": false, "twin": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newCast(t)
			config := func(generation int, checks string, arns ...string) string {
				return hcl(fmt.Sprintf("key = {\n generation = %d\n policy = %q\n }\n%s", generation,
					document(management(), users(arns...)), checks))
			}
			reads := func(role string, want *regexp.Regexp) func(*terraform.State) error {
				return func(*terraform.State) error {
					b.settle()
					switch err := b.As(role).Run(t.Context(), "orders", "SELECT * FROM Vehicle"); {
					case want == nil && err != nil:
						return fmt.Errorf("role %s is refused: %w", role, err)
					case want != nil && (err == nil || !want.MatchString(err.Error())):
						return fmt.Errorf("role %s: got %q, want %s", role, fmt.Sprint(err), want)
					}
					return nil
				}
			}
			const accept = `policy_checks = { accept = ["KP-207"] }`
			first := resource.TestStep{
				Config: config(1, "", readerARN, writerARN), Check: resource.ComposeTestCheckFunc(
					func(*terraform.State) error {
						return b.As("writer").Run(t.Context(), "orders", "CREATE TABLE Vehicle")
					},
					reads("reader", nil), reads("writer", nil)),
			}
			steps := []resource.TestStep{
				first,
				{Config: config(2, "", readerARN, writerARN), ConfigPlanChecks: inPlace(), Check: reads("reader", nil)},
			}
			if !kept {
				steps = []resource.TestStep{
					first,
					{
						Config: config(2, "", writerARN),
						ExpectError: regexp.MustCompile(`(?s)A key change takes access away.*KP-207\s+in\s+key.policy:\s+` + readerARN +
							`\s+can\s+read.*by\s+statement\s+2\s+\("Ledger\s+users"\).*Under\s+the\s+new\s+key\s+it\s+cannot:` +
							`\s+statement\s+2\s+\("Ledger\s+users"\)\s+allows\s+only\s+others.*Add\s+` + readerARN + `\s+to\s+statement\s+2`),
					},
					{
						Config: config(2, accept, writerARN), Check: resource.ComposeTestCheckFunc(
							reads("reader", refused), reads("writer", nil)),
						ConfigPlanChecks: inPlace(plancheck.ExpectKnownValue(address, member("key_change", "checked"),
							knownvalue.ListExact([]knownvalue.Check{
								knownvalue.StringExact("role/reader: before yes, during yes, after no"),
								knownvalue.StringExact("role/writer: before yes, during yes, after yes"),
							}))),
					},
				}
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: b.factories(), CheckDestroy: b.destroyed, Steps: steps,
			})
		})
	}
}

// A policy that is known only during the apply is judged before the first write; its twin is applied.
func TestAccJudgedBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	config := func(via string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"policy\" {\n input = %q\n triggers_replace = %q\n}\n",
			document(delegation(), with(users(readerARN), "Condition",
				obj{"StringEquals": obj{"kms:ViaService": "qldb." + via + ".amazonaws.com"}})), via) +
			hcl("key = { policy = terraform_data.policy.output }")
	}
	unknownFindings := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		unknownMember("policy_findings"), unknownMember("key", "policy_document"),
	}}
	nothing := func() {
		if got := b.Mutations(); len(got) > 0 {
			t.Errorf("the refused apply made the calls %v", got)
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.factories(), CheckDestroy: b.destroyed,
		Steps: []resource.TestStep{
			{
				Config: config("us-east-1"), ConfigPlanChecks: unknownFindings,
				ExpectError: regexp.MustCompile(`(?s)kms:ViaService names another Region.*KP-202`),
			},
			{
				PreConfig: nothing, Config: config(acctest.Region), ConfigPlanChecks: unknownFindings,
				Check: b.announced("CreateKey", "CreateAlias", "EnableKeyRotation", "CreateAlias", "CreateLedger"),
			},
		},
	})
}

// Who runs Terraform is judged, and what hinges on that is not in the plan: somebody else may apply it.
func TestChecksOfTheCaller(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	onlyAdmins := obj{"Sid": "Admins", "Principal": obj{"AWS": []string{adminARN, deputyARN}}, "Action": "kms:*"}
	cfg := own("orders", obj{"policy": document(onlyAdmins)})
	b.as("writer")
	wantError(t, b.planned(cfg, nil), "The caller locks itself out of the key", "KP-101", "role/writer",
		"KMS refuses to store it")
	closed := own("orders", obj{"access": obj{"account_root": false, "administrators": []any{adminARN, deputyARN}}})
	wantError(t, b.planned(closed, nil), "KP-101 in key.access", "Name its role in key.access.administrators")
	b.as("admin")
	if o := b.planned(closed, nil); o.failed() {
		t.Error(o.text())
	}
	o := b.planned(cfg, nil)
	if o.failed() {
		t.Fatal(o.text())
	}
	accepting := with(cfg, "policy_checks", obj{"accept": []any{"KP-101", "KP-201"}})
	ofAdmin := b.planned(accepting, nil)
	b.as("writer")
	ofWriter := b.planned(accepting, nil)
	wantWarning(t, ofWriter, "locks itself out of the key (accepted)", "It is true of whoever runs Terraform now")
	if diff := cmp.Diff(ofAdmin.state["policy_findings"], ofWriter.state["policy_findings"]); diff != "" {
		t.Errorf("the plan hinges on who makes it:\n%s", diff)
	}
}

// The ARN of a session does not say the path of its role. A policy that names the role with its path is meant for it.
func TestCallerWithPath(t *testing.T) {
	t.Parallel()
	for caller, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/admin/me": "arn:aws:iam::111122223333:role/teams/data/admin",
		"arn:aws:sts::111122223333:assumed-role/other/me": "arn:aws:sts::111122223333:assumed-role/other/me",
		"arn:aws:sts::444455556666:assumed-role/admin/me": "arn:aws:sts::444455556666:assumed-role/admin/me",
		"arn:aws:iam::111122223333:user/admin":            "arn:aws:iam::111122223333:user/admin",
	} {
		named := obj{"Principal": obj{"AWS": "arn:aws:iam::111122223333:role/teams/data/admin"}, "Action": "kms:*"}
		if got := protectedledger.RoleWithPath(caller, document(named)); got != want {
			t.Errorf("%s is %s, want %s", caller, got, want)
		}
	}
}

// What the plan leaves open about checks is decided in the apply; nothing that it showed may change then.
func TestChecksBecomeKnown(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	b.as("admin")
	both, one := document(management(), users(readerARN, writerARN)), document(management(), users(writerARN))
	st := b.mustApply(own("orders", obj{"policy": both}), nil)
	accepting := func(key obj, checks obj) obj { return with(own("orders", key), "policy_checks", checks) }
	moved := accepting(obj{"policy": one, "generation": 2}, obj{"accept": []any{"KP-207"}, "callers": []any{writerARN}})
	words := accepting(obj{"generation": 2, "access": obj{"users": []any{writerARN}, "administrators": []any{adminARN}}},
		obj{"accept": []any{"KP-207"}})
	for _, open := range []obj{
		with(moved, "key", with(keyOf(moved), "generation", unknown{})), with(moved, "key", unknown{}),
		with(moved, "key", with(keyOf(moved), "policy", unknown{})), with(moved, "policy_checks", unknown{}),
		with(moved, "policy_checks", obj{"accept": unknown{}, "callers": []any{writerARN}}),
		with(moved, "policy_checks", obj{"accept": []any{"KP-207"}, "callers": []any{unknown{}}}),
	} {
		b.becomesKnown(open, moved, st)
		b.becomesKnown(open, moved, nil)
	}
	whole := keyOf(words)["access"].(obj)
	for _, access := range []any{
		unknown{}, with(whole, "users", []any{unknown{}}), with(whole, "users", unknown{}),
		with(whole, "administrators", []any{unknown{}}), with(whole, "account_root", unknown{}),
	} {
		open := with(words, "key", with(keyOf(words), "access", access))
		b.becomesKnown(open, words, st)
		b.becomesKnown(open, words, nil)
	}
}
