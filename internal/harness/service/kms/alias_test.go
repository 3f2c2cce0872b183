package kms_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func (w world) aliases(t *testing.T, in kms.ListAliasesInput) []kms.AliasListEntry {
	t.Helper()
	return must[*kms.ListAliasesOutput](t)(w.ListAliases(t.Context(), as(ownerAccount), &in)).Aliases
}

func aliasARN(name string) string { return "arn:aws:kms:eu-west-2:111122223333:" + name }

func TestAliasLife(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	old, next := w.create(t, kms.CreateKeyInput{}), w.create(t, kms.CreateKeyInput{})
	w.alias(t, "alias/orders", old.KeyID)
	entry := kms.AliasListEntry{
		AliasARN: aliasARN("alias/orders"), AliasName: "alias/orders", TargetKeyID: old.KeyID,
		CreationDate: wire.At(start), LastUpdatedDate: wire.At(start),
	}
	want := []kms.AliasListEntry{entry}
	if diff := cmp.Diff(want, w.aliases(t, kms.ListAliasesInput{KeyID: &old.ARN})); diff != "" {
		t.Errorf("aliases of the old key (-want +got):\n%s", diff)
	}
	w.clock.Advance(day)
	in := &kms.UpdateAliasInput{AliasName: ptr("alias/orders"), TargetKeyID: &next.ARN}
	empty(t)(w.UpdateAlias(t.Context(), c, in))
	want[0].TargetKeyID, want[0].LastUpdatedDate = next.KeyID, wire.At(start.Add(day))
	if diff := cmp.Diff(want, w.aliases(t, kms.ListAliasesInput{KeyID: &next.KeyID})); diff != "" {
		t.Errorf("aliases of the new key (-want +got):\n%s", diff)
	}
	if got := w.aliases(t, kms.ListAliasesInput{KeyID: &old.KeyID}); len(got) != 0 {
		t.Errorf("aliases of the old key: got %v, want none", got)
	}
	for _, ref := range []string{"alias/orders", aliasARN("alias/orders")} {
		if got := w.describe(t, ref).KeyID; got != next.KeyID {
			t.Errorf("%s: got key %s, want %s", ref, got, next.KeyID)
		}
	}
	empty(t)(w.DeleteAlias(t.Context(), c, &kms.DeleteAliasInput{AliasName: ptr("alias/orders")}))
	_, err := w.DeleteAlias(t.Context(), c, &kms.DeleteAliasInput{AliasName: ptr("alias/orders")})
	wantFault(t, err, "NotFoundException", "Alias arn:aws:kms:eu-west-2:111122223333:alias/orders is not found.")
	if left := w.stored(t, "alias/orders"); len(left) != 0 {
		t.Errorf("a deleted alias left %v", left)
	}
}

// An alias stays with keys that do the same.
func TestUpdateAliasAcrossKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	symmetric := w.create(t, kms.CreateKeyInput{})
	sign := w.create(t, kms.CreateKeyInput{KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY"})
	edwards := w.create(t, kms.CreateKeyInput{KeySpec: "ECC_NIST_EDWARDS25519", KeyUsage: "SIGN_VERIFY"})
	agree := w.create(t, kms.CreateKeyInput{KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT"})
	secret := w.create(t, kms.CreateKeyInput{KeySpec: "SM2", KeyUsage: "ENCRYPT_DECRYPT"})
	mac := w.create(t, kms.CreateKeyInput{KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC"})
	for i, tt := range []struct {
		from, to *kms.KeyMetadata
		allowed  bool
	}{
		{symmetric, sign, false}, {sign, edwards, true}, {sign, agree, false}, {symmetric, mac, false},
		{symmetric, secret, false}, {symmetric, symmetric, true},
	} {
		name := fmt.Sprintf("alias/a%d", i)
		w.alias(t, name, tt.from.KeyID)
		_, err := w.UpdateAlias(t.Context(), as(ownerAccount),
			&kms.UpdateAliasInput{AliasName: &name, TargetKeyID: &tt.to.KeyID})
		if got := err == nil; got != tt.allowed || err != nil && code(err) != "ValidationException" {
			t.Errorf("%s to %s: got %v, want allowed: %v", tt.from.KeySpec, tt.to.KeySpec, err, tt.allowed)
		}
	}
}

func TestAliasQuota(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	full, other := w.create(t, kms.CreateKeyInput{}), w.create(t, kms.CreateKeyInput{})
	for i := range 50 {
		w.alias(t, fmt.Sprintf("alias/a%02d", i), full.KeyID)
	}
	_, err := w.CreateAlias(t.Context(), c, &kms.CreateAliasInput{AliasName: ptr("alias/b"), TargetKeyID: &full.KeyID})
	if code(err) != "LimitExceededException" {
		t.Errorf("CreateAlias: got %v, want LimitExceededException", err)
	}
	w.alias(t, "alias/b", other.KeyID)
	update := &kms.UpdateAliasInput{AliasName: ptr("alias/b"), TargetKeyID: &full.KeyID}
	if _, err = w.UpdateAlias(t.Context(), c, update); code(err) != "LimitExceededException" {
		t.Errorf("UpdateAlias: got %v, want LimitExceededException", err)
	}
	update.AliasName = ptr("alias/a00")
	empty(t)(w.UpdateAlias(t.Context(), c, update))
}

// Predefined aliases have no key until somebody looks.
func TestPredefinedAlias(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	find := func() kms.AliasListEntry {
		t.Helper()
		var found kms.AliasListEntry
		for _, a := range w.aliases(t, kms.ListAliasesInput{}) {
			switch a.AliasName {
			case "alias/aws/s3":
				found = a
			case "alias/aws/qldb":
				t.Error("alias/aws/qldb is listed, but QLDB has no AWS managed key")
			}
		}
		return found
	}
	want := kms.AliasListEntry{AliasARN: aliasARN("alias/aws/s3"), AliasName: "alias/aws/s3"}
	if diff := cmp.Diff(want, find()); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	m := w.describe(t, aliasARN("alias/aws/s3"))
	if m.KeyManager != "AWS" || m.KeyState != "Enabled" || m.KeyID != w.describe(t, "alias/aws/s3").KeyID {
		t.Errorf("got %+v, want one enabled key managed by AWS", m)
	}
	want.TargetKeyID, want.CreationDate, want.LastUpdatedDate = m.KeyID, wire.At(start), wire.At(start)
	if diff := cmp.Diff(want, find()); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	status := w.rotation(t, m.KeyID)
	if !status.KeyRotationEnabled || *status.RotationPeriodInDays != 365 {
		t.Errorf("got %+v, want yearly rotation", status)
	}
	_, err := w.ScheduleKeyDeletion(t.Context(), c, &kms.ScheduleKeyDeletionInput{KeyID: &m.KeyID})
	wantFault(t, err, "AccessDeniedException", "User: arn:aws:iam::111122223333:root is not authorized to perform: "+
		"kms:ScheduleKeyDeletion on resource: "+m.ARN+" because no resource-based policy allows the "+
		"kms:ScheduleKeyDeletion action")
	_, err = w.DescribeKey(t.Context(), c, &kms.DescribeKeyInput{KeyID: ptr("alias/aws/qldb")})
	wantFault(t, err, "NotFoundException", "Alias arn:aws:kms:eu-west-2:111122223333:alias/aws/qldb is not found.")
}

// The alias of the AWS managed key does not count as one of the account's own keys.
func TestKeyQuota(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(cfg *kms.Config) { cfg.MaxKeys = 2 })
	w.describe(t, "alias/aws/s3")
	first := w.create(t, kms.CreateKeyInput{})
	w.create(t, kms.CreateKeyInput{})
	_, err := w.CreateKey(t.Context(), as(ownerAccount), &kms.CreateKeyInput{})
	wantFault(t, err, "LimitExceededException", "Key quota for this account in this region is 2")
	must[*kms.CreateKeyOutput](t)(w.CreateKey(t.Context(), as(foreignAccount), &kms.CreateKeyInput{}))
	in := &kms.ScheduleKeyDeletionInput{KeyID: &first.KeyID}
	must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), as(ownerAccount), in))
	w.clock.Advance(30 * day)
	w.create(t, kms.CreateKeyInput{})
}
