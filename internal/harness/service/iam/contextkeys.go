package iam

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

type contextKeysInput struct {
	PolicySourceARN string `form:"PolicySourceArn"` // of GetContextKeysForPrincipalPolicy
	PolicyInputList []string
}

// Target implements wire.Targeter.
func (in *contextKeysInput) Target() string { return in.PolicySourceARN }

type contextKeysOutput struct {
	ContextKeyNames list[string] `xml:"ContextKeyNames"`
}

// getContextKeysForPrincipalPolicy lists the condition keys that the policies of a user, a group or a role ask for, and
// those of the input: what a simulation of them needs. Those of a user's groups count as well.
// Source: IAM API reference, GetContextKeysForPrincipalPolicy.
func (s *Service) getContextKeysForPrincipalPolicy(
	ctx context.Context, c *wire.Call, in *contextKeysInput,
) (*contextKeysOutput, error) {
	var wrong checks
	wrong.length("policySourceArn", in.PolicySourceARN, 20, 2048)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	var policies []*policy.Policy
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		e, err := sourceEntity(r, c, in.PolicySourceARN)
		if err != nil {
			return err
		}
		sources, err := s.sourcesOf(r, &e)
		policies = nil
		for _, source := range sources {
			policies = append(policies, source.policy)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return in.keysOf(policies)
}

// getContextKeysForCustomPolicy is the same for the policies of the input alone.
// Source: IAM API reference, GetContextKeysForCustomPolicy.
func (s *Service) getContextKeysForCustomPolicy(
	_ context.Context, _ *wire.Call, in *contextKeysInput,
) (*contextKeysOutput, error) {
	if len(in.PolicyInputList) == 0 {
		var wrong checks
		wrong.add("null", "policyInputList", "Member must not be null")
		return nil, wrong.err()
	}
	return in.keysOf(nil)
}

// keysOf lists the keys of policies, then those of the input, each where it is first asked for.
func (in *contextKeysInput) keysOf(policies []*policy.Policy) (*contextKeysOutput, error) {
	for _, text := range in.PolicyInputList {
		p, err := policy.ParseIdentity(text)
		if err != nil {
			return nil, errInput("%s", wordsOf(err))
		}
		policies = append(policies, p)
	}
	out := &contextKeysOutput{}
	for _, p := range policies {
		for _, name := range contextKeys(p) {
			if !slices.ContainsFunc(out.ContextKeyNames.Members, func(n string) bool { return strings.EqualFold(n, name) }) {
				out.ContextKeyNames.Members = append(out.ContextKeyNames.Members, name)
			}
		}
	}
	return out, nil
}

// variable is a policy variable: its key, and perhaps what stands for it where it is absent.
var variable = regexp.MustCompile(`\$\{([^},]+)[^}]*\}`)

// contextKeys are the condition keys of a policy as it spells them: those of its variables and of its conditions.
func contextKeys(p *policy.Policy) (names []string) {
	variables := func(values []policy.Value) {
		for _, v := range values {
			for _, found := range variable.FindAllStringSubmatch(v.Text, -1) {
				if name := strings.TrimSpace(found[1]); p.Version == policy.Version2012 && len(name) > 1 { // not ${*}
					names = append(names, name)
				}
			}
		}
	}
	for _, s := range p.Statements {
		variables(s.Resource.List)
		for _, c := range s.Conditions {
			names = append(names, c.Key)
			variables(c.Values)
		}
	}
	return names
}
