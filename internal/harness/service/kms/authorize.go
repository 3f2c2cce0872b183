package kms

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// An Authority knows callers and decides about their requests.
type Authority interface {
	// Request is the caller's half of a request, with condition keys that may be added to.
	Request(ctx context.Context, c *wire.Call) (policy.Request, error)
	// Decide decides r, which c makes. The error is the refusal, a *wire.Fault.
	Decide(c *wire.Call, r policy.Request) (policy.Decision, error)
	// Bind finds the unique ids of the users and roles that AWS principals of a policy name, and lists those that do
	// not exist.
	Bind(ctx context.Context, principals []string) (ids map[string]string, missing []string, err error)
	// Rename is the text of a policy whose principals were bound, with what those are called by now: the unique id, if
	// they are gone.
	Rename(ctx context.Context, text string, ids map[string]string) (string, error)
	// NameOf is what who was bound to id is called by now: an ARN, or id for one that is gone.
	NameOf(ctx context.Context, id string) (string, error)
}

// authorize refuses the call unless the caller may run operation on k: by the key's policy, together with its own
// policies where that leaves it to them, or by a grant whose constraints match encryptionContext (which may be nil).
// extra are condition keys that follow from the input.
func (t *txn) authorize(
	k *key, operation string, encryptionContext map[string]string, extra ...policy.RequestContext,
) error {
	_, err := t.decide(k, operation, encryptionContext, extra...)
	return err
}

// decide is authorize that also returns the grants which allow the operation, if nothing else does.
func (t *txn) decide(
	k *key, operation string, encryptionContext map[string]string, extra ...policy.RequestContext,
) (by []grant, err error) {
	r, err := t.request(k, operation)
	if err != nil {
		return nil, err
	}
	addEncryptionContext(r.Context, encryptionContext)
	for _, keys := range extra {
		maps.Copy(r.Context, keys)
	}
	text, err := t.policyOf(k)
	if err != nil {
		return nil, err
	}
	if r.Policies.Key, err = t.s.parsed(text); err != nil {
		return nil, fmt.Errorf("policy of %s: %w", k.arn(), err)
	}
	candidates, err := t.grantsFor(k, operation)
	if err != nil {
		return nil, err
	}
	for i := range candidates {
		now, err := t.named(candidates[i])
		if err != nil {
			return nil, err
		}
		r.Grants = append(r.Grants, now.forPolicy())
	}
	d, err := t.s.cfg.Authority.Decide(t.c, r)
	if err != nil {
		return nil, err
	}
	// By the order of its reasons Decide puts grants first: what a policy allows as well is asked for without them.
	if d.Reason != policy.ByGrant {
		return nil, nil
	}
	r.Grants = nil
	if _, err := t.s.cfg.Authority.Decide(t.c, r); err == nil {
		return nil, nil
	}
	for _, i := range d.Grants {
		by = append(by, candidates[i])
	}
	return by, nil
}

// request is the request of the call for operation on k, without the policy and the grants of k.
//
// Source: KMS Developer Guide, "Condition keys for AWS KMS".
func (t *txn) request(k *key, operation string) (policy.Request, error) {
	t.c.Touch(k.arn())
	r := t.who
	r.Action, r.Resource = "kms:"+operation, k.arn()
	r.Context = maps.Clone(t.who.Context)
	set := func(name string, values ...string) { r.Context[name] = values }
	set("aws:ResourceAccount", k.Account)
	set("kms:KeySpec", k.Spec)
	set("kms:KeyUsage", k.Usage)
	set("kms:CustomerMasterKeySpec", k.Spec) // the former names of the two
	set("kms:CustomerMasterKeyUsage", k.Usage)
	set("kms:KeyOrigin", k.Origin)
	set("kms:MultiRegion", fmt.Sprint(k.MultiRegion))
	if k.MultiRegion {
		set("kms:MultiRegionKeyType", "PRIMARY")
	}
	for _, tag := range k.Tags {
		set("aws:ResourceTag/"+tag.TagKey, tag.TagValue)
	}
	names, err := t.namesOf(k)
	set("kms:ResourceAliases", names...)
	if t.askedFor != "" {
		set("kms:RequestAlias", t.askedFor)
	}
	switch operation {
	case "CreateGrant", "ListGrants", "RevokeGrant":
		set("kms:GrantIsForAWSResource", fmt.Sprint(t.c.ViaService != ""))
	}
	return r, err
}

func addEncryptionContext(keys policy.RequestContext, ec map[string]string) {
	for name, value := range ec {
		keys["kms:EncryptionContext:"+name] = []string{value}
		keys["kms:EncryptionContextKeys"] = append(keys["kms:EncryptionContextKeys"], name)
	}
}

// inputKey is a condition key that has the value of a member of the input; one that is not given and has no default is
// absent.
func inputKey(name, value string) policy.RequestContext {
	if value == "" {
		return nil
	}
	return policy.RequestContext{name: {value}}
}

// tagKeys are the condition keys of a request that carries tags, or names of tags to take away.
func tagKeys(tags []Tag, names ...string) policy.RequestContext {
	keys := policy.RequestContext{}
	for _, tag := range tags {
		keys["aws:RequestTag/"+tag.TagKey] = []string{tag.TagValue}
		names = append(slices.Clip(names), tag.TagKey)
	}
	if len(names) > 0 {
		keys["aws:TagKeys"] = names
	}
	return keys
}

// authorizeAccount refuses an operation that acts on no key, such as CreateKey, unless the caller's own policies allow
// it. A service that calls for itself has none, and grants cannot allow it.
func (s *Service) authorizeAccount(
	ctx context.Context, c *wire.Call, operation string, extra ...policy.RequestContext,
) error {
	return s.authorizeOn(ctx, c, operation, "*", extra...)
}

// authorizeOn is authorizeAccount for an operation on something that is no key and has no policy.
func (s *Service) authorizeOn(
	ctx context.Context, c *wire.Call, operation, arn string, extra ...policy.RequestContext,
) error {
	r, err := s.cfg.Authority.Request(ctx, c)
	if err != nil {
		return err
	}
	r.Action, r.Resource = "kms:"+operation, arn
	for _, keys := range extra {
		maps.Copy(r.Context, keys)
	}
	_, err = s.cfg.Authority.Decide(c, r)
	return err
}

// authorizeAlias refuses an operation on an alias of the caller's account unless the caller's own policies allow it.
// Its key is another matter: both must be allowed.
//
// Source: KMS Developer Guide, "Controlling access to aliases".
func (t *txn) authorizeAlias(name, operation string) error {
	t.c.Touch(t.c.ARN("kms", name))
	r := t.who
	r.Action, r.Resource = "kms:"+operation, t.c.ARN("kms", name)
	_, err := t.s.cfg.Authority.Decide(t.c, r)
	return err
}

// grantsFor lists the grants on k that are about operation.
func (t *txn) grantsFor(k *key, operation string) (list []grant, err error) {
	err = grants(k.Account, k.Region, k.ID).Scan(t.r, "", "", func(_ string, g grant) (bool, error) {
		if slices.Contains(g.Operations, operation) {
			list = append(list, g)
		}
		return true, nil
	})
	return list, err
}

// named is g with what its principals are called by now. A user or role that is deleted and made anew is not the one
// that the grant means.
func (t *txn) named(g grant) (grant, error) {
	for _, name := range []*string{&g.Grantee, &g.Retiring} {
		if id, bound := g.PrincipalIDs[*name]; bound {
			now, err := t.s.cfg.Authority.NameOf(t.ctx, id)
			if err != nil {
				return g, fmt.Errorf("principal of grant %s: %w", g.ID, err)
			}
			*name = now
		}
	}
	return g, nil
}

// forPolicy is g as package policy knows grants.
func (g *grant) forPolicy() policy.Grant {
	issuer := ""
	if field := strings.SplitN(g.Issuer, ":", 6); len(field) == 6 {
		issuer = field[4]
	}
	return policy.Grant{
		Grantee: g.Grantee, Retiring: g.Retiring, Issuer: issuer, Operations: g.Operations,
		EncryptionContextEquals: g.EncryptionContextEquals, EncryptionContextSubset: g.EncryptionContextSubset,
	}
}

// matches applies the encryption context constraint. Names are compared without regard to case, unlike in the
// encryption context itself.
//
// Source: KMS API reference, GrantConstraints.
func (g *grant) matches(ec map[string]string) bool {
	have := foldNames(ec)
	switch {
	case g.EncryptionContextEquals != nil:
		return maps.Equal(foldNames(g.EncryptionContextEquals), have)
	case g.EncryptionContextSubset != nil:
		for name, value := range foldNames(g.EncryptionContextSubset) {
			if got, found := have[name]; !found || got != value {
				return false
			}
		}
	}
	return true
}

func foldNames(ec map[string]string) map[string]string {
	folded := make(map[string]string, len(ec))
	for name, value := range ec {
		folded[strings.ToLower(name)] = value
	}
	return folded
}
