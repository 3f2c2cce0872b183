// Package iam serves the IAM API.
//
// It keeps users, groups, roles, managed policies, access keys, and the sessions that STS makes of them, per account.
// Secrets are sealed before they are stored; they are opened to verify a signature and when they are made known to
// their owner.
//
// It decides nothing about other services: Principal says what policies and condition keys a caller comes with,
// Resource what a call of IAM itself acts on, Resolve which principals exist. What was written is in force at once.
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

// Service is IAM for all accounts, a wire.Credentials. Its methods may be called concurrently if Rand may.
type Service struct {
	cfg    Config
	parsed parsed

	// For what is asked with every call.
	knownKeys     store.Memo[accessKey]
	knownSessions store.Memo[Session]
	knownEntities store.Memo[entity]
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
	ID       string
	Account  string
	User     string `json:",omitempty"` // unique id of the user it is of; "" for the root user
	Sealed   []byte // the secret
	Created  time.Time
	Inactive bool `json:",omitempty"`
}

var (
	accessKeys = store.Table[accessKey]{Prefix: "iam/access-key/"}      // by id
	rootKeys   = store.Table[string]{Prefix: "iam/generated-root-key/"} // by account: the id EnsureRoot made

	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	keyIDForm   = regexp.MustCompile(`^\w{16,128}$`)
)

// A ConflictError says that an access key id belongs to somebody else.
type ConflictError struct{ ID string }

// Error implements error.
func (e *ConflictError) Error() string { return "access key " + e.ID + " belongs to somebody else" }

// Root is the root user of account, which is 12 digits.
func Root(account string) wire.Caller {
	return wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account}
}

// register notes that account is in use. It writes nothing if that is known.
func register(w store.Writer, account string) error {
	if _, known, err := accounts.Get(w, account); err != nil || known {
		return err
	}
	return accounts.Put(w, account, struct{}{})
}

// EnsureRoot returns the root access key that was generated for account and makes it if there is none yet.
func (s *Service) EnsureRoot(ctx context.Context, account string) (key AccessKey, created bool, err error) {
	if !accountForm.MatchString(account) {
		return AccessKey{}, false, fmt.Errorf("account %.40q: want 12 digits", account)
	}
	fresh, err := s.generate(account, "AKIA")
	if err != nil {
		return AccessKey{}, false, err
	}
	sealed, err := s.seal(fresh)
	if err != nil {
		return AccessKey{}, false, err
	}
	var kept accessKey
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		if err := register(w, account); err != nil {
			return err
		}
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
		if found && (old.Account != account || old.User != "") {
			return &ConflictError{ID: id}
		}
		if err := register(w, account); err != nil {
			return err
		}
		return accessKeys.Put(w, id, sealed)
	})
	if err != nil {
		return fmt.Errorf("import access key %s: %w", id, err)
	}
	return nil
}
