package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// planter lays down a seed in a transaction.
type planter struct {
	store.Writer
	now  time.Time
	keys map[string]accessKey
}

func (p *planter) policies(a *SeedAccount) error {
	for _, k := range a.RootKeys {
		if err := p.accessKey(k.ID, ""); err != nil {
			return err
		}
	}
	for i := range a.Policies {
		if err := p.policy(a.ID, &a.Policies[i]); err != nil {
			return fmt.Errorf("policy %s: %w", a.Policies[i].Name, err)
		}
	}
	return nil
}

// policy keeps the versions of a policy whose version in force says what the seed says.
func (p *planter) policy(account string, in *SeedPolicy) error {
	path, err := p.check("policyName", in.Name, in.Path, longestPolicyName)
	if err != nil {
		return err
	}
	text := string(in.Document)
	if err := checkManaged(text); err != nil {
		return err
	}
	tags, err := merge(nil, tagsOf(in.Tags))
	if err != nil {
		return err
	}
	m, found, err := managedPolicies.Get(p, policyKey(account, in.Name))
	if err != nil {
		return err
	}
	id, err := seedID(policyPrefix, account, in.Name, in.ID, m.ID)
	if err != nil {
		return err
	}
	switch {
	case found && (m.Name != in.Name || m.Path != path):
		return fmt.Errorf("exists as %s", m.arn())
	case !found:
		m = managed{Account: account, Path: path, Name: in.Name, ID: id, Created: p.now}
	}
	if m.text() != text {
		m.Last++
		m.Default, m.Updated = m.Last, p.now
		m.Versions = []version{{Number: m.Last, Text: text, Created: p.now}}
	}
	m.Description, m.Tags = in.Description, tags
	return savePolicy(p, &m)
}

func (p *planter) check(member, name, path string, longest int) (string, error) {
	if err := checkName(member, name, longest); err != nil {
		return "", err
	}
	return checkPath(path)
}

// seedID is the unique id of a seeded thing. have is the one it has already, "" if it is not there.
func seedID(prefix, account, name, want, have string) (string, error) {
	switch {
	case want != "" && (!idForm.MatchString(want) || !strings.HasPrefix(want, prefix)):
		return "", fmt.Errorf("unique id %.40q: want %s and 17 of A-Z and 2-7", want, prefix)
	case want != "" && have != "" && want != have:
		return "", fmt.Errorf("exists with the unique id %s, not %s", have, want)
	case have != "":
		return have, nil
	case want != "":
		return want, nil
	}
	return idFor(prefix, account+"/"+strings.ToLower(name)), nil
}

func tagsOf(m map[string]string) []tag {
	var tags []tag
	for _, key := range slices.Sorted(maps.Keys(m)) {
		tags = append(tags, tag{key, m[key]})
	}
	return tags
}

// entity finds or makes an entity and gives it its policies.
func (p *planter) entity(k kind, account, name, path, id string, policies Attachments) (entity, error) {
	path, err := p.check(k.member(), name, path, longestName[k])
	if err != nil {
		return entity{}, err
	}
	e, found, err := entities.Get(p, key(k, account, name))
	if err != nil {
		return e, err
	}
	if id, err = seedID(prefixOf[k], account, name, id, e.ID); err != nil {
		return e, err
	}
	switch {
	case found && (e.Name != name || e.Path != path):
		return e, fmt.Errorf("exists as %s", e.arn())
	case !found:
		if other, taken, err := byID(p, id); err != nil || taken {
			if taken {
				err = fmt.Errorf("unique id %s is that of %s", id, other.arn())
			}
			return e, err
		}
		e = entity{Kind: k, Account: account, Name: name, Path: path, ID: id, Created: p.now}
		if err := insert(p, &e); err != nil {
			return e, err
		}
	}
	return e, p.attach(&e, policies)
}

// attach makes want the only policies of e.
func (p *planter) attach(e *entity, want Attachments) error {
	e.Inline = nil
	for _, name := range slices.Sorted(maps.Keys(want.Inline)) {
		text := string(want.Inline[name])
		err := checkName("policyName", name, longestPolicyName)
		if err == nil {
			err = checkIdentity(text)
		}
		if err == nil {
			err = e.putInline(name, text)
		}
		if err != nil {
			return fmt.Errorf("inline policy %s: %w", name, err)
		}
	}
	for _, arn := range slices.Clone(e.Attached) {
		if !slices.Contains(want.Attached, arn) {
			if err := e.detach(p, arn); err != nil {
				return err
			}
		}
	}
	for _, arn := range want.Attached {
		if err := checkPolicyARN(e.Account, arn); err != nil {
			return err
		}
		if err := e.attach(p, arn); err != nil {
			return err
		}
	}
	return nil
}

func (p *planter) groups(a *SeedAccount) error {
	for _, g := range a.Groups {
		e, err := p.entity(group, a.ID, g.Name, g.Path, g.ID, g.Attachments)
		if err == nil {
			err = save(p, &e)
		}
		if err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
	}
	return nil
}

func (p *planter) users(a *SeedAccount) error {
	for i := range a.Users {
		if err := p.user(a.ID, &a.Users[i]); err != nil {
			return fmt.Errorf("user %s: %w", a.Users[i].Name, err)
		}
	}
	return nil
}

func (p *planter) user(account string, in *SeedUser) error {
	e, err := p.entity(user, account, in.Name, in.Path, in.ID, in.Attachments)
	if err != nil {
		return err
	}
	if err := p.dress(&e, in.Boundary, in.Tags); err != nil {
		return err
	}
	var wanted []string
	for _, name := range in.Groups {
		g, err := find(p, group, account, name)
		if err != nil {
			return err
		}
		wanted = append(wanted, g.ID)
		if err := e.join(p, g.ID, true); err != nil {
			return err
		}
	}
	for _, id := range slices.Clone(e.Groups) {
		if !slices.Contains(wanted, id) {
			if err := e.join(p, id, false); err != nil {
				return err
			}
		}
	}
	for _, k := range in.AccessKeys {
		if err := p.accessKey(k.ID, e.ID); err != nil {
			return err
		}
		if !slices.Contains(e.Keys, k.ID) {
			if len(e.Keys) >= maxKeys {
				return errQuota("AccessKeysPerUser", maxKeys)
			}
			e.Keys = append(e.Keys, k.ID)
		}
	}
	return save(p, &e)
}

// dress gives e its boundary and its tags.
func (p *planter) dress(e *entity, boundary string, tags map[string]string) error {
	var err error
	if e.Tags, err = merge(nil, tagsOf(tags)); err != nil {
		return err
	}
	return e.setBoundary(p, boundary)
}

// accessKey stores a key of the user with that unique id, or of the root user.
func (p *planter) accessKey(id, userID string) error {
	k := p.keys[id]
	k.User = userID
	old, found, err := accessKeys.Get(p, id)
	if err != nil {
		return err
	}
	if found {
		if old.Account != k.Account || old.User != userID {
			return &ConflictError{ID: id}
		}
		k.Created = old.Created
	}
	return accessKeys.Put(p, id, k)
}

func (p *planter) roles(a *SeedAccount) error {
	for i := range a.Roles {
		in := &a.Roles[i]
		e, err := p.entity(role, a.ID, in.Name, in.Path, in.ID, in.Attachments)
		if err == nil {
			err = p.role(&e, in)
		}
		if err != nil {
			return fmt.Errorf("role %s: %w", in.Name, err)
		}
	}
	return nil
}

func (p *planter) role(e *entity, in *SeedRole) error {
	seconds := in.MaxSessionSeconds
	if seconds == 0 {
		seconds = int(usualSession / time.Second)
	}
	if err := checkRole(in.Description, &seconds); err != nil {
		return err
	}
	if err := p.dress(e, in.Boundary, in.Tags); err != nil {
		return err
	}
	e.Description, e.MaxSession = in.Description, time.Duration(seconds)*time.Second
	return save(p, e)
}

// trusts sets the trust policies once everybody they can name exists.
func (p *planter) trusts(a *SeedAccount) error {
	for _, in := range a.Roles {
		e, err := find(p, role, a.ID, in.Name)
		if err != nil {
			return err
		}
		if err := e.setTrust(p, string(in.Trust)); err != nil {
			return fmt.Errorf("role %s: trust policy: %w", in.Name, err)
		}
		if err := save(p, &e); err != nil {
			return err
		}
	}
	return nil
}
