package sts

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// credentials are temporary credentials in an answer.
type credentials struct {
	AccessKeyID     string    `xml:"AccessKeyId"`
	SecretAccessKey string    `xml:"SecretAccessKey"`
	SessionToken    string    `xml:"SessionToken"`
	Expiration      wire.Time `xml:"Expiration"`
}

type tag struct {
	Key   string
	Value string
}

type policyARN struct {
	ARN string `form:"arn"`
}

// limits is what a caller can ask to be put on a session.
type limits struct {
	Policy     string
	PolicyARNs []policyARN `form:"PolicyArns"`
	Tags       []tag
}

const (
	nameForm      = `[\w+=,.@-]*`
	maxPolicy     = 2048 // characters
	maxPolicyARNs = 10
	maxTags       = 50
	maxTagKey     = 128
	maxTagValue   = 256
	packedSpace   = 4096 // bytes of policies and tags; the service packs them, in a way it does not tell
)

// check refuses limits that no session can have.
func (s *Service) check(ctx context.Context, account string, in *limits) error {
	var c checks
	c.length("policy", in.Policy, 0, maxPolicy)
	for _, p := range in.PolicyARNs {
		c.length("policyArns.member.arn", p.ARN, 20, 2048)
	}
	for _, t := range in.Tags {
		c.length("tags.member.key", t.Key, 1, maxTagKey)
		c.length("tags.member.value", t.Value, 0, maxTagValue)
		c.form("tags.member.key", t.Key, `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`)
		c.form("tags.member.value", t.Value, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
	}
	if len(in.PolicyARNs) > maxPolicyARNs {
		c.add("'policyArns'", "policyArns", "Member must have length less than or equal to %d", maxPolicyARNs)
	}
	if len(in.Tags) > maxTags {
		c.add("'tags'", "tags", "Member must have length less than or equal to %d", maxTags)
	}
	if err := c.err(); err != nil {
		return err
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	if in.Policy != "" {
		if err := s.cfg.Directory.CheckPolicy(in.Policy); err != nil {
			return err
		}
	}
	for _, p := range in.PolicyARNs {
		known, err := s.cfg.Directory.HasPolicy(ctx, account, p.ARN)
		if err != nil {
			return err
		}
		if !known {
			return wire.Faultf("MalformedPolicyDocument", "Policy %s does not exist or is not attachable.", p.ARN)
		}
	}
	if used := in.packed(); used > 100 {
		return wire.Faultf("PackedPolicyTooLarge",
			"Packed policy consumes %d%% of allotted space, please use smaller policy.", used)
	}
	return nil
}

func checkTags(tags []tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		name := strings.ToLower(t.Key)
		if strings.HasPrefix(name, "aws:") {
			return errValue("Tag keys starting with 'aws:' are reserved for system use.")
		}
		if seen[name] {
			return errValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[name] = true
	}
	return nil
}

// packed is how much of the space for policies and tags is used, in percent, rounded up.
func (in *limits) packed() int {
	used := len(in.Policy)
	for _, p := range in.PolicyARNs {
		used += len(p.ARN)
	}
	for _, t := range in.Tags {
		used += len(t.Key) + len(t.Value)
	}
	return (used*100 + packedSpace - 1) / packedSpace
}

// packedSize is nil if there is nothing to pack.
func (in *limits) packedSize() *int {
	if used := in.packed(); used > 0 {
		return &used
	}
	return nil
}

// put sets the session's limits.
func (in *limits) put(s *Session) {
	if in.Policy != "" {
		s.Policies = []string{in.Policy}
	}
	for _, p := range in.PolicyARNs {
		s.PolicyARNs = append(s.PolicyARNs, p.ARN)
	}
	for _, t := range in.Tags {
		if s.Tags == nil {
			s.Tags = map[string]string{}
		}
		s.Tags[t.Key] = t.Value
	}
}

// issue makes the credentials of a session that lasts for d.
func (s *Service) issue(ctx context.Context, session Session, d time.Duration) (*credentials, error) {
	session.Issued = s.cfg.Clock.Now().Truncate(time.Second)
	session.Expires = session.Issued.Add(d)
	made, err := s.cfg.Directory.Issue(ctx, session)
	if err != nil {
		return nil, err
	}
	return &credentials{AccessKeyID: made.Caller.AccessKeyID, SecretAccessKey: made.Secret, SessionToken: made.Token,
		Expiration: wire.Time{Time: made.Expires}}, nil
}

// inherited are the tags of a session that the sessions made from it have too.
func inherited(p *Principal) map[string]string {
	tags := maps.Clone(p.Tags)
	maps.DeleteFunc(tags, func(key, _ string) bool { return !slices.Contains(p.Transitive, key) })
	return tags
}

const (
	shortest    = 15 * time.Minute
	longestOwn  = 36 * time.Hour
	usualOwn    = 12 * time.Hour
	longestRoot = time.Hour
)

// lifetime is how long a session of a user lasts. A root user's lasts an hour, whatever is asked for.
// Source: STS API reference, GetSessionToken, DurationSeconds.
func lifetime(seconds *int, root bool) (time.Duration, error) {
	d := usualOwn
	if seconds != nil {
		var c checks
		c.within("durationSeconds", *seconds, int(shortest/time.Second), int(longestOwn/time.Second))
		if err := c.err(); err != nil {
			return 0, err
		}
		d = time.Duration(*seconds) * time.Second
	}
	if root {
		d = min(d, longestRoot)
	}
	return d, nil
}

type sessionTokenInput struct {
	DurationSeconds *int
	SerialNumber    string
	TokenCode       string
}

type sessionTokenOutput struct {
	Credentials *credentials `xml:"Credentials"`
}

// getSessionToken needs no permission. Source: STS API reference, GetSessionToken.
func (s *Service) getSessionToken(
	ctx context.Context, c *wire.Call, in *sessionTokenInput,
) (*sessionTokenOutput, error) {
	p, err := s.lasting(ctx, c, "GetSessionToken")
	if err != nil {
		return nil, err
	}
	d, err := lifetime(in.DurationSeconds, isRoot(c))
	if err != nil {
		return nil, err
	}
	if in.SerialNumber != "" || in.TokenCode != "" {
		return nil, errMFA()
	}
	made, err := s.issue(ctx, Session{Account: c.Caller.Account, ARN: c.Caller.ARN, UserID: c.Caller.UserID,
		UserARN: c.Caller.ARN, UserUID: p.ID}, d)
	if err != nil {
		return nil, err
	}
	return &sessionTokenOutput{made}, nil
}

func isRoot(c *wire.Call) bool { return strings.HasSuffix(c.Caller.ARN, ":root") }

// lasting wants the caller to be a user or root user with a key of its own.
func (s *Service) lasting(ctx context.Context, c *wire.Call, operation string) (Principal, error) {
	if c.Caller.Service != "" {
		return Principal{}, errDenied("Services cannot call " + operation)
	}
	p, err := s.cfg.Directory.Principal(ctx, c.Caller)
	if err == nil && p.Temporary {
		err = errDenied("Cannot call " + operation + " with session credentials")
	}
	return p, err
}
