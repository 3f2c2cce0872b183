package sts

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

type assumeRoleInput struct {
	limits
	RoleARN           string `form:"RoleArn"`
	RoleSessionName   string
	DurationSeconds   *int
	TransitiveTagKeys []string
	ExternalID        string `form:"ExternalId"`
	SerialNumber      string
	TokenCode         string
	SourceIdentity    string
}

// Target implements wire.Targeter.
func (in *assumeRoleInput) Target() string { return in.RoleARN }

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	ARN           string `xml:"Arn"`
}

type assumeRoleOutput struct {
	Credentials      *credentials    `xml:"Credentials"`
	AssumedRoleUser  assumedRoleUser `xml:"AssumedRoleUser"`
	PackedPolicySize *int            `xml:"PackedPolicySize"`
	SourceIdentity   string          `xml:"SourceIdentity,omitempty"`
}

const (
	usualRole    = time.Hour
	longestRole  = 12 * time.Hour
	longestChain = time.Hour
)

func (in *assumeRoleInput) check() error {
	var c checks
	c.length("roleArn", in.RoleARN, 20, 2048)
	c.length("roleSessionName", in.RoleSessionName, 2, 64)
	c.form("roleSessionName", in.RoleSessionName, nameForm)
	if in.DurationSeconds != nil {
		c.within("durationSeconds", *in.DurationSeconds, int(shortest/time.Second), int(longestRole/time.Second))
	}
	if in.ExternalID != "" {
		c.length("externalId", in.ExternalID, 2, 1224)
		c.form("externalId", in.ExternalID, `[\w+=,.@:\/-]*`)
	}
	if in.SourceIdentity != "" {
		c.length("sourceIdentity", in.SourceIdentity, 2, 64)
		c.form("sourceIdentity", in.SourceIdentity, nameForm)
	}
	if err := c.err(); err != nil {
		return err
	}
	field := strings.SplitN(in.RoleARN, ":", 6)
	if len(field) != 6 || field[0] != "arn" || field[2] != "iam" || !strings.HasPrefix(field[5], "role/") {
		return errValidation("%s is invalid", in.RoleARN)
	}
	return nil
}

// assumeRole is decided by the role's trust policy together with the caller's policies. Whether a role exists is not
// told to callers of other accounts who may not assume it.
//
// Source: STS API reference, AssumeRole; IAM User Guide, "Cross-account policy evaluation logic".
func (s *Service) assumeRole(ctx context.Context, c *wire.Call, in *assumeRoleInput) (*assumeRoleOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := s.check(ctx, strings.SplitN(in.RoleARN, ":", 6)[4], &in.limits); err != nil {
		return nil, err
	}
	if isRoot(c) {
		return nil, errDenied("Roles may not be assumed by root accounts.")
	}
	p, err := s.cfg.Directory.Principal(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	if p.Caller.Kind == policy.FederatedUser { // these may call nothing of STS but GetCallerIdentity
		return nil, errRole(c, "sts:AssumeRole", in.RoleARN)
	}
	transitive, err := in.transitive(&p)
	if err != nil {
		return nil, err
	}
	role, found, err := s.cfg.Directory.Role(ctx, in.RoleARN)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errRole(c, "sts:AssumeRole", in.RoleARN)
	}
	c.Touch(role.ARN)
	if err := authorise(c, &p, &role, in); err != nil {
		return nil, err
	}
	if in.SerialNumber != "" || in.TokenCode != "" {
		return nil, errMFA()
	}
	d, err := in.duration(&p, &role)
	if err != nil {
		return nil, err
	}
	session := in.session(&p, &role, transitive)
	made, err := s.issue(ctx, session, d)
	if err != nil {
		return nil, err
	}
	return &assumeRoleOutput{Credentials: made, AssumedRoleUser: assumedRoleUser{session.UserID, session.ARN},
		PackedPolicySize: in.packedSize(), SourceIdentity: session.SourceIdentity}, nil
}

// transitive returns the keys of tags that sessions made from this one will have. Those that the caller's own session
// inherited stay.
// Source: IAM User Guide, "Passing session tags in AWS STS", Chaining roles with session tags.
func (in *assumeRoleInput) transitive(p *Principal) ([]string, error) {
	has := func(tags []tag, key string) bool {
		return slices.ContainsFunc(tags, func(t tag) bool { return strings.EqualFold(t.Key, key) })
	}
	for _, key := range in.TransitiveTagKeys {
		if !has(in.Tags, key) {
			return nil, errValue("The specified transitive tag key must be included in the requested tags.")
		}
	}
	for _, key := range p.Transitive {
		if has(in.Tags, key) {
			return nil, errValue("One of the specified transitive tag keys can't be set because it conflicts with a " +
				"transitive tag key from the calling session.")
		}
	}
	return append(slices.Clone(p.Transitive), in.TransitiveTagKeys...), nil
}

// duration is how long the session lasts.
func (in *assumeRoleInput) duration(p *Principal, r *Role) (time.Duration, error) {
	if in.DurationSeconds == nil {
		return min(usualRole, max(r.MaxSession, usualRole)), nil
	}
	switch d := time.Duration(*in.DurationSeconds) * time.Second; {
	case p.RoleSession && d > longestChain:
		return 0, errValidation(
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case d > r.MaxSession:
		return 0, errValidation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	default:
		return d, nil
	}
}

func (in *assumeRoleInput) session(p *Principal, r *Role, transitive []string) Session {
	account := strings.SplitN(r.ARN, ":", 6)[4]
	session := Session{Account: account, RoleID: r.ID, RoleARN: r.ARN, UserID: r.ID + ":" + in.RoleSessionName,
		ARN:        "arn:aws:sts::" + account + ":assumed-role/" + r.Name + "/" + in.RoleSessionName,
		Transitive: transitive, SourceIdentity: p.SourceIdentity, Tags: inherited(p)}
	if in.SourceIdentity != "" {
		session.SourceIdentity = in.SourceIdentity
	}
	in.put(&session)
	return session
}

// authorise decides whether c's caller may assume r as in says.
func authorise(c *wire.Call, p *Principal, r *Role, in *assumeRoleInput) error {
	actions := []string{"sts:AssumeRole"}
	if len(in.Tags) > 0 || len(p.Transitive) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if in.SourceIdentity != "" || p.SourceIdentity != "" {
		if in.SourceIdentity != "" && p.SourceIdentity != "" && in.SourceIdentity != p.SourceIdentity {
			return errDenied("The source identity of a session cannot be changed.")
		}
		actions = append(actions, "sts:SetSourceIdentity")
	}
	request := policy.Request{Caller: p.Caller, Resource: r.ARN, Context: assumeContext(c, p, r, in),
		Policies: p.Policies}
	request.Policies.Trust = r.Trust
	for _, action := range actions {
		request.Action = action
		switch d := policy.Decide(request); {
		case d.Allowed:
		case d.CrossAccount:
			return errRole(c, action, r.ARN)
		default:
			return errDenied(policy.Refusal(request, d))
		}
	}
	return nil
}

// assumeContext holds the condition keys of an AssumeRole request.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Security Token Service";
// IAM User Guide, "AWS global condition context keys".
func assumeContext(c *wire.Call, p *Principal, r *Role, in *assumeRoleInput) policy.RequestContext {
	keys := maps.Clone(p.Context)
	if keys == nil {
		keys = policy.RequestContext{}
	}
	set := func(name, value string) {
		if value != "" {
			keys[name] = []string{value}
		}
	}
	set("aws:CurrentTime", c.Time.UTC().Format(time.RFC3339))
	set("aws:EpochTime", strconv.FormatInt(c.Time.Unix(), 10))
	set("aws:SourceIp", c.SourceIP)
	set("aws:UserAgent", c.UserAgent)
	set("aws:RequestedRegion", c.Region)
	set("aws:SecureTransport", "true") // as at AWS, which takes nothing else
	set("sts:ExternalId", in.ExternalID)
	set("sts:RoleSessionName", in.RoleSessionName)
	set("sts:SourceIdentity", in.SourceIdentity)
	if in.SourceIdentity == "" {
		set("sts:SourceIdentity", p.SourceIdentity)
	}
	for _, t := range in.Tags {
		set("aws:RequestTag/"+t.Key, t.Value)
		keys["aws:TagKeys"] = append(slices.Clip(keys["aws:TagKeys"]), t.Key)
	}
	for key, value := range inherited(p) {
		set("aws:RequestTag/"+key, value)
		keys["aws:TagKeys"] = append(slices.Clip(keys["aws:TagKeys"]), key)
	}
	if len(in.TransitiveTagKeys) > 0 {
		keys["sts:TransitiveTagKeys"] = in.TransitiveTagKeys
	}
	for key, value := range r.Tags {
		set("aws:ResourceTag/"+key, value)
		set("iam:ResourceTag/"+key, value)
	}
	return keys
}
