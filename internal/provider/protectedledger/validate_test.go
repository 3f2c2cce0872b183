package protectedledger_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Bad input is refused without asking anybody, on the attribute, and the error says what is allowed.
func TestValidate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.serve(nil)
	for _, c := range []struct {
		cfg  obj
		at   string
		want string
	}{
		{obj{"name": "orders_"}, "name", "1 to 32 letters, digits and hyphens"},
		{obj{"name": "12345"}, "name", "not only digits"},
		{obj{"name": strings.Repeat("a", 33)}, "name", "1 to 32"},
		{obj{"name": "a--b"}, "name", "no two"},
		{obj{"name": "orders", "region": "europe"}, "region", "Region"},
		{obj{"name": "orders", "permissions_mode": "NONE"}, "permissions_mode", "STANDARD"},
		{obj{"name": "orders", "kms_key": "orders"}, "kms_key", "alias/"},
		{obj{"name": "orders", "kms_key": "alias/a", "key": obj{}}, "", "cannot be configured together"},
		{obj{"name": "orders", "key": obj{"adopt": "AWS_OWNED_KMS_KEY"}}, "adopt", "an alias name (alias/...) or"},
		{obj{"name": "orders", "key": obj{"adopt": "orders"}}, "adopt", "an alias name (alias/...) or"},
		{obj{"name": "orders", "key": obj{"generation": 0}}, "generation", "at least 1"},
		{obj{"name": "orders", "key": obj{"alias": "orders"}}, "alias", "alias/ followed by"},
		{obj{"name": "orders", "key": obj{"alias": "alias/aws/qldb"}}, "alias", "reserved"},
		{obj{"name": "orders", "key": obj{"policy": "{"}}, "policy", "KP-502: line 1, column 2"},
		{obj{"name": "orders", "key": obj{"policy": "[]"}}, "policy", "object"},
		{
			obj{"name": "orders", "key": obj{"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Permit"}]}`}}, "policy",
			"KP-502: line 1",
		},
		{
			obj{"name": "orders", "key": obj{"policy": strings.Replace(policyText("p"), ":root", ":nobody", 1)}}, "policy",
			"invalid principal",
		},
		{
			obj{"name": "orders", "key": obj{"policy": `{"a":"` + strings.Repeat("x", 32768) + `"}`}}, "policy",
			"KP-501: 32776 bytes; KMS takes at most 32768",
		},
		{obj{"name": "orders", "key": obj{"rotation_period_in_days": 89}}, "rotation_period_in_days", "between 90 and 2560"},
		{obj{"name": "orders", "key": obj{"deletion_window_in_days": 6}}, "deletion_window_in_days", "between 7 and 30"},
		{obj{"name": "orders", "key": obj{"old_key": "burn"}}, "old_key", "schedule_deletion"},
		{obj{"name": "orders", "key": obj{"on_destroy": "disable"}}, "on_destroy", "retain"},
		{obj{"name": "orders", "timeouts": obj{"update": "0s"}}, "timeouts", "a duration from 1ms to 8760h"},
		{obj{"name": "orders", "timeouts": obj{"create": "-5m"}}, "timeouts", `"-5m" is not allowed`},
		{obj{"name": "orders", "key": obj{"enabled": false}}, "enabled", "KP-607"},
		{obj{"name": "orders", "tags": obj{"aws:x": "y"}}, "tags", "aws:"},
		{obj{"name": "orders", "tags": obj{"qldbkms:x": "y"}}, "tags", "keeps for itself"},
		{obj{"name": "orders", "tags": obj{"x": strings.Repeat("y", 257)}}, "tags", "256"},
	} {
		o := b.validate(c.cfg)
		wantError(t, o, c.want)
		if len(o.diags) != 1 {
			t.Errorf("%.60v finds more than one thing:\n%s", c.cfg, o.text())
		}
		for _, d := range o.diags {
			if d.Severity == tfprotov6.DiagnosticSeverityError && c.at != "" && !strings.Contains(d.Attribute.String(), c.at) {
				t.Errorf("%v blames %s, want %s", c.cfg, d.Attribute, c.at)
			}
		}
	}
	if calls := b.Calls(); len(calls) != 0 {
		t.Errorf("validate called %v, want nobody", calls)
	}
	everything := obj{
		"name": unknown{}, "region": unknown{}, "permissions_mode": unknown{}, "deletion_protection": unknown{},
		"wait_for_key_change": unknown{}, "tags": unknown{}, "key": obj{
			"adopt": unknown{}, "generation": unknown{}, "alias": unknown{}, "description": unknown{},
			"enable_key_rotation": unknown{}, "rotation_period_in_days": unknown{}, "policy": unknown{}, "old_key": unknown{},
			"on_destroy": unknown{}, "deletion_window_in_days": unknown{}, "enabled": unknown{},
		},
	}
	for _, cfg := range []obj{
		everything, {"name": "orders", "kms_key": unknown{}}, {"name": "orders", "key": unknown{}},
		{"name": "orders", "kms_key": unknown{}, "key": unknown{}},
	} {
		if o := b.validate(cfg); len(o.diags) != 0 {
			t.Errorf("unknown values find:\n%s", o.text())
		}
		if o := b.plan(cfg, nil); o.failed() {
			t.Errorf("plan with unknown values:\n%s", o.text())
		}
	}
}

// What was unknown in the plan is known at apply; nothing the plan showed may change then.
func TestUnknownBecomesKnown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	arn := b.newKey(nil)
	full := own("orders", obj{"policy": policyText("p"), "generation": 1, "alias": "alias/x", "on_destroy": "retain"})
	full["tags"], full["permissions_mode"] = obj{"a": "b"}, "STANDARD"
	st := b.mustApply(full, nil)
	for _, target := range []obj{full, own("orders", obj{"generation": 2}),
		{"name": "orders", "kms_key": arn, "deletion_protection": false}} {
		for _, prior := range []obj{nil, st} {
			for name := range target {
				if name == "name" {
					continue
				}
				b.becomesKnown(with(target, name, unknown{}), target, prior)
			}
			for name := range keyOf(target) {
				open := with(target, "key", with(keyOf(target), name, unknown{}))
				b.becomesKnown(open, target, prior)
			}
		}
	}
}

func (b *bench) becomesKnown(open, known, prior obj) {
	b.t.Helper()
	before, after := b.plan(open, prior), b.plan(known, prior)
	if before.failed() || after.failed() {
		b.t.Errorf("plans of %v:\n%s\n%s", open, before.text(), after.text())
		return
	}
	b.consistent(before.state, after.state, "")
}
