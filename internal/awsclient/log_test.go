package awsclient_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

func TestRequestsAreLoggedWithoutBodies(t *testing.T) {
	t.Parallel()
	net := &network{answer: func(n int, _ *http.Request) (*http.Response, error) {
		if n == 1 {
			return kmsError(500, "KMSInternalException", "hidden-text"), nil
		}
		return kmsError(403, "AccessDeniedException", "hidden-text"), nil
	}}
	config := static(net)
	clock := time.Unix(0, 0)
	config.Now = func() time.Time {
		clock = clock.Add(7 * time.Millisecond)
		return clock
	}
	config.LogContext = func(ctx context.Context) context.Context {
		return tflog.NewSubsystem(ctx, awsclient.LogSubsystem)
	}
	clients, err := newSource(t, config).In("")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	ctx := tflogtest.RootLogger(t.Context(), &log)
	_, err = clients.KMS.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{
		KeyId: aws.String("k"), Policy: aws.String("hidden-policy"),
	})
	if err == nil {
		t.Error("the call succeeded, want an error")
	}
	for _, secret := range []string{"hidden", "AKIDBASE", "AWS4-HMAC-SHA256"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %q:\n%s", secret, log.String())
		}
	}
	lines, err := tflogtest.MultilineJSONDecode(&log)
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"@level": "debug", "@module": "provider.aws", "@message": "AWS API call",
		"service": "KMS", "op": "PutKeyPolicy", "region": "eu-west-2", "elapsed_ms": 7.0, "attempt": 2.0,
		"request_id": "req-1", "error": "AccessDeniedException",
	}}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}
