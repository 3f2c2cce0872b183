package awsclient_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

var accessKeyOf = regexp.MustCompile(`Credential=([A-Z0-9]+)/`)

// signedBy is the access key id in the request's signature.
func signedBy(r *http.Request) string {
	if m := accessKeyOf.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		return m[1]
	}
	return ""
}

// assumed answers AssumeRole with an access key of its own.
func assumed(accessKey string) *http.Response {
	return answer(200, "text/xml", `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>`+accessKey+
		`</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>`+
		`<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
}

func form(t *testing.T, r *http.Request) url.Values {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestRolesAreAssumedInTurn(t *testing.T) {
	t.Parallel()
	net := &network{answer: func(n int, _ *http.Request) (*http.Response, error) {
		switch n {
		case 1:
			return assumed("AKIDFIRST"), nil
		case 2:
			return assumed("AKIDSECOND"), nil
		}
		return keyFound(), nil
	}}
	config := static(net)
	config.AssumeRoles = []awsclient.AssumeRole{
		{
			RoleARN: "arn:aws:iam::111122223333:role/first", SessionName: "deploy", ExternalID: "ext",
			Duration: time.Hour, Policy: `{"a":1}`, PolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
			SourceIdentity: "ci", Tags: map[string]string{"k": "v"}, TransitiveTagKeys: []string{"k"},
		},
		{RoleARN: "arn:aws:iam::444455556666:role/second"},
	}
	source := newSource(t, config)
	for range 2 { // the second call uses the same session
		if err := describeKey(t.Context(), t, source); err != nil {
			t.Fatal(err)
		}
	}
	var signers []string
	for _, r := range net.requests {
		signers = append(signers, signedBy(r))
	}
	if diff := cmp.Diff([]string{"AKIDBASE", "AKIDFIRST", "AKIDSECOND", "AKIDSECOND"}, signers); diff != "" {
		t.Errorf("signed by (-want +got):\n%s", diff)
	}
	want := url.Values{
		"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {"arn:aws:iam::111122223333:role/first"},
		"RoleSessionName": {"deploy"}, "ExternalId": {"ext"}, "DurationSeconds": {"3600"}, "Policy": {`{"a":1}`},
		"PolicyArns.member.1.arn": {"arn:aws:iam::aws:policy/ReadOnlyAccess"}, "SourceIdentity": {"ci"},
		"Tags.member.1.Key": {"k"}, "Tags.member.1.Value": {"v"}, "TransitiveTagKeys.member.1": {"k"},
	}
	if diff := cmp.Diff(want, form(t, net.requests[0])); diff != "" {
		t.Errorf("AssumeRole (-want +got):\n%s", diff)
	}
}

func TestRoleRefused(t *testing.T) {
	t.Parallel()
	net := &network{answer: func(int, *http.Request) (*http.Response, error) {
		return answer(403, "text/xml", `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>`+
			`</ErrorResponse>`), nil
	}}
	config := static(net)
	config.AssumeRoles = []awsclient.AssumeRole{{RoleARN: "arn:aws:iam::111122223333:role/r"}}
	err := describeKey(t.Context(), t, newSource(t, config))
	var refused *awsclient.CredentialsError
	if !errors.As(err, &refused) || refused.Role != "arn:aws:iam::111122223333:role/r" {
		t.Errorf("got %v, want a CredentialsError for the role", err)
	}
	if got := net.count(); got != 1 {
		t.Errorf("got %d requests, want 1: a refused role is not asked for again by the call that needed it", got)
	}
}

// Setenv forbids running beside other tests.
func TestMissingCredentialsAreLookedForOnce(t *testing.T) {
	var asked atomic.Int32
	instance := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer instance.Close()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.URL)
	net := &network{answer: func(int, *http.Request) (*http.Response, error) { return keyFound(), nil }}
	config := static(net)
	config.AccessKey, config.SecretKey = "", ""
	source := newSource(t, config)
	if got := asked.Load(); got != 0 {
		t.Errorf("New asked the instance %d times, want never", got)
	}
	first := describeKey(t.Context(), t, source)
	after := asked.Load()
	if after == 0 {
		t.Error("the instance was never asked")
	}
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if err := describeKey(t.Context(), t, source); err == nil {
				t.Error("a call without credentials succeeded")
			}
		})
	}
	wait.Wait()
	if got := asked.Load(); got != after {
		t.Errorf("the instance was asked %d times, then %d more, want no more", after, got-after)
	}
	var missing *awsclient.CredentialsError
	if !errors.As(first, &missing) || !missing.Amazon {
		t.Errorf("got %v, want a CredentialsError that knows of no endpoint", first)
	}
	if got := net.count(); got != 0 {
		t.Errorf("%d requests left without a signature", got)
	}
}

// Setenv forbids running beside other tests.
func TestCredentialsFromEnvironment(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	net := &network{answer: func(int, *http.Request) (*http.Response, error) { return keyFound(), nil }}
	config := static(net)
	if err := describeKey(t.Context(), t, newSource(t, config)); err != nil {
		t.Fatal(err)
	}
	config.AccessKey, config.SecretKey = "", ""
	if err := describeKey(t.Context(), t, newSource(t, config)); err != nil {
		t.Fatal(err)
	}
	got := []string{signedBy(net.requests[0]), signedBy(net.requests[1])}
	if diff := cmp.Diff([]string{"AKIDBASE", "AKIDENV"}, got); diff != "" {
		t.Errorf("signed by, block first (-want +got):\n%s", diff)
	}
}
