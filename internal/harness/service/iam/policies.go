package iam

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// maxVersions is how many versions a managed policy can have at a time.
// Source: IAM User Guide, "IAM and AWS STS quotas".
const maxVersions = 5

type policyData struct {
	PolicyName                    string     `xml:"PolicyName"`
	PolicyID                      string     `xml:"PolicyId"`
	ARN                           string     `xml:"Arn"`
	Path                          string     `xml:"Path"`
	DefaultVersionID              string     `xml:"DefaultVersionId"`
	AttachmentCount               int        `xml:"AttachmentCount"`
	PermissionsBoundaryUsageCount int        `xml:"PermissionsBoundaryUsageCount"`
	IsAttachable                  bool       `xml:"IsAttachable"`
	Description                   string     `xml:"Description,omitempty"`
	CreateDate                    wire.Time  `xml:"CreateDate"`
	UpdateDate                    wire.Time  `xml:"UpdateDate"`
	Tags                          *list[tag] `xml:"Tags"`
}

func versionID(number int) string { return "v" + strconv.Itoa(number) }

// shownPolicy counts where p is used in account.
func shownPolicy(r store.Reader, account string, p *managed) (policyData, error) {
	data := policyData{PolicyName: p.Name, PolicyID: p.ID, ARN: p.arn(), Path: p.Path,
		DefaultVersionID: versionID(p.Default), IsAttachable: true, Description: p.Description,
		CreateDate: wire.Time{Time: p.Created}, UpdateDate: wire.Time{Time: p.Updated}, Tags: tagList(p.Tags)}
	for use, count := range map[string]*int{
		asPolicy: &data.AttachmentCount, asBoundary: &data.PermissionsBoundaryUsageCount,
	} {
		users, err := usersOf(r, account, p, use)
		if err != nil {
			return data, err
		}
		*count = len(users)
	}
	return data, nil
}

// usersOf returns the entities of account that p is attached to, or the boundary of.
func usersOf(r store.Reader, account string, p *managed, use string) ([]entity, error) {
	found, err := linked(r, p.ID, use)
	return slices.DeleteFunc(found, func(e entity) bool { return e.Account != account }), err
}

type createPolicyInput struct {
	PolicyName     string
	Path           string
	PolicyDocument string
	Description    string
	Tags           []tag
}

// Target implements wire.Targeter.
func (in *createPolicyInput) Target() string { return in.PolicyName }

type policyOutput struct {
	Policy policyData `xml:"Policy"`
}

func (s *Service) createPolicy(ctx context.Context, c *wire.Call, in *createPolicyInput) (*policyOutput, error) {
	p, err := s.newPolicy(c.Caller.Account, in)
	if err != nil {
		return nil, err
	}
	out := &policyOutput{}
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		if old, taken, err := managedPolicies.Get(w, policyKey(p.Account, p.Name)); err != nil || taken {
			if taken {
				err = errExists("A policy called %s already exists. Duplicate names are not allowed.", old.Name)
			}
			return err
		}
		if err := register(w, p.Account); err != nil {
			return err
		}
		if out.Policy, err = shownPolicy(w, p.Account, &p); err != nil {
			return err
		}
		return savePolicy(w, &p)
	})
	if err != nil {
		return nil, err
	}
	out.Policy.Description = "" // CreatePolicy does not repeat it
	return out, nil
}

func (s *Service) newPolicy(account string, in *createPolicyInput) (managed, error) {
	if err := checkName("policyName", in.PolicyName, longestPolicyName); err != nil {
		return managed{}, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return managed{}, err
	}
	var c checks
	if c.length("description", in.Description, 0, 1000); len(c) > 0 {
		return managed{}, c.err()
	}
	if err := checkManaged(in.PolicyDocument); err != nil {
		return managed{}, err
	}
	tags, err := merge(nil, in.Tags)
	if err != nil {
		return managed{}, err
	}
	id, err := s.newID(policyPrefix)
	now := s.cfg.Clock.Now().Truncate(time.Second)
	return managed{Account: account, Path: path, Name: in.PolicyName, ID: id, Description: in.Description,
		Created: now, Updated: now, Default: 1, Last: 1, Tags: tags,
		Versions: []version{{Number: 1, Text: in.PolicyDocument, Created: now}}}, err
}

func checkManaged(text string) error {
	if err := checkIdentity(text); err != nil {
		return err
	}
	if size(text) > maxManagedSize {
		return errQuota("PolicySize", maxManagedSize)
	}
	return nil
}

type policyInput struct {
	PolicyARN string `form:"PolicyArn"`
	VersionID string `form:"VersionId"`
}

// Target implements wire.Targeter.
func (in *policyInput) Target() string { return in.PolicyARN }

func (s *Service) getPolicy(ctx context.Context, c *wire.Call, in *policyInput) (*policyOutput, error) {
	out := &policyOutput{}
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		p, err := findPolicy(r, c.Caller.Account, in.PolicyARN)
		if err == nil {
			out.Policy, err = shownPolicy(r, c.Caller.Account, &p)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) deletePolicy(ctx context.Context, c *wire.Call, in *policyInput) (*wire.Empty, error) {
	return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
		p, err := ownPolicy(w, c.Caller.Account, in.PolicyARN)
		if err != nil {
			return err
		}
		for _, use := range []string{asPolicy, asBoundary} {
			users, err := linked(w, p.ID, use)
			if err != nil {
				return err
			}
			if len(users) > 0 {
				return errConflict("Cannot delete a policy attached to entities.")
			}
		}
		if len(p.Versions) > 1 {
			return errConflict("This policy has more than one version. Before you delete a policy, you must delete the " +
				"policy's versions. The default version is deleted with the policy.")
		}
		return managedPolicies.Delete(w, policyKey(p.Account, p.Name))
	})
}

type listPoliciesInput struct {
	pageInput
	Scope             string
	OnlyAttached      bool
	PathPrefix        string
	PolicyUsageFilter string
}

type policiesOutput struct {
	Policies list[policyData] `xml:"Policies"`
	pageOutput
}

func (s *Service) listPolicies(ctx context.Context, c *wire.Call, in *listPoliciesInput) (*policiesOutput, error) {
	if in.Scope == "" {
		in.Scope = "All"
	}
	var wrong checks
	wrong.oneOf("scope", in.Scope, "All", "AWS", "Local")
	if in.PolicyUsageFilter != "" {
		wrong.oneOf("policyUsageFilter", in.PolicyUsageFilter, "PermissionsPolicy", "PermissionsBoundary")
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	var found []policyData
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		found, err = in.collect(r, c.Caller.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b policyData) int { return strings.Compare(a.ARN, b.ARN) })
	out := &policiesOutput{}
	out.Policies, out.pageOutput, err = cut(in.pageInput, found, func(p policyData) string { return p.ARN })
	return out, err
}

// collect finds what ListPolicies lists. Descriptions and tags are left out, as the service does.
func (in *listPoliciesInput) collect(r store.Reader, account string) ([]policyData, error) {
	var found []policyData
	add := func(p managed) error {
		data, err := shownPolicy(r, account, &p)
		if err != nil || !strings.HasPrefix(p.Path, in.PathPrefix) {
			return err
		}
		used := data.AttachmentCount + data.PermissionsBoundaryUsageCount
		switch in.PolicyUsageFilter {
		case "PermissionsPolicy":
			used = data.AttachmentCount
		case "PermissionsBoundary":
			used = data.PermissionsBoundaryUsageCount
		}
		if data.Description, data.Tags = "", nil; used > 0 || !in.OnlyAttached && in.PolicyUsageFilter == "" {
			found = append(found, data)
		}
		return nil
	}
	if in.Scope != "Local" {
		for _, p := range awsManaged {
			if err := add(p); err != nil {
				return nil, err
			}
		}
	}
	if in.Scope == "AWS" {
		return found, nil
	}
	err := managedPolicies.Scan(r, account+"/", "", func(_ string, p managed) (bool, error) { return true, add(p) })
	return found, err
}

type entityRef struct {
	UserName  string `xml:"UserName,omitempty"`
	UserID    string `xml:"UserId,omitempty"`
	GroupName string `xml:"GroupName,omitempty"`
	GroupID   string `xml:"GroupId,omitempty"`
	RoleName  string `xml:"RoleName,omitempty"`
	RoleID    string `xml:"RoleId,omitempty"`
}

type listEntitiesInput struct {
	pageInput
	PolicyARN         string `form:"PolicyArn"`
	EntityFilter      string
	PathPrefix        string
	PolicyUsageFilter string
}

type entitiesOutput struct {
	PolicyGroups list[entityRef] `xml:"PolicyGroups"`
	PolicyUsers  list[entityRef] `xml:"PolicyUsers"`
	PolicyRoles  list[entityRef] `xml:"PolicyRoles"`
	pageOutput
}

func (s *Service) listEntitiesForPolicy(
	ctx context.Context, c *wire.Call, in *listEntitiesInput,
) (*entitiesOutput, error) {
	var wrong checks
	if in.EntityFilter != "" {
		wrong.oneOf("entityFilter", in.EntityFilter, "User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	var found []entity
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		found, err = in.collect(r, c.Caller.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	page, more, err := cut(in.pageInput, found, func(e entity) string { return e.arn() })
	out := &entitiesOutput{pageOutput: more}
	for _, e := range page.Members {
		switch e.Kind {
		case user:
			out.PolicyUsers.Members = append(out.PolicyUsers.Members, entityRef{UserName: e.Name, UserID: e.ID})
		case group:
			out.PolicyGroups.Members = append(out.PolicyGroups.Members, entityRef{GroupName: e.Name, GroupID: e.ID})
		case role:
			out.PolicyRoles.Members = append(out.PolicyRoles.Members, entityRef{RoleName: e.Name, RoleID: e.ID})
		}
	}
	return out, err
}

func (in *listEntitiesInput) collect(r store.Reader, account string) ([]entity, error) {
	p, err := findPolicy(r, account, in.PolicyARN)
	if err != nil {
		return nil, err
	}
	var found []entity
	for use, filter := range map[string]string{asPolicy: "PermissionsPolicy", asBoundary: "PermissionsBoundary"} {
		if in.PolicyUsageFilter != "" && in.PolicyUsageFilter != filter {
			continue
		}
		users, err := usersOf(r, account, &p, use)
		if err != nil {
			return nil, err
		}
		found = append(found, users...)
	}
	slices.SortFunc(found, func(a, b entity) int { return strings.Compare(a.arn(), b.arn()) })
	found = slices.CompactFunc(found, func(a, b entity) bool { return a.ID == b.ID })
	return slices.DeleteFunc(found, func(e entity) bool {
		return in.EntityFilter != "" && in.EntityFilter != e.Kind.title() || !strings.HasPrefix(e.Path, in.PathPrefix)
	}), nil
}
