package iam

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

type profileData struct {
	Path                string         `xml:"Path"`
	InstanceProfileName string         `xml:"InstanceProfileName"`
	InstanceProfileID   string         `xml:"InstanceProfileId"`
	ARN                 string         `xml:"Arn"`
	CreateDate          wire.Time      `xml:"CreateDate"`
	Roles               list[roleData] `xml:"Roles"`
	Tags                *list[tag]     `xml:"Tags"`
}

// shownProfile is e with the role in it, which is told as in CreateRole.
func shownProfile(r store.Reader, e *entity) (profileData, error) {
	data := profileData{Path: e.Path, InstanceProfileName: e.Name, InstanceProfileID: e.ID, ARN: e.arn(),
		CreateDate: wire.Time{Time: e.Created}, Tags: tagList(e.Tags)}
	if e.Role == "" {
		return data, nil
	}
	held, found, err := byID(r, e.Role)
	if err != nil || !found {
		return data, err
	}
	trust, err := trustNow(r, &held)
	role := shownRole(&held, trust)
	role.Description, role.PermissionsBoundary, role.Tags = "", nil, nil
	data.Roles.Members = []roleData{role}
	return data, err
}

type createProfileInput struct {
	InstanceProfileName string
	Path                string
	Tags                []tag
}

// Target implements wire.Targeter.
func (in *createProfileInput) Target() string { return in.InstanceProfileName }

type profileOutput struct {
	InstanceProfile profileData `xml:"InstanceProfile"`
}

func (s *Service) createInstanceProfile(
	ctx context.Context, c *wire.Call, in *createProfileInput,
) (out *profileOutput, err error) {
	e, err := s.newEntity(profile, c.Caller.Account, in.InstanceProfileName, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		if err := insert(w, &e); err != nil {
			return err
		}
		data, err := shownProfile(w, &e)
		out = &profileOutput{data}
		return err
	})
	return out, err
}

func (s *Service) getInstanceProfile(
	ctx context.Context, c *wire.Call, in *entityInput,
) (out *profileOutput, err error) {
	err = s.cfg.State.View(ctx, func(r store.Reader) error {
		e, err := find(r, profile, c.Caller.Account, in.InstanceProfileName)
		if err != nil {
			return err
		}
		data, err := shownProfile(r, &e)
		out = &profileOutput{data}
		return err
	})
	return out, err
}

func (s *Service) deleteInstanceProfile(ctx context.Context, c *wire.Call, in *entityInput) (*wire.Empty, error) {
	return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
		e, err := find(w, profile, c.Caller.Account, in.InstanceProfileName)
		switch {
		case err != nil:
			return err
		case e.Role != "":
			return errInProfile()
		}
		return remove(w, &e)
	})
}

// errInProfile answers for a profile with a role in it, and for that role.
// Source: recorded answers of DeleteInstanceProfile and DeleteRole.
func errInProfile() error {
	return errConflict("Cannot delete entity, must remove roles from instance profile first.")
}

// hold puts a role into a profile, or takes it out: it serves AddRoleToInstanceProfile and
// RemoveRoleFromInstanceProfile. A profile has one role.
func (s *Service) hold(in bool) func(context.Context, *wire.Call, *entityInput) (*wire.Empty, error) {
	return func(ctx context.Context, c *wire.Call, names *entityInput) (*wire.Empty, error) {
		return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
			e, err := find(w, profile, c.Caller.Account, names.InstanceProfileName)
			if err != nil {
				return err
			}
			held, err := find(w, role, c.Caller.Account, names.RoleName)
			if err != nil {
				return err
			}
			if in {
				return e.take(w, held.ID)
			}
			return e.release(w, &held)
		})
	}
}

func (e *entity) take(w store.Writer, roleID string) error {
	if e.Role != "" {
		return errQuota("InstanceSessionsPerInstanceProfile", 1)
	}
	e.Role = roleID
	if err := links.Put(w, linkKey(roleID, asHeld, e.ID), struct{}{}); err != nil {
		return err
	}
	return save(w, e)
}

func (e *entity) release(w store.Writer, held *entity) error {
	if e.Role != held.ID {
		return errMissing("The role with name %s cannot be found.", held.Name)
	}
	e.Role = ""
	if err := links.Delete(w, linkKey(held.ID, asHeld, e.ID)); err != nil {
		return err
	}
	return save(w, e)
}

type profilesOutput struct {
	InstanceProfiles list[profileData] `xml:"InstanceProfiles"`
	pageOutput
}

// listInstanceProfiles serves ListInstanceProfiles, and ListInstanceProfilesForRole: find finds what it lists.
func (s *Service) listInstanceProfiles(
	find func(r store.Reader, account string, in *listInput) ([]entity, error),
) func(context.Context, *wire.Call, *listInput) (*profilesOutput, error) {
	return func(ctx context.Context, c *wire.Call, in *listInput) (*profilesOutput, error) {
		out := &profilesOutput{}
		return out, s.cfg.State.View(ctx, func(r store.Reader) error {
			found, err := find(r, c.Caller.Account, in)
			if err != nil {
				return err
			}
			page, more, err := cut(in.pageInput, found, lowerName)
			out.pageOutput, out.InstanceProfiles.Members = more, nil
			for _, e := range page.Members {
				data, err := shownProfile(r, &e)
				if err != nil {
					return err
				}
				data.Tags = nil
				out.InstanceProfiles.Members = append(out.InstanceProfiles.Members, data)
			}
			return err
		})
	}
}

func allProfiles(r store.Reader, account string, in *listInput) ([]entity, error) {
	return all(r, profile, account, in.PathPrefix)
}

func profilesOf(r store.Reader, account string, in *listInput) ([]entity, error) {
	held, err := find(r, role, account, in.RoleName)
	if err != nil {
		return nil, err
	}
	return holding(r, &held)
}

// holding returns the profiles with a role in them, by name.
func holding(r store.Reader, held *entity) ([]entity, error) {
	found, err := linked(r, held.ID, asHeld)
	sortByName(found)
	return found, err
}

// PassedRole is the ARN of the role that a call hands to Amazon EC2, which its caller must be allowed to pass; "" when
// it hands over none that exists. in is the operation's input.
//
// Source: IAM API reference, AddRoleToInstanceProfile.
func (s *Service) PassedRole(ctx context.Context, c *wire.Call, in any) (arn string, err error) {
	names, ok := in.(*entityInput)
	if !ok || c.Operation != "AddRoleToInstanceProfile" {
		return "", nil
	}
	err = s.cfg.State.View(ctx, func(r store.Reader) error {
		held, found, err := lookup(r, role, c.Caller.Account, names.RoleName)
		if found {
			arn = held.arn()
		}
		return err
	})
	return arn, err
}
