package outbound_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/outbound"
)

func TestServicesThatCannotBeCalled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		service outbound.Service
		want    string // "" is none
	}{
		{"Amazon", outbound.Service{Endpoint: "aws"}, ""},
		{"https", outbound.Service{Endpoint: "https://kms.example:8443"}, ""},
		{"loopback", outbound.Service{Endpoint: "http://127.0.0.1:4567"}, ""},
		{"loopback by name", outbound.Service{Endpoint: "http://localhost:4567"}, ""},
		{"loopback, version 6", outbound.Service{Endpoint: "http://[::1]:4567"}, ""},
		{"plain", outbound.Service{Endpoint: "http://kms.example"}, "would travel in the clear"},
		{"plain, allowed", outbound.Service{Endpoint: "http://kms.example", AllowPlainHTTP: true}, ""},
		{"no scheme", outbound.Service{Endpoint: "kms.example:8443"}, `want "aws" or a URL`},
		{"other scheme", outbound.Service{Endpoint: "ftp://kms.example"}, `want "aws" or a URL`},
		{"nothing", outbound.Service{}, `want "aws" or a URL`},
		{"password", outbound.Service{Endpoint: "https://me:hush@kms.example"}, "with a user name"},
		{"query", outbound.Service{Endpoint: "https://kms.example?a=b"}, "has a query"},
		{"half a key", outbound.Service{Endpoint: "aws", AccessKeyID: "AKIA"}, "only one is given"},
		{"token alone", outbound.Service{Endpoint: "aws", SessionToken: "hush"}, "without an access key"},
		{
			"two sources", outbound.Service{Endpoint: "aws", AccessKeyID: "AKIA", SecretAccessKey: "hush", Profile: "p"},
			`the profile "p"`,
		},
		{"negative", outbound.Service{Endpoint: "aws", Timeout: -time.Second}, "negative"},
	} {
		test.service.Name = "KMS"
		err := test.service.Load(t.Context(), "eu-west-2")
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: got %v", test.name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want %q in it", test.name, err, test.want)
		case err != nil && strings.Contains(err.Error(), "hush"):
			t.Errorf("%s: the error holds a secret: %v", test.name, err)
		}
	}
}

// TestSettingsOfTheEnvironmentDoNotLead cannot run beside others: it sets variables.
func TestSettingsOfTheEnvironmentDoNotLead(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:2")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIASTANDARDCHAIN")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	for _, test := range []struct {
		service      outbound.Service
		id, endpoint string
	}{
		{outbound.Service{Endpoint: "aws"}, "AKIASTANDARDCHAIN", ""},
		{outbound.Service{Endpoint: "https://kms.example"}, "AKIASTANDARDCHAIN", "https://kms.example"},
		{outbound.Service{Endpoint: "aws", AccessKeyID: "AKIAGIVEN", SecretAccessKey: "s"}, "AKIAGIVEN", ""},
	} {
		if err := test.service.Load(t.Context(), "eu-west-2"); err != nil {
			t.Fatal(err)
		}
		cfg := test.service.SDK()
		got, err := cfg.Credentials.Retrieve(t.Context())
		if err != nil || got.AccessKeyID != test.id || aws.ToString(cfg.BaseEndpoint) != test.endpoint ||
			len(cfg.ConfigSources) > 0 {
			t.Errorf("%+v: got %s at %q, %v", test.service.Endpoint, got.AccessKeyID, aws.ToString(cfg.BaseEndpoint), err)
		}
	}
}
