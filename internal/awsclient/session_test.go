package awsclient_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// QLDB Session has an address of its own: the provider block's, else that of the environment.
func TestSessionEndpoint(t *testing.T) {
	const variable, argument = "http://127.0.0.1:1", "http://127.0.0.1:2"
	t.Setenv("AWS_ENDPOINT_URL_QLDB_SESSION", variable)
	for _, test := range []struct{ configured, want string }{{"", variable}, {argument, argument}} {
		source, err := awsclient.New(t.Context(), awsclient.Config{
			Region: "eu-west-2", AccessKey: "a", SecretKey: "b", UseFIPSEndpoint: true,
			Endpoints: awsclient.Endpoints{QLDBSession: test.configured},
		})
		if err != nil {
			t.Fatal(err)
		}
		clients, err := source.In("")
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToString(clients.QLDBSession.Options().BaseEndpoint); got != test.want {
			t.Errorf("configured %q: got %q, want %q", test.configured, got, test.want)
		}
		if got := aws.ToString(clients.QLDB.Options().BaseEndpoint); got != "" {
			t.Errorf("QLDB goes to %q, too", got)
		}
		type key struct{}
		made := 0
		for range 2 {
			clients.Shared(key{}, func() any { made++; return made })
		}
		if made != 1 {
			t.Errorf("a shared thing was made %d times", made)
		}
	}
}
