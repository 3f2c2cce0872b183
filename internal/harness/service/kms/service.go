// Package kms serves the AWS Key Management Service.
//
// Keys, aliases, policies, grants, rotation, deletion and imported material follow the KMS API; cryptography is real
// (AES-256-GCM and the standard asymmetric schemes) with key material sealed before it is stored. State is kept per
// account and Region. Whatever happens with time (deletion, rotation, expiry) happens in Tick, on the harness clock.
package kms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Config is what a Service needs. State, Sealer, Authority, Clock and Rand are required.
type Config struct {
	State  store.State
	Sealer store.Sealer // seals key material; aad is the key's ARN and material id
	// Authority decides who may do what.
	Authority Authority
	Clock     clock.Clock
	Rand      io.Reader
	Log       *slog.Logger // nil discards
	// MaxKeys per account and Region; 0 means 100,000, the service's default quota.
	MaxKeys int
	// StoreConnectDuration is how long a custom key store stays CONNECTING or DISCONNECTING; 0 means one second.
	StoreConnectDuration time.Duration
	// Events is told what KMS did by itself, once it is durable. It must return at once. nil tells nobody.
	Events func(Event)
}

// Service is KMS for all accounts and Regions. Its methods may be called concurrently.
type Service struct {
	cfg Config

	policyMu sync.Mutex
	policies map[string]*policy.Policy // by their texts

	known store.Memo[key] // for what only reads
}

// New returns a Service over cfg.
func New(cfg Config) (*Service, error) {
	if cfg.State == nil || cfg.Sealer == nil || cfg.Authority == nil || cfg.Clock == nil || cfg.Rand == nil {
		return nil, errors.New("kms: Config needs State, Sealer, Authority, Clock and Rand")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxKeys == 0 {
		cfg.MaxKeys = 100_000
	}
	if cfg.StoreConnectDuration == 0 {
		cfg.StoreConnectDuration = time.Second
	}
	return &Service{cfg: cfg, policies: map[string]*policy.Policy{}}, nil
}

// txn is one transaction of one call, at one moment of the harness clock.
type txn struct {
	ctx context.Context
	s   *Service
	c   *wire.Call
	who policy.Request // the caller's half; not to be changed
	now time.Time
	r   store.Reader
	w   store.Writer // nil in view
	// askedFor is the alias by which the call named its key, or "".
	askedFor string
	events   []Event // told when the transaction has happened
}

// view runs fn over a snapshot; update runs it in a transaction. fn may run more than once. What is due on the clock
// is settled first, so no call sees a deletion, rotation or expiry that is late.
func (s *Service) view(ctx context.Context, c *wire.Call, fn func(*txn) error) error {
	now := s.cfg.Clock.Now()
	if err := s.settle(ctx, now); err != nil {
		return err
	}
	who, err := s.cfg.Authority.Request(ctx, c)
	if err != nil {
		return err
	}
	return s.cfg.State.View(ctx, func(r store.Reader) error {
		return fn(&txn{ctx: ctx, s: s, c: c, who: who, now: now, r: r})
	})
}

func (s *Service) update(ctx context.Context, c *wire.Call, fn func(*txn) error) error {
	now := s.cfg.Clock.Now()
	if err := s.settle(ctx, now); err != nil {
		return err
	}
	who, err := s.cfg.Authority.Request(ctx, c)
	if err != nil {
		return err
	}
	var t *txn
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		t = &txn{ctx: ctx, s: s, c: c, who: who, now: now, r: w, w: w}
		return fn(t)
	})
	if err != nil {
		return err
	}
	s.tell(t.events)
	return nil
}

// keys is the table of the keys of one account and Region.
func keys(account, region string) store.Table[key] {
	return store.Table[key]{Prefix: fmt.Sprintf("kms/%s/%s/key/", account, region)}
}

// keyOrder lists the keys of one account and Region by creation, then id; see key.orderName.
func keyOrder(account, region string) store.Table[orderEntry] {
	return store.Table[orderEntry]{Prefix: fmt.Sprintf("kms/%s/%s/keyorder/", account, region)}
}

// orderEntry is what lists and quotas need of a key.
type orderEntry struct {
	KeyID      string
	AWSManaged bool
}

func (k *key) orderName() string { return sortable(k.Created) + "/" + k.ID }

// aliases is the table of the aliases of one account and Region, by name ("alias/orders").
func aliases(account, region string) store.Table[alias] {
	return store.Table[alias]{Prefix: fmt.Sprintf("kms/%s/%s/alias/", account, region)}
}

// aliasesOf is the table of the aliases of one key, by name. The value is the name again.
func aliasesOf(k *key) store.Table[string] {
	return store.Table[string]{Prefix: fmt.Sprintf("kms/%s/%s/keyalias/%s/", k.Account, k.Region, k.ID)}
}

// grants is the table of the grants of one key, by grant id.
func grants(account, region, keyID string) store.Table[grant] {
	return store.Table[grant]{Prefix: fmt.Sprintf("kms/%s/%s/grant/%s/", account, region, keyID)}
}
