package qldb

import (
	"context"
	"errors"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// UpdateLedgerInput is the input of UpdateLedger; what is nil stays as it is.
type UpdateLedgerInput struct {
	Name               string  `json:"-" path:"Name"`
	DeletionProtection *bool   `json:"DeletionProtection"`
	KmsKey             *string `json:"KmsKey"`
}

// Target implements wire.Targeter.
func (in *UpdateLedgerInput) Target() string { return in.Name }

// UpdateLedgerOutput is the answer of UpdateLedger. It has no PermissionsMode.
type UpdateLedgerOutput struct {
	Name                  string                 `json:"Name"`
	Arn                   string                 `json:"Arn"`
	State                 string                 `json:"State"`
	CreationDateTime      *wire.Time             `json:"CreationDateTime"`
	DeletionProtection    bool                   `json:"DeletionProtection"`
	EncryptionDescription *EncryptionDescription `json:"EncryptionDescription,omitempty"`
}

// UpdateLedger changes deletion protection, the key, or both, or nothing. A change of the key goes on after the
// answer, which shows the new key already. The key a ledger has makes a missing grant anew.
//
// Faults: InvalidParameterException, ResourceNotFoundException, AccessDeniedException as in CreateLedger.
//
// Source: QLDB API reference, UpdateLedger.
func (s *Service) UpdateLedger(ctx context.Context, c *wire.Call, in *UpdateLedgerInput) (*UpdateLedgerOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	if err := checkKeyForm(c, in.KmsKey); err != nil {
		return nil, err
	}
	l, err := s.updatable(ctx, placeOf(c), in.Name)
	if err != nil {
		return nil, err
	}
	if in.KmsKey == nil {
		l, err = s.protect(ctx, placeOf(c), in)
	} else {
		l, err = s.changeKey(ctx, c, l, in)
	}
	if err != nil {
		return nil, err
	}
	s.cfg.Wake()
	return &UpdateLedgerOutput{
		Name: l.Name, Arn: l.arn(), State: l.state(s.now()), CreationDateTime: wire.At(l.Created),
		DeletionProtection: l.DeletionProtection, EncryptionDescription: l.encryption(),
	}, nil
}

func (s *Service) updatable(ctx context.Context, at Place, name string) (l *ledger, err error) {
	err = s.read(ctx, func(r store.Reader) error {
		l, err = findForUpdate(r, at, name, s.now())
		return err
	})
	return l, err
}

// modify runs change on a ledger that may be changed and stores it.
func (s *Service) modify(ctx context.Context, at Place, name string, change func(*ledger)) (l *ledger, err error) {
	err = s.write(ctx, func(w store.Writer) error {
		if l, err = findForUpdate(w, at, name, s.now()); err != nil {
			return err
		}
		change(l)
		return l.put(w)
	})
	return l, err
}

// protect updates a ledger but for its key.
func (s *Service) protect(ctx context.Context, at Place, in *UpdateLedgerInput) (*ledger, error) {
	if in.DeletionProtection == nil {
		return s.updatable(ctx, at, in.Name)
	}
	return s.modify(ctx, at, in.Name, func(l *ledger) { l.DeletionProtection = *in.DeletionProtection })
}

// changeKey moves l to the key of in, or restores what it needs of the key it has.
func (s *Service) changeKey(ctx context.Context, c *wire.Call, l *ledger, in *UpdateLedgerInput) (*ledger, error) {
	key, err := s.resolveKey(ctx, c, in.KmsKey)
	if err != nil {
		return nil, err
	}
	for range maxAttempts {
		var updated *ledger
		if updated, err = s.changeKeyOf(ctx, c, l, key, in.DeletionProtection); err == nil {
			return updated, nil
		}
		if !errors.Is(err, errStale) {
			return nil, err
		}
		if l, err = s.updatable(ctx, l.Place, l.Name); err != nil {
			return nil, err
		}
	}
	return nil, err
}

// changeKeyOf is one attempt of changeKey on l as it was read. It is errStale if l changed since.
func (s *Service) changeKeyOf(
	ctx context.Context, c *wire.Call, l *ledger, key string, protection *bool,
) (*ledger, error) {
	switch {
	case key == l.target():
		return s.restore(ctx, c, l, protection)
	case l.impaired() && l.Next != nil:
		return s.redirect(ctx, c, l, key, protection)
	case l.impaired():
		return nil, invalid("KmsKey", textImpaired)
	case l.Next != nil:
		return nil, keyChangeRunning()
	case key == awsOwnedKey && !l.Root.customer():
		// The same key, now by name: shown from here on, as if the ledger had been created with it.
		return s.commit(ctx, l, protection, nil, func(l *ledger) { l.Root.Key = awsOwnedKey })
	}
	next, err := s.newRoot(ctx, c, l, key, l.Root.NodeID, l.Root.NodeVersion+1)
	if err != nil {
		return nil, err
	}
	var claimed []string
	if next.customer() {
		claimed = append(claimed, key)
	}
	return s.commit(ctx, l, protection, claimed, func(l *ledger) {
		now := s.now()
		l.Next, l.SwapAt = &next, now.Add(s.cfg.RekeyDuration)
		if l.ProbeAt.IsZero() {
			l.ProbeAt = now.Add(s.cfg.KeyCacheTTL)
		}
		l.ProbeAt = earlier(l.ProbeAt, l.SwapAt)
	})
}

// restore makes the grants of l anew where they are missing, and has an impaired ledger try its keys at once.
// While an impaired key change pauses, the key it comes from may lack its grant as well; no request can name that
// key, so it is restored along.
func (s *Service) restore(ctx context.Context, c *wire.Call, l *ledger, protection *bool) (*ledger, error) {
	granted := map[string]string{}
	var claimed []string
	nodes := []rootNode{l.Root}
	if l.Next != nil {
		nodes = []rootNode{*l.Next}
		if l.impaired() {
			nodes = append(nodes, l.Root)
		}
	}
	for _, n := range nodes {
		if !n.customer() {
			continue
		}
		id, err := s.obtain(ctx, c, l, n.Key)
		if err != nil {
			return nil, s.grantFault(ctx, c, n.Key, err)
		}
		granted[n.Key] = id
		claimed = append(claimed, n.Key)
	}
	updated, err := s.commit(ctx, l, protection, claimed, func(l *ledger) {
		if id := granted[l.Root.Key]; id != "" {
			l.Root.GrantID = id
		}
		if l.Next != nil && granted[l.Next.Key] != "" {
			l.Next.GrantID = granted[l.Next.Key]
		}
	})
	if err != nil || !updated.impaired() {
		return updated, err
	}
	if err := s.watch(ctx, updated.Place, updated.Name); err != nil {
		return nil, err
	}
	return s.updatable(ctx, updated.Place, updated.Name)
}

// commit stores a change that was decided on l as it was read, together with the claims it rests on, and lets go of the
// key that l does not move to any more. When it fails the grants are released.
func (s *Service) commit(
	ctx context.Context, l *ledger, protection *bool, claimed []string, change func(*ledger),
) (updated *ledger, err error) {
	err = s.write(ctx, func(w store.Writer) error {
		if updated, err = findForUpdate(w, l.Place, l.Name, s.now()); err != nil {
			return err
		}
		if updated.ID != l.ID || updated.Version != l.Version {
			return errStale
		}
		for _, key := range claimed {
			if err := l.claim(w, key); err != nil {
				return err
			}
		}
		if protection != nil {
			updated.DeletionProtection = *protection
		}
		former := updated.target()
		change(updated)
		if !updated.claims(former) {
			if err := updated.letGo(w, former, s.now()); err != nil {
				return err
			}
		}
		return updated.put(w)
	})
	if err != nil {
		for _, key := range claimed {
			err = errors.Join(err, s.release(ctx, l, key))
		}
		return nil, err
	}
	return updated, nil
}

// UpdateLedgerPermissionsModeInput is the input of UpdateLedgerPermissionsMode.
type UpdateLedgerPermissionsModeInput struct {
	Name            string `json:"-" path:"Name"`
	PermissionsMode string `json:"PermissionsMode"` // ALLOW_ALL or STANDARD
}

// Target implements wire.Targeter.
func (in *UpdateLedgerPermissionsModeInput) Target() string { return in.Name }

// UpdateLedgerPermissionsModeOutput is the answer of UpdateLedgerPermissionsMode.
type UpdateLedgerPermissionsModeOutput struct {
	Name            string `json:"Name"`
	Arn             string `json:"Arn"`
	PermissionsMode string `json:"PermissionsMode"`
}

// UpdateLedgerPermissionsMode changes the mode, in either direction, at once.
//
// Faults: InvalidParameterException, ResourceNotFoundException.
//
// Source: QLDB API reference, UpdateLedgerPermissionsMode.
func (s *Service) UpdateLedgerPermissionsMode(
	ctx context.Context, c *wire.Call, in *UpdateLedgerPermissionsModeInput,
) (*UpdateLedgerPermissionsModeOutput, error) {
	if err := checkName("Name", in.Name); err != nil {
		return nil, err
	}
	if err := checkEnum("PermissionsMode", in.PermissionsMode, modeAllowAll, modeStandard); err != nil {
		return nil, err
	}
	l, err := s.modify(ctx, placeOf(c), in.Name, func(l *ledger) { l.PermissionsMode = in.PermissionsMode })
	if err != nil {
		return nil, err
	}
	return &UpdateLedgerPermissionsModeOutput{Name: l.Name, Arn: l.arn(), PermissionsMode: l.PermissionsMode}, nil
}
