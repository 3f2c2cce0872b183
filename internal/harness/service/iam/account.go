package iam

import (
	"context"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// none lists nothing: what an operation would list does not exist here. name is the element of the list.
type none struct {
	AccountAliases             *list[string] `xml:"AccountAliases"`
	MFADevices                 *list[string] `xml:"MFADevices"`
	VirtualMFADevices          *list[string] `xml:"VirtualMFADevices"`
	SSHPublicKeys              *list[string] `xml:"SSHPublicKeys"`
	ServiceSpecificCredentials *list[string] `xml:"ServiceSpecificCredentials"`
	Certificates               *list[string] `xml:"Certificates"`
	OpenIDConnectProviderList  *list[string] `xml:"OpenIDConnectProviderList"`
	SAMLProviderList           *list[string] `xml:"SAMLProviderList"`
	IsTruncated                bool          `xml:"IsTruncated"`
}

// empty answers with an empty list, if the user or role the call names exists.
func empty(s *Service, k kind, answer func(*none, *list[string])) func(
	context.Context, *wire.Call, *listInput) (*none, error) {
	return func(ctx context.Context, c *wire.Call, in *listInput) (*none, error) {
		if name := in.name(k); name != "" || k == role {
			if _, err := s.read(ctx, c, k, name); err != nil {
				return nil, err
			}
		}
		out := &none{}
		answer(out, &list[string]{})
		return out, nil
	}
}

// noLoginProfile serves GetLoginProfile and DeleteLoginProfile: nobody has a password here.
func (s *Service) noLoginProfile(ctx context.Context, c *wire.Call, in *entityInput) (*wire.Empty, error) {
	name, err := nameOrCaller(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if _, err := s.read(ctx, c, user, name); err != nil {
		return nil, err
	}
	return nil, errMissing("Login Profile for User %s cannot be found.", name)
}

// summary is a map of an answer.
type summary struct {
	Entries []summaryEntry `xml:"entry"`
}

type summaryEntry struct {
	Key   string `xml:"key"`
	Value int    `xml:"value"`
}

type summaryOutput struct {
	SummaryMap summary `xml:"SummaryMap"`
}

func (s *Service) getAccountSummary(ctx context.Context, c *wire.Call, _ *struct{}) (*summaryOutput, error) {
	counts := map[kind]int{}
	policies, versions := 0, 0
	account := c.Caller.Account
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		for _, k := range []kind{user, group, role, profile} {
			found, err := all(r, k, account, "")
			if err != nil {
				return err
			}
			counts[k] = len(found)
		}
		return managedPolicies.Scan(r, account+"/", "", func(_ string, p managed) (bool, error) {
			policies, versions = policies+1, versions+len(p.Versions)
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return &summaryOutput{summary{[]summaryEntry{
		{"AccessKeysPerUserQuota", maxKeys},
		{"AccountAccessKeysPresent", 1},
		{"AccountMFAEnabled", 0},
		{"AssumeRolePolicySizeQuota", maxTrustSize},
		{"AttachedPoliciesPerGroupQuota", maxAttached},
		{"AttachedPoliciesPerRoleQuota", maxAttached},
		{"AttachedPoliciesPerUserQuota", maxAttached},
		{"GroupPolicySizeQuota", maxInlineSize[group]},
		{"Groups", counts[group]},
		{"GroupsPerUserQuota", maxGroups},
		{"InstanceProfiles", counts[profile]},
		{"MFADevices", 0},
		{"Policies", policies},
		{"PolicySizeQuota", maxManagedSize},
		{"PolicyVersionsInUse", versions},
		{"RolePolicySizeQuota", maxInlineSize[role]},
		{"Roles", counts[role]},
		{"UserPolicySizeQuota", maxInlineSize[user]},
		{"Users", counts[user]},
		{"VersionsPerPolicyQuota", maxVersions},
	}}}, nil
}

// Target implements wire.Targeter.
func (in *entityInput) Target() string {
	names := []string{in.GroupName, in.RoleName, in.UserName, in.InstanceProfileName}
	return strings.Trim(strings.Join(names, " "), " ")
}
