package keyevents_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/keyevents"
)

// Pages are read until the limit is passed, the events end, or enough of them were looked at.
func TestPagesOfEvents(t *testing.T) {
	t.Parallel()
	h := start(t)
	arn := key(t, h) // three events
	for range 117 {
		if _, err := h.KMS().GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	client := cloudtrail.NewFromConfig(aws.Config{
		Region: "eu-west-2", HTTPClient: &http.Client{Transport: h.Transport},
		Credentials: credentials.NewStaticCredentialsProvider(h.AccessKeyID, h.SecretKey, ""),
	})
	for _, test := range []struct {
		name              string
		limit, most       int
		found, scanned    int
		truncated, gaveUp bool
	}{
		{"GetKeyPolicy", 117, 1000, 117, 120, false, false},
		{"GetKeyPolicy", 116, 1000, 116, 120, true, false},
		{"GetKeyPolicy", 10, 1000, 10, 50, true, false},
		{"CreateKey", 10, 1000, 1, 120, false, false},
		{"CreateKey", 10, 60, 0, 100, true, true},
		{"CreateKey", 10, 120, 1, 120, false, false},
	} {
		found, scanned, truncated, gaveUp, err := keyevents.Scan(
			t.Context(), client, arn, test.name, test.limit, test.most)
		if err != nil {
			t.Fatal(err)
		}
		if found != test.found || scanned != test.scanned || truncated != test.truncated || gaveUp != test.gaveUp {
			t.Errorf("%+v: got %d found, %d looked at, truncated %t, gave up %t", test, found, scanned, truncated, gaveUp)
		}
	}
}
