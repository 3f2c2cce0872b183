package preflight_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

func good() preflight.Key {
	return preflight.Key{
		ARN: "arn:aws:kms:eu-west-2:111122223333:key/k", Region: "eu-west-2", Partition: "aws", State: "Enabled",
		Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Manager: "CUSTOMER", Origin: "AWS_KMS",
	}
}

var now = time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)

// Each rule has a key that fires it and one that does not.
func TestUsableKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(*preflight.Key)
		want  []string // rule and severity
	}{
		{"good", func(*preflight.Key) {}, nil},
		{"AWS managed", func(k *preflight.Key) { k.Manager = "AWS" }, []string{"KP-601 error"}},
		{"asymmetric", func(k *preflight.Key) { k.Spec = "RSA_2048" }, []string{"KP-601 error"}},
		{"HMAC", func(k *preflight.Key) { k.Spec, k.Usage = "HMAC_256", "GENERATE_VERIFY_MAC" }, []string{"KP-601 error"}},
		{"other Region", func(k *preflight.Key) { k.Region = "us-east-1" }, []string{"KP-610 error"}},
		{"other partition", func(k *preflight.Key) { k.Partition = "aws-cn" }, []string{"KP-610 error"}},
		{"disabled", func(k *preflight.Key) { k.State = "Disabled" }, []string{"KP-609 error"}},
		{"pending deletion", func(k *preflight.Key) { k.State = "PendingDeletion" }, []string{"KP-609 error"}},
		{"pending import", func(k *preflight.Key) { k.State = "PendingImport" }, []string{"KP-609 error"}},
		{"imported", func(k *preflight.Key) { k.Origin = "EXTERNAL" }, nil},
		{"expires far off", func(k *preflight.Key) { k.Expires = now.AddDate(0, 2, 0) }, []string{"KP-608 warning"}},
		{"expires soon", func(k *preflight.Key) { k.Expires = now.AddDate(0, 0, 29) }, []string{"KP-608 error"}},
		{"multi-Region", func(k *preflight.Key) { k.MultiRegion = true }, []string{"KP-610 warning"}},
		{"custom store", func(k *preflight.Key) { k.Origin = "AWS_CLOUDHSM" }, []string{"KP-615 warning"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := good()
			c.spoil(&k)
			var got []string
			found := preflight.UsableKey(k, preflight.Place{Region: "eu-west-2", Partition: "aws", Now: now})
			for _, f := range found {
				severity := "warning"
				if f.Severity == preflight.Error {
					severity = "error"
				}
				got = append(got, f.Rule+" "+severity)
				if len(f.Summary) > 70 || !strings.Contains(f.Detail, k.ARN) {
					t.Errorf("summary %q, detail %q", f.Summary, f.Detail)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	for origin, fires := range map[string]bool{"": false, "AWS_KMS": false, "EXTERNAL": true, "AWS_CLOUDHSM": true} {
		k := good()
		k.Origin = origin
		if got := preflight.Rotation(k, true); len(got) == 1 != fires {
			t.Errorf("origin %q finds %v", origin, got)
		}
		if got := preflight.Rotation(k, false); len(got) != 0 {
			t.Errorf("origin %q without rotation finds %v", origin, got)
		}
	}
}
