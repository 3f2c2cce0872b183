package iam_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestInstanceProfile is the life of one, in the order in which Terraform has it.
func TestInstanceProfile(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx, records := s.root(), t.Context(), aws.String("records")
	trust := trusting(account)
	must(c.CreateRole(ctx, &iamclient.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &trust}))(t)
	created := must(c.CreateInstanceProfile(ctx, &iamclient.CreateInstanceProfileInput{InstanceProfileName: records,
		Path: aws.String("/ledger/"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))(t)
	add := &iamclient.AddRoleToInstanceProfileInput{InstanceProfileName: records, RoleName: name}
	must(c.AddRoleToInstanceProfile(ctx, add))(t)
	_, err := c.AddRoleToInstanceProfile(ctx, add)
	const full = "LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
	if got := faultText(err); got != full {
		t.Errorf("a second role: got %s, want %s", got, full)
	}

	one := &iamclient.GetInstanceProfileInput{InstanceProfileName: records}
	got := must(c.GetInstanceProfile(ctx, one))(t).InstanceProfile
	if len(got.Roles) != 1 || *got.Roles[0].RoleName != *name || got.Roles[0].AssumeRolePolicyDocument == nil {
		t.Errorf("roles: got %+v, want the one role", got.Roles)
	}
	want := &types.InstanceProfile{
		Arn: aws.String("arn:aws:iam::111122223333:instance-profile/ledger/records"), InstanceProfileName: records,
		CreateDate: aws.Time(time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)), Path: aws.String("/ledger/"),
		InstanceProfileId: created.InstanceProfile.InstanceProfileId, Roles: got.Roles,
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
	}
	unexported := cmpopts.IgnoreUnexported(types.InstanceProfile{}, types.Role{}, types.Tag{})
	if diff := cmp.Diff(want, got, unexported); diff != "" {
		t.Errorf("GetInstanceProfile (-want +got):\n%s", diff)
	}
	if id := *got.InstanceProfileId; !strings.HasPrefix(id, "AIPA") || len(id) != 21 {
		t.Errorf("id %s, want AIPA and 17 more", id)
	}
	want.Tags = nil
	all := &iamclient.ListInstanceProfilesInput{PathPrefix: aws.String("/ledger/")}
	listed := must(c.ListInstanceProfiles(ctx, all))(t)
	ofRole := must(c.ListInstanceProfilesForRole(ctx, &iamclient.ListInstanceProfilesForRoleInput{RoleName: name}))(t)
	details := must(c.GetAccountAuthorizationDetails(ctx, &iamclient.GetAccountAuthorizationDetailsInput{}))(t)
	for from, list := range map[string][]types.InstanceProfile{"ListInstanceProfiles": listed.InstanceProfiles,
		"ListInstanceProfilesForRole":    ofRole.InstanceProfiles,
		"GetAccountAuthorizationDetails": details.RoleDetailList[0].InstanceProfileList} {
		if diff := cmp.Diff([]types.InstanceProfile{*want}, list, unexported); diff != "" {
			t.Errorf("%s (-want +got):\n%s", from, diff)
		}
	}
	summary := must(c.GetAccountSummary(ctx, &iamclient.GetAccountSummaryInput{}))(t).SummaryMap
	if summary["InstanceProfiles"] != 1 {
		t.Errorf("GetAccountSummary: got %d instance profiles, want 1", summary["InstanceProfiles"])
	}

	const held = "DeleteConflict: Cannot delete entity, must remove roles from instance profile first."
	_, err = c.DeleteRole(ctx, &iamclient.DeleteRoleInput{RoleName: name})
	if got := faultText(err); got != held {
		t.Errorf("DeleteRole: got %s, want %s", got, held)
	}
	_, err = c.DeleteInstanceProfile(ctx, &iamclient.DeleteInstanceProfileInput{InstanceProfileName: records})
	if got := faultText(err); got != held {
		t.Errorf("DeleteInstanceProfile: got %s, want %s", got, held)
	}
	remove := &iamclient.RemoveRoleFromInstanceProfileInput{InstanceProfileName: records, RoleName: name}
	must(c.RemoveRoleFromInstanceProfile(ctx, remove))(t)
	_, err = c.RemoveRoleFromInstanceProfile(ctx, remove)
	if got := faultText(err); !strings.HasPrefix(got, "NoSuchEntity: ") {
		t.Errorf("removed twice: got %s, want NoSuchEntity", got)
	}
	must(c.DeleteRole(ctx, &iamclient.DeleteRoleInput{RoleName: name}))(t)
	must(c.DeleteInstanceProfile(ctx, &iamclient.DeleteInstanceProfileInput{InstanceProfileName: records}))(t)
	_, err = c.GetInstanceProfile(ctx, one)
	if got, want := faultText(err), "NoSuchEntity: Instance Profile records cannot be found."; got != want {
		t.Errorf("after the end: got %s, want %s", got, want)
	}
}

func TestInstanceProfileTagsAndPages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	var want []string
	for i := range 3 {
		want = append(want, fmt.Sprintf("p%d", i))
		must(c.CreateInstanceProfile(ctx, &iamclient.CreateInstanceProfileInput{InstanceProfileName: &want[i]}))(t)
	}
	_, err := c.CreateInstanceProfile(ctx, &iamclient.CreateInstanceProfileInput{InstanceProfileName: aws.String("P1")})
	if got, want := faultText(err), "EntityAlreadyExists: Instance Profile p1 already exists."; got != want {
		t.Errorf("name taken: got %s, want %s", got, want)
	}
	var got []string
	pages := iamclient.NewListInstanceProfilesPaginator(c, &iamclient.ListInstanceProfilesInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		for _, p := range must(pages.NextPage(ctx))(t).InstanceProfiles {
			got = append(got, *p.InstanceProfileName)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}

	must(c.TagInstanceProfile(ctx, &iamclient.TagInstanceProfileInput{InstanceProfileName: &want[0], Tags: []types.Tag{
		{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}}))(t)
	must(c.UntagInstanceProfile(ctx, &iamclient.UntagInstanceProfileInput{InstanceProfileName: &want[0],
		TagKeys: []string{"a"}}))(t)
	left := must(c.ListInstanceProfileTags(ctx,
		&iamclient.ListInstanceProfileTagsInput{InstanceProfileName: &want[0]}))(t).Tags
	if len(left) != 1 || *left[0].Key != "b" {
		t.Errorf("tags: got %v, want b alone", left)
	}
}
