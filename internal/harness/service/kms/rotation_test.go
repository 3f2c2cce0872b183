package kms_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func (w world) rotation(t *testing.T, key string) *kms.GetKeyRotationStatusOutput {
	t.Helper()
	return must[*kms.GetKeyRotationStatusOutput](t)(w.GetKeyRotationStatus(t.Context(), as(ownerAccount),
		&kms.KeyInput{KeyID: &key}))
}

func (w world) enableRotation(t *testing.T, key string, days *int) {
	t.Helper()
	in := &kms.EnableKeyRotationInput{KeyID: &key, RotationPeriodInDays: days}
	empty(t)(w.EnableKeyRotation(t.Context(), as(ownerAccount), in))
}

func (w world) rotations(t *testing.T, key, include string) []kms.RotationsListEntry {
	t.Helper()
	in := &kms.ListKeyRotationsInput{KeyID: &key, IncludeKeyMaterial: include}
	return must[*kms.ListKeyRotationsOutput](t)(w.ListKeyRotations(t.Context(), as(ownerAccount), in)).Rotations
}

func (w world) cancelDeletion(t *testing.T, key string) {
	t.Helper()
	must[*kms.KeyOutput](t)(w.CancelKeyDeletion(t.Context(), as(ownerAccount), &kms.KeyInput{KeyID: &key}))
}

func TestRotationStatus(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	m := w.create(t, kms.CreateKeyInput{})
	off := &kms.GetKeyRotationStatusOutput{KeyID: m.ARN}
	on := func(days int, since time.Time) *kms.GetKeyRotationStatusOutput {
		return &kms.GetKeyRotationStatusOutput{
			KeyID: m.ARN, KeyRotationEnabled: true, RotationPeriodInDays: &days,
			NextRotationDate: wire.At(since.Add(time.Duration(days) * day)),
		}
	}
	check := func(name string, want *kms.GetKeyRotationStatusOutput) {
		t.Helper()
		if diff := cmp.Diff(want, w.rotation(t, m.KeyID)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	check("new", off)
	w.enableRotation(t, m.KeyID, nil)
	check("enabled", on(365, start))
	w.clock.Advance(10 * day)
	w.enableRotation(t, m.KeyID, ptr(365))
	check("enabled again as it was", on(365, start))
	w.enableRotation(t, m.KeyID, ptr(90))
	check("another period", on(90, start.Add(10*day)))
	w.enableRotation(t, m.KeyID, nil)
	check("no period", on(365, start.Add(10*day)))
	key := &kms.KeyInput{KeyID: &m.KeyID}
	empty(t)(w.DisableKey(t.Context(), c, key))
	check("key disabled", on(365, start.Add(10*day)))
	schedule := &kms.ScheduleKeyDeletionInput{KeyID: &m.KeyID}
	must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c, schedule))
	check("pending deletion", off)
	w.cancelDeletion(t, m.KeyID)
	check("deletion cancelled", on(365, start.Add(10*day)))
	empty(t)(w.EnableKey(t.Context(), c, key))
	empty(t)(w.DisableKeyRotation(t.Context(), c, key))
	check("off", off)
	if next := w.tick(t); !next.IsZero() {
		t.Errorf("next due: got %v, want none", next)
	}
}

// Each period makes new material. What was encrypted before still opens, with the material that Decrypt names.
func TestAutomaticRotation(t *testing.T) {
	t.Parallel()
	for _, ticking := range []bool{true, false} {
		w, c := newWorld(t), as(ownerAccount)
		m := w.create(t, kms.CreateKeyInput{})
		w.enableRotation(t, m.KeyID, ptr(100))
		secret := []byte("before")
		old := must[*kms.EncryptOutput](t)(w.Encrypt(t.Context(), c,
			&kms.EncryptInput{KeyID: &m.KeyID, Plaintext: secret}))
		w.clock.Advance(350 * day) // three rotations in one step
		if ticking {
			if next, want := w.tick(t), start.Add(400*day); !next.Equal(want) {
				t.Errorf("next due: got %v, want %v", next, want)
			}
		}
		if got, want := w.rotation(t, m.KeyID).NextRotationDate.Time, start.Add(400*day); !got.Equal(want) {
			t.Errorf("NextRotationDate: got %v, want %v", got, want)
		}
		now := w.describe(t, m.KeyID)
		list := w.rotations(t, m.KeyID, "ALL_KEY_MATERIAL")
		var got []any
		for _, r := range list {
			got = append(got, r.KeyMaterialState, r.RotationType, r.RotationDate)
		}
		want := []any{
			"CURRENT", "AUTOMATIC", wire.At(start.Add(300 * day)),
			"NON_CURRENT", "AUTOMATIC", wire.At(start.Add(200 * day)),
			"NON_CURRENT", "AUTOMATIC", wire.At(start.Add(100 * day)),
			"NON_CURRENT", "", (*wire.Time)(nil),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("rotations (-want +got):\n%s", diff)
		}
		if list[0].KeyMaterialID != now.CurrentKeyMaterialID || list[3].KeyMaterialID != m.CurrentKeyMaterialID {
			t.Errorf("current material: got %s, then %s, want the first and the last of %v",
				m.CurrentKeyMaterialID, now.CurrentKeyMaterialID, list)
		}
		if diff := cmp.Diff(list[:3], w.rotations(t, m.KeyID, "")); diff != "" {
			t.Errorf("rotations alone (-want +got):\n%s", diff)
		}
		opened := must[*kms.DecryptOutput](t)(w.Decrypt(t.Context(), c,
			&kms.DecryptInput{CiphertextBlob: old.CiphertextBlob}))
		if !bytes.Equal(opened.Plaintext, secret) || opened.KeyMaterialID != m.CurrentKeyMaterialID {
			t.Errorf("got %q under %s, want %q under the first", opened.Plaintext, opened.KeyMaterialID, secret)
		}
	}
}

// A key that cannot rotate at its date does so when it is enabled again, and counts from then.
func TestMissedRotation(t *testing.T) {
	t.Parallel()
	for _, pending := range []bool{false, true} {
		w, c := newWorld(t), as(ownerAccount)
		m := w.create(t, kms.CreateKeyInput{})
		key := &kms.KeyInput{KeyID: &m.KeyID}
		w.enableRotation(t, m.KeyID, ptr(90))
		w.clock.Advance(80 * day)
		if pending {
			in := &kms.ScheduleKeyDeletionInput{KeyID: &m.KeyID}
			must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c, in))
		} else {
			empty(t)(w.DisableKey(t.Context(), c, key))
		}
		w.clock.Advance(20 * day)
		w.tick(t)
		if pending {
			w.cancelDeletion(t, m.KeyID)
		}
		if got := w.rotations(t, m.KeyID, ""); len(got) != 0 {
			t.Fatalf("rotated while it could not: %v", got)
		}
		empty(t)(w.EnableKey(t.Context(), c, key))
		got := w.rotations(t, m.KeyID, "")
		if len(got) != 1 || !got[0].RotationDate.Equal(start.Add(100*day)) || got[0].RotationType != "AUTOMATIC" {
			t.Errorf("got %v, want one automatic rotation on enabling", got)
		}
		if next, want := w.tick(t), start.Add(190*day); !next.Equal(want) {
			t.Errorf("next due: got %v, want %v", next, want)
		}
	}
}

// A key that was disabled and is back before its date rotates at its date.
func TestRotationAfterBriefDisable(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	m := w.create(t, kms.CreateKeyInput{})
	key := &kms.KeyInput{KeyID: &m.KeyID}
	w.enableRotation(t, m.KeyID, ptr(90))
	empty(t)(w.DisableKey(t.Context(), c, key))
	w.clock.Advance(80 * day)
	empty(t)(w.EnableKey(t.Context(), c, key))
	w.clock.Advance(10 * day)
	if got := w.rotations(t, m.KeyID, ""); len(got) != 1 || !got[0].RotationDate.Equal(start.Add(90*day)) {
		t.Errorf("got %v, want one rotation at its date", got)
	}
}

func TestRotateOnDemand(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	m := w.create(t, kms.CreateKeyInput{})
	w.enableRotation(t, m.KeyID, ptr(90))
	w.clock.Advance(day)
	key := &kms.KeyInput{KeyID: &m.KeyID}
	for i := range 25 {
		if got := must[*kms.KeyOutput](t)(w.RotateKeyOnDemand(t.Context(), c, key)).KeyID; got != m.ARN {
			t.Fatalf("rotation %d: got %q, want the ARN", i, got)
		}
	}
	_, err := w.RotateKeyOnDemand(t.Context(), c, key)
	wantFault(t, err, "LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. "+
		"No more on-demand rotations can be performed for this key: "+m.ARN)
	list := w.rotations(t, m.KeyID, "")
	if len(list) != 25 || list[0].RotationType != "ON_DEMAND" || !list[0].RotationDate.Equal(start.Add(day)) {
		t.Errorf("got %d rotations, the first %+v, want 25 on demand", len(list), list[0])
	}
	if got, want := w.rotation(t, m.KeyID).NextRotationDate.Time, start.Add(90*day); !got.Equal(want) {
		t.Errorf("NextRotationDate: got %v, want it where it was, %v", got, want)
	}
	w.clock.Set(start.Add(90*day - 20*time.Minute))
	other := w.create(t, kms.CreateKeyInput{})
	w.enableRotation(t, other.KeyID, ptr(90))
	w.clock.Advance(90*day - 20*time.Minute)
	_, err = w.RotateKeyOnDemand(t.Context(), c, &kms.KeyInput{KeyID: &other.KeyID})
	if code(err) != "ConflictException" {
		t.Errorf("just before an automatic rotation: got %v, want ConflictException", err)
	}
}

// DescribeKey tells of imported material while it is there: when the first of all generations expires. The list of
// rotations tells of each.
func TestImportedMaterialIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, arn := w.external(t, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	p := w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048")
	first := w.mustImport(t, id, p, random(t, 32), func(in *kms.ImportKeyMaterialInput) {
		in.ExpirationModel, in.ValidTo = "KEY_MATERIAL_EXPIRES", wire.At(start.Add(20*day))
	})
	staged := w.mustImport(t, id, p, random(t, 32), func(in *kms.ImportKeyMaterialInput) {
		in.ImportType, in.ExpirationModel = "NEW_KEY_MATERIAL", "KEY_MATERIAL_EXPIRES"
		in.ValidTo = wire.At(start.Add(day))
	})
	show := func(current, model string, validTo *wire.Time) {
		t.Helper()
		m := w.describe(t, id)
		got := []any{m.CurrentKeyMaterialID, m.ExpirationModel, m.ValidTo}
		if diff := cmp.Diff([]any{current, model, validTo}, got); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	}
	show(first, "KEY_MATERIAL_EXPIRES", wire.At(start.Add(20*day)))
	entry := func(material, state string, validTo *wire.Time) kms.RotationsListEntry {
		return kms.RotationsListEntry{
			KeyID: arn, KeyMaterialID: material, ImportState: "IMPORTED", KeyMaterialState: state,
			ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo: validTo,
		}
	}
	old := entry(first, "CURRENT", wire.At(start.Add(20*day)))
	waiting := entry(staged, "PENDING_ROTATION", wire.At(start.Add(day)))
	if diff := cmp.Diff([]kms.RotationsListEntry{waiting, old}, w.rotations(t, id, "ALL_KEY_MATERIAL")); diff != "" {
		t.Errorf("material (-want +got):\n%s", diff)
	}
	w.rotateOnDemand(t, id)
	show(staged, "KEY_MATERIAL_EXPIRES", wire.At(start.Add(day)))
	w.clock.Advance(day)
	show("", "", nil)
	got := w.rotations(t, id, "")
	if len(got) != 1 || got[0].ImportState != "PENDING_IMPORT" || got[0].KeyMaterialID != staged {
		t.Errorf("got %+v, want the expired material waiting for import", got)
	}
}
