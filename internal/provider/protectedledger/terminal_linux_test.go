package protectedledger_test

import (
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
)

// newDesk is a desk at which a person works over the bench's account.
func newDesk(b *bench) *acctest.Desk {
	b.t.Helper()
	api, err := awsclient.New(b.t.Context(), b.config)
	if err != nil {
		b.t.Fatal(err)
	}
	p := &stand{api: api, opts: protectedledger.Options{Hits: 1, Now: b.clock.Now, Sleep: b.clock.Sleep}}
	return acctest.NewDesk(b.t, func() tfprotov6.ProviderServer { return providerserver.NewProtocol6(p)() })
}
