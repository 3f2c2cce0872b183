package kms_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// What KMS does by itself is told once, at the moment that was due, and what a caller asks for is not.
func TestEvents(t *testing.T) {
	t.Parallel()
	var got []kms.Event
	w := newWorldOf(t, func(cfg *kms.Config) { cfg.Events = func(e kms.Event) { got = append(got, e) } })
	turning, doomed := w.create(t, kms.CreateKeyInput{}), w.create(t, kms.CreateKeyInput{})
	w.enableRotation(t, turning.KeyID, ptr(90))
	must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), as(ownerAccount),
		&kms.ScheduleKeyDeletionInput{KeyID: &doomed.KeyID, PendingWindowInDays: ptr(7)}))
	if len(got) != 0 {
		t.Fatalf("before anything is due: %+v", got)
	}
	w.clock.Advance(90 * day)
	w.tick(t)
	w.tick(t)
	list := w.rotations(t, turning.KeyID, "ALL_KEY_MATERIAL")
	want := []kms.Event{
		{Name: "DeleteKey", KeyARN: doomed.ARN, At: start.Add(7 * day), Details: map[string]string{"keyId": doomed.KeyID}},
		{Name: "RotateKey", KeyARN: turning.ARN, At: start.Add(90 * day), Details: map[string]string{
			"keyId": turning.KeyID, "rotationType": "AUTOMATIC", "keyOrigin": "AWS_KMS",
			"previousKeyMaterialId": list[1].KeyMaterialID, "currentKeyMaterialId": list[0].KeyMaterialID,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEventOfExpiredMaterial(t *testing.T) {
	t.Parallel()
	var got []string
	w := newWorldOf(t, func(cfg *kms.Config) { cfg.Events = func(e kms.Event) { got = append(got, e.Name+" "+e.KeyARN) } })
	id, arn := w.external(t, "", "")
	w.mustImport(t, id, w.parameters(t, id, "RSAES_OAEP_SHA_256", "RSA_2048"), random(t, 32),
		func(in *kms.ImportKeyMaterialInput) {
			in.ExpirationModel, in.ValidTo = "KEY_MATERIAL_EXPIRES", wire.At(start.Add(day))
		})
	w.clock.Advance(2 * day)
	w.tick(t)
	if want := []string{"DeleteExpiredKeyMaterial " + arn}; !cmp.Equal(got, want) {
		t.Errorf("events: got %v, want %v", got, want)
	}
}
