package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Principal is what authorisation needs to know about a caller.
type Principal struct {
	Caller   policy.Caller
	Policies policy.Policies // Identity, Boundary and Session; not to be changed
	// Context holds the condition keys that follow from who calls and how it got its credentials, but for those that
	// follow from Caller: aws:PrincipalTag/..., aws:TokenIssueTime, aws:MultiFactorAuthPresent, aws:SourceIdentity.
	Context policy.RequestContext

	ID         string            // unique id of the user or the role; the account of a root user
	IssuerARN  string            // of sessions: the role or user it was made from, with its path
	Tags       map[string]string // of the user or role, and of the session, which win
	Transitive []string          // keys of Tags that sessions made from this one inherit

	SourceIdentity string
	Temporary      bool // with credentials of STS
	Issued         time.Time
	RoleSession    bool // of an assumed role
}

// Principal finds what a caller may be allowed, in one consistent view. A user or role that no longer exists has no
// policies any more. A session whose access key is not known has none either, and no tags.
//
// The caller is one that Lookup has named, or a service.
func (s *Service) Principal(ctx context.Context, c wire.Caller) (p Principal, err error) {
	if c.Service != "" {
		return Principal{Caller: policy.NewService(c.Service)}, nil
	}
	err = s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		session, found, err := s.sessionOf(r, c)
		if err != nil {
			return err
		}
		if found {
			p, err = s.sessionPrincipal(r, session)
			return err
		}
		p, err = s.lastingPrincipal(r, c)
		return err
	})
	if err != nil {
		return Principal{}, fmt.Errorf("principal %s: %w", c.ARN, err)
	}
	return p, nil
}

// sessionOf finds the session whose credentials c uses.
func (s *Service) sessionOf(r store.Reader, c wire.Caller) (*Session, bool, error) {
	if !keyIDForm.MatchString(c.AccessKeyID) {
		return nil, false, nil
	}
	session, found, err := s.knownSessions.Get(sessions, r, c.AccessKeyID)
	return session, found && session.ARN == c.ARN && session.UserID == c.UserID, err
}

// lastingPrincipal is the root user or a user with a key of its own.
func (s *Service) lastingPrincipal(r store.Reader, c wire.Caller) (Principal, error) {
	p := Principal{ID: c.UserID}
	var err error
	if p.Caller, err = policy.NewCaller(c.ARN, c.UserID); err != nil {
		return p, err
	}
	switch p.Caller.Kind {
	case policy.RootUser:
		p.Caller.ID = ""
	case policy.User:
		err = s.addEntity(r, &p, c.UserID)
	case policy.FederatedUser, policy.RoleSession:
		p.Caller.ID, _, _ = strings.Cut(c.UserID, ":")
		p.Temporary, p.Policies.Session = true, nothing
	}
	p.setContext()
	return p, err
}

// nothing is the session policy that allows nothing.
var nothing = []*policy.Policy{{Version: policy.Version2012}}

func (s *Service) sessionPrincipal(r store.Reader, session *Session) (Principal, error) {
	p := Principal{ID: session.RoleID, IssuerARN: session.RoleARN, RoleSession: session.RoleID != "", Temporary: true,
		Issued: session.Issued, Transitive: session.Transitive, SourceIdentity: session.SourceIdentity}
	var err error
	switch {
	case p.RoleSession:
		_, name, _ := strings.Cut(session.UserID, ":")
		p.Caller, err = policy.NewSession(session.RoleARN, name, session.RoleID)
	default:
		p.ID, p.IssuerARN = session.UserUID, session.UserARN
		p.Caller, err = policy.NewCaller(session.ARN, session.UserUID)
	}
	if err != nil {
		return p, err
	}
	if p.Caller.Kind == policy.RootUser || p.Caller.Kind == policy.FederatedUser {
		p.Caller.ID = ""
	}
	if err := s.addEntity(r, &p, p.ID); err != nil {
		return p, err
	}
	if p.Caller.Kind == policy.FederatedUser && p.ID == session.Account { // of the root user, who may do everything
		all, err := s.parsed.identityPolicy(allowing("*"))
		if err != nil {
			return p, err
		}
		p.Policies.Identity = []*policy.Policy{all}
	}
	if p.Policies.Session, err = s.sessionPolicies(r, session); err != nil {
		return p, err
	}
	if len(session.Tags) > 0 {
		tags := maps.Clone(p.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		for name, value := range session.Tags {
			maps.DeleteFunc(tags, func(old, _ string) bool { return strings.EqualFold(old, name) })
			tags[name] = value
		}
		p.Tags = tags
	}
	p.setContext()
	return p, nil
}

// sessionPolicies fails closed: a managed policy that was deleted allows nothing.
func (s *Service) sessionPolicies(r store.Reader, session *Session) ([]*policy.Policy, error) {
	texts := slices.Clone(session.Policies)
	missing := false
	for _, arn := range session.PolicyARNs {
		m, found, err := lookupPolicy(r, arn)
		if err != nil {
			return nil, err
		}
		if missing = missing || !found; found {
			texts = append(texts, m.text())
		}
	}
	var list []*policy.Policy
	for _, text := range texts {
		parsed, err := s.parsed.identityPolicy(text)
		if err != nil {
			return nil, err
		}
		list = append(list, parsed)
	}
	if len(list) == 0 && (session.Limited || missing) {
		return nothing, nil
	}
	return list, nil
}

// addEntity adds the policies and tags of the user or role with that unique id, if there is one.
func (s *Service) addEntity(r store.Reader, p *Principal, id string) error {
	e, found, err := s.recallEntity(r, id)
	if err != nil || !found {
		return err
	}
	sources, err := s.sourcesOf(r, e)
	if err != nil {
		return err
	}
	for _, source := range sources {
		p.Policies.Identity = append(p.Policies.Identity, source.policy)
	}
	if e.Boundary != "" {
		if p.Policies.Boundary, err = s.boundaryPolicy(r, e.Boundary); err != nil {
			return err
		}
	}
	if len(e.Tags) > 0 {
		p.Tags = make(map[string]string, len(e.Tags))
		for _, t := range e.Tags {
			p.Tags[t.Key] = t.Value
		}
	}
	return nil
}

func (s *Service) boundaryPolicy(r store.Reader, arn string) (*policy.Policy, error) {
	m, found, err := lookupPolicy(r, arn)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("boundary %s is not stored", arn)
	}
	return s.parsed.identityPolicy(m.text())
}

// source is a policy with what it is called.
type source struct {
	id     string // such as "user_alice_inline", or the name of a managed policy
	text   string
	policy *policy.Policy
}

// sourcesOf lists the identity policies of e: its own, then its groups'; of each first the inline ones.
func (s *Service) sourcesOf(r store.Reader, e *entity) ([]source, error) {
	owners := []entity{*e}
	if e.Kind == user {
		groups, err := groupsOf(r, e)
		if err != nil {
			return nil, err
		}
		owners = append(owners, groups...)
	}
	var list []source
	for _, owner := range owners {
		for _, name := range slices.Sorted(maps.Keys(owner.Inline)) {
			list = append(list, source{id: string(owner.Kind) + "_" + owner.Name + "_" + name, text: owner.Inline[name]})
		}
		for _, arn := range owner.Attached {
			m, found, err := lookupPolicy(r, arn)
			if err != nil {
				return nil, err
			}
			if !found {
				return nil, fmt.Errorf("policy %s, attached to %s, is not stored", arn, owner.arn())
			}
			list = append(list, source{id: m.Name, text: m.text()})
		}
	}
	for i := range list {
		var err error
		if list[i].policy, err = s.parsed.identityPolicy(list[i].text); err != nil {
			return nil, fmt.Errorf("policy %s: %w", list[i].id, err)
		}
	}
	return list, nil
}

// setContext fills in Context.
// Source: IAM User Guide, "AWS global condition context keys".
func (p *Principal) setContext() {
	p.Context = policy.RequestContext{}
	for name, value := range p.Tags {
		p.Context["aws:PrincipalTag/"+name] = []string{value}
	}
	if p.SourceIdentity != "" {
		p.Context["aws:SourceIdentity"] = []string{p.SourceIdentity}
	}
	if p.Temporary {
		p.Context["aws:MultiFactorAuthPresent"] = []string{"false"}
	}
	if !p.Issued.IsZero() {
		p.Context["aws:TokenIssueTime"] = []string{p.Issued.UTC().Format(time.RFC3339)}
	}
}

// Role is what STS needs to know about a role.
type Role struct {
	ARN, ID, Name string
	Trust         *policy.Policy // who may assume it; not to be changed
	MaxSession    time.Duration
	Tags          map[string]string
}

// Role finds the role with that ARN, in any account.
func (s *Service) Role(ctx context.Context, arn string) (found Role, ok bool, err error) {
	field := strings.SplitN(arn, ":", 6)
	if len(field) != 6 || !strings.HasPrefix(field[5], "role/") {
		return Role{}, false, nil
	}
	err = s.cfg.State.View(ctx, func(r store.Reader) error {
		e, exists, err := lookup(r, role, field[4], arn[strings.LastIndexByte(arn, '/')+1:])
		if err != nil || !exists || e.arn() != arn {
			return err
		}
		text, err := trustNow(r, &e)
		if err != nil {
			return err
		}
		found = Role{ARN: arn, ID: e.ID, Name: e.Name, MaxSession: e.MaxSession, Tags: map[string]string{}}
		for _, t := range e.Tags {
			found.Tags[t.Key] = t.Value
		}
		found.Trust, err = s.parsed.trustPolicy(text)
		ok = err == nil
		return err
	})
	if err != nil {
		return Role{}, false, fmt.Errorf("role %s: %w", arn, err)
	}
	return found, ok, nil
}
