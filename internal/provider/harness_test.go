package provider_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

// An account is a harness with things in it, made behind the provider's back.
type account struct {
	*acctest.Harness
	t *testing.T
}

func newAccount(t *testing.T, options ...acctest.Option) account {
	t.Helper()
	return account{acctest.Start(t, options...), t}
}

// core is a provider configured for the account, which makes every call once only.
func (a account) core(with map[string]any) *core {
	a.t.Helper()
	block := map[string]any{
		"region": acctest.Region, "access_key": a.AccessKeyID, "secret_key": a.SecretKey, "max_retries": 0,
	}
	for name, v := range with {
		block[name] = v
	}
	c := newCore(a.t, provider.WithHTTPTransport(a.Transport))
	if text := printed(c.configure(block)); text != "" {
		a.t.Fatalf("configure:\n%s", text)
	}
	return c
}

// key makes a key with an alias and returns its id and ARN.
func (a account) key(alias string) (id, arn string) {
	a.t.Helper()
	out, err := a.KMS().CreateKey(a.t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		a.t.Fatalf("create key: %v", err)
	}
	_, err = a.KMS().CreateAlias(a.t.Context(), &kms.CreateAliasInput{
		AliasName: &alias, TargetKeyId: out.KeyMetadata.KeyId,
	})
	if err != nil {
		a.t.Fatalf("create alias: %v", err)
	}
	return *out.KeyMetadata.KeyId, *out.KeyMetadata.Arn
}

// ledger makes a ledger under a key, or under the AWS owned key, and returns its ARN.
func (a account) ledger(name, key string, tags map[string]string) string {
	a.t.Helper()
	in := &qldb.CreateLedgerInput{Name: &name, PermissionsMode: "STANDARD", Tags: aws.StringMap(tags)}
	if key != "" {
		in.KmsKey = &key
	}
	out, err := a.QLDB().CreateLedger(a.t.Context(), in)
	if err != nil {
		a.t.Fatalf("create ledger: %v", err)
	}
	a.Advance(time.Minute)
	return *out.Arn
}

// deny makes an operation refused.
func (a account) deny(operation string) {
	a.Fault(acctest.Fault{
		Operation: operation, Kind: "error", Code: "AccessDeniedException", Message: "not allowed", Status: 403,
	})
}

// disable takes the key away and lets the ledgers notice.
func (a account) disable(key string) {
	a.t.Helper()
	if _, err := a.KMS().DisableKey(a.t.Context(), &kms.DisableKeyInput{KeyId: aws.String(key)}); err != nil {
		a.t.Fatalf("disable key: %v", err)
	}
}

// notice lets every ledger find out what became of its key.
func (a account) notice() {
	a.t.Helper()
	a.Advance(time.Minute)
	a.Probe()
}

// factories serve the provider to Terraform, with the account behind it.
func (a account) factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"qldbkms": providerserver.NewProtocol6WithError(provider.New("test", provider.WithHTTPTransport(a.Transport))()),
	}
}
