package kms

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// maxStores is the quota of custom key stores per account and Region.
const maxStores = 10

const (
	publicEndpoint     = "PUBLIC_ENDPOINT"
	vpcEndpointService = "VPC_ENDPOINT_SERVICE"
)

var (
	endpointForm     = regexp.MustCompile(`^https://[a-zA-Z0-9.-]+$`)
	proxyPathForm    = regexp.MustCompile(`^(/[a-zA-Z0-9/_-]+)?/kms/xks/v\d{1,2}$`)
	vpcServiceForm   = regexp.MustCompile(`^com\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$`)
	serviceOwnerForm = regexp.MustCompile(`^\d{12}$`)
	proxyKeyForm     = regexp.MustCompile(`^[A-Z2-7]{20,30}$`)
	proxySecretForm  = regexp.MustCompile(`^[a-zA-Z0-9/+=]{43,64}$`)
	connectivities   = []string{publicEndpoint, vpcEndpointService}
)

// XksCredential is what KMS would sign its requests to an external key store proxy with.
type XksCredential struct {
	AccessKeyID        string `json:"AccessKeyId"`
	RawSecretAccessKey string `json:"RawSecretAccessKey"`
}

// CustomKeyStoreSettings are the members that CreateCustomKeyStore and UpdateCustomKeyStore share.
type CustomKeyStoreSettings struct {
	CloudHsmClusterID                *string        `json:"CloudHsmClusterId"`
	KeyStorePassword                 *string        `json:"KeyStorePassword"`
	XksProxyAuthenticationCredential *XksCredential `json:"XksProxyAuthenticationCredential"`
	XksProxyConnectivity             string         `json:"XksProxyConnectivity"`
	XksProxyURIEndpoint              *string        `json:"XksProxyUriEndpoint"`
	XksProxyURIPath                  *string        `json:"XksProxyUriPath"`
	XksProxyVpcEndpointServiceName   *string        `json:"XksProxyVpcEndpointServiceName"`
	XksProxyVpcEndpointServiceOwner  *string        `json:"XksProxyVpcEndpointServiceOwner"`
}

func (set *CustomKeyStoreSettings) check(v *constraints) {
	v.optional("cloudHsmClusterId", set.CloudHsmClusterID, 19, 24)
	if p := set.KeyStorePassword; p != nil {
		v.blob("keyStorePassword", []byte(*p), 7, 32)
	}
	v.enum("xksProxyConnectivity", set.XksProxyConnectivity, connectivities)
	v.formed("xksProxyUriEndpoint", set.XksProxyURIEndpoint, 10, 128, endpointForm)
	v.formed("xksProxyUriPath", set.XksProxyURIPath, 10, 128, proxyPathForm)
	if name := set.XksProxyVpcEndpointServiceName; text(name) != "" { // an empty one takes it away
		v.formed("xksProxyVpcEndpointServiceName", name, 20, 64, vpcServiceForm)
	}
	v.formed("xksProxyVpcEndpointServiceOwner", set.XksProxyVpcEndpointServiceOwner, 12, 12, serviceOwnerForm)
	if credential := set.XksProxyAuthenticationCredential; credential != nil {
		const member = "xksProxyAuthenticationCredential"
		if !proxyKeyForm.MatchString(credential.AccessKeyID) {
			v.add("Value at '%s.accessKeyId' failed to satisfy constraint: Member must satisfy regular expression "+
				"pattern: %s", member, proxyKeyForm)
		}
		if !proxySecretForm.MatchString(credential.RawSecretAccessKey) {
			v.add("Value at '%s.rawSecretAccessKey' failed to satisfy constraint: Member must satisfy regular "+
				"expression pattern: %s", member, proxySecretForm)
		}
	}
}

func (set *CustomKeyStoreSettings) hasCloudHSM() bool {
	return set.CloudHsmClusterID != nil || set.KeyStorePassword != nil
}

func (set *CustomKeyStoreSettings) hasProxy() bool {
	return set.XksProxyAuthenticationCredential != nil || set.XksProxyConnectivity != "" ||
		set.XksProxyURIEndpoint != nil || set.XksProxyURIPath != nil ||
		set.XksProxyVpcEndpointServiceName != nil || set.XksProxyVpcEndpointServiceOwner != nil
}

// apply writes the given settings over those of cs.
func (set *CustomKeyStoreSettings) apply(cs *customStore) {
	for _, s := range []struct {
		from *string
		to   *string
	}{
		{set.CloudHsmClusterID, &cs.ClusterID},
		{set.XksProxyURIEndpoint, &cs.Proxy.Endpoint},
		{set.XksProxyURIPath, &cs.Proxy.Path},
		{set.XksProxyVpcEndpointServiceName, &cs.Proxy.Service},
		{set.XksProxyVpcEndpointServiceOwner, &cs.Proxy.ServiceOwner},
	} {
		if s.from != nil {
			*s.to = *s.from
		}
	}
	cs.Proxy.Connectivity = or(set.XksProxyConnectivity, cs.Proxy.Connectivity)
	if credential := set.XksProxyAuthenticationCredential; credential != nil {
		cs.Proxy.AccessKeyID = credential.AccessKeyID
	}
	if cs.Proxy.Service == "" {
		cs.Proxy.ServiceOwner = ""
	} else if cs.Proxy.ServiceOwner == "" {
		cs.Proxy.ServiceOwner = cs.Account
	}
}

// CreateCustomKeyStoreInput is the input of CreateCustomKeyStore.
type CreateCustomKeyStoreInput struct {
	CustomKeyStoreName     *string `json:"CustomKeyStoreName"`
	CustomKeyStoreType     string  `json:"CustomKeyStoreType"` // default AWS_CLOUDHSM
	TrustAnchorCertificate *string `json:"TrustAnchorCertificate"`
	CustomKeyStoreSettings
}

// Target implements wire.Targeter.
func (in *CreateCustomKeyStoreInput) Target() string { return text(in.CustomKeyStoreName) }

// CreateCustomKeyStoreOutput is the output of CreateCustomKeyStore.
type CreateCustomKeyStoreOutput struct {
	CustomKeyStoreID string `json:"CustomKeyStoreId"`
}

// CreateCustomKeyStore creates a custom key store, DISCONNECTED. Its cluster or proxy is taken on trust: no cluster
// is looked up and no proxy is called.
//
// Source: KMS API reference, CreateCustomKeyStore.
func (s *Service) CreateCustomKeyStore(
	ctx context.Context, c *wire.Call, in *CreateCustomKeyStoreInput,
) (*CreateCustomKeyStoreOutput, error) {
	kind := or(in.CustomKeyStoreType, storeCloudHSM)
	if err := in.validate(kind); err != nil {
		return nil, err
	}
	if err := s.authorizeAccount(ctx, c, "CreateCustomKeyStore"); err != nil {
		return nil, err
	}
	id, err := s.random(9)
	if err != nil {
		return nil, err
	}
	cs := customStore{
		ID: "cks-" + hex.EncodeToString(id)[:17], Account: c.Caller.Account, Region: c.Region,
		Name: *in.CustomKeyStoreName, Type: kind, Anchor: text(in.TrustAnchorCertificate), Connection: disconnected,
	}
	in.apply(&cs)
	out := &CreateCustomKeyStoreOutput{CustomKeyStoreID: cs.ID}
	return answer(out, s.update(ctx, c, func(t *txn) error {
		cs.Created = t.now
		others, err := t.storesOf(cs.Account, cs.Region)
		if err != nil {
			return fmt.Errorf("list custom key stores: %w", err)
		}
		if len(others) >= maxStores {
			return errLimit("Custom key store quota for this account in this region is %d", maxStores)
		}
		if err := unique(&cs, others); err != nil {
			return err
		}
		return t.putStore(&cs)
	}))
}

func (in *CreateCustomKeyStoreInput) validate(kind string) error {
	var v constraints
	v.required("customKeyStoreName", in.CustomKeyStoreName, 1, 256)
	v.enum("customKeyStoreType", in.CustomKeyStoreType, []string{storeCloudHSM, storeExternal})
	v.optional("trustAnchorCertificate", in.TrustAnchorCertificate, 1, 5000)
	in.check(&v)
	if err := v.err(); err != nil {
		return err
	}
	var missing bool
	switch kind {
	case storeCloudHSM:
		if in.hasProxy() {
			return errStoreMember(kind)
		}
		missing = in.CloudHsmClusterID == nil || in.KeyStorePassword == nil || in.TrustAnchorCertificate == nil
	case storeExternal:
		if in.hasCloudHSM() || in.TrustAnchorCertificate != nil {
			return errStoreMember(kind)
		}
		missing = in.XksProxyAuthenticationCredential == nil || in.XksProxyConnectivity == "" ||
			in.XksProxyURIEndpoint == nil || in.XksProxyURIPath == nil
	}
	if missing {
		return errValidation("A member that CustomKeyStoreType %s requires is missing.", kind)
	}
	return in.checkService(in.XksProxyConnectivity)
}

// checkService requires the VPC endpoint service with the connectivity that uses it, and only there.
func (set *CustomKeyStoreSettings) checkService(connectivity string) error {
	named := text(set.XksProxyVpcEndpointServiceName) != ""
	if connectivity == vpcEndpointService && !named || connectivity == publicEndpoint && named {
		return errValidation("XksProxyVpcEndpointServiceName belongs to XksProxyConnectivity %s.", vpcEndpointService)
	}
	return nil
}

func errStoreMember(kind string) error {
	return errValidation("A member of the request is not valid for CustomKeyStoreType %s.", kind)
}

// unique refuses a store whose name, cluster or proxy address another store of the account and Region has.
func unique(cs *customStore, others []customStore) error {
	for i := range others {
		o := &others[i]
		address, service := cs.Proxy.Endpoint+cs.Proxy.Path, cs.Proxy.Service
		switch {
		case o.ID == cs.ID:
		case o.Name == cs.Name:
			return wire.Faultf("CustomKeyStoreNameInUseException", "Custom key store name %s is in use.", cs.Name)
		case cs.ClusterID != "" && o.ClusterID == cs.ClusterID:
			return wire.Faultf("CloudHsmClusterInUseException",
				"CloudHSM cluster %s is associated with custom key store %s.", cs.ClusterID, o.ID)
		case address != "" && o.Proxy.Endpoint+o.Proxy.Path == address:
			return wire.Faultf("XksProxyUriInUseException", "%s is associated with custom key store %s.", address, o.ID)
		case cs.Proxy.Endpoint != "" && o.Proxy.Endpoint == cs.Proxy.Endpoint &&
			(cs.Proxy.Connectivity == vpcEndpointService || o.Proxy.Connectivity == vpcEndpointService):
			return wire.Faultf("XksProxyUriEndpointInUseException",
				"%s is associated with custom key store %s.", cs.Proxy.Endpoint, o.ID)
		case service != "" && o.Proxy.Service == service:
			return wire.Faultf("XksProxyVpcEndpointServiceInUseException",
				"%s is associated with custom key store %s.", service, o.ID)
		}
	}
	return nil
}

// formed checks length and form of a member that may be absent.
func (c *constraints) formed(member string, value *string, low, high int, form *regexp.Regexp) {
	if value != nil {
		c.text(member, *value, low, high)
		c.matches(member, *value, form)
	}
}
