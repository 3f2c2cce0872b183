package kms_test

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func TestCreateKeyMetadata(t *testing.T) {
	t.Parallel()
	base := kms.KeyMetadata{
		AWSAccountID: ownerAccount, CreationDate: wire.At(start), KeyManager: "CUSTOMER", KeyState: "Enabled",
		Enabled: true, KeySpec: "SYMMETRIC_DEFAULT", CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
		KeyUsage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", EncryptionAlgorithms: []string{"SYMMETRIC_DEFAULT"},
	}
	with := func(change func(*kms.KeyMetadata)) kms.KeyMetadata {
		m := base
		change(&m)
		return m
	}
	of := func(spec, usage string) func(*kms.KeyMetadata) {
		return func(m *kms.KeyMetadata) {
			m.KeySpec, m.CustomerMasterKeySpec, m.KeyUsage, m.EncryptionAlgorithms = spec, spec, usage, nil
		}
	}
	for _, tt := range []struct {
		name string
		in   kms.CreateKeyInput
		want kms.KeyMetadata
	}{
		{"default", kms.CreateKeyInput{}, base},
		{"description", kms.CreateKeyInput{Description: ptr("for orders")}, with(func(m *kms.KeyMetadata) {
			m.Description = "for orders"
		})},
		{"deprecated spec", kms.CreateKeyInput{CustomerMasterKeySpec: "SYMMETRIC_DEFAULT"}, base},
		{"external", kms.CreateKeyInput{Origin: "EXTERNAL"}, with(func(m *kms.KeyMetadata) {
			m.Origin, m.KeyState, m.Enabled = "EXTERNAL", "PendingImport", false
		})},
		{"mac", kms.CreateKeyInput{KeySpec: "HMAC_384", KeyUsage: "GENERATE_VERIFY_MAC"}, with(
			func(m *kms.KeyMetadata) {
				of("HMAC_384", "GENERATE_VERIFY_MAC")(m)
				m.MacAlgorithms = []string{"HMAC_SHA_384"}
			})},
		{"signature", kms.CreateKeyInput{KeySpec: "ECC_NIST_P521", KeyUsage: "SIGN_VERIFY"}, with(
			func(m *kms.KeyMetadata) {
				of("ECC_NIST_P521", "SIGN_VERIFY")(m)
				m.SigningAlgorithms = []string{"ECDSA_SHA_512"}
			})},
		{"rsa encryption", kms.CreateKeyInput{KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT"}, with(
			func(m *kms.KeyMetadata) {
				of("RSA_2048", "ENCRYPT_DECRYPT")(m)
				m.EncryptionAlgorithms = []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}
			})},
		{"key agreement", kms.CreateKeyInput{KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT"}, with(
			func(m *kms.KeyMetadata) {
				of("ECC_NIST_P256", "KEY_AGREEMENT")(m)
				m.KeyAgreementAlgorithms = []string{"ECDH"}
			})},
		{"no cryptography", kms.CreateKeyInput{KeySpec: "ML_KEM_768", KeyUsage: "ENCAPSULATE_DECAPSULATE"}, with(
			func(m *kms.KeyMetadata) {
				of("ML_KEM_768", "ENCAPSULATE_DECAPSULATE")(m)
				m.EncapsulationAlgorithms = []string{"ML_KEM"}
			})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got := w.create(t, tt.in)
			if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(got.KeyID) {
				t.Errorf("KeyId: got %q, want a UUID", got.KeyID)
			}
			if want := "arn:aws:kms:eu-west-2:111122223333:key/" + got.KeyID; got.ARN != want {
				t.Errorf("Arn: got %q, want %q", got.ARN, want)
			}
			random := cmpopts.IgnoreFields(kms.KeyMetadata{}, "KeyID", "ARN", "CurrentKeyMaterialID")
			if diff := cmp.Diff(&tt.want, got, random); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
			hasID := regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(got.CurrentKeyMaterialID)
			if wantID := got.KeySpec == "SYMMETRIC_DEFAULT" && got.Enabled; hasID != wantID {
				t.Errorf("CurrentKeyMaterialId: got %q, want one: %v", got.CurrentKeyMaterialID, wantID)
			}
			if diff := cmp.Diff(got, w.describe(t, got.ARN)); diff != "" {
				t.Errorf("DescribeKey differs from CreateKey (-create +describe):\n%s", diff)
			}
		})
	}
}

// Every spec of the API can be created with each of its usages.
func TestCreateKeyEverySpec(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for spec, usages := range kms.Usages() {
		for _, usage := range usages {
			if spec == "RSA_3072" || spec == "RSA_4096" {
				continue // as RSA_2048, but seconds slower
			}
			m := w.create(t, kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
			lists := [][]string{
				m.EncryptionAlgorithms, m.SigningAlgorithms, m.MacAlgorithms, m.KeyAgreementAlgorithms,
				m.EncapsulationAlgorithms,
			}
			filled := 0
			for _, l := range lists {
				filled += min(len(l), 1)
			}
			if filled != 1 {
				t.Errorf("%s %s: got %d lists of algorithms, want 1", spec, usage, filled)
			}
		}
	}
}

func TestMultiRegionKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{MultiRegion: true})
	if !regexp.MustCompile(`^mrk-[0-9a-f]{32}$`).MatchString(m.KeyID) {
		t.Errorf("KeyId: got %q, want mrk- and 32 digits", m.KeyID)
	}
	want := &kms.MultiRegionConfiguration{
		MultiRegionKeyType: "PRIMARY", PrimaryKey: kms.MultiRegionKey{ARN: m.ARN, Region: "eu-west-2"},
		ReplicaKeys: []kms.MultiRegionKey{},
	}
	if diff := cmp.Diff(want, m.MultiRegionConfiguration); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	w.describe(t, m.KeyID)
	_, err := w.ReplicateKey(t.Context(), as(ownerAccount),
		&kms.ReplicateKeyInput{KeyID: &m.KeyID, ReplicaRegion: ptr("eu-west-1")})
	wantFault(t, err, "UnsupportedOperationException", "multi-Region replication is not modelled")
}

// Absent members must not be there as null: the SDKs would take them for values.
func TestMetadataJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"AWSAccountId":"111122223333","Arn":"<arn>","CreationDate":1767608100,` +
		`"CurrentKeyMaterialId":"<material>","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","Description":"","Enabled":true,` +
		`"EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"KeyId":"<id>","KeyManager":"CUSTOMER",` +
		`"KeySpec":"SYMMETRIC_DEFAULT","KeyState":"Enabled","KeyUsage":"ENCRYPT_DECRYPT","MultiRegion":false,` +
		`"Origin":"AWS_KMS"}`
	got := hide(string(raw), m.ARN, "<arn>", m.KeyID, "<id>", m.CurrentKeyMaterialID, "<material>")
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestKeyLife(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	m := w.create(t, kms.CreateKeyInput{})
	w.alias(t, "alias/orders", m.KeyID)
	key := &kms.KeyInput{KeyID: &m.KeyID}
	state := func(want string) {
		t.Helper()
		got := w.describe(t, m.KeyID)
		if got.KeyState != want || got.Enabled != (want == "Enabled") {
			t.Fatalf("got state %s, enabled %v, want %s", got.KeyState, got.Enabled, want)
		}
	}
	state("Enabled")
	empty(t)(w.DisableKey(t.Context(), c, key))
	empty(t)(w.DisableKey(t.Context(), c, key))
	state("Disabled")
	empty(t)(w.EnableKey(t.Context(), c, key))
	state("Enabled")
	in := &kms.ScheduleKeyDeletionInput{KeyID: &m.ARN, PendingWindowInDays: ptr(7)}
	out := must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c, in))
	want := &kms.ScheduleKeyDeletionOutput{
		DeletionDate: wire.At(start.Add(7 * day)), KeyID: m.ARN, KeyState: "PendingDeletion", PendingWindowInDays: 7,
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("ScheduleKeyDeletion (-want +got):\n%s", diff)
	}
	state("PendingDeletion")
	if got := w.describe(t, "alias/orders").DeletionDate; got == nil || !got.Equal(start.Add(7*day)) {
		t.Errorf("DeletionDate: got %v, want in 7 days", got)
	}
	if next := w.tick(t); !next.Equal(start.Add(7 * day)) {
		t.Errorf("next due: got %v, want the deletion", next)
	}
	cancelled := must[*kms.CancelKeyDeletionOutput](t)(w.CancelKeyDeletion(t.Context(), c, key))
	if cancelled.KeyID != m.ARN {
		t.Errorf("CancelKeyDeletion: got %q, want the ARN", cancelled.KeyID)
	}
	state("Disabled")
	if next := w.tick(t); !next.IsZero() {
		t.Errorf("next due after cancel: got %v, want none", next)
	}
	w.clock.Advance(8 * day)
	w.tick(t)
	state("Disabled")
}

func TestUpdateKeyDescription(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{Description: ptr("a")})
	for _, want := range []string{"b", ""} {
		empty(t)(w.UpdateKeyDescription(t.Context(), as(ownerAccount),
			&kms.UpdateKeyDescriptionInput{KeyID: &m.KeyID, Description: &want}))
		if got := w.describe(t, m.KeyID).Description; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A key is gone at its date, with everything that belongs to it, whether or not Tick ran.
func TestDeletion(t *testing.T) {
	t.Parallel()
	for _, ticking := range []bool{true, false} {
		w, c := newWorld(t), as(ownerAccount)
		m := w.create(t, kms.CreateKeyInput{})
		other := w.create(t, kms.CreateKeyInput{})
		w.alias(t, "alias/orders", m.KeyID)
		w.alias(t, "alias/kept", other.KeyID)
		w.grant(t, m.KeyID, kms.CreateGrantInput{RetiringPrincipal: ptr(ownerRoot)})
		in := &kms.ScheduleKeyDeletionInput{KeyID: &m.ARN, PendingWindowInDays: ptr(7)}
		must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c, in))
		w.clock.Advance(7*day - time.Millisecond)
		w.describe(t, m.KeyID)
		w.clock.Advance(time.Millisecond)
		if ticking {
			if next := w.tick(t); !next.IsZero() {
				t.Errorf("next due: got %v, want none", next)
			}
		}
		_, err := w.DescribeKey(t.Context(), c, &kms.DescribeKeyInput{KeyID: &m.KeyID})
		wantFault(t, err, "NotFoundException", "Key '"+m.ARN+"' does not exist")
		_, err = w.DescribeKey(t.Context(), c, &kms.DescribeKeyInput{KeyID: ptr("alias/orders")})
		wantFault(t, err, "NotFoundException", "Alias arn:aws:kms:eu-west-2:111122223333:alias/orders is not found.")
		w.alias(t, "alias/orders", other.KeyID)
		retirable := must[*kms.ListRetirableGrantsOutput](t)(w.ListRetirableGrants(t.Context(), c,
			&kms.ListRetirableGrantsInput{RetiringPrincipal: ptr(ownerRoot)}))
		if len(retirable.Grants) != 0 {
			t.Errorf("got %d retirable grants of a deleted key, want none", len(retirable.Grants))
		}
		keys := must[*kms.ListKeysOutput](t)(w.ListKeys(t.Context(), c, &kms.ListKeysInput{}))
		if diff := cmp.Diff([]kms.KeyListEntry{{KeyARN: other.ARN, KeyID: other.KeyID}}, keys.Keys); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
		if left := w.stored(t, m.KeyID); len(left) != 0 {
			t.Errorf("a deleted key left %v", left)
		}
	}
}

// Accounts and Regions do not see each other.
func TestKeysArePerAccountAndRegion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	w.alias(t, "alias/orders", m.KeyID)
	elsewhere := as(ownerAccount)
	elsewhere.Region = "us-east-1"
	for name, tt := range map[string]struct {
		c         *wire.Call
		ref, want string
	}{
		"id in another Region": {elsewhere, m.KeyID,
			"NotFoundException: Key 'arn:aws:kms:us-east-1:111122223333:key/<id>' does not exist"},
		"ARN of another Region": {elsewhere, m.ARN, "NotFoundException: Invalid arn eu-west-2"},
		"id of another account": {as(foreignAccount), m.KeyID,
			"NotFoundException: Key 'arn:aws:kms:eu-west-2:444455556666:key/<id>' does not exist"},
		"alias of another account": {as(foreignAccount), "alias/orders",
			"NotFoundException: Alias arn:aws:kms:eu-west-2:444455556666:alias/orders is not found."},
		"ARN of another account":       {as(foreignAccount), m.ARN, hidden},
		"alias ARN of another account": {as(foreignAccount), "arn:aws:kms:eu-west-2:111122223333:alias/orders", hidden},
		"no key of another account": {
			as(foreignAccount), "arn:aws:kms:eu-west-2:111122223333:key/" + otherKeyID, hidden,
		},
		"no alias of another account": {
			as(foreignAccount), "arn:aws:kms:eu-west-2:111122223333:alias/none", hidden,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := *tt.c
			c.Operation = "DescribeKey"
			_, err := w.DescribeKey(t.Context(), &c, &kms.DescribeKeyInput{KeyID: &tt.ref})
			if got := hide(fault(err), m.KeyID, "<id>"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestKeyOfAnotherAccount is found by its ARN, or by that of its alias, by those whom its policy names.
func TestKeyOfAnotherAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.create(t, kms.CreateKeyInput{})
	w.alias(t, "alias/orders", m.KeyID)
	refs := []string{m.ARN, "arn:aws:kms:eu-west-2:111122223333:alias/orders"}
	c := as(foreignAccount)
	c.Operation = "DescribeKey"
	for _, want := range []string{hidden, ""} {
		for _, ref := range refs {
			out, err := w.DescribeKey(t.Context(), c, &kms.DescribeKeyInput{KeyID: &ref})
			switch {
			case want != "" && fault(err) != want:
				t.Errorf("%s: got %v, want %s", ref, err, want)
			case want == "" && (err != nil || out.KeyMetadata.ARN != m.ARN):
				t.Errorf("%s, named by the key policy: got %v", ref, err)
			}
		}
		w.open(t, m.KeyID, foreignAccount)
	}
}

const hidden = "AccessDeniedException: User: arn:aws:iam::444455556666:root is not authorized to perform: " +
	"kms:DescribeKey on this resource because the resource does not exist in this Region, no resource-based policies " +
	"allow access, or a resource-based policy explicitly denies access"
