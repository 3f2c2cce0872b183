package iam

import (
	"context"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Wire is the service for the wire.
// Source: AWS Identity and Access Management API reference, version 2010-05-08.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		SigningName:  "iam",
		Protocol:     wire.Query,
		Version:      "2010-05-08",
		XMLNamespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Operations:   s.admitting(s.operations()),
	}
}

func (s *Service) operations() wire.Table {
	const read, write = wire.Read, wire.Write
	return wire.Table{
		"CreateRole":               wire.Op("iam:CreateRole", write, s.createRole),
		"GetRole":                  wire.Op("iam:GetRole", read, s.getRole),
		"ListRoles":                wire.Op("iam:ListRoles", read, s.listRoles),
		"UpdateRole":               wire.Op("iam:UpdateRole", write, s.updateRole),
		"UpdateRoleDescription":    wire.Op("iam:UpdateRoleDescription", write, s.updateRoleDescription),
		"UpdateAssumeRolePolicy":   wire.Op("iam:UpdateAssumeRolePolicy", write, s.updateAssumeRolePolicy),
		"DeleteRole":               wire.Op("iam:DeleteRole", write, s.deleteRole),
		"TagRole":                  wire.Op("iam:TagRole", write, s.tag(role)),
		"UntagRole":                wire.Op("iam:UntagRole", write, s.untag(role)),
		"ListRoleTags":             wire.Op("iam:ListRoleTags", read, s.listTags(role)),
		"PutRolePolicy":            wire.Op("iam:PutRolePolicy", write, s.putPolicy(role)),
		"GetRolePolicy":            wire.Op("iam:GetRolePolicy", read, s.getPolicyOf(role)),
		"ListRolePolicies":         wire.Op("iam:ListRolePolicies", read, s.listPoliciesOf(role)),
		"DeleteRolePolicy":         wire.Op("iam:DeleteRolePolicy", write, s.deletePolicyOf(role)),
		"AttachRolePolicy":         wire.Op("iam:AttachRolePolicy", write, s.attach(role)),
		"DetachRolePolicy":         wire.Op("iam:DetachRolePolicy", write, s.detach(role)),
		"ListAttachedRolePolicies": wire.Op("iam:ListAttachedRolePolicies", read, s.listAttached(role)),

		"PutRolePermissionsBoundary":    wire.Op("iam:PutRolePermissionsBoundary", write, s.putBoundary(role)),
		"DeleteRolePermissionsBoundary": wire.Op("iam:DeleteRolePermissionsBoundary", write, s.deleteBoundary(role)),

		"CreateServiceLinkedRole": wire.Op("iam:CreateServiceLinkedRole", write, s.createServiceLinkedRole),
		"DeleteServiceLinkedRole": wire.Op("iam:DeleteServiceLinkedRole", write, s.deleteServiceLinkedRole),
		"GetServiceLinkedRoleDeletionStatus": wire.Op("iam:GetServiceLinkedRoleDeletionStatus", read,
			s.getDeletionStatus),

		"CreateInstanceProfile":         wire.Op("iam:CreateInstanceProfile", write, s.createInstanceProfile),
		"GetInstanceProfile":            wire.Op("iam:GetInstanceProfile", read, s.getInstanceProfile),
		"DeleteInstanceProfile":         wire.Op("iam:DeleteInstanceProfile", write, s.deleteInstanceProfile),
		"AddRoleToInstanceProfile":      wire.Op("iam:AddRoleToInstanceProfile", write, s.hold(true)),
		"RemoveRoleFromInstanceProfile": wire.Op("iam:RemoveRoleFromInstanceProfile", write, s.hold(false)),
		"ListInstanceProfiles": wire.Op("iam:ListInstanceProfiles", read,
			s.listInstanceProfiles(allProfiles)),
		"ListInstanceProfilesForRole": wire.Op("iam:ListInstanceProfilesForRole", read,
			s.listInstanceProfiles(profilesOf)),
		"TagInstanceProfile":      wire.Op("iam:TagInstanceProfile", write, s.tag(profile)),
		"UntagInstanceProfile":    wire.Op("iam:UntagInstanceProfile", write, s.untag(profile)),
		"ListInstanceProfileTags": wire.Op("iam:ListInstanceProfileTags", read, s.listTags(profile)),

		"CreatePolicy":            wire.Op("iam:CreatePolicy", write, s.createPolicy),
		"GetPolicy":               wire.Op("iam:GetPolicy", read, s.getPolicy),
		"ListPolicies":            wire.Op("iam:ListPolicies", read, s.listPolicies),
		"ListEntitiesForPolicy":   wire.Op("iam:ListEntitiesForPolicy", read, s.listEntitiesForPolicy),
		"DeletePolicy":            wire.Op("iam:DeletePolicy", write, s.deletePolicy),
		"CreatePolicyVersion":     wire.Op("iam:CreatePolicyVersion", write, s.createPolicyVersion),
		"GetPolicyVersion":        wire.Op("iam:GetPolicyVersion", read, s.getPolicyVersion),
		"ListPolicyVersions":      wire.Op("iam:ListPolicyVersions", read, s.listPolicyVersions),
		"SetDefaultPolicyVersion": wire.Op("iam:SetDefaultPolicyVersion", write, s.setDefaultPolicyVersion),
		"DeletePolicyVersion":     wire.Op("iam:DeletePolicyVersion", write, s.deletePolicyVersion),
		"TagPolicy":               wire.Op("iam:TagPolicy", write, s.tagPolicy),
		"UntagPolicy":             wire.Op("iam:UntagPolicy", write, s.untagPolicy),
		"ListPolicyTags":          wire.Op("iam:ListPolicyTags", read, s.listPolicyTags),

		"CreateUser":               wire.Op("iam:CreateUser", write, s.createUser),
		"GetUser":                  wire.Op("iam:GetUser", read, s.getUser),
		"ListUsers":                wire.Op("iam:ListUsers", read, s.listUsers),
		"UpdateUser":               wire.Op("iam:UpdateUser", write, s.renamed(user)),
		"DeleteUser":               wire.Op("iam:DeleteUser", write, s.deleteUser),
		"TagUser":                  wire.Op("iam:TagUser", write, s.tag(user)),
		"UntagUser":                wire.Op("iam:UntagUser", write, s.untag(user)),
		"ListUserTags":             wire.Op("iam:ListUserTags", read, s.listTags(user)),
		"PutUserPolicy":            wire.Op("iam:PutUserPolicy", write, s.putPolicy(user)),
		"GetUserPolicy":            wire.Op("iam:GetUserPolicy", read, s.getPolicyOf(user)),
		"ListUserPolicies":         wire.Op("iam:ListUserPolicies", read, s.listPoliciesOf(user)),
		"DeleteUserPolicy":         wire.Op("iam:DeleteUserPolicy", write, s.deletePolicyOf(user)),
		"AttachUserPolicy":         wire.Op("iam:AttachUserPolicy", write, s.attach(user)),
		"DetachUserPolicy":         wire.Op("iam:DetachUserPolicy", write, s.detach(user)),
		"ListAttachedUserPolicies": wire.Op("iam:ListAttachedUserPolicies", read, s.listAttached(user)),
		"ListGroupsForUser":        wire.Op("iam:ListGroupsForUser", read, s.listGroupsForUser),
		"GetLoginProfile":          wire.Op("iam:GetLoginProfile", read, s.noLoginProfile),
		"DeleteLoginProfile":       wire.Op("iam:DeleteLoginProfile", write, s.noLoginProfile),

		"PutUserPermissionsBoundary":    wire.Op("iam:PutUserPermissionsBoundary", write, s.putBoundary(user)),
		"DeleteUserPermissionsBoundary": wire.Op("iam:DeleteUserPermissionsBoundary", write, s.deleteBoundary(user)),

		"ListMFADevices": wire.Op("iam:ListMFADevices", read,
			empty(s, user, func(out *none, l *list[string]) { out.MFADevices = l })),
		"ListVirtualMFADevices": wire.Op("iam:ListVirtualMFADevices", read,
			empty(s, user, func(out *none, l *list[string]) { out.VirtualMFADevices = l })),
		"ListSSHPublicKeys": wire.Op("iam:ListSSHPublicKeys", read,
			empty(s, user, func(out *none, l *list[string]) { out.SSHPublicKeys = l })),
		"ListServiceSpecificCredentials": wire.Op("iam:ListServiceSpecificCredentials", read,
			empty(s, user, func(out *none, l *list[string]) { out.ServiceSpecificCredentials = l })),
		"ListSigningCertificates": wire.Op("iam:ListSigningCertificates", read,
			empty(s, user, func(out *none, l *list[string]) { out.Certificates = l })),

		"CreateAccessKey":      wire.Op("iam:CreateAccessKey", write, s.createAccessKey),
		"ListAccessKeys":       wire.Op("iam:ListAccessKeys", read, s.listAccessKeys),
		"UpdateAccessKey":      wire.Op("iam:UpdateAccessKey", write, s.updateAccessKey),
		"DeleteAccessKey":      wire.Op("iam:DeleteAccessKey", write, s.deleteAccessKey),
		"GetAccessKeyLastUsed": wire.Op("iam:GetAccessKeyLastUsed", read, s.getAccessKeyLastUsed),

		"CreateGroup":               wire.Op("iam:CreateGroup", write, s.createGroup),
		"GetGroup":                  wire.Op("iam:GetGroup", read, s.getGroup),
		"ListGroups":                wire.Op("iam:ListGroups", read, s.listGroups),
		"UpdateGroup":               wire.Op("iam:UpdateGroup", write, s.renamed(group)),
		"DeleteGroup":               wire.Op("iam:DeleteGroup", write, s.deleteGroup),
		"AddUserToGroup":            wire.Op("iam:AddUserToGroup", write, s.join(true)),
		"RemoveUserFromGroup":       wire.Op("iam:RemoveUserFromGroup", write, s.join(false)),
		"PutGroupPolicy":            wire.Op("iam:PutGroupPolicy", write, s.putPolicy(group)),
		"GetGroupPolicy":            wire.Op("iam:GetGroupPolicy", read, s.getPolicyOf(group)),
		"ListGroupPolicies":         wire.Op("iam:ListGroupPolicies", read, s.listPoliciesOf(group)),
		"DeleteGroupPolicy":         wire.Op("iam:DeleteGroupPolicy", write, s.deletePolicyOf(group)),
		"AttachGroupPolicy":         wire.Op("iam:AttachGroupPolicy", write, s.attach(group)),
		"DetachGroupPolicy":         wire.Op("iam:DetachGroupPolicy", write, s.detach(group)),
		"ListAttachedGroupPolicies": wire.Op("iam:ListAttachedGroupPolicies", read, s.listAttached(group)),

		"ListAccountAliases": wire.Op("iam:ListAccountAliases", read,
			empty(s, user, func(out *none, l *list[string]) { out.AccountAliases = l })),
		"ListOpenIDConnectProviders": wire.Op("iam:ListOpenIDConnectProviders", read,
			empty(s, user, func(out *none, l *list[string]) { out.OpenIDConnectProviderList = l })),
		"ListSAMLProviders": wire.Op("iam:ListSAMLProviders", read,
			empty(s, user, func(out *none, l *list[string]) { out.SAMLProviderList = l })),
		"GetAccountSummary":       wire.Op("iam:GetAccountSummary", read, s.getAccountSummary),
		"SimulatePrincipalPolicy": wire.Op("iam:SimulatePrincipalPolicy", read, s.simulatePrincipalPolicy),
		"SimulateCustomPolicy":    wire.Op("iam:SimulateCustomPolicy", read, s.simulateCustomPolicy),
		"GetAccountAuthorizationDetails": wire.Op("iam:GetAccountAuthorizationDetails", read,
			s.getAccountAuthorizationDetails),
		"GetContextKeysForPrincipalPolicy": wire.Op("iam:GetContextKeysForPrincipalPolicy", read,
			s.getContextKeysForPrincipalPolicy),
		"GetContextKeysForCustomPolicy": wire.Op("iam:GetContextKeysForCustomPolicy", read,
			s.getContextKeysForCustomPolicy),
	}
}

// admitting makes every operation of t refuse the sessions of users: IAM takes them only with MFA, which nobody can
// have here.
// Source: STS API reference, GetSessionToken; GetFederationToken, Permissions.
func (s *Service) admitting(t wire.Table) wire.Table {
	for name, op := range t {
		call := op.Call
		op.Call = func(ctx context.Context, c *wire.Call, in any) (any, error) {
			if strings.HasPrefix(c.Caller.AccessKeyID, "ASIA") {
				if err := s.admit(ctx, c.Caller); err != nil {
					return nil, err
				}
			}
			return call(ctx, c, in)
		}
		t[name] = op
	}
	return t
}

func (s *Service) admit(ctx context.Context, c wire.Caller) error {
	return s.cfg.State.View(ctx, func(r store.Reader) error {
		session, found, err := s.sessionOf(r, c)
		if err == nil && found && session.RoleID == "" {
			err = errSessionCaller()
		}
		return err
	})
}
