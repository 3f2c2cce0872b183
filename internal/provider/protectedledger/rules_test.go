package protectedledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// Saved first, then waited: whatever the context does, what was accepted is in the state. The failure matrix has the
// cases; this is the moment between acceptance and the first poll.
func TestSavesBeforeWaiting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Fault(acctest.Fault{Operation: "DescribeLedger", Kind: "throttle", Skip: 1})
	o := b.apply(own("orders", nil), nil)
	wantWarning(t, o, `Ledger "orders" was created but is not ready yet`, "ThrottlingException")
	if o.state["arn"] == nil || o.state["kms_key_arn"] != keyOf(o.state)["arn"] {
		t.Errorf("state is %v", o.state)
	}
}

// Delete is the guard: the service's word counts, too.
func TestDeleteAsksTheService(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(obj{"name": "orders", "key": obj{}}, nil)
	lied := with(st, "deletion_protection", false) // switched on outside, after the last refresh
	b.ForgetCalls()
	o := b.apply(nil, lied)
	wantError(t, o, `Ledger "orders" is protected`, "The service says", "deletion_protection = false")
	wantMutations(t, b)
	if !b.hasLedger("orders") || b.keyState(st["kms_key_arn"].(string)) != "Enabled" {
		t.Error("something was destroyed")
	}
}

// A key is not scheduled for deletion as long as nobody can say that its ledger is gone.
func TestGoneNotConfirmed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	// Before the deletion the ledger is looked at once.
	b.Fault(acctest.Fault{
		Operation: "DescribeLedger", Kind: "error", Code: "AccessDeniedException", Message: "no looking", Skip: 1,
	})
	b.ForgetCalls()
	o := b.apply(nil, st)
	wantError(t, o, "DescribeLedger: AccessDeniedException: no looking")
	wantMutations(t, b, "DeleteLedger")
	if got := b.keyState(st["kms_key_arn"].(string)); got != "Enabled" || keyOf(o.state)["arn"] == nil {
		t.Errorf("the key is %s, the state %v", got, o.state)
	}
	b.ClearFaults()
	b.settle()
	if again := b.apply(nil, o.state); again.failed() || again.state != nil || len(b.live()) != 0 {
		t.Errorf("second destroy left %v and %v:\n%s", again.state, b.live(), again.text())
	}
}

func (b *bench) hasLedger(name string) bool { return b.ledgers()[name] != "" }

// A key that another ledger uses is never scheduled for deletion.
func TestKeyOfAnotherLedgerIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	arn := st["kms_key_arn"].(string)
	b.newLedger("other", arn)
	o := b.apply(nil, st)
	wantError(t, o, "KP-606: ledger \"other\" (ACTIVE) uses key "+arn, `key.on_destroy = "retain"`)
	if b.keyState(arn) != "Enabled" || b.hasLedger("orders") {
		t.Errorf("key %s, ledgers %v", b.keyState(arn), b.ledgers())
	}
	st = b.mustApply(own("billing", nil), nil)
	arn = st["kms_key_arn"].(string)
	cfg := own("billing", obj{"generation": 2, "old_key": "schedule_deletion"})
	planned := b.plan(cfg, st)
	b.newLedger("third", arn) // after the plan was made
	swapped := b.applyPlanned(t.Context(), cfg, st, planned)
	wantError(t, swapped, "KP-606: ledger \"third\" (ACTIVE) uses key "+arn)
	if b.keyState(arn) != "Enabled" {
		t.Errorf("the former key is %s", b.keyState(arn))
	}
}

func TestDeleteWhileCreating(t *testing.T) {
	t.Parallel()
	b := newBench(t, acctest.WithTiming(acctest.Timing{LedgerCreate: 10 * time.Minute}))
	o := b.apply(own("orders", nil), nil)
	if o.state["state"] != "CREATING" {
		t.Fatalf("state is %v", o.state["state"])
	}
	b.clock.each(func(time.Duration) { b.Advance(4 * time.Minute) })
	if gone := b.apply(nil, o.state); gone.failed() || len(b.ledgers()) != 0 || len(b.live()) != 0 {
		t.Errorf("destroy left %v, %v:\n%s", b.ledgers(), b.live(), gone.text())
	}
}

func TestRetainOnDestroy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", obj{"on_destroy": "retain"})
	st := b.mustApply(cfg, nil)
	st = b.mustApply(own("orders", obj{"on_destroy": "retain", "generation": 2}), st)
	if planned := b.plan(nil, st); len(planned.diags) != 0 {
		t.Errorf("destroy plan says:\n%s", planned.text())
	}
	if o := b.apply(nil, st); o.failed() {
		t.Fatalf("destroy:\n%s", o.text())
	}
	for _, k := range b.keys() {
		if k.State != "Enabled" || len(k.Aliases) != 0 {
			t.Errorf("key %s is %s with aliases %v", k.ARN, k.State, k.Aliases)
		}
	}
	b.mustApply(cfg, nil) // the name, the alias and the generation are free again
	if len(b.keys()) != 3 {
		t.Errorf("there are %d keys, want 3", len(b.keys()))
	}
}

func TestDestroyPlanNamesTheKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	st = b.mustApply(own("orders", obj{"generation": 2}), st)
	wantWarning(t, b.plan(nil, st), `Keys of ledger "orders" will be scheduled for deletion`, "journal exports",
		st["kms_key_arn"].(string), retainedOf(st)[0]["arn"].(string), "generation 1")
}

func TestRenameAndMoveRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(obj{"name": "orders"}, nil)
	wantError(t, b.plan(obj{"name": "bills"}, st), `Ledger "orders" is protected`, "a ledger cannot be renamed",
		"this would destroy the ledger with its documents' history and create an empty ledger")
	wantError(t, b.plan(obj{"name": unknown{}}, st), "a ledger cannot be renamed", "a value known after apply")
	wantError(t, b.plan(obj{"name": "orders", "region": "eu-west-1"}, st), "cannot move to another Region")
	// Lifting protection in the same change does not help: it is not lifted yet.
	wantError(t, b.plan(obj{"name": "bills", "deletion_protection": false}, st), "a ledger cannot be renamed")
	off := b.mustApply(obj{"name": "orders", "deletion_protection": false}, st)
	planned := b.plan(obj{"name": "bills", "deletion_protection": false}, off)
	wantWarning(t, planned, `Ledger "orders" will be destroyed`)
	if len(planned.replace) != 1 || !strings.Contains(planned.replace[0], "name") {
		t.Errorf("replaces because of %v, want name", planned.replace)
	}
	moved := b.plan(obj{"name": "orders", "region": "eu-west-1", "deletion_protection": false}, off)
	if len(moved.replace) != 1 || !strings.Contains(moved.replace[0], "region") {
		t.Errorf("replaces because of %v, want region", moved.replace)
	}
}

// A refresh makes at most seven calls, at most two of them in sequence, and none that could change anything.
func TestRefreshIsCheap(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ref := b.newKey(nil)
	b.newAlias("alias/shared", ref)
	for name, cfg := range map[string]obj{
		"own":        own("own", nil),
		"referenced": {"name": "referenced", "kms_key": "alias/shared"},
		"aws-owned":  {"name": "aws-owned"},
	} {
		st := b.mustApply(cfg, nil)
		b.ForgetCalls()
		// Answers after 300 ms: calls that are not made one after the other overlap.
		b.Fault(acctest.Fault{Operation: "*", Kind: "latency", Duration: 300e6})
		b.refresh(st)
		b.plan(cfg, st)
		b.ClearFaults()
		calls := b.Calls()
		if len(calls) > 7 {
			t.Errorf("%s: %d calls, want at most 7", name, len(calls))
		}
		wantMutations(t, b)
		if n := sequence(calls); n > 2 {
			t.Errorf("%s: %d calls in sequence, want at most 2", name, n)
		}
	}
}

// sequence is the length of the longest chain of calls of which each began after the one before it had ended.
func sequence(calls []acctest.Call) int {
	longest := make([]int, len(calls))
	for i := range calls {
		longest[i] = 1
		for j := range i {
			if calls[j].Ended != 0 && calls[j].Ended < calls[i].Began {
				longest[i] = max(longest[i], longest[j]+1)
			}
		}
	}
	return slices.Max(append(longest, 0))
}

// What may not be read stays as it was, with one warning that says so.
func TestReadDenied(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{
		"GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags", "DescribeKey", "ListTagsForResource",
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			st := b.mustApply(own("orders", nil), nil)
			b.refuse(operation)
			fresh := b.refresh(st)
			wantWarning(t, fresh, `Ledger "orders" was read only in part`, operation+": AccessDeniedException")
			if text := differences(st, fresh.state, ""); text != "" {
				t.Errorf("changed:\n%s", text)
			}
		})
	}
	t.Run("DescribeLedger", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		st := b.mustApply(own("orders", nil), nil)
		b.refuse("DescribeLedger")
		wantError(t, b.refresh(st), `Ledger "orders" was not read`, "DescribeLedger: AccessDeniedException")
	})
}

// The identity comes first: a state written by an older Terraform has none, and a ledger that is gone must read as gone
// then, too, instead of as a bug.
func TestIdentity(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(obj{"name": "orders", "deletion_protection": false}, nil)
	read := func() *tfprotov6.ReadResourceResponse {
		resp, err := b.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
			TypeName: typeName, CurrentState: b.dynamic(toValue(b.ty, any(st))),
		})
		if err != nil {
			t.Fatal(err)
		}
		b.fatal("read", resp.Diagnostics)
		return resp
	}
	resp := read()
	got, err := resp.NewIdentity.IdentityData.Unmarshal(identityType)
	if err != nil {
		t.Fatal(err)
	}
	if id := toNative(got).(obj); id["name"] != "orders" || id["region"] != "eu-west-2" {
		t.Errorf("identity is %v", id)
	}
	b.deleteLedger("orders")
	if gone := read(); !b.value(gone.NewState).IsNull() {
		t.Error("a ledger that is gone is still in the state")
	}
}

// Without a configured provider a plan asks nothing, keeps what it knows, and leaves open what it does not.
func TestProviderNotConfigured(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := own("orders", nil)
	st := b.mustApply(cfg, nil)
	ref := b.mustApply(obj{"name": "shared", "kms_key": b.newKey(nil)}, nil)
	b.serve(nil)
	b.ForgetCalls()
	if fresh := b.refresh(st); fresh.failed() || differences(st, fresh.state, "") != "" {
		t.Errorf("refresh:\n%s", fresh.text())
	}
	for _, c := range []struct{ cfg, st obj }{
		{cfg, st}, {obj{"name": "shared", "kms_key": ref["kms_key"]}, ref},
	} {
		planned := b.plan(c.cfg, c.st)
		if planned.failed() || len(planned.replace) > 0 || differences(c.st, planned.state, "") != "" {
			t.Errorf("plan:\n%s%s", differences(c.st, planned.state, ""), planned.text())
		}
	}
	fresh := b.plan(cfg, nil)
	if fresh.failed() || fresh.state["region"] != (unknown{}) || keyOf(fresh.state)["policy_document"] != (unknown{}) {
		t.Errorf("plan of a new ledger: %v\n%s", fresh.state, fresh.text())
	}
	wantError(t, b.apply(cfg, nil), "The provider is not configured")
	if len(b.Calls()) != 0 {
		t.Errorf("calls are %v", b.Calls())
	}
}

func TestDefaultAndIgnoredTags(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, awsclient.Config{
		DefaultTags: map[string]string{"owner": "platform", "stage": "default"}, IgnoredTagKeys: []string{"scanner"},
	})
	cfg := own("orders", nil)
	cfg["tags"] = obj{"stage": "test"}
	st := b.mustApply(cfg, nil)
	all, tags := st["tags_all"].(obj), st["tags"].(obj)
	if len(all) != 2 || all["owner"] != "platform" || all["stage"] != "test" || len(tags) != 1 {
		t.Errorf("tags %v, tags_all %v", tags, all)
	}
	if got := b.keys()[0].Tags; got["owner"] != "platform" || got["stage"] != "test" {
		t.Errorf("the key's tags are %v", got)
	}
	b.tagLedger(st["arn"].(string), "scanner", "seen")
	b.settled(cfg, st)
	b.tagLedger(st["arn"].(string), "manual", "x")
	b.ForgetCalls()
	b.mustApply(cfg, b.refreshed(st))
	wantMutations(t, b, "UntagResource")
	gone := own("orders", nil)
	b.ForgetCalls()
	last := b.mustApply(gone, b.refreshed(st))
	wantMutations(t, b, "TagResource", "TagResource") // stage goes back to its default on key and ledger
	if last["tags"] != nil {
		t.Errorf("tags are %v, want none", last["tags"])
	}
}

// A principal that KMS does not know yet, and a policy that locks its author out, are tried again, not for ever.
func TestPolicyRetries(t *testing.T) {
	t.Parallel()
	const unknownRole = "Policy contains a statement with one or more invalid principals."
	const lockout = "The new key policy will not allow you to update the key policy in the future."
	for name, c := range map[string]struct {
		message  string
		count    int
		patience time.Duration
	}{
		"invalid principal heals": {unknownRole, 5, 0},
		"invalid principal stays": {unknownRole, 0, 2 * time.Minute},
		"lock-out heals":          {lockout, 2, 0},
		"lock-out stays":          {lockout, 0, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.Fault(acctest.Fault{
				Operation: "CreateKey", Kind: "error", Code: "MalformedPolicyDocumentException", Message: c.message,
				Count: c.count,
			})
			var spent time.Duration
			b.clock.each(func(since time.Duration) { spent = since })
			o := b.apply(own("orders", nil), nil)
			if c.patience == 0 {
				if o.failed() {
					t.Errorf("create:\n%s", o.text())
				}
				return
			}
			wantError(t, o, c.message)
			if spent < c.patience || spent > c.patience+20*time.Second {
				t.Errorf("tried for %s, want about %s", spent, c.patience)
			}
		})
	}
}

func TestNewKeyNotKnownYet(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Fault(acctest.Fault{
		Operation: "CreateAlias", Kind: "error", Code: "NotFoundException", Message: "Key does not exist", Count: 3,
	})
	b.Fault(acctest.Fault{
		Operation: "EnableKeyRotation", Kind: "error", Code: "NotFoundException", Message: "Key does not exist", Count: 3,
	})
	b.mustApply(own("orders", nil), nil)
}

func TestAliasOfAnotherKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := b.newKey(nil)
	b.newAlias("alias/qldb-orders", other)
	b.ForgetCalls()
	o := b.apply(own("orders", nil), nil)
	wantError(t, o, `The alias of ledger "orders" is taken`, "alias/qldb-orders already points to key "+other)
	wantMutations(t, b)
	if o.state != nil {
		t.Errorf("state is %v", o.state)
	}
	st := b.mustApply(own("orders", obj{"alias": "alias/mine"}), nil)
	wantError(t, b.apply(own("orders", nil), st), "does not belong to this ledger")
	if got := b.aliasKey("alias/qldb-orders"); got != other {
		t.Errorf("the alias points to %s now", got)
	}
}

// Terraform starts the provider five to seven times per command: starting it asks nobody.
func TestConfigureAsksNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if calls := b.Calls(); len(calls) != 0 {
		t.Errorf("configuring made the calls %v", calls)
	}
	o := b.plan(obj{"name": "orders"}, nil)
	if calls := b.Calls(); o.failed() || len(calls) != 0 {
		t.Errorf("a plan without a key made the calls %v", calls)
	}
}
