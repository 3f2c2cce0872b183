package protectedledger_test

import (
	"strings"
	"testing"
)

// While the provider's configuration is not known, a plan shows what it can of a change of key, and says what it has
// not checked. Nothing that it shows changes once AWS can be asked.
func TestBlindPlan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := b.newKey(nil)
	b.newAlias("alias/shared", other)
	orders := b.mustApply(own("orders", nil), nil)
	shared := b.mustApply(obj{"name": "shared", "kms_key": b.newKey(nil), "deletion_protection": false}, nil)
	const through = "the key that alias/shared stands for"
	const moves, may = "will move to another KMS key", "may move to another KMS key"
	referring := func(name string, key any) obj {
		return obj{"name": name, "kms_key": key, "deletion_protection": false}
	}
	for name, c := range map[string]struct {
		cfg, st obj
		says    []string
	}{
		"generation":     {own("orders", obj{"generation": 2}), orders, []string{moves, "To: a new key, generation 2"}},
		"policy":         {own("orders", obj{"generation": 2, "policy": policyText("p")}), orders, []string{moves}},
		"key":            {referring("orders", other), orders, []string{moves, "To: " + other}},
		"AWS owned":      {obj{"name": "shared"}, shared, []string{moves, "the AWS owned key"}},
		"alias":          {referring("orders", "alias/shared"), orders, []string{may, through}},
		"other alias":    {referring("shared", "alias/shared"), shared, []string{may, through}},
		"adopt":          {own("shared", obj{"adopt": other}), shared, []string{may, "the key that " + other}},
		"nothing":        {own("orders", nil), orders, nil},
		"settings alone": {own("orders", obj{"description": "x", "deletion_window_in_days": 7}), orders, nil},
		"new":            {own("new", nil), nil, nil},
		"new, referring": {referring("new", "alias/shared"), nil, nil},
		"new, adopting":  {own("new", obj{"adopt": other}), nil, nil},
	} {
		b.serve(nil)
		b.ForgetCalls()
		blind := b.plan(c.cfg, c.st)
		if blind.failed() || len(b.Calls()) > 0 {
			t.Fatalf("%s: calls %v\n%s", name, b.Calls(), blind.text())
		}
		if c.says != nil {
			wantWarning(t, blind, c.says...)
			wantText(t, blind, "Not checked: what KMS knows of the keys; it can be asked only during the apply")
		} else if strings.Contains(blind.text(), "another KMS key") {
			t.Errorf("%s is said to move:\n%s", name, blind.text())
		}
		if changeOf(blind.state) == nil && blind.state["key_change"] != (unknown{}) && c.says != nil {
			t.Errorf("%s: key_change is %v", name, blind.state["key_change"])
		}
		b.serve(&b.config)
		seeing := b.plan(c.cfg, c.st)
		if seeing.failed() {
			t.Fatalf("%s:\n%s", name, seeing.text())
		}
		b.consistent(blind.state, seeing.state, name)
	}
}

// What leaves a key open is named.
func TestOpenTarget(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	for want, cfg := range map[string]obj{
		"as key is":            {"name": "orders", "key": unknown{}},
		"as kms_key is":        {"name": "orders", "kms_key": unknown{}},
		"as key.generation is": own("orders", obj{"generation": unknown{}}),
		"as key.adopt is":      own("orders", obj{"generation": 2, "adopt": unknown{}}),
	} {
		wantWarning(t, b.plan(cfg, st), "may move to another KMS key", "To: known during the apply, "+want)
	}
}
