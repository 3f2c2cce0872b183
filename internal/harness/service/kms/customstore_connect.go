package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// CustomKeyStoreInput is the input of the operations that need only to know which custom key store.
type CustomKeyStoreInput struct {
	CustomKeyStoreID *string `json:"CustomKeyStoreId"`
}

// Target implements wire.Targeter.
func (in *CustomKeyStoreInput) Target() string { return text(in.CustomKeyStoreID) }

// ConnectCustomKeyStore starts to connect a custom key store, which is CONNECTING for a while on the harness clock.
// One that is connected or on its way already stays so; a FAILED one must be disconnected first.
//
// Source: KMS API reference, ConnectCustomKeyStore and CustomKeyStoreInvalidStateException.
func (s *Service) ConnectCustomKeyStore(
	ctx context.Context, c *wire.Call, in *CustomKeyStoreInput,
) (*wire.Empty, error) {
	return s.changeStore(ctx, c, "ConnectCustomKeyStore", in.CustomKeyStoreID, func(t *txn, cs *customStore) error {
		switch state := cs.connection(t.now); state {
		case connected, connecting:
			return nil
		case disconnected:
			cs.Connection, cs.ArriveAt, cs.ErrorCode = connecting, t.now.Add(s.cfg.StoreConnectDuration), ""
			return t.putStore(cs)
		default:
			return errStoreState(cs.ID, state, disconnected)
		}
	})
}

// DisconnectCustomKeyStore starts to disconnect a custom key store. Its keys are Unavailable from now on.
//
// Source: KMS API reference, DisconnectCustomKeyStore and CustomKeyStoreInvalidStateException.
func (s *Service) DisconnectCustomKeyStore(
	ctx context.Context, c *wire.Call, in *CustomKeyStoreInput,
) (*wire.Empty, error) {
	return s.changeStore(ctx, c, "DisconnectCustomKeyStore", in.CustomKeyStoreID, func(t *txn, cs *customStore) error {
		if state := cs.connection(t.now); state == disconnected || state == disconnecting {
			return errStoreState(cs.ID, state, connected)
		}
		cs.Connection, cs.ArriveAt, cs.ErrorCode = disconnecting, t.now.Add(s.cfg.StoreConnectDuration), ""
		return t.putStore(cs)
	})
}

// DeleteCustomKeyStore deletes a DISCONNECTED custom key store that has no keys, not even some that wait for their
// deletion.
//
// Source: KMS API reference, DeleteCustomKeyStore.
func (s *Service) DeleteCustomKeyStore(
	ctx context.Context, c *wire.Call, in *CustomKeyStoreInput,
) (*wire.Empty, error) {
	return s.changeStore(ctx, c, "DeleteCustomKeyStore", in.CustomKeyStoreID, func(t *txn, cs *customStore) error {
		if state := cs.connection(t.now); state != disconnected {
			return errStoreState(cs.ID, state, disconnected)
		}
		err := t.keysOf(cs, func(k *key) error {
			return wire.Faultf("CustomKeyStoreHasCMKsException", "Custom key store %s contains %s.", cs.ID, k.arn())
		})
		if err != nil {
			return err
		}
		return stores.Delete(t.w, cs.ID)
	})
}

// UpdateCustomKeyStoreInput is the input of UpdateCustomKeyStore.
type UpdateCustomKeyStoreInput struct {
	CustomKeyStoreID      *string `json:"CustomKeyStoreId"`
	NewCustomKeyStoreName *string `json:"NewCustomKeyStoreName"`
	CustomKeyStoreSettings
}

// Target implements wire.Targeter.
func (in *UpdateCustomKeyStoreInput) Target() string { return text(in.CustomKeyStoreID) }

// UpdateCustomKeyStore changes the given settings. The name may change at any time, and so may credential and path
// of a proxy while its store is CONNECTED; everything else needs the store to be DISCONNECTED.
//
// Source: KMS API reference, UpdateCustomKeyStore.
func (s *Service) UpdateCustomKeyStore(
	ctx context.Context, c *wire.Call, in *UpdateCustomKeyStoreInput,
) (*wire.Empty, error) {
	var v constraints
	v.optional("newCustomKeyStoreName", in.NewCustomKeyStoreName, 1, 256)
	in.check(&v)
	if err := v.err(); err != nil {
		return nil, err
	}
	return s.changeStore(ctx, c, "UpdateCustomKeyStore", in.CustomKeyStoreID, func(t *txn, cs *customStore) error {
		if cs.Type == storeCloudHSM && in.hasProxy() || cs.Type == storeExternal && in.hasCloudHSM() {
			return errStoreMember(cs.Type)
		}
		if err := in.checkService(in.XksProxyConnectivity); err != nil {
			return err
		}
		switch state := cs.connection(t.now); {
		case state == disconnected, state == connected && !in.needsDisconnected():
		default:
			return errStoreState(cs.ID, state, disconnected)
		}
		if in.NewCustomKeyStoreName != nil {
			cs.Name = *in.NewCustomKeyStoreName
		}
		if in.XksProxyConnectivity == publicEndpoint {
			cs.Proxy.Service = ""
		}
		in.apply(cs)
		others, err := t.storesOf(cs.Account, cs.Region)
		if err != nil {
			return err
		}
		if err := unique(cs, others); err != nil {
			return err
		}
		return t.putStore(cs)
	})
}

// needsDisconnected says that a change would break a connection.
func (in *UpdateCustomKeyStoreInput) needsDisconnected() bool {
	return in.hasCloudHSM() || in.XksProxyConnectivity != "" || in.XksProxyURIEndpoint != nil ||
		in.XksProxyVpcEndpointServiceName != nil || in.XksProxyVpcEndpointServiceOwner != nil
}

// changeStore runs change on one custom key store of the caller's account and Region.
func (s *Service) changeStore(
	ctx context.Context, c *wire.Call, operation string, id *string, change func(*txn, *customStore) error,
) (*wire.Empty, error) {
	var v constraints
	v.required("customKeyStoreId", id, 1, 64)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := s.authorizeAccount(ctx, c, operation); err != nil {
		return nil, err
	}
	return nil, s.update(ctx, c, func(t *txn) error {
		cs, err := t.keyStore(*id)
		if err != nil {
			return err
		}
		return change(t, cs)
	})
}
