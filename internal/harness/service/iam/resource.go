package iam

import (
	"context"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// onEverything are the operations that act on no resource.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".
var onEverything = map[string]bool{
	"ListRoles": true, "ListUsers": true, "ListGroups": true, "ListPolicies": true, "ListAccountAliases": true,
	"ListOpenIDConnectProviders": true, "ListSAMLProviders": true, "ListVirtualMFADevices": true,
	"GetAccountSummary": true, "GetAccessKeyLastUsed": true, "GetAccountAuthorizationDetails": true,
	"GetContextKeysForCustomPolicy": true, "SimulateCustomPolicy": true, "ListInstanceProfiles": true,
}

// subject tells what kind of entity an operation acts on, "" for a managed policy.
func subject(operation string) kind {
	switch operation {
	case "ListEntitiesForPolicy", "TagPolicy", "UntagPolicy", "ListPolicyTags", "CreatePolicy", "GetPolicy",
		"DeletePolicy", "CreatePolicyVersion", "GetPolicyVersion", "ListPolicyVersions", "SetDefaultPolicyVersion",
		"DeletePolicyVersion":
		return ""
	case "AddUserToGroup", "RemoveUserFromGroup":
		return group
	case "ListGroupsForUser":
		return user
	case "ListInstanceProfilesForRole":
		return role
	}
	switch {
	case strings.Contains(operation, "InstanceProfile"):
		return profile
	case strings.Contains(operation, "Role"):
		return role
	case strings.Contains(operation, "Group"):
		return group
	}
	return user
}

// Resource is the ARN of what a call of IAM acts on, "*" for nothing in particular, and the condition keys that its
// input gives. in is the operation's input.
//
// An entity that exists has its path in the ARN, however the caller spelt the name.
//
// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".
func (s *Service) Resource(ctx context.Context, c *wire.Call, in any) (string, policy.RequestContext, error) {
	if onEverything[c.Operation] {
		return "*", nil, nil
	}
	keys := policy.RequestContext{}
	var arn string
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		arn, err = resourceOf(r, c, in, keys)
		return err
	})
	return arn, keys, err
}

func resourceOf(r store.Reader, c *wire.Call, in any, keys policy.RequestContext) (string, error) {
	account := c.Caller.Account
	set := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			keys[name] = values
		}
	}
	tagged := func(tags []tag) {
		for _, t := range tags {
			keys["aws:RequestTag/"+t.Key] = []string{t.Value}
			keys["aws:TagKeys"] = append(keys["aws:TagKeys"], t.Key)
		}
	}
	k := subject(c.Operation)
	name := ""
	switch in := in.(type) {
	case *createRoleInput:
		set("iam:PermissionsBoundary", in.PermissionsBoundary)
		tagged(in.Tags)
		return newARN(account, "role", in.Path, in.RoleName), nil
	case *createUserInput:
		set("iam:PermissionsBoundary", in.PermissionsBoundary)
		tagged(in.Tags)
		return newARN(account, "user", in.Path, in.UserName), nil
	case *createGroupInput:
		return newARN(account, "group", in.Path, in.GroupName), nil
	case *createProfileInput:
		tagged(in.Tags)
		return newARN(account, string(profile), in.Path, in.InstanceProfileName), nil
	case *createPolicyInput:
		tagged(in.Tags)
		return newARN(account, "policy", in.Path, in.PolicyName), nil
	case *createLinkedInput:
		set("iam:AWSServiceName", in.AWSServiceName)
		return newARN(account, "role", "/aws-service-role/"+in.AWSServiceName+"/", in.roleName()), nil
	case *deletionInput:
		return "*", nil
	case *simulateInput:
		return in.PolicySourceARN, nil
	case *contextKeysInput:
		return in.PolicySourceARN, nil
	case *policyInput:
		return policyResource(r, in.PolicyARN, keys)
	case *createVersionInput:
		return policyResource(r, in.PolicyARN, keys)
	case *listVersionsInput:
		return policyResource(r, in.PolicyARN, keys)
	case *listEntitiesInput:
		return policyResource(r, in.PolicyARN, keys)
	case *tagInput:
		tagged(in.Tags)
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], in.TagKeys...)
		if k == "" {
			return policyResource(r, in.PolicyARN, keys)
		}
		name = in.name(k)
	case *listTagsInput:
		if k == "" {
			return policyResource(r, in.PolicyARN, keys)
		}
		name = in.name(k)
	case *attachInput:
		set("iam:PolicyARN", in.PolicyARN)
		name = in.name(k)
	case *boundaryInput:
		set("iam:PermissionsBoundary", in.PermissionsBoundary)
		name = in.name(k)
	case *updateRoleInput:
		name = in.RoleName
	case *updateTrustInput:
		name = in.RoleName
	case *keyInput:
		name = in.UserName
	case interface{ name(kind) string }:
		name = in.name(k)
	}
	return entityResource(r, c, k, name, keys)
}

func newARN(account, kind, path, name string) string {
	if !pathForm.MatchString(path) {
		path = "/"
	}
	return arnOf(account, kind, path, name)
}

func policyResource(r store.Reader, arn string, keys policy.RequestContext) (string, error) {
	p, _, err := lookupPolicy(r, arn)
	addTags(keys, p.Tags)
	return arn, err
}

// entityResource: a call without a name is about the caller.
func entityResource(r store.Reader, c *wire.Call, k kind, name string, keys policy.RequestContext) (string, error) {
	account := c.Caller.Account
	if name == "" && k == user {
		if name, _ = nameOrCaller(c, ""); name == "" {
			return Root(account).ARN, nil
		}
	}
	e, found, err := lookup(r, k, account, name)
	if err != nil {
		return "", err
	}
	if !found {
		return arnOf(account, string(k), "/", name), nil
	}
	addTags(keys, e.Tags)
	if e.Boundary != "" && len(keys["iam:PermissionsBoundary"]) == 0 {
		keys["iam:PermissionsBoundary"] = []string{e.Boundary}
	}
	return e.arn(), nil
}

func addTags(keys policy.RequestContext, tags []tag) {
	for _, t := range tags {
		keys["aws:ResourceTag/"+t.Key] = []string{t.Value}
		keys["iam:ResourceTag/"+t.Key] = []string{t.Value}
	}
}
