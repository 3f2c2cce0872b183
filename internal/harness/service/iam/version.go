package iam

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

type versionData struct {
	Document         document  `xml:"Document,omitempty"`
	VersionID        string    `xml:"VersionId"`
	IsDefaultVersion bool      `xml:"IsDefaultVersion"`
	CreateDate       wire.Time `xml:"CreateDate"`
}

func (p *managed) shown(v *version) versionData {
	return versionData{VersionID: versionID(v.Number), IsDefaultVersion: v.Number == p.Default,
		CreateDate: wire.Time{Time: v.Created}}
}

type createVersionInput struct {
	PolicyARN      string `form:"PolicyArn"`
	PolicyDocument string
	SetAsDefault   bool
}

// Target implements wire.Targeter.
func (in *createVersionInput) Target() string { return in.PolicyARN }

type versionOutput struct {
	PolicyVersion versionData `xml:"PolicyVersion"`
}

func (s *Service) createPolicyVersion(
	ctx context.Context, c *wire.Call, in *createVersionInput,
) (*versionOutput, error) {
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	out := &versionOutput{}
	now := s.cfg.Clock.Now().Truncate(time.Second)
	err := s.changePolicy(ctx, c, in.PolicyARN, func(_ store.Writer, p *managed) error {
		if len(p.Versions) >= maxVersions {
			return errLimit("A managed policy can have up to %d versions. Before you create a new version, you must "+
				"delete an existing version.", maxVersions)
		}
		p.Last++
		v := version{Number: p.Last, Text: in.PolicyDocument, Created: now}
		p.Versions = append(p.Versions, v)
		if p.Updated = now; in.SetAsDefault {
			p.Default = v.Number
		}
		out.PolicyVersion = p.shown(&v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

var versionForm = regexp.MustCompile(`^v[1-9][0-9]{0,8}$`)

// find finds one of p's versions.
func (p *managed) find(id string) (*version, error) {
	if !versionForm.MatchString(id) {
		var c checks
		c.add("'"+id+"'", "versionId", `Member must satisfy regular expression pattern: %s`,
			`v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`)
		return nil, c.err()
	}
	number, err := strconv.Atoi(id[1:])
	if err != nil {
		return nil, fmt.Errorf("parse version %s: %w", id, err)
	}
	v, ok := p.version(number)
	if !ok {
		return nil, errMissing("Policy %s version %s does not exist or is not attachable.", p.arn(), id)
	}
	return v, nil
}

func (s *Service) getPolicyVersion(ctx context.Context, c *wire.Call, in *policyInput) (*versionOutput, error) {
	out := &versionOutput{}
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		p, err := findPolicy(r, c.Caller.Account, in.PolicyARN)
		if err != nil {
			return err
		}
		v, err := p.find(in.VersionID)
		if err == nil {
			out.PolicyVersion = p.shown(v)
			out.PolicyVersion.Document = document(v.Text)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type listVersionsInput struct {
	pageInput
	PolicyARN string `form:"PolicyArn"`
}

type versionsOutput struct {
	Versions list[versionData] `xml:"Versions"`
	pageOutput
}

// listPolicyVersions lists the latest version first.
func (s *Service) listPolicyVersions(
	ctx context.Context, c *wire.Call, in *listVersionsInput,
) (*versionsOutput, error) {
	var versions []versionData
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		p, err := findPolicy(r, c.Caller.Account, in.PolicyARN)
		versions = nil
		for i := len(p.Versions) - 1; i >= 0; i-- {
			versions = append(versions, p.shown(&p.Versions[i]))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &versionsOutput{}
	// From the latest down, so the greater number must be the smaller name.
	out.Versions, out.pageOutput, err = cut(in.pageInput, versions, func(v versionData) string {
		number, _ := strconv.Atoi(v.VersionID[1:]) // made by versionID
		return fmt.Sprintf("%09d", 999_999_999-number)
	})
	return out, err
}

func (s *Service) setDefaultPolicyVersion(ctx context.Context, c *wire.Call, in *policyInput) (*wire.Empty, error) {
	now := s.cfg.Clock.Now().Truncate(time.Second)
	return nil, s.changePolicy(ctx, c, in.PolicyARN, func(_ store.Writer, p *managed) error {
		v, err := p.find(in.VersionID)
		if err == nil {
			p.Default, p.Updated = v.Number, now
		}
		return err
	})
}

func (s *Service) deletePolicyVersion(ctx context.Context, c *wire.Call, in *policyInput) (*wire.Empty, error) {
	return nil, s.changePolicy(ctx, c, in.PolicyARN, func(_ store.Writer, p *managed) error {
		v, err := p.find(in.VersionID)
		if err != nil {
			return err
		}
		if v.Number == p.Default {
			return errConflict("Cannot delete the default version of a policy.")
		}
		number := v.Number
		p.Versions = slices.DeleteFunc(p.Versions, func(v version) bool { return v.Number == number })
		return nil
	})
}
