package iam

import (
	"context"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

type userData struct {
	Path                string     `xml:"Path,omitempty"`
	UserName            string     `xml:"UserName,omitempty"`
	UserID              string     `xml:"UserId"`
	ARN                 string     `xml:"Arn"`
	CreateDate          wire.Time  `xml:"CreateDate"`
	PermissionsBoundary *boundary  `xml:"PermissionsBoundary"`
	Tags                *list[tag] `xml:"Tags"`
}

func shownUser(e *entity) userData {
	return userData{Path: e.Path, UserName: e.Name, UserID: e.ID, ARN: e.arn(), CreateDate: wire.Time{Time: e.Created},
		PermissionsBoundary: boundaryOf(e), Tags: tagList(e.Tags)}
}

// listedUser leaves out what only GetUser tells.
func listedUser(e *entity) userData {
	data := shownUser(e)
	data.PermissionsBoundary, data.Tags = nil, nil
	return data
}

type createUserInput struct {
	UserName            string
	Path                string
	PermissionsBoundary string
	Tags                []tag
}

// Target implements wire.Targeter.
func (in *createUserInput) Target() string { return in.UserName }

type userOutput struct {
	User userData `xml:"User"`
}

func (s *Service) createUser(ctx context.Context, c *wire.Call, in *createUserInput) (*userOutput, error) {
	e, err := s.newEntity(user, c.Caller.Account, in.UserName, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	var made entity
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		made = e
		return insertBounded(w, &made, in.PermissionsBoundary)
	})
	if err != nil {
		return nil, err
	}
	return &userOutput{shownUser(&made)}, nil
}

// getUser answers about the caller if no name is given.
func (s *Service) getUser(ctx context.Context, c *wire.Call, in *entityInput) (*userOutput, error) {
	if in.UserName == "" && c.Caller.ARN == Root(c.Caller.Account).ARN {
		root := userData{UserID: c.Caller.Account, ARN: c.Caller.ARN, CreateDate: wire.Time{Time: accountCreated}}
		return &userOutput{root}, nil
	}
	name, err := nameOrCaller(c, in.UserName)
	if err != nil {
		return nil, err
	}
	e, err := s.read(ctx, c, user, name)
	if err != nil {
		return nil, err
	}
	return &userOutput{shownUser(&e)}, nil
}

// nameOrCaller is name, or without one the name of the user that calls.
func nameOrCaller(c *wire.Call, name string) (string, error) {
	if name != "" {
		return name, nil
	}
	if _, caller, ok := strings.Cut(c.Caller.ARN, ":user/"); ok {
		return caller[strings.LastIndexByte(caller, '/')+1:], nil
	}
	return "", errValidation("Must specify userName when calling with non-User credentials")
}

type usersOutput struct {
	Users list[userData] `xml:"Users"`
	pageOutput
}

func (s *Service) listUsers(ctx context.Context, c *wire.Call, in *listInput) (*usersOutput, error) {
	var found []entity
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		found, err = all(r, user, c.Caller.Account, in.PathPrefix)
		return err
	})
	if err != nil {
		return nil, err
	}
	page, more, err := cut(in.pageInput, found, lowerName)
	out := &usersOutput{pageOutput: more}
	for _, e := range page.Members {
		out.Users.Members = append(out.Users.Members, listedUser(&e))
	}
	return out, err
}

type renameInput struct {
	entityInput
	NewUserName  string
	NewGroupName string
	NewPath      string
}

// renamed serves UpdateUser and UpdateGroup.
func (s *Service) renamed(k kind) func(context.Context, *wire.Call, *renameInput) (*wire.Empty, error) {
	return func(ctx context.Context, c *wire.Call, in *renameInput) (*wire.Empty, error) {
		name, member := in.NewUserName, "newUserName"
		if k == group {
			name, member = in.NewGroupName, "newGroupName"
		}
		if name != "" {
			if err := checkName(member, name, longestName[k]); err != nil {
				return nil, err
			}
		}
		path, err := checkPath(in.NewPath)
		if err != nil {
			return nil, err
		}
		return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
			e, err := find(w, k, c.Caller.Account, in.name(k))
			if err != nil {
				return err
			}
			newName, newPath := e.Name, e.Path
			if name != "" {
				newName = name
			}
			if in.NewPath != "" {
				newPath = path
			}
			return rename(w, &e, newName, newPath)
		})
	}
}

func (s *Service) deleteUser(ctx context.Context, c *wire.Call, in *entityInput) (*wire.Empty, error) {
	return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
		e, err := find(w, user, c.Caller.Account, in.UserName)
		if err != nil {
			return err
		}
		if err := removable(&e); err != nil {
			return err
		}
		return remove(w, &e)
	})
}
