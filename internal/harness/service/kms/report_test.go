package kms_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

func TestReport(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	k, other := w.create(t, kms.CreateKeyInput{Description: ptr("orders")}), w.create(t, kms.CreateKeyInput{})
	w.alias(t, "alias/stays", k.KeyID)
	w.alias(t, "alias/moved", k.KeyID)
	w.alias(t, "alias/other", other.KeyID)
	w.clock.Advance(day)
	empty(t)(w.UpdateAlias(t.Context(), c,
		&kms.UpdateAliasInput{AliasName: ptr("alias/moved"), TargetKeyID: &other.KeyID}))
	empty(t)(w.DisableKey(t.Context(), c, &kms.KeyInput{KeyID: &k.KeyID}))

	got, err := w.Report(t.Context(), []string{"AWS_OWNED_KMS_KEY", k.ARN, k.ARN[:len(k.ARN)-1] + "x"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Policy == "" {
		t.Fatalf("got %+v, want the one key that is there", got)
	}
	got[0].Policy = ""
	want := kms.KeyReport{
		ARN: k.ARN, Account: ownerAccount, Region: "eu-west-2", Partition: "aws", Description: "orders",
		Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", State: "Disabled", Created: start, Materials: 1,
		Aliases: []kms.AliasReport{
			{Name: "alias/moved", TargetARN: other.ARN, Updated: start.Add(day)},
			{Name: "alias/stays", TargetARN: k.ARN, Updated: start},
		},
		Grants: []kms.GrantReport{},
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestReportLeavesGrantsOut(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	k := w.create(t, kms.CreateKeyInput{})
	for n := range 51 {
		grantee := "arn:aws:iam::" + ownerAccount + ":root"
		_, err := w.CreateGrant(t.Context(), c, &kms.CreateGrantInput{
			KeyID: &k.ARN, Name: ptr(fmt.Sprintf("g%d", n)), GranteePrincipal: &grantee, Operations: []string{"Decrypt"},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Report(t.Context(), []string{k.ARN})
		if err != nil {
			t.Fatal(err)
		}
		if grants := len(got[0].Grants); grants != min(n+1, 50) || got[0].MoreGrants != (n == 50) {
			t.Errorf("after %d grants: got %d, more: %v", n+1, grants, got[0].MoreGrants)
		}
	}
}
