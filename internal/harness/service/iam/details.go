package iam

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

type detailsInput struct {
	pageInput
	Filter []string // User, Role, Group, LocalManagedPolicy, AWSManagedPolicy; none means all
}

type policyDetail struct {
	PolicyName     string   `xml:"PolicyName"`
	PolicyDocument document `xml:"PolicyDocument"`
}

type userDetail struct {
	userData
	UserPolicyList          list[policyDetail]   `xml:"UserPolicyList"`
	GroupList               list[string]         `xml:"GroupList"`
	AttachedManagedPolicies list[attachedPolicy] `xml:"AttachedManagedPolicies"`
}

type groupDetail struct {
	groupData
	GroupPolicyList         list[policyDetail]   `xml:"GroupPolicyList"`
	AttachedManagedPolicies list[attachedPolicy] `xml:"AttachedManagedPolicies"`
}

type roleDetail struct {
	roleData
	InstanceProfileList     list[profileData]    `xml:"InstanceProfileList"`
	RolePolicyList          list[policyDetail]   `xml:"RolePolicyList"`
	AttachedManagedPolicies list[attachedPolicy] `xml:"AttachedManagedPolicies"`
}

type managedDetail struct {
	policyData
	PolicyVersionList list[versionData] `xml:"PolicyVersionList"`
}

type detailsOutput struct {
	UserDetailList  list[userDetail]    `xml:"UserDetailList"`
	GroupDetailList list[groupDetail]   `xml:"GroupDetailList"`
	RoleDetailList  list[roleDetail]    `xml:"RoleDetailList"`
	Policies        list[managedDetail] `xml:"Policies"`
	pageOutput
}

// detail is one thing of the account, not yet looked at closely.
type detail struct {
	arn string
	add func(store.Reader, *detailsOutput) error
}

// getAccountAuthorizationDetails lists users, groups, roles and managed policies with all that is attached to them, in
// the order of their ARNs.
// Source: IAM API reference, GetAccountAuthorizationDetails.
func (s *Service) getAccountAuthorizationDetails(
	ctx context.Context, c *wire.Call, in *detailsInput,
) (*detailsOutput, error) {
	var wrong checks
	for _, filter := range in.Filter {
		wrong.oneOf("filter", filter, "User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	var out *detailsOutput
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		found, err := in.collect(r, c.Caller.Account)
		if err != nil {
			return err
		}
		page, more, err := cut(in.pageInput, found, func(d detail) string { return d.arn })
		if err != nil {
			return err
		}
		out = &detailsOutput{pageOutput: more}
		for _, d := range page.Members {
			if err := d.add(r, out); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// collect finds what is asked for. Of the policies that AWS manages those count that are in use.
func (in *detailsInput) collect(r store.Reader, account string) ([]detail, error) {
	var found []detail
	asked := func(filter string) bool { return len(in.Filter) == 0 || slices.Contains(in.Filter, filter) }
	for _, k := range []kind{user, group, role} {
		if !asked(k.title()) {
			continue
		}
		entities, err := all(r, k, account, "")
		if err != nil {
			return nil, err
		}
		for _, e := range entities {
			found = append(found, detail{e.arn(), e.addDetail})
		}
	}
	add := func(p managed) {
		found = append(found, detail{p.arn(), func(r store.Reader, out *detailsOutput) error {
			return p.addDetail(r, account, out)
		}})
	}
	if asked("LocalManagedPolicy") {
		err := managedPolicies.Scan(r, account+"/", "", func(_ string, p managed) (bool, error) { add(p); return true, nil })
		if err != nil {
			return nil, err
		}
	}
	if asked("AWSManagedPolicy") {
		for _, p := range awsManaged {
			data, err := shownPolicy(r, account, &p)
			if err != nil {
				return nil, err
			}
			if data.AttachmentCount+data.PermissionsBoundaryUsageCount > 0 {
				add(p)
			}
		}
	}
	slices.SortFunc(found, func(a, b detail) int { return strings.Compare(a.arn, b.arn) })
	return found, nil
}

func (e *entity) inlineDetails() (details list[policyDetail]) {
	for _, name := range slices.Sorted(maps.Keys(e.Inline)) {
		details.Members = append(details.Members, policyDetail{name, document(e.Inline[name])})
	}
	return details
}

func (e *entity) addDetail(r store.Reader, out *detailsOutput) error {
	inline, attached := e.inlineDetails(), list[attachedPolicy]{attachedTo(e, "")}
	switch e.Kind {
	case user:
		groups, err := groupsOf(r, e)
		if err != nil {
			return err
		}
		d := userDetail{userData: shownUser(e), UserPolicyList: inline, AttachedManagedPolicies: attached}
		for _, g := range groups {
			d.GroupList.Members = append(d.GroupList.Members, g.Name)
		}
		out.UserDetailList.Members = append(out.UserDetailList.Members, d)
	case group:
		out.GroupDetailList.Members = append(out.GroupDetailList.Members, groupDetail{
			groupData: shownGroup(e), GroupPolicyList: inline, AttachedManagedPolicies: attached,
		})
	case role:
		data, err := fullRole(r, e)
		if err != nil {
			return err
		}
		data.Description, data.MaxSessionDuration = "", 0 // as the service does
		d := roleDetail{roleData: data, RolePolicyList: inline, AttachedManagedPolicies: attached}
		if d.InstanceProfileList.Members, err = profileDetails(r, e); err != nil {
			return err
		}
		out.RoleDetailList.Members = append(out.RoleDetailList.Members, d)
	}
	return nil
}

// profileDetails are the profiles that hold a role.
func profileDetails(r store.Reader, held *entity) ([]profileData, error) {
	found, err := holding(r, held)
	if err != nil {
		return nil, err
	}
	details := make([]profileData, len(found))
	for i := range found {
		if details[i], err = shownProfile(r, &found[i]); err != nil {
			return nil, err
		}
		details[i].Tags = nil
	}
	return details, nil
}

func (p *managed) addDetail(r store.Reader, account string, out *detailsOutput) error {
	data, err := shownPolicy(r, account, p)
	if err != nil {
		return err
	}
	data.Tags = nil
	d := managedDetail{policyData: data}
	for i := len(p.Versions) - 1; i >= 0; i-- { // the latest first, as in ListPolicyVersions
		v := p.shown(&p.Versions[i])
		v.Document = document(p.Versions[i].Text)
		d.PolicyVersionList.Members = append(d.PolicyVersionList.Members, v)
	}
	out.Policies.Members = append(out.Policies.Members, d)
	return nil
}
