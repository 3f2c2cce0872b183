package iam

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// entityInput names the entity an operation is about. Which of the names counts depends on the operation.
type entityInput struct {
	UserName  string
	GroupName string
	RoleName  string

	InstanceProfileName string
}

func (in *entityInput) name(k kind) string {
	switch k {
	case user:
		return in.UserName
	case group:
		return in.GroupName
	case profile:
		return in.InstanceProfileName
	}
	return in.RoleName
}

// entityName is the name of the entity in an answer.
type entityName struct {
	UserName  string `xml:"UserName,omitempty"`
	GroupName string `xml:"GroupName,omitempty"`
	RoleName  string `xml:"RoleName,omitempty"`
}

func nameOf(e *entity) entityName {
	switch e.Kind {
	case user:
		return entityName{UserName: e.Name}
	case group:
		return entityName{GroupName: e.Name}
	}
	return entityName{RoleName: e.Name}
}

// read finds an entity of the caller's account.
func (s *Service) read(ctx context.Context, c *wire.Call, k kind, name string) (e entity, err error) {
	err = s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		e, err = find(r, k, c.Caller.Account, name)
		return err
	})
	return e, err
}

// change finds an entity of the caller's account, has fn change it and stores it.
func (s *Service) change(
	ctx context.Context, c *wire.Call, k kind, name string, fn func(store.Writer, *entity) error,
) error {
	return s.cfg.State.Update(ctx, func(w store.Writer) error {
		e, err := find(w, k, c.Caller.Account, name)
		if err != nil {
			return err
		}
		if e.Service != "" {
			return errProtected(e.Name)
		}
		if err := fn(w, &e); err != nil {
			return err
		}
		return save(w, &e)
	})
}

// changePolicy does the same for a managed policy.
func (s *Service) changePolicy(
	ctx context.Context, c *wire.Call, arn string, fn func(store.Writer, *managed) error,
) error {
	return s.cfg.State.Update(ctx, func(w store.Writer) error {
		p, err := ownPolicy(w, c.Caller.Account, arn)
		if err != nil {
			return err
		}
		if err := fn(w, &p); err != nil {
			return err
		}
		return savePolicy(w, &p)
	})
}
