package qldb

import (
	"context"
	"errors"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// CreateLedgerInput is the input of CreateLedger.
type CreateLedgerInput struct {
	Name               string             `json:"Name"`
	PermissionsMode    string             `json:"PermissionsMode"`    // ALLOW_ALL or STANDARD
	DeletionProtection *bool              `json:"DeletionProtection"` // nil means true
	KmsKey             *string            `json:"KmsKey"`             // nil means the AWS owned key
	Tags               map[string]*string `json:"Tags"`

	id string // of the ledger to be; "" draws one
}

// Target implements wire.Targeter.
func (in *CreateLedgerInput) Target() string { return in.Name }

// CreateLedgerOutput is the answer of CreateLedger.
type CreateLedgerOutput struct {
	Name               string     `json:"Name"`
	Arn                string     `json:"Arn"`
	State              string     `json:"State"`
	CreationDateTime   *wire.Time `json:"CreationDateTime"`
	PermissionsMode    string     `json:"PermissionsMode"`
	DeletionProtection bool       `json:"DeletionProtection"`
	KmsKeyArn          string     `json:"KmsKeyArn,omitempty"` // key ARN; absent without a customer managed key
}

// CreateLedger creates a ledger, which is CREATING for a while. A key that cannot be used makes the call fail and
// leaves nothing behind.
//
// Faults: InvalidParameterException, ResourceAlreadyExistsException, ResourceInUseException (the name is still being
// deleted), LimitExceededException, AccessDeniedException (the caller may not describe the key or grant its use).
//
// Source: QLDB API reference, CreateLedger.
func (s *Service) CreateLedger(ctx context.Context, c *wire.Call, in *CreateLedgerInput) (*CreateLedgerOutput, error) {
	l, err := s.draft(c, in)
	if err != nil {
		return nil, err
	}
	// Before anything is asked of KMS, so that a name that is taken costs no grant.
	if err := s.read(ctx, func(r store.Reader) error { return s.vacant(r, l) }); err != nil {
		return nil, err
	}
	key, err := s.resolveKey(ctx, c, in.KmsKey)
	if err != nil {
		return nil, err
	}
	for range maxAttempts {
		if err = s.createUnder(ctx, c, l, key); !errors.Is(err, errStale) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	s.cfg.Wake()
	out := &CreateLedgerOutput{
		Name: l.Name, Arn: l.arn(), State: l.state(l.Created), CreationDateTime: wire.At(l.Created),
		PermissionsMode: l.PermissionsMode, DeletionProtection: l.DeletionProtection,
	}
	if l.Root.customer() {
		out.KmsKeyArn = l.Root.Key
	}
	return out, nil
}

// draft checks what can be checked of in alone, and makes the ledger it describes.
func (s *Service) draft(c *wire.Call, in *CreateLedgerInput) (*ledger, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	if err := checkEnum("PermissionsMode", in.PermissionsMode, modeAllowAll, modeStandard); err != nil {
		return nil, err
	}
	tags, err := checkTags("Tags", in.Tags)
	if err != nil {
		return nil, err
	}
	if len(tags) > maxTags {
		return nil, tooManyTags()
	}
	if err := checkKeyForm(c, in.KmsKey); err != nil {
		return nil, err
	}
	id := in.id
	if id == "" {
		if id, err = s.newID(); err != nil {
			return nil, err
		}
	}
	return &ledger{
		Place: placeOf(c), Name: in.Name, ID: id,
		PermissionsMode:    in.PermissionsMode,
		DeletionProtection: in.DeletionProtection == nil || *in.DeletionProtection,
		Tags:               tags,
	}, nil
}

// vacant refuses l if its name is taken or the quota reached.
func (s *Service) vacant(r store.Reader, l *ledger) error {
	now := s.now()
	if old, found, err := ledgers(l.Place).Get(r, l.Name); err != nil {
		return err
	} else if found {
		switch old.state(now) {
		case stateDeleting:
			return beingDeleted(l.Name)
		case stateCreating, stateActive:
			return alreadyExists(l.Name)
		}
	}
	active := 0
	err := ledgers(l.Place).Scan(r, "", "", func(_ string, l ledger) (bool, error) {
		if l.GoneAt.IsZero() {
			active++
		}
		return active < s.cfg.MaxLedgers, nil
	})
	if err != nil {
		return err
	}
	if active >= s.cfg.MaxLedgers {
		return tooManyLedgers(s.cfg.MaxLedgers)
	}
	return nil
}

// createUnder gives l a root node under a resolved key and stores it. It is errStale if the grant was retired in
// between.
func (s *Service) createUnder(ctx context.Context, c *wire.Call, l *ledger, key string) error {
	nodeID, err := s.newID()
	if err != nil {
		return err
	}
	if l.Root, err = s.newRoot(ctx, c, l, key, nodeID, 1); err != nil {
		return err
	}
	l.Created = s.now()
	l.ActiveAt = l.Created.Add(s.cfg.CreateDuration)
	if l.Root.customer() {
		l.ProbeAt = l.Created.Add(s.cfg.KeyCacheTTL)
	}
	err = s.write(ctx, func(w store.Writer) error {
		if err := s.vacant(w, l); err != nil {
			return err
		}
		// A ledger of this name that is gone but not yet cleared away: its grants are loose since it was deleted.
		if old, found, err := ledgers(l.Place).Get(w, l.Name); err != nil {
			return err
		} else if found {
			if err := old.remove(w); err != nil {
				return err
			}
		}
		if l.Root.customer() {
			if err := l.claim(w, l.Root.Key); err != nil {
				return err
			}
		}
		fresh := *l
		return fresh.put(w)
	})
	if err != nil && l.Root.customer() {
		return errors.Join(err, s.release(ctx, l, l.Root.Key))
	}
	return err
}
