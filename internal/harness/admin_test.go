package harness_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// A custom key store whose cluster dies, as a test lets it die; what the request does not name is the harness's own.
func TestAdminKeyStore(t *testing.T) {
	t.Parallel()
	h, server := open(t, config(t.TempDir()))
	keys := kms.NewFromConfig(sdk(h, server, "eu-west-2"))
	made, err := keys.CreateCustomKeyStore(t.Context(), &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("orders"), CloudHsmClusterId: aws.String("cluster-1a23b4cdefg"),
		KeyStorePassword: aws.String("kmsPswd"), TrustAnchorCertificate: aws.String("-----BEGIN CERTIFICATE-----"),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/_harness/keystores", strings.NewReader(
		fmt.Sprintf(`{"id": %q, "state": "FAILED", "error_code": "CLUSTER_NOT_FOUND"}`, *made.CustomKeyStoreId)))
	r.RemoteAddr, r.Host = "127.0.0.1:4000", "localhost:4566"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("got %d %s, want 200", w.Code, w.Body)
	}
	out, err := keys.DescribeCustomKeyStores(t.Context(), &kms.DescribeCustomKeyStoresInput{})
	if err != nil || len(out.CustomKeyStores) != 1 {
		t.Fatalf("got %+v, %v, want one store", out, err)
	}
	if got := out.CustomKeyStores[0]; got.ConnectionState != types.ConnectionStateTypeFailed ||
		got.ConnectionErrorCode != types.ConnectionErrorCodeTypeClusterNotFound {
		t.Errorf("got %s %s, want FAILED CLUSTER_NOT_FOUND", got.ConnectionState, got.ConnectionErrorCode)
	}
}
