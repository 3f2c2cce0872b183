package sts

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

type federateInput struct {
	limits
	Name            string
	DurationSeconds *int
}

// Target implements wire.Targeter.
func (in *federateInput) Target() string { return in.Name }

type federatedUser struct {
	FederatedUserID string `xml:"FederatedUserId"`
	ARN             string `xml:"Arn"`
}

type federateOutput struct {
	Credentials      *credentials  `xml:"Credentials"`
	FederatedUser    federatedUser `xml:"FederatedUser"`
	PackedPolicySize *int          `xml:"PackedPolicySize"`
}

// getFederationToken gives a federated user what both the calling user's policies and the session policies allow;
// without session policies, nothing but what policies of resources allow it by its own ARN.
//
// The caller's identity policies must allow it. Source: STS API reference, GetFederationToken.
func (s *Service) getFederationToken(ctx context.Context, c *wire.Call, in *federateInput) (*federateOutput, error) {
	var wrong checks
	wrong.length("name", in.Name, 2, 32)
	wrong.form("name", in.Name, nameForm)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	if err := s.check(ctx, c.Caller.Account, &in.limits); err != nil {
		return nil, err
	}
	p, err := s.lasting(ctx, c, "GetFederationToken")
	if err != nil {
		return nil, err
	}
	d, err := lifetime(in.DurationSeconds, isRoot(c))
	if err != nil {
		return nil, err
	}
	account := c.Caller.Account
	session := Session{Account: account, ARN: "arn:aws:sts::" + account + ":federated-user/" + in.Name,
		UserID: account + ":" + in.Name, UserARN: c.Caller.ARN, UserUID: p.ID, Limited: true}
	if err := authoriseFederation(c, &p, session.ARN, in); err != nil {
		return nil, err
	}
	in.put(&session)
	made, err := s.issue(ctx, session, d)
	if err != nil {
		return nil, err
	}
	return &federateOutput{Credentials: made, FederatedUser: federatedUser{session.UserID, session.ARN},
		PackedPolicySize: in.packedSize()}, nil
}

// authoriseFederation decides whether c's caller may make the federated user with that ARN.
func authoriseFederation(c *wire.Call, p *Principal, arn string, in *federateInput) error {
	keys := maps.Clone(p.Context)
	if keys == nil {
		keys = policy.RequestContext{}
	}
	keys["aws:CurrentTime"] = []string{c.Time.UTC().Format(time.RFC3339)}
	keys["aws:EpochTime"] = []string{strconv.FormatInt(c.Time.Unix(), 10)}
	keys["aws:SourceIp"] = []string{c.SourceIP}
	for _, t := range in.Tags {
		keys["aws:RequestTag/"+t.Key] = []string{t.Value}
		keys["aws:TagKeys"] = append(slices.Clip(keys["aws:TagKeys"]), t.Key)
	}
	request := policy.Request{Caller: p.Caller, Action: "sts:GetFederationToken", Resource: arn, Context: keys,
		Policies: p.Policies}
	if d := policy.Decide(request); !d.Allowed {
		return errDenied(policy.Refusal(request, d))
	}
	if len(in.Tags) == 0 {
		return nil
	}
	// Decide takes sts:TagSession for an action on a role; a federated user's is decided by identity policies alone,
	// as if its trust policy left it to the account.
	request.Action = "sts:TagSession"
	request.Policies.Trust = delegating(p.Caller.Account)
	if d := policy.Decide(request); !d.Allowed {
		return errDenied(policy.Refusal(request, d))
	}
	return nil
}

// delegating is the trust policy that leaves all decisions to the account.
func delegating(account string) *policy.Policy {
	return &policy.Policy{Version: policy.Version2012, Statements: []policy.Statement{{Effect: policy.Allow,
		Principal: policy.PrincipalElement{List: []policy.Principal{{Type: policy.AWS, Value: account}}},
		Action:    policy.ListElement{Present: true, List: []policy.Value{{Text: "*"}}}}}}
}
