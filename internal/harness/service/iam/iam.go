// Package iam keeps the access keys of the accounts' root users.
//
// A key's secret is sealed before it is stored; it is opened to verify a signature and when the key is made known to
// its owner. The operations of the IAM API are not served yet.
package iam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Config is what a Service needs. All fields are required.
type Config struct {
	State  store.State
	Sealer store.Sealer // seals secrets; aad names the access key and its account
	Clock  clock.Clock
	Rand   io.Reader // source of new access keys
}

// Service keeps access keys, a wire.Credentials. Its methods may be called concurrently if Rand may.
type Service struct {
	cfg Config
}

// New returns a Service over cfg.
func New(cfg Config) (*Service, error) {
	if cfg.State == nil || cfg.Sealer == nil || cfg.Clock == nil || cfg.Rand == nil {
		return nil, errors.New("iam: Config needs State, Sealer, Clock and Rand")
	}
	return &Service{cfg: cfg}, nil
}

// AccessKey is an access key with its secret.
type AccessKey struct {
	ID      string // AKIA and 16 of A-Z2-7, unless imported
	Secret  string // 40 characters, unless imported
	Account string // 12 digits
	Created time.Time
}

// String keeps the secret out of logs.
func (k AccessKey) String() string { return k.ID }

// GoString keeps the secret out of logs.
func (k AccessKey) GoString() string { return k.ID }

// accessKey is what is stored of one.
type accessKey struct {
	ID      string
	Account string
	Sealed  []byte // the secret
	Created time.Time
}

var (
	accessKeys = store.Table[accessKey]{Prefix: "iam/access-key/"}      // by id
	rootKeys   = store.Table[string]{Prefix: "iam/generated-root-key/"} // by account: the id EnsureRoot made

	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	keyIDForm   = regexp.MustCompile(`^\w{16,128}$`)
)

// A ConflictError says that an access key id belongs to another account.
type ConflictError struct{ ID string }

// Error implements error.
func (e *ConflictError) Error() string { return "access key " + e.ID + " belongs to another account" }

// Root is the root user of account, which is 12 digits.
func Root(account string) wire.Caller {
	return wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account}
}

// EnsureRoot returns the root access key that was generated for account and makes it if there is none yet.
func (s *Service) EnsureRoot(ctx context.Context, account string) (key AccessKey, created bool, err error) {
	if !accountForm.MatchString(account) {
		return AccessKey{}, false, fmt.Errorf("account %.40q: want 12 digits", account)
	}
	fresh, err := s.generate(account)
	if err != nil {
		return AccessKey{}, false, err
	}
	sealed, err := s.seal(fresh)
	if err != nil {
		return AccessKey{}, false, err
	}
	var kept accessKey
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		id, found, err := rootKeys.Get(w, account)
		if err != nil {
			return err
		}
		if created = !found; created {
			kept = sealed
			return errors.Join(accessKeys.Put(w, sealed.ID, sealed), rootKeys.Put(w, account, sealed.ID))
		}
		if kept, found, err = accessKeys.Get(w, id); err == nil && !found {
			return fmt.Errorf("access key %s is listed but not stored", id)
		}
		return err
	})
	if err != nil {
		return AccessKey{}, false, fmt.Errorf("ensure root access key of %s: %w", account, err)
	}
	key, err = s.open(kept)
	return key, created, err
}

// Import stores a configured access key for account's root user, or gives one that is there the secret. The error is
// a *ConflictError if the id belongs to another account.
func (s *Service) Import(ctx context.Context, account, id, secret string) error {
	switch {
	case !accountForm.MatchString(account):
		return fmt.Errorf("account %.40q: want 12 digits", account)
	case !keyIDForm.MatchString(id):
		return errors.New("access key id: want 16 to 128 letters and digits")
	case secret == "":
		return fmt.Errorf("access key %s: secret is empty", id)
	}
	sealed, err := s.seal(AccessKey{ID: id, Secret: secret, Account: account, Created: s.cfg.Clock.Now()})
	if err != nil {
		return err
	}
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		old, found, err := accessKeys.Get(w, id)
		if err != nil {
			return err
		}
		if found && old.Account != account {
			return &ConflictError{ID: id}
		}
		return accessKeys.Put(w, id, sealed)
	})
	if err != nil {
		return fmt.Errorf("import access key %s: %w", id, err)
	}
	return nil
}

// Lookup implements wire.Credentials.
func (s *Service) Lookup(ctx context.Context, id string) (wire.Credential, bool, error) {
	if !keyIDForm.MatchString(id) {
		return wire.Credential{}, false, nil
	}
	var kept accessKey
	var found bool
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		kept, found, err = accessKeys.Get(r, id)
		return err
	})
	if err != nil || !found {
		return wire.Credential{}, false, err
	}
	key, err := s.open(kept)
	if err != nil {
		return wire.Credential{}, false, err
	}
	return wire.Credential{Secret: key.Secret, Caller: Root(key.Account), Active: true}, true, nil
}
