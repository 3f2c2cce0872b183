package protectedledger_test

import (
	"strings"
	"testing"
)

// An alias that moves between plan and apply changes nothing of what the plan showed: the apply does it, or refuses in
// our words. Terraform's own call it a bug of the provider.
func TestAliasMovesBetweenPlanAndApply(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, two, three := b.newKey(nil), b.newKey(nil), b.newKey(nil)
	b.newAlias("alias/shared", one)
	desk := b.Desk()
	run := func(lines string, args ...string) string {
		return desk.Run(b.Config("")+hcl("kms_key = \"alias/shared\"\n"+lines), append(args, "-no-color")...)
	}
	wants := func(shown, want string) {
		t.Helper()
		shown = strings.Join(strings.Fields(shown), " ")
		if !strings.Contains(shown, want) || strings.Contains(shown, "inconsistent") {
			t.Fatalf("want %q:\n%s", want, shown)
		}
	}
	wants(run("", "apply", "-auto-approve"), "1 added, 0 changed")

	const tags = "tags = { a = \"b\" }"
	wants(run(tags, "plan", "-out=tags"), "0 to add, 1 to change")
	b.moveAlias("alias/shared", two)
	wants(run(tags, "apply", "tags"), "0 added, 1 changed")
	if got := b.ledgers()["orders"]; got != one {
		t.Errorf("the ledger is under %s, want %s: the plan did not move it", got, one)
	}

	wants(run(tags, "plan", "-out=move"), "To: "+two)
	b.moveAlias("alias/shared", three)
	b.ForgetCalls()
	shown := run(tags, "apply", "move")
	wants(shown, `Error: Ledger "orders": the alias moved after the plan`)
	for _, want := range []string{two, three, "Nothing was changed"} {
		wants(shown, want)
	}
	wantMutations(t, b)
	wants(run(tags, "apply", "-auto-approve"), "0 added, 1 changed")
	if got := b.ledgers()["orders"]; got != three {
		t.Errorf("the ledger is under %s, want %s", got, three)
	}
	wants(run(tags, "plan", "-refresh=false"), "No changes")
	b.moveAlias("alias/shared", one)
	wants(run(tags, "plan", "-refresh=false"), "No changes") // what was seen last
	wants(run(tags, "plan"), "To: "+one)
}
