package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// maxAttached is how many managed policies an entity can have.
// Source: IAM User Guide, "IAM and AWS STS quotas".
const maxAttached = 10

type attachInput struct {
	entityInput
	PolicyARN string `form:"PolicyArn"`
}

type attachCall = func(context.Context, *wire.Call, *attachInput) (*wire.Empty, error)

func (s *Service) attach(k kind) attachCall {
	return func(ctx context.Context, c *wire.Call, in *attachInput) (*wire.Empty, error) {
		if err := checkPolicyARN(c.Caller.Account, in.PolicyARN); err != nil {
			return nil, err
		}
		return nil, s.change(ctx, c, k, in.name(k), func(w store.Writer, e *entity) error {
			return e.attach(w, in.PolicyARN)
		})
	}
}

// attach does nothing for a policy that is attached already.
func (e *entity) attach(w store.Writer, arn string) error {
	p, found, err := lookupPolicy(w, arn)
	if err != nil {
		return err
	}
	if !found {
		return errUnattachable(arn)
	}
	if slices.Contains(e.Attached, arn) {
		return nil
	}
	if len(e.Attached) >= maxAttached {
		return errQuota("PoliciesPer"+e.Kind.title(), maxAttached)
	}
	e.Attached = append(e.Attached, arn)
	return links.Put(w, linkKey(p.ID, asPolicy, e.ID), struct{}{})
}

func (s *Service) detach(k kind) attachCall {
	return func(ctx context.Context, c *wire.Call, in *attachInput) (*wire.Empty, error) {
		if err := checkPolicyARN(c.Caller.Account, in.PolicyARN); err != nil {
			return nil, err
		}
		return nil, s.change(ctx, c, k, in.name(k), func(w store.Writer, e *entity) error {
			if !slices.Contains(e.Attached, in.PolicyARN) {
				return errNoPolicy(in.PolicyARN)
			}
			return e.detach(w, in.PolicyARN)
		})
	}
}

func (e *entity) detach(w store.Writer, arn string) error {
	e.Attached = slices.DeleteFunc(e.Attached, func(a string) bool { return a == arn })
	return unlink(w, arn, asPolicy, e.ID)
}

type attachedPolicy struct {
	PolicyName string `xml:"PolicyName"`
	PolicyARN  string `xml:"PolicyArn"`
}

type attachedOutput struct {
	AttachedPolicies list[attachedPolicy] `xml:"AttachedPolicies"`
	pageOutput
}

func (s *Service) listAttached(k kind) func(context.Context, *wire.Call, *listInput) (*attachedOutput, error) {
	return func(ctx context.Context, c *wire.Call, in *listInput) (*attachedOutput, error) {
		e, err := s.read(ctx, c, k, in.name(k))
		if err != nil {
			return nil, err
		}
		policies := attachedTo(&e, in.PathPrefix)
		out := &attachedOutput{}
		out.AttachedPolicies, out.pageOutput, err = cut(in.pageInput, policies, attachedPolicy.key)
		return out, err
	}
}

func (p attachedPolicy) key() string { return p.PolicyName + " " + p.PolicyARN }

func attachedTo(e *entity, prefix string) []attachedPolicy {
	var policies []attachedPolicy
	for _, arn := range e.Attached {
		path, name, _ := strings.Cut(arn, ":policy/")
		i := strings.LastIndexByte(name, '/') + 1
		if path = "/" + name[:i]; strings.HasPrefix(path, prefix) {
			policies = append(policies, attachedPolicy{PolicyName: name[i:], PolicyARN: arn})
		}
	}
	slices.SortFunc(policies, func(a, b attachedPolicy) int { return strings.Compare(a.key(), b.key()) })
	return policies
}

type boundaryInput struct {
	entityInput
	PermissionsBoundary string
}

type boundaryCall = func(context.Context, *wire.Call, *boundaryInput) (*wire.Empty, error)

func (s *Service) putBoundary(k kind) boundaryCall {
	return func(ctx context.Context, c *wire.Call, in *boundaryInput) (*wire.Empty, error) {
		var missing checks
		missing.length("permissionsBoundary", in.PermissionsBoundary, 20, 2048)
		if err := missing.err(); err != nil {
			return nil, err
		}
		return nil, s.change(ctx, c, k, in.name(k), func(w store.Writer, e *entity) error {
			return e.setBoundary(w, in.PermissionsBoundary)
		})
	}
}

func (s *Service) deleteBoundary(k kind) boundaryCall {
	return func(ctx context.Context, c *wire.Call, in *boundaryInput) (*wire.Empty, error) {
		return nil, s.change(ctx, c, k, in.name(k), func(w store.Writer, e *entity) error {
			if e.Boundary == "" {
				return errMissing("%s %s does not have permissions boundary set.", e.Kind.title(), e.Name)
			}
			return e.setBoundary(w, "")
		})
	}
}

// setBoundary changes e's boundary to the policy with that ARN, or takes it away.
func (e *entity) setBoundary(w store.Writer, arn string) error {
	if e.Boundary != "" {
		if err := unlink(w, e.Boundary, asBoundary, e.ID); err != nil {
			return err
		}
	}
	e.Boundary = arn
	if arn == "" {
		return nil
	}
	if err := checkPolicyARN(e.Account, arn); err != nil {
		return err
	}
	p, found, err := lookupPolicy(w, arn)
	if err != nil {
		return err
	}
	if !found {
		return errMissing("Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return links.Put(w, linkKey(p.ID, asBoundary, e.ID), struct{}{})
}

type boundary struct {
	Type string `xml:"PermissionsBoundaryType"`
	ARN  string `xml:"PermissionsBoundaryArn"`
}

func boundaryOf(e *entity) *boundary {
	if e.Boundary == "" {
		return nil
	}
	return &boundary{Type: "Policy", ARN: e.Boundary}
}
