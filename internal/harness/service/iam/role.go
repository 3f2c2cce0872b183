package iam

import (
	"context"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	usualSession   = time.Hour
	longestSession = 12 * time.Hour
)

type roleData struct {
	Path                     string     `xml:"Path"`
	RoleName                 string     `xml:"RoleName"`
	RoleID                   string     `xml:"RoleId"`
	ARN                      string     `xml:"Arn"`
	CreateDate               wire.Time  `xml:"CreateDate"`
	AssumeRolePolicyDocument document   `xml:"AssumeRolePolicyDocument"`
	Description              string     `xml:"Description,omitempty"`
	MaxSessionDuration       int        `xml:"MaxSessionDuration,omitempty"` // seconds
	PermissionsBoundary      *boundary  `xml:"PermissionsBoundary"`
	Tags                     *list[tag] `xml:"Tags"`
	RoleLastUsed             *lastUsed  `xml:"RoleLastUsed"`
}

// lastUsed is when a role was last used. That is not kept here, so it is always empty.
type lastUsed struct{}

// shown is e as CreateRole answers; trust is the text of its trust policy.
func shownRole(e *entity, trust string) roleData {
	return roleData{Path: e.Path, RoleName: e.Name, RoleID: e.ID, ARN: e.arn(), CreateDate: wire.Time{Time: e.Created},
		AssumeRolePolicyDocument: document(trust), Description: e.Description, PermissionsBoundary: boundaryOf(e),
		Tags: tagList(e.Tags)}
}

// fullRole is e as GetRole answers, which tells more.
func fullRole(r store.Reader, e *entity) (roleData, error) {
	trust, err := trustNow(r, e)
	data := shownRole(e, trust)
	data.MaxSessionDuration, data.RoleLastUsed = int(e.MaxSession/time.Second), &lastUsed{}
	return data, err
}

type createRoleInput struct {
	RoleName                 string
	Path                     string
	AssumeRolePolicyDocument string
	Description              string
	MaxSessionDuration       *int
	PermissionsBoundary      string
	Tags                     []tag
}

// Target implements wire.Targeter.
func (in *createRoleInput) Target() string { return in.RoleName }

type roleOutput struct {
	Role roleData `xml:"Role"`
}

func checkRole(description string, maxSession *int) error {
	var c checks
	c.length("description", description, 0, 1000)
	if maxSession != nil {
		c.within("maxSessionDuration", *maxSession, int(usualSession/time.Second), int(longestSession/time.Second))
	}
	return c.err()
}

func (s *Service) createRole(ctx context.Context, c *wire.Call, in *createRoleInput) (*roleOutput, error) {
	e, err := s.newEntity(role, c.Caller.Account, in.RoleName, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	if err := checkRole(in.Description, in.MaxSessionDuration); err != nil {
		return nil, err
	}
	if strings.HasPrefix(e.Path, "/aws-service-role/") {
		return nil, errValidation("The specified value for path is invalid. Paths that begin with /aws-service-role/ " +
			"are reserved for service-linked roles.")
	}
	e.Description, e.MaxSession, e.Trust = in.Description, usualSession, in.AssumeRolePolicyDocument
	if in.MaxSessionDuration != nil {
		e.MaxSession = time.Duration(*in.MaxSessionDuration) * time.Second
	}
	var made entity
	err = s.cfg.State.Update(ctx, func(w store.Writer) (err error) {
		made = e
		if made.Trusted, err = checkTrust(w, made.Trust); err != nil {
			return err
		}
		return insertBounded(w, &made, in.PermissionsBoundary)
	})
	if err != nil {
		return nil, err
	}
	out := &roleOutput{shownRole(&made, made.Trust)}
	if made.MaxSession != usualSession {
		out.Role.MaxSessionDuration = int(made.MaxSession / time.Second)
	}
	return out, nil
}

// newEntity makes an entity with nothing attached.
func (s *Service) newEntity(k kind, account, name, path string, tags []tag) (entity, error) {
	if err := checkName(k.member(), name, longestName[k]); err != nil {
		return entity{}, err
	}
	path, err := checkPath(path)
	if err != nil {
		return entity{}, err
	}
	if tags, err = merge(nil, tags); err != nil {
		return entity{}, err
	}
	id, err := s.newID(prefixOf[k])
	return entity{Kind: k, Account: account, Name: name, Path: path, ID: id, Tags: tags,
		Created: s.cfg.Clock.Now().Truncate(time.Second)}, err
}

// insertBounded stores e with a boundary, or without one if arn is "".
func insertBounded(w store.Writer, e *entity, arn string) error {
	if err := insert(w, e); err != nil || arn == "" {
		return err
	}
	if err := e.setBoundary(w, arn); err != nil {
		return err
	}
	return save(w, e)
}

func (s *Service) getRole(ctx context.Context, c *wire.Call, in *entityInput) (out *roleOutput, err error) {
	err = s.cfg.State.View(ctx, func(r store.Reader) error {
		e, err := find(r, role, c.Caller.Account, in.RoleName)
		if err != nil {
			return err
		}
		data, err := fullRole(r, &e)
		out = &roleOutput{data}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type rolesOutput struct {
	Roles list[roleData] `xml:"Roles"`
	pageOutput
}

// listRoles leaves out what only GetRole tells.
// Source: IAM API reference, ListRoles.
func (s *Service) listRoles(ctx context.Context, c *wire.Call, in *listInput) (*rolesOutput, error) {
	out := &rolesOutput{}
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		found, err := all(r, role, c.Caller.Account, in.PathPrefix)
		if err != nil {
			return err
		}
		page, more, err := cut(in.pageInput, found, lowerName)
		if err != nil {
			return err
		}
		out.pageOutput, out.Roles.Members = more, nil
		for _, e := range page.Members {
			data, err := fullRole(r, &e)
			if err != nil {
				return err
			}
			data.Tags, data.PermissionsBoundary, data.RoleLastUsed = nil, nil, nil
			out.Roles.Members = append(out.Roles.Members, data)
		}
		return nil
	})
	return out, err
}

func lowerName(e entity) string { return strings.ToLower(e.Name) }

type updateRoleInput struct {
	RoleName           string
	Description        *string
	MaxSessionDuration *int
}

// Target implements wire.Targeter.
func (in *updateRoleInput) Target() string { return in.RoleName }

func (s *Service) updateRole(ctx context.Context, c *wire.Call, in *updateRoleInput) (*struct{}, error) {
	var description string
	if in.Description != nil {
		description = *in.Description
	}
	if err := checkRole(description, in.MaxSessionDuration); err != nil {
		return nil, err
	}
	err := s.change(ctx, c, role, in.RoleName, func(_ store.Writer, e *entity) error {
		if in.Description != nil {
			e.Description = description
		}
		if e.MaxSession = usualSession; in.MaxSessionDuration != nil {
			e.MaxSession = time.Duration(*in.MaxSessionDuration) * time.Second
		}
		return nil
	})
	return &struct{}{}, err
}

func (s *Service) updateRoleDescription(
	ctx context.Context, c *wire.Call, in *updateRoleInput,
) (out *roleOutput, err error) {
	if in.Description == nil {
		in.Description = new(string)
	}
	if err := checkRole(*in.Description, nil); err != nil {
		return nil, err
	}
	err = s.change(ctx, c, role, in.RoleName, func(w store.Writer, e *entity) error {
		e.Description = *in.Description
		data, err := fullRole(w, e)
		out = &roleOutput{data}
		return err
	})
	return out, err
}

type updateTrustInput struct {
	RoleName       string
	PolicyDocument string
}

// Target implements wire.Targeter.
func (in *updateTrustInput) Target() string { return in.RoleName }

func (s *Service) updateAssumeRolePolicy(
	ctx context.Context, c *wire.Call, in *updateTrustInput,
) (*wire.Empty, error) {
	return nil, s.change(ctx, c, role, in.RoleName, func(w store.Writer, e *entity) error {
		return e.setTrust(w, in.PolicyDocument)
	})
}

func (e *entity) setTrust(w store.Writer, text string) error {
	trusted, err := checkTrust(w, text)
	e.Trust, e.Trusted = text, trusted
	return err
}

func (s *Service) deleteRole(ctx context.Context, c *wire.Call, in *entityInput) (*wire.Empty, error) {
	return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
		e, err := find(w, role, c.Caller.Account, in.RoleName)
		switch {
		case err != nil:
			return err
		case e.Service != "":
			return errProtected(e.Name)
		}
		profiles, err := holding(w, &e)
		switch {
		case err != nil:
			return err
		case len(profiles) > 0:
			return errInProfile()
		}
		if err := removable(&e); err != nil {
			return err
		}
		return remove(w, &e)
	})
}

// removable refuses an entity that something is attached to.
// Source: recorded answers of DeleteRole, DeleteUser and DeleteGroup.
func removable(e *entity) error {
	switch {
	case len(e.Attached) > 0:
		return errConflict("Cannot delete entity, must detach all policies first.")
	case len(e.Inline) > 0:
		return errConflict("Cannot delete entity, must delete policies first.")
	case len(e.Keys) > 0 || len(e.Groups) > 0:
		return errConflict("Cannot delete entity, must remove referenced objects first.")
	}
	return nil
}
