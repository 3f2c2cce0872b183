package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// maxGroups is how many groups a user can be in.
// Source: IAM User Guide, "IAM and AWS STS quotas".
const maxGroups = 10

type groupData struct {
	Path       string    `xml:"Path"`
	GroupName  string    `xml:"GroupName"`
	GroupID    string    `xml:"GroupId"`
	ARN        string    `xml:"Arn"`
	CreateDate wire.Time `xml:"CreateDate"`
}

func shownGroup(e *entity) groupData {
	return groupData{Path: e.Path, GroupName: e.Name, GroupID: e.ID, ARN: e.arn(), CreateDate: wire.Time{Time: e.Created}}
}

type createGroupInput struct {
	GroupName string
	Path      string
}

// Target implements wire.Targeter.
func (in *createGroupInput) Target() string { return in.GroupName }

type groupOutput struct {
	Group groupData `xml:"Group"`
}

func (s *Service) createGroup(ctx context.Context, c *wire.Call, in *createGroupInput) (*groupOutput, error) {
	e, err := s.newEntity(group, c.Caller.Account, in.GroupName, in.Path, nil)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.State.Update(ctx, func(w store.Writer) error { return insert(w, &e) }); err != nil {
		return nil, err
	}
	return &groupOutput{shownGroup(&e)}, nil
}

type getGroupOutput struct {
	Group groupData      `xml:"Group"`
	Users list[userData] `xml:"Users"`
	pageOutput
}

func (s *Service) getGroup(ctx context.Context, c *wire.Call, in *listInput) (*getGroupOutput, error) {
	var e entity
	var members []entity
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		if e, err = find(r, group, c.Caller.Account, in.GroupName); err == nil {
			members, err = linked(r, e.ID, asMember)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	page, more, err := cut(in.pageInput, members, func(e entity) string { return e.arn() })
	out := &getGroupOutput{Group: shownGroup(&e), pageOutput: more}
	for _, member := range page.Members {
		out.Users.Members = append(out.Users.Members, listedUser(&member))
	}
	return out, err
}

type groupsOutput struct {
	Groups list[groupData] `xml:"Groups"`
	pageOutput
}

func pageOfGroups(in pageInput, found []entity) (*groupsOutput, error) {
	page, more, err := cut(in, found, lowerName)
	out := &groupsOutput{pageOutput: more}
	for _, e := range page.Members {
		out.Groups.Members = append(out.Groups.Members, shownGroup(&e))
	}
	return out, err
}

func (s *Service) listGroups(ctx context.Context, c *wire.Call, in *listInput) (*groupsOutput, error) {
	var found []entity
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		found, err = all(r, group, c.Caller.Account, in.PathPrefix)
		return err
	})
	if err != nil {
		return nil, err
	}
	return pageOfGroups(in.pageInput, found)
}

func (s *Service) listGroupsForUser(ctx context.Context, c *wire.Call, in *listInput) (*groupsOutput, error) {
	var found []entity
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		e, err := find(r, user, c.Caller.Account, in.UserName)
		if err == nil {
			found, err = groupsOf(r, &e)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return pageOfGroups(in.pageInput, found)
}

// groupsOf returns the groups that a user is in, by name.
func groupsOf(r store.Reader, e *entity) ([]entity, error) {
	groups := make([]entity, 0, len(e.Groups))
	for _, id := range e.Groups {
		g, found, err := byID(r, id)
		if err != nil {
			return nil, err
		}
		if found {
			groups = append(groups, g)
		}
	}
	sortByName(groups)
	return groups, nil
}

func sortByName(list []entity) {
	slices.SortFunc(list, func(a, b entity) int { return strings.Compare(lowerName(a), lowerName(b)) })
}

func (s *Service) deleteGroup(ctx context.Context, c *wire.Call, in *entityInput) (*wire.Empty, error) {
	return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
		e, err := find(w, group, c.Caller.Account, in.GroupName)
		if err != nil {
			return err
		}
		members, err := linked(w, e.ID, asMember)
		if err != nil {
			return err
		}
		if len(members) > 0 {
			return errConflict("Cannot delete entity, must remove users from group first.")
		}
		if err := removable(&e); err != nil {
			return err
		}
		return remove(w, &e)
	})
}

// join changes whether a user is in a group: it serves AddUserToGroup and RemoveUserFromGroup.
func (s *Service) join(in bool) func(context.Context, *wire.Call, *entityInput) (*wire.Empty, error) {
	return func(ctx context.Context, c *wire.Call, names *entityInput) (*wire.Empty, error) {
		return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
			g, err := find(w, group, c.Caller.Account, names.GroupName)
			if err != nil {
				return err
			}
			e, err := find(w, user, c.Caller.Account, names.UserName)
			if err != nil {
				return err
			}
			return e.join(w, g.ID, in)
		})
	}
}

func (e *entity) join(w store.Writer, groupID string, in bool) error {
	link := linkKey(groupID, asMember, e.ID)
	if slices.Contains(e.Groups, groupID) == in {
		return nil
	}
	if !in {
		e.Groups = slices.DeleteFunc(e.Groups, func(id string) bool { return id == groupID })
		if err := links.Delete(w, link); err != nil {
			return err
		}
		return save(w, e)
	}
	if len(e.Groups) >= maxGroups {
		return errQuota("GroupsPerUser", maxGroups)
	}
	e.Groups = append(e.Groups, groupID)
	if err := links.Put(w, link, struct{}{}); err != nil {
		return err
	}
	return save(w, e)
}
