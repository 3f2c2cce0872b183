package protectedledger_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func (b *bench) move(provider, source, state string) *tfprotov6.MoveResourceStateResponse {
	b.t.Helper()
	resp, err := b.server.MoveResourceState(b.t.Context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: provider, SourceTypeName: source, TargetTypeName: typeName,
		SourceState: &tfprotov6.RawState{JSON: []byte(state)},
	})
	if err != nil {
		b.t.Fatalf("move: %v", err)
	}
	return resp
}

const awsProvider = "registry.terraform.io/hashicorp/aws"

func TestMoveFromAWS(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := b.newKey(nil)
	for name, c := range map[string]struct{ state, cfg obj }{
		"referenced": {obj{"kms_key": key}, obj{"kms_key": key}},
		"AWS owned":  {obj{"kms_key": ""}, obj{}},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := "moved-" + name[:3]
			arn, _ := c.cfg["kms_key"].(string)
			b.newLedger(ledger, arn)
			resp := b.move(awsProvider, "aws_qldb_ledger", fmt.Sprintf(`{
				"id": %[1]q, "name": %[1]q, "arn": "arn:aws:qldb:eu-west-2:111122223333:ledger/%[1]s", "kms_key": %[2]q,
				"permissions_mode": "STANDARD", "deletion_protection": false, "tags": null, "tags_all": {},
				"timeouts": {"create": "20m", "delete": null}}`, ledger, c.state["kms_key"]))
			b.fatal("move", resp.Diagnostics)
			moved, _ := toNative(b.value(resp.TargetState)).(obj)
			fresh := b.refreshed(moved)
			cfg := with(c.cfg, "name", ledger, "deletion_protection", false, "timeouts", obj{"create": "20m"})
			if planned := b.plan(cfg, fresh); planned.failed() || differences(fresh, planned.state, "") != "" {
				t.Errorf("plan after the move:\n%s%s", differences(fresh, planned.state, ""), planned.text())
			}
		})
	}
}

func TestMoveRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	wantError(t, outcome{diags: b.move(awsProvider, "aws_kms_key", "{}").Diagnostics}, "Only a ledger can move here",
		"removed { lifecycle { destroy = false } }", "key = { adopt")
	for _, c := range [][2]string{
		{awsProvider, "aws_qldb_stream"}, {"registry.terraform.io/someone/else", "aws_qldb_ledger"},
	} {
		wantError(t, outcome{diags: b.move(c[0], c[1], "{}").Diagnostics}, "Unable to Move Resource State")
	}
}
