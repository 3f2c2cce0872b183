package iam

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// SessionOf is the session whose temporary credentials a caller uses, without them; found is false for a caller with
// lasting ones, and a day after the session has expired.
func (s *Service) SessionOf(ctx context.Context, c wire.Caller) (session Session, found bool, err error) {
	err = s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		var known *Session
		if known, found, err = s.sessionOf(r, c); err == nil && found {
			session = *known
		}
		return err
	})
	session.Sealed = nil
	return session, found, err
}
