package kms

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Planted is a key that is to be there from the start.
type Planted struct {
	ID           string // key id; that of a multi-Region key begins with mrk-
	Key          CreateKeyInput
	Aliases      []string // alias/orders
	RotationDays int      // 0: no automatic rotation
}

var errPlanted = errors.New("the key is there")

// Plant creates a key with its aliases and its rotation, as the caller of c and in one transaction. A key that is there
// already, in whatever state, is left as it is.
func (s *Service) Plant(ctx context.Context, c *wire.Call, p Planted) error {
	if !keyIDForm.MatchString(p.ID) {
		return fmt.Errorf("key id %.60q: want a UUID, or mrk- and 32 hexadecimal digits", p.ID)
	}
	if d := p.RotationDays; d != 0 && (d < minRotationDays || d > maxRotationDays) {
		return fmt.Errorf("key %s: rotation every %d days: want %d to %d", p.ID, d, minRotationDays, maxRotationDays)
	}
	for _, name := range p.Aliases {
		if err := checkAliasName(name); err != nil {
			return fmt.Errorf("key %s: alias %.260q: %w", p.ID, name, err)
		}
	}
	err := s.view(ctx, c, func(t *txn) error {
		_, found, err := keys(c.Caller.Account, c.Region).Get(t.r, p.ID)
		if err == nil && found {
			return errPlanted
		}
		return err
	})
	if err == nil {
		in := p.Key
		in.id = p.ID
		_, err = s.createKey(ctx, c, &in, p.dress)
	}
	if err != nil && !errors.Is(err, errPlanted) {
		return fmt.Errorf("key %s: %w", p.ID, err)
	}
	return nil
}

// dress gives the new key k its aliases and its rotation.
func (p *Planted) dress(t *txn, k *key) error {
	for i, name := range p.Aliases {
		_, taken, err := aliases(k.Account, k.Region).Get(t.r, name)
		if err != nil {
			return err
		}
		if taken || slices.Contains(p.Aliases[:i], name) {
			return fmt.Errorf("%s exists and names another key", k.aliasARN(name))
		}
		if err := t.admitAlias(k); err != nil {
			return err
		}
		if err := t.putAlias(k, alias{Name: name, TargetID: k.ID, Created: t.now, Updated: t.now}); err != nil {
			return err
		}
	}
	if p.RotationDays == 0 {
		return nil
	}
	if err := k.checkAutomatic(); err != nil {
		return err
	}
	k.Rotation.Enabled, k.Rotation.PeriodDays = true, p.RotationDays
	if err := t.scheduleRotation(k, t.now); err != nil {
		return err
	}
	return t.putKey(k)
}
