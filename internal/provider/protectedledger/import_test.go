package protectedledger_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
)

var identityType = tftypes.Object{AttributeTypes: map[string]tftypes.Type{
	"name": tftypes.String, "region": tftypes.String,
}}

func (b *bench) importRequest(id string, identity obj) *tfprotov6.ImportResourceStateResponse {
	b.t.Helper()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id}
	if identity != nil {
		v, err := tfprotov6.NewDynamicValue(identityType, toValue(identityType, identity))
		if err != nil {
			b.t.Fatal(err)
		}
		req.Identity = &tfprotov6.ResourceIdentityData{IdentityData: &v}
	}
	resp, err := b.server.ImportResourceState(b.t.Context(), req)
	if err != nil {
		b.t.Fatalf("import: %v", err)
	}
	return resp
}

// importLedger imports and reads, as terraform import does.
func (b *bench) importLedger(id string) obj {
	b.t.Helper()
	return b.imported(b.importRequest(id, nil))
}

func (b *bench) imported(resp *tfprotov6.ImportResourceStateResponse) obj {
	b.t.Helper()
	b.fatal("import", resp.Diagnostics)
	raw := b.value(resp.ImportedResources[0].State)
	state, _ := toNative(raw).(obj)
	read := b.refresh(state)
	b.fatal("read after import", read.diags)
	return read.state
}

func TestImport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	policy := document(delegation(), obj{"Principal": obj{"AWS": rootARN}, "Action": "kms:Decrypt"})
	arn := b.newKey(&kms.CreateKeyInput{Policy: &policy})
	b.newAlias("alias/shared", arn)
	cfg := obj{"name": "orders", "kms_key": arn, "tags": obj{"team": "ledger"}, "deletion_protection": false}
	st := b.mustApply(cfg, nil)
	imports := map[string]func() obj{
		"name":          func() obj { return b.importLedger("orders") },
		"region/name":   func() obj { return b.importLedger("eu-west-2/orders") },
		"ARN":           func() obj { return b.importLedger(st["arn"].(string)) },
		"identity":      func() obj { return b.imported(b.importRequest("", obj{"name": "orders", "region": "eu-west-2"})) },
		"identity name": func() obj { return b.imported(b.importRequest("", obj{"name": "orders"})) },
	}
	for name, run := range imports {
		got := run()
		if text := differences(st, got, ""); text != "" {
			t.Errorf("imported by %s differs:\n%s", name, text)
		}
		if planned := b.plan(cfg, got); differences(got, planned.state, "") != "" {
			t.Errorf("plan after import by %s:\n%s", name, differences(got, planned.state, ""))
		}
	}
	if len(findingsOf(st)) == 0 {
		t.Error("the default policy of a key has no finding to compare")
	}
	b.refuse("GetKeyPolicy")
	if got := b.importLedger("orders"); got["policy_findings"] != nil {
		t.Errorf("without the policy its findings are %v, want null", got["policy_findings"])
	}
	b.mustApply(obj{"name": "free", "deletion_protection": false}, nil)
	if free := b.importLedger("free"); free["policy_findings"] == nil || len(findingsOf(free)) > 0 {
		t.Errorf("under the AWS owned key the findings are %v, want none", free["policy_findings"])
	}
	if missing := b.importRequest("missing", nil); len(missing.Diagnostics) > 0 {
		t.Errorf("import of a missing ledger:\n%s", printed(missing.Diagnostics))
	} else if got, _ := toNative(b.value(missing.ImportedResources[0].State)).(obj); b.refresh(got).state != nil {
		t.Errorf("a missing ledger was imported")
	}
	bad := b.importRequest("arn:aws:qldb:eu-west-2:111122223333:stream/orders/x", nil)
	wantError(t, outcome{diags: bad.Diagnostics}, "Import id of a ledger not understood", "three forms")
	empty := b.importRequest("", nil)
	wantError(t, outcome{diags: empty.Diagnostics}, "Import id of a ledger not understood", `"" is none of the three forms`)
}

// A ledger is called by its name: an ARN of another account would lead to whatever has that name in one's own.
func TestAnotherAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := b.mustApply(own("orders", nil), nil)
	there := strings.Replace(st["arn"].(string), "111122223333", "444455556666", 1)
	b.ForgetCalls()
	imported := b.importRequest(there, nil)
	wantError(t, outcome{diags: imported.Diagnostics}, `Ledger "orders" is of another account`, there, "by its name")
	read := b.refresh(with(st, "arn", there))
	wantError(t, read, `Ledger "orders" is of another account`, "Use credentials of account 444455556666")
	if read.state["arn"] != there {
		t.Errorf("the state is now of %v", read.state["arn"])
	}
	wantMutations(t, b)
}

// A plan that was made without a look, or for other credentials, neither changes nor destroys a ledger of that name in
// another account, and does not take this one for gone.
func TestAnotherAccountAtApply(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	policed := func(key obj) obj { return own("orders", with(key, "policy", policyText("p"))) }
	st := b.mustApply(policed(nil), nil)
	there := with(st, "arn", strings.Replace(st["arn"].(string), "111122223333", "444455556666", 1))
	refused := func(says string) {
		t.Helper()
		b.ForgetCalls()
		for name, cfg := range map[string]obj{"update": policed(obj{"description": "x"}), "destroy": nil} {
			o := b.apply(cfg, there)
			wantError(t, o, `Ledger "orders" is of another account`, says)
			if !reflect.DeepEqual(o.state, there) {
				t.Errorf("%s changed the state:\n%s", name, differences(there, o.state, ""))
			}
		}
		wantError(t, b.refresh(there), says)
		wantError(t, b.plan(own("orders", nil), there), `Ledger "orders" is of another account`) // the caller was asked for
		wantMutations(t, b)
	}
	refused("Use credentials of account 444455556666")
	b.deleteLedger("orders")
	refused("of account 444455556666; the credentials are arn:aws:iam::111122223333:root")
}

func TestParseImportID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string][2]string{
		"orders":           {"orders", ""},
		"eu-west-2/orders": {"orders", "eu-west-2"},
		"arn:aws:qldb:us-east-1:111122223333:ledger/orders": {"orders", "us-east-1"},
	} {
		name, region, ok := protectedledger.ParseImportID(id)
		if !ok || name != want[0] || region != want[1] {
			t.Errorf("%s gives %q, %q, %t; want %q", id, name, region, ok, want)
		}
	}
	for _, id := range []string{
		"", "/", "eu-west-2/", "eu-west-2/a/b", "nowhere/orders", "arn:aws:kms:eu-west-2:111122223333:key/x",
		"arn:aws:qldb:eu-west-2:111122223333:ledger/", "arn:aws:qldb:eu-west-2:111122223333:ledger/orders/table/x", "a b",
	} {
		if name, region, ok := protectedledger.ParseImportID(id); ok {
			t.Errorf("%q was understood as %q, %q", id, name, region)
		}
	}
}
