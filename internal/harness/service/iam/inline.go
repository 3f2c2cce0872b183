package iam

import (
	"context"
	"maps"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// The quotas on sizes of policies, in characters that are not white space.
// Source: IAM User Guide, "IAM and AWS STS quotas".
const (
	maxManagedSize = 6144
	maxTrustSize   = 2048
)

var maxInlineSize = map[kind]int{user: 2048, group: 5120, role: 10240}

type putPolicyInput struct {
	entityInput
	PolicyName     string
	PolicyDocument string
}

type inlineInput struct {
	entityInput
	PolicyName string
}

type inlineOutput struct {
	entityName
	PolicyName     string   `xml:"PolicyName"`
	PolicyDocument document `xml:"PolicyDocument"`
}

func (s *Service) putPolicy(k kind) func(context.Context, *wire.Call, *putPolicyInput) (*wire.Empty, error) {
	return func(ctx context.Context, c *wire.Call, in *putPolicyInput) (*wire.Empty, error) {
		if err := checkName("policyName", in.PolicyName, longestPolicyName); err != nil {
			return nil, err
		}
		if err := checkIdentity(in.PolicyDocument); err != nil {
			return nil, err
		}
		return nil, s.change(ctx, c, k, in.name(k), func(_ store.Writer, e *entity) error {
			return e.putInline(in.PolicyName, in.PolicyDocument)
		})
	}
}

func (e *entity) putInline(name, text string) error {
	total := size(text)
	for other, text := range e.Inline {
		if other != name {
			total += size(text)
		}
	}
	if most := maxInlineSize[e.Kind]; total > most {
		return errLimit("Maximum policy size of %d bytes exceeded for %s %s", most, e.Kind, e.Name)
	}
	if e.Inline == nil {
		e.Inline = map[string]string{}
	}
	e.Inline[name] = text
	return nil
}

func errNoInline(k kind, name string) error {
	return errMissing("The %s policy with name %s cannot be found.", k, name)
}

func (s *Service) getPolicyOf(k kind) func(context.Context, *wire.Call, *inlineInput) (*inlineOutput, error) {
	return func(ctx context.Context, c *wire.Call, in *inlineInput) (*inlineOutput, error) {
		e, err := s.read(ctx, c, k, in.name(k))
		if err != nil {
			return nil, err
		}
		text, ok := e.Inline[in.PolicyName]
		if !ok {
			return nil, errNoInline(k, in.PolicyName)
		}
		return &inlineOutput{entityName: nameOf(&e), PolicyName: in.PolicyName, PolicyDocument: document(text)}, nil
	}
}

func (s *Service) deletePolicyOf(k kind) func(context.Context, *wire.Call, *inlineInput) (*wire.Empty, error) {
	return func(ctx context.Context, c *wire.Call, in *inlineInput) (*wire.Empty, error) {
		return nil, s.change(ctx, c, k, in.name(k), func(_ store.Writer, e *entity) error {
			if _, ok := e.Inline[in.PolicyName]; !ok {
				return errNoInline(k, in.PolicyName)
			}
			delete(e.Inline, in.PolicyName)
			return nil
		})
	}
}

type listInput struct {
	entityInput
	pageInput
	PathPrefix string
}

type inlineListOutput struct {
	PolicyNames list[string] `xml:"PolicyNames"`
	pageOutput
}

func (s *Service) listPoliciesOf(k kind) func(context.Context, *wire.Call, *listInput) (*inlineListOutput, error) {
	return func(ctx context.Context, c *wire.Call, in *listInput) (*inlineListOutput, error) {
		e, err := s.read(ctx, c, k, in.name(k))
		if err != nil {
			return nil, err
		}
		out := &inlineListOutput{}
		names := slices.Sorted(maps.Keys(e.Inline))
		out.PolicyNames, out.pageOutput, err = cut(in.pageInput, names, func(name string) string { return name })
		return out, err
	}
}
