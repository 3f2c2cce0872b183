package acctest

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

// Server is the provider in this process, wired to the harness, with waiters that poll every ten milliseconds and
// believe the first answer.
func (h *Harness) Server() tfprotov6.ProviderServer {
	return providerserver.NewProtocol6(provider.New("test",
		provider.WithHTTPTransport(h.Transport),
		provider.WithPolling(10*time.Millisecond, 1),
	)())()
}

// Factories hand Server to acceptance tests under the name "qldbkms".
func (h *Harness) Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"qldbkms": func() (tfprotov6.ProviderServer, error) { return h.Server(), nil },
	}
}
