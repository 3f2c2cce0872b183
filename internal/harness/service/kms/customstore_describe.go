package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// DescribeCustomKeyStoresInput is the input of DescribeCustomKeyStores; at most one of id and name is given.
type DescribeCustomKeyStoresInput struct {
	CustomKeyStoreID   *string `json:"CustomKeyStoreId"`
	CustomKeyStoreName *string `json:"CustomKeyStoreName"`
	Limit              *int    `json:"Limit"` // 1 to 1000, default 50
	Marker             *string `json:"Marker"`
}

// Target implements wire.Targeter.
func (in *DescribeCustomKeyStoresInput) Target() string {
	return or(text(in.CustomKeyStoreID), text(in.CustomKeyStoreName))
}

// DescribeCustomKeyStoresOutput is the output of DescribeCustomKeyStores.
type DescribeCustomKeyStoresOutput struct {
	CustomKeyStores []CustomKeyStoresListEntry `json:"CustomKeyStores"`
	NextMarker      *string                    `json:"NextMarker,omitempty"`
	Truncated       bool                       `json:"Truncated"`
}

// CustomKeyStoresListEntry is one custom key store in a list.
type CustomKeyStoresListEntry struct {
	CustomKeyStoreID       string                 `json:"CustomKeyStoreId"`
	CustomKeyStoreName     string                 `json:"CustomKeyStoreName"`
	CustomKeyStoreType     string                 `json:"CustomKeyStoreType"`
	CloudHsmClusterID      string                 `json:"CloudHsmClusterId,omitempty"`
	TrustAnchorCertificate string                 `json:"TrustAnchorCertificate,omitempty"`
	ConnectionState        string                 `json:"ConnectionState"`
	ConnectionErrorCode    string                 `json:"ConnectionErrorCode,omitempty"`
	CreationDate           *wire.Time             `json:"CreationDate"`
	XksProxyConfiguration  *XksProxyConfiguration `json:"XksProxyConfiguration,omitempty"`
}

// XksProxyConfiguration is how an external key store reaches its proxy.
type XksProxyConfiguration struct {
	AccessKeyID             string `json:"AccessKeyId"`
	Connectivity            string `json:"Connectivity"`
	URIEndpoint             string `json:"UriEndpoint"`
	URIPath                 string `json:"UriPath"`
	VpcEndpointServiceName  string `json:"VpcEndpointServiceName,omitempty"`
	VpcEndpointServiceOwner string `json:"VpcEndpointServiceOwner,omitempty"`
}

// DescribeCustomKeyStores lists the custom key stores of the caller's account and Region, oldest first, or the one
// that is asked for.
//
// Source: KMS API reference, DescribeCustomKeyStores.
func (s *Service) DescribeCustomKeyStores(
	ctx context.Context, c *wire.Call, in *DescribeCustomKeyStoresInput,
) (*DescribeCustomKeyStoresOutput, error) {
	var v constraints
	v.optional("customKeyStoreId", in.CustomKeyStoreID, 1, 64)
	v.optional("customKeyStoreName", in.CustomKeyStoreName, 1, 256)
	v.page(in.Limit, 1000, in.Marker)
	if err := v.err(); err != nil {
		return nil, err
	}
	if in.CustomKeyStoreID != nil && in.CustomKeyStoreName != nil {
		return nil, errValidation("Specify either CustomKeyStoreId or CustomKeyStoreName, not both.")
	}
	if err := s.authorizeAccount(ctx, c, "DescribeCustomKeyStores"); err != nil {
		return nil, err
	}
	l := list{
		name:  "DescribeCustomKeyStores " + c.Caller.Account + " " + c.Region,
		limit: in.Limit, marker: in.Marker, usual: 50,
	}
	out := &DescribeCustomKeyStoresOutput{}
	return answer(out, s.view(ctx, c, func(t *txn) error {
		all, err := t.storesOf(c.Caller.Account, c.Region)
		if err != nil {
			return err
		}
		all, err = in.pick(all)
		if err != nil {
			return err
		}
		part, next, err := page(s, l, all, func(cs customStore) string { return sortable(cs.Created) + "/" + cs.ID })
		if err != nil {
			return err
		}
		out.NextMarker, out.Truncated = next, next != nil
		out.CustomKeyStores = make([]CustomKeyStoresListEntry, len(part))
		for i := range part {
			out.CustomKeyStores[i] = t.describeStore(&part[i])
		}
		return nil
	}))
}

// pick narrows all down to the store that in names.
func (in *DescribeCustomKeyStoresInput) pick(all []customStore) ([]customStore, error) {
	if in.Target() == "" {
		return all, nil
	}
	for i := range all {
		if all[i].ID == text(in.CustomKeyStoreID) || all[i].Name == text(in.CustomKeyStoreName) {
			return all[i : i+1], nil
		}
	}
	return nil, wire.Faultf("CustomKeyStoreNotFoundException", "Custom key store %s does not exist.", in.Target())
}

func (t *txn) describeStore(cs *customStore) CustomKeyStoresListEntry {
	entry := CustomKeyStoresListEntry{
		CustomKeyStoreID: cs.ID, CustomKeyStoreName: cs.Name, CustomKeyStoreType: cs.Type,
		CloudHsmClusterID: cs.ClusterID, TrustAnchorCertificate: cs.Anchor,
		ConnectionState: cs.connection(t.now), CreationDate: wire.At(cs.Created),
	}
	if entry.ConnectionState == failed {
		entry.ConnectionErrorCode = cs.ErrorCode
	}
	if cs.Type == storeExternal {
		entry.XksProxyConfiguration = &XksProxyConfiguration{
			AccessKeyID: cs.Proxy.AccessKeyID, Connectivity: cs.Proxy.Connectivity,
			URIEndpoint: cs.Proxy.Endpoint, URIPath: cs.Proxy.Path,
			VpcEndpointServiceName: cs.Proxy.Service, VpcEndpointServiceOwner: cs.Proxy.ServiceOwner,
		}
	}
	return entry
}
