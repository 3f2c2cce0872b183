package kms

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// The values of CustomKeyStoreType.
const (
	storeCloudHSM = "AWS_CLOUDHSM"
	storeExternal = "EXTERNAL_KEY_STORE"
)

// The values of ConnectionState.
const (
	connected     = "CONNECTED"
	connecting    = "CONNECTING"
	failed        = "FAILED"
	disconnected  = "DISCONNECTED"
	disconnecting = "DISCONNECTING"
)

var connectionErrors = []string{
	"INVALID_CREDENTIALS", "CLUSTER_NOT_FOUND", "NETWORK_ERRORS", "INTERNAL_ERROR", "INSUFFICIENT_CLOUDHSM_HSMS",
	"USER_LOCKED_OUT", "USER_NOT_FOUND", "USER_LOGGED_IN", "SUBNET_NOT_FOUND",
	"INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET", "XKS_PROXY_ACCESS_DENIED", "XKS_PROXY_NOT_REACHABLE",
	"XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND", "XKS_PROXY_INVALID_RESPONSE", "XKS_PROXY_INVALID_CONFIGURATION",
	"XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION", "XKS_PROXY_TIMED_OUT", "XKS_PROXY_INVALID_TLS_CONFIGURATION",
}

// customStore is a custom key store as a model: its settings and whether it is connected. There is no cluster and no
// proxy behind it, and its keys are as real as all others. Passwords and secret keys are checked for form and not
// kept: nothing would read them.
type customStore struct {
	ID        string // cks- and 17 hex digits
	Account   string
	Region    string
	Name      string
	Type      string // AWS_CLOUDHSM, EXTERNAL_KEY_STORE
	Created   time.Time
	ClusterID string // CloudHSM
	Anchor    string // CloudHSM: trust anchor certificate
	Proxy     xksProxy
	// Connection is the state last put; on its way (CONNECTING, DISCONNECTING) it arrives at ArriveAt.
	Connection string
	ArriveAt   time.Time
	ErrorCode  string // FAILED only
}

// xksProxy is the external key store proxy of an EXTERNAL_KEY_STORE.
type xksProxy struct {
	AccessKeyID  string
	Connectivity string // PUBLIC_ENDPOINT, VPC_ENDPOINT_SERVICE
	Endpoint     string // https://xks.example.com
	Path         string // /kms/xks/v1
	Service      string // VPC endpoint service
	ServiceOwner string // its account
}

// stores is the table of all custom key stores by id, which is unique across accounts and Regions.
var stores = store.Table[customStore]{Prefix: "kms/custom-key-store/"}

// connection is the ConnectionState at now: transitions arrive by the clock alone, whether or not Tick has run.
func (cs *customStore) connection(now time.Time) string {
	switch {
	case cs.Connection == connecting && !now.Before(cs.ArriveAt):
		return connected
	case cs.Connection == disconnecting && !now.Before(cs.ArriveAt):
		return disconnected
	}
	return cs.Connection
}

// keyStore finds a custom key store of the caller's account and Region.
func (t *txn) keyStore(id string) (*customStore, error) {
	cs, found, err := stores.Get(t.r, id)
	if err != nil {
		return nil, err
	}
	if !found || cs.Account != t.c.Caller.Account || cs.Region != t.c.Region {
		return nil, wire.Faultf("CustomKeyStoreNotFoundException", "Custom key store %s does not exist.", id)
	}
	return &cs, nil
}

// storeConnected says whether the custom key store is CONNECTED, which its keys need.
func (t *txn) storeConnected(id string) (bool, error) {
	cs, found, err := stores.Get(t.r, id)
	return found && cs.connection(t.now) == connected, err
}

// storeCluster is the CloudHSM cluster of a custom key store; an external one has none.
func (t *txn) storeCluster(id string) (string, error) {
	cs, _, err := stores.Get(t.r, id)
	return cs.ClusterID, err
}

// admitToStore refuses a new key that its custom key store cannot take: the store must be there, CONNECTED, and of
// the type that the key's Origin says, and an external key can back one KMS key only.
func (t *txn) admitToStore(k *key) error {
	cs, err := t.keyStore(k.StoreID)
	if err != nil {
		return err
	}
	if cs.Type != k.Origin {
		return wire.Faultf("ValidationException", "Origin %s does not go with custom key store %s of type %s.",
			k.Origin, cs.ID, cs.Type)
	}
	if state := cs.connection(t.now); state != connected {
		return errStoreState(cs.ID, state, connected)
	}
	return t.keysOf(cs, func(other *key) error {
		if k.XksKeyID != "" && other.XksKeyID == k.XksKeyID {
			return wire.Faultf("XksKeyAlreadyInUseException",
				"The external key %s is already associated with %s.", k.XksKeyID, other.arn())
		}
		return nil
	})
}

// canGenerateRandom refuses a key store that has no source of randomness at hand: only a connected cluster does.
func (t *txn) canGenerateRandom(id string) error {
	cs, err := t.keyStore(id)
	if err != nil {
		return err
	}
	if cs.Type != storeCloudHSM {
		return wire.Faultf("UnsupportedOperationException", "Custom key store %s of type %s generates no random bytes.",
			cs.ID, cs.Type)
	}
	if state := cs.connection(t.now); state != connected {
		return errStoreState(cs.ID, state, connected)
	}
	return nil
}

// keysOf calls fn for the keys in a custom key store until fn returns an error.
func (t *txn) keysOf(cs *customStore, fn func(*key) error) error {
	return keys(cs.Account, cs.Region).Scan(t.r, "", "", func(_ string, k key) (bool, error) {
		if k.StoreID != cs.ID || k.gone(t.now) {
			return true, nil
		}
		return true, fn(&k)
	})
}

func errStoreState(id, is, must string) error {
	return wire.Faultf("CustomKeyStoreInvalidStateException",
		"Custom key store %s is %s; this operation needs it to be %s.", id, is, must)
}

func (t *txn) putStore(cs *customStore) error { return stores.Put(t.w, cs.ID, *cs) }

// storesOf lists the custom key stores of the caller's account and Region, oldest first.
func (t *txn) storesOf(account, region string) ([]customStore, error) {
	var all []customStore
	err := stores.Scan(t.r, "", "", func(_ string, cs customStore) (bool, error) {
		if cs.Account == account && cs.Region == region {
			all = append(all, cs)
		}
		return true, nil
	})
	slices.SortFunc(all, func(a, b customStore) int {
		if order := a.Created.Compare(b.Created); order != 0 {
			return order
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return all, err
}

// SetConnectionState puts a custom key store into a ConnectionState at once, whatever it was in. It is no operation
// of the API but stands for what happens outside it: a cluster that dies, a proxy that cannot be reached. errorCode
// is a ConnectionErrorCode and belongs to FAILED alone.
//
// The error is a CustomKeyStoreNotFoundException or a ValidationException.
func (s *Service) SetConnectionState(ctx context.Context, account, region, storeID, state, errorCode string) error {
	var v constraints
	v.enum("connectionState", state, []string{connected, connecting, failed, disconnected, disconnecting})
	v.given("connectionState", state != "")
	v.enum("connectionErrorCode", errorCode, connectionErrors)
	if err := v.err(); err != nil {
		return err
	}
	if (state == failed) != (errorCode != "") {
		return wire.Faultf("ValidationException", "A ConnectionErrorCode belongs to ConnectionState FAILED, not to %s.",
			state)
	}
	c := &wire.Call{Service: "kms", Region: region, Caller: wire.Caller{Account: account}}
	return s.update(ctx, c, func(t *txn) error {
		cs, err := t.keyStore(storeID)
		if err != nil {
			return err
		}
		cs.Connection, cs.ErrorCode, cs.ArriveAt = state, errorCode, t.now.Add(s.cfg.StoreConnectDuration)
		return t.putStore(cs)
	})
}

// tickStores writes down the connections that have arrived and returns when the next one will; a zero next means
// none is on its way.
func (s *Service) tickStores(ctx context.Context) (next time.Time, err error) {
	err = s.update(ctx, &wire.Call{Service: "kms"}, func(t *txn) error {
		next = time.Time{}
		var arrived []customStore
		err := stores.Scan(t.r, "", "", func(_ string, cs customStore) (bool, error) {
			switch {
			case cs.Connection != connecting && cs.Connection != disconnecting:
			case cs.connection(t.now) != cs.Connection:
				arrived = append(arrived, cs)
			case next.IsZero() || cs.ArriveAt.Before(next):
				next = cs.ArriveAt
			}
			return true, nil
		})
		if err != nil {
			return fmt.Errorf("scan custom key stores: %w", err)
		}
		for i := range arrived {
			arrived[i].Connection = arrived[i].connection(t.now)
			if err := t.putStore(&arrived[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return next, err
}
