package awsclient_test

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	sdkconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

func TestNewDoesNoNetwork(t *testing.T) {
	t.Parallel()
	net := &network{answer: func(_ int, r *http.Request) (*http.Response, error) {
		t.Errorf("request to %s", r.URL)
		return nil, errors.New("no network")
	}}
	config := static(net)
	config.AccessKey, config.SecretKey = "", ""
	config.AssumeRoles = []awsclient.AssumeRole{{RoleARN: "arn:aws:iam::111122223333:role/r"}}
	config.AllowedAccountIDs = []string{"111122223333"}
	source := newSource(t, config)
	for _, region := range []string{"", "us-east-1"} {
		if _, err := source.In(region); err != nil {
			t.Errorf("In(%q): %v", region, err)
		}
	}
}

func TestInSharesClientsPerRegion(t *testing.T) {
	t.Parallel()
	source := newSource(t, static(&network{}))
	own, err := source.In("")
	if err != nil {
		t.Fatal(err)
	}
	named, err := source.In("eu-west-2")
	if err != nil {
		t.Fatal(err)
	}
	if own != named {
		t.Error("the provider's Region has two sets of clients, want one")
	}
	china, err := source.In("cn-north-1")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := china.Region+" "+china.Partition, "cn-north-1 aws-cn"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := china.KMS.Options().Region, "cn-north-1"; got != want {
		t.Errorf("KMS client: got Region %s, want %s", got, want)
	}
}

func TestWrongRegion(t *testing.T) {
	t.Parallel()
	config := static(&network{})
	config.Region = "eu-west"
	var wrong *awsclient.RegionError
	if _, err := awsclient.New(t.Context(), config); !errors.As(err, &wrong) || wrong.Region != "eu-west" {
		t.Errorf("New: got %v, want a RegionError", err)
	}
	if _, err := newSource(t, static(&network{})).In("london"); !errors.As(err, &wrong) || wrong.Region != "london" {
		t.Errorf("In: got %v, want a RegionError", err)
	}
}

func TestNoRegion(t *testing.T) {
	t.Parallel()
	config := static(&network{})
	config.Region = ""
	source := newSource(t, config)
	if _, err := source.In(""); !errors.Is(err, awsclient.ErrNoRegion) {
		t.Errorf("In: got %v, want ErrNoRegion", err)
	}
	if _, err := source.In("eu-west-2"); err != nil {
		t.Errorf("In with a Region: %v", err)
	}
}

// Setenv forbids running beside other tests.
func TestRegionPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	err := os.WriteFile(file, []byte("[default]\nregion = eu-central-1\n[profile other]\nregion = eu-north-1\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	region := func(config awsclient.Config) string { return newSource(t, config).Region() }
	got := []string{region(awsclient.Config{}), region(awsclient.Config{Profile: "other"})}
	t.Setenv("AWS_DEFAULT_REGION", "us-east-2")
	got = append(got, region(awsclient.Config{}))
	t.Setenv("AWS_REGION", "us-west-2")
	got = append(got, region(awsclient.Config{}), region(awsclient.Config{Region: "eu-west-2"}))
	want := []string{"eu-central-1", "eu-north-1", "us-east-2", "us-west-2", "eu-west-2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Regions (-want +got):\n%s", diff)
	}
}

// server answers every service; heard receives its name per request.
func server(t *testing.T, name string, heard *[]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*heard = append(*heard, name)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Setenv forbids running beside other tests.
func TestEndpointPrecedence(t *testing.T) {
	var heard []string
	block, one, all := server(t, "block", &heard), server(t, "one", &heard), server(t, "all", &heard)
	t.Setenv("AWS_ENDPOINT_URL", all)
	t.Setenv("AWS_ENDPOINT_URL_QLDB", one)
	config := static(nil)
	config.UseFIPSEndpoint = true // the SDK refuses FIPS with an endpoint unless it is switched off for it
	config.Endpoints = awsclient.Endpoints{KMS: block, CloudTrail: block}
	source := newSource(t, config)
	clients, err := source.In("")
	if err != nil {
		t.Fatal(err)
	}
	if err := describeKey(t.Context(), t, source); err != nil {
		t.Errorf("describe key: %v", err)
	}
	if _, err := clients.QLDB.ListLedgers(t.Context(), &qldb.ListLedgersInput{}); err != nil {
		t.Errorf("list ledgers: %v", err)
	}
	if _, err := clients.CloudTrail.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{}); err != nil {
		t.Errorf("look up events: %v", err)
	}
	// The answer is no XML, which STS clients refuse; only where it came from matters here.
	_, _ = clients.STS.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if diff := cmp.Diff([]string{"block", "one", "block", "all"}, heard); diff != "" {
		t.Errorf("servers asked (-want +got):\n%s", diff)
	}
}

// An IAM that does not know the accounts of the KMS in use must not be asked about them. Setenv forbids running beside
// other tests.
func TestIAMBelongsToKMS(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	const at = "http://127.0.0.1:1"
	for _, c := range []struct {
		endpoints awsclient.Endpoints
		want      bool
	}{
		{awsclient.Endpoints{}, true}, {awsclient.Endpoints{KMS: at, IAM: at}, true},
		{awsclient.Endpoints{IAM: at}, true}, {awsclient.Endpoints{KMS: at}, false},
	} {
		config := static(nil)
		config.Endpoints = c.endpoints
		clients, err := newSource(t, config).In("")
		if err != nil {
			t.Fatal(err)
		}
		if got := clients.IAM != nil; got != c.want {
			t.Errorf("%+v: there is an IAM: %t, want %t", c.endpoints, got, c.want)
		}
	}
}

// Setenv forbids running beside other tests.
func TestCABundle(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{}`))
	}))
	defer s.Close()
	config := static(nil)
	config.Endpoints.KMS = s.URL
	untrusting := newSource(t, config)
	if _, detail, ok := awsclient.Explain(describeKey(t.Context(), t, untrusting), "KMS", "eu-west-2"); !ok ||
		!regexp.MustCompile(`certificate is not trusted .*AWS_CA_BUNDLE`).MatchString(detail) {
		t.Errorf("without the bundle: got %q, want advice on AWS_CA_BUNDLE", detail)
	}

	file := filepath.Join(t.TempDir(), "bundle.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", file)
	if err := describeKey(t.Context(), t, newSource(t, config)); err != nil {
		t.Errorf("with the bundle: %v", err)
	}
	config.Transport = &network{answer: func(int, *http.Request) (*http.Response, error) { return keyFound(), nil }}
	if err := describeKey(t.Context(), t, newSource(t, config)); err != nil {
		t.Errorf("with the bundle and a transport: %v", err)
	}
}

// Setenv forbids running beside other tests.
func TestUserAgent(t *testing.T) {
	t.Setenv("TF_APPEND_USER_AGENT", "ci/7")
	net := &network{answer: func(int, *http.Request) (*http.Response, error) { return keyFound(), nil }}
	config := static(net)
	config.TerraformVersion, config.ProviderVersion = "1.11.4", "0.1.0"
	if err := describeKey(t.Context(), t, newSource(t, config)); err != nil {
		t.Fatal(err)
	}
	got := net.requests[0].Header.Get("User-Agent")
	want := regexp.MustCompile(
		`^APN/1\.0 qldbkms/1\.0 Terraform/1\.11\.4 terraform-provider-qldbkms/0\.1\.0 aws-sdk-go-v2/.* ci/7$`)
	if !want.MatchString(got) {
		t.Errorf("got %q, want a match of %s", got, want)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	config := static(&network{})
	config.DefaultTags = map[string]string{"team": "ledger", "env": "prod"}
	config.IgnoredTagKeys, config.IgnoredTagPrefixes = []string{"owner"}, []string{"scan:"}
	source := newSource(t, config)
	own := map[string]string{"env": "test", "app": "orders"}
	want := map[string]string{"team": "ledger", "env": "test", "app": "orders"}
	if diff := cmp.Diff(want, source.TagsAll(own)); diff != "" {
		t.Errorf("TagsAll (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"env": "test", "app": "orders"}, own); diff != "" {
		t.Errorf("TagsAll changed its argument (-want +got):\n%s", diff)
	}
	for key, want := range map[string]bool{"owner": true, "owners": false, "scan:last": true, "scan": false, "": false} {
		if got := source.Ignored(key); got != want {
			t.Errorf("Ignored(%q): got %t, want %t", key, got, want)
		}
	}
}

func TestUnknownProfile(t *testing.T) {
	t.Parallel()
	_, err := awsclient.New(t.Context(), awsclient.Config{Profile: "nobody"})
	var missing sdkconfig.SharedConfigProfileNotExistError
	if !errors.As(err, &missing) || missing.Profile != "nobody" {
		t.Errorf("got %v, want a SharedConfigProfileNotExistError for nobody", err)
	}
}
