package kms

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// retirable is the place of a grant that has a retiring principal.
type retirable struct{ Account, KeyID, GrantID string }

// retirables lists the grants of all accounts in a Region that principal may retire, by creation, then place. A user or
// a role is named by its unique id.
func retirables(region, principal string) store.Table[retirable] {
	// Escaped, so that no principal's name is the beginning of another's.
	return store.Table[retirable]{Prefix: fmt.Sprintf("kms/retirable/%s/%s/", region, url.PathEscape(principal))}
}

func (r retirable) name(g *grant) string {
	return sortable(g.Created) + "/" + r.Account + "/" + r.KeyID + "/" + r.GrantID
}

// ListGrantsInput is the input of ListGrants.
type ListGrantsInput struct {
	KeyID                   *string `json:"KeyId"`
	GrantID                 *string `json:"GrantId"`                 // only this one
	GranteePrincipal        *string `json:"GranteePrincipal"`        // only those for it
	GranteeServicePrincipal *string `json:"GranteeServicePrincipal"` // only those for it
	Limit                   *int    `json:"Limit"`                   // 1 to 100, default 50
	Marker                  *string `json:"Marker"`
}

// ListGrantsOutput is the output of ListGrants and ListRetirableGrants.
type ListGrantsOutput struct {
	Grants     []GrantListEntry `json:"Grants"`
	NextMarker *string          `json:"NextMarker,omitempty"`
	Truncated  bool             `json:"Truncated"`
}

// GrantListEntry is one grant; KeyID is an ARN. Name is empty if the grant has none.
type GrantListEntry struct {
	Constraints              *GrantConstraints `json:"Constraints,omitempty"`
	CreationDate             *wire.Time        `json:"CreationDate"`
	GrantID                  string            `json:"GrantId"`
	GranteePrincipal         string            `json:"GranteePrincipal,omitempty"`
	GranteeServicePrincipal  string            `json:"GranteeServicePrincipal,omitempty"`
	IssuingAccount           string            `json:"IssuingAccount"`
	KeyID                    string            `json:"KeyId"`
	Name                     string            `json:"Name"`
	Operations               []string          `json:"Operations"`
	RetiringPrincipal        string            `json:"RetiringPrincipal,omitempty"`
	RetiringServicePrincipal string            `json:"RetiringServicePrincipal,omitempty"`
}

func (t *txn) entry(g grant, k *key) (GrantListEntry, error) {
	g, err := t.named(g)
	if err != nil {
		return GrantListEntry{}, err
	}
	e := GrantListEntry{
		CreationDate: wire.At(g.Created), GrantID: g.ID, IssuingAccount: g.Issuer, KeyID: k.arn(), Name: g.Name,
		Operations: g.Operations,
	}
	e.GranteePrincipal, e.GranteeServicePrincipal = either(g.GranteeIsService, g.Grantee)
	e.RetiringPrincipal, e.RetiringServicePrincipal = either(g.RetiringIsService, g.Retiring)
	if g.EncryptionContextEquals != nil || g.EncryptionContextSubset != nil || g.SourceARN != "" {
		e.Constraints = &GrantConstraints{
			EncryptionContextEquals: g.EncryptionContextEquals, EncryptionContextSubset: g.EncryptionContextSubset,
		}
		if g.SourceARN != "" {
			e.Constraints.SourceARN = &g.SourceARN
		}
	}
	return e, nil
}

func either(isService bool, name string) (principal, service string) {
	if isService {
		return "", name
	}
	return name, ""
}

func (e GrantListEntry) orderName() string { return sortable(e.CreationDate.Time) + "/" + e.GrantID }

// ListGrants lists the grants of a key, oldest first.
//
// Source: KMS API reference, ListGrants.
func (s *Service) ListGrants(ctx context.Context, c *wire.Call, in *ListGrantsInput) (*ListGrantsOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.optional("grantId", in.GrantID, 1, 128)
	v.optional("granteePrincipal", in.GranteePrincipal, 1, 256)
	v.optional("granteeServicePrincipal", in.GranteeServicePrincipal, 1, 256)
	v.page(in.Limit, 100, in.Marker)
	out := &ListGrantsOutput{}
	return out, s.read(ctx, c, &v, in.KeyID, "ListGrants", func(t *txn, k *key) error {
		all, err := t.grantsOf(k)
		if err != nil {
			return err
		}
		entries := []GrantListEntry{}
		for i := range all {
			e, err := t.entry(all[i], k)
			if err != nil {
				return err
			}
			if in.selects(&e) {
				entries = append(entries, e)
			}
		}
		l := list{name: in.listing(k), limit: in.Limit, marker: in.Marker, usual: 50}
		out.Grants, out.NextMarker, err = page(s, l, entries, GrantListEntry.orderName)
		out.Truncated = out.NextMarker != nil
		return err
	})
}

func (in *ListGrantsInput) selects(e *GrantListEntry) bool {
	return (in.GrantID == nil || *in.GrantID == e.GrantID) &&
		(in.GranteePrincipal == nil || *in.GranteePrincipal == e.GranteePrincipal) &&
		(in.GranteeServicePrincipal == nil || *in.GranteeServicePrincipal == e.GranteePrincipal+e.GranteeServicePrincipal)
}

func (in *ListGrantsInput) listing(k *key) string {
	return strings.Join([]string{
		"ListGrants", k.arn(), text(in.GrantID), text(in.GranteePrincipal), text(in.GranteeServicePrincipal),
	}, " ")
}

// ListRetirableGrantsInput is the input of ListRetirableGrants.
type ListRetirableGrantsInput struct {
	RetiringPrincipal *string `json:"RetiringPrincipal"`
	Limit             *int    `json:"Limit"` // 1 to 100, default 50
	Marker            *string `json:"Marker"`
}

// ListRetirableGrantsOutput is the output of ListRetirableGrants.
type ListRetirableGrantsOutput = ListGrantsOutput

// ListRetirableGrants lists the grants, of the Region's keys of all accounts, that a principal of the caller's
// account may retire. A service that calls for itself may ask for its own.
//
// Source: KMS API reference, ListRetirableGrants.
func (s *Service) ListRetirableGrants(
	ctx context.Context, c *wire.Call, in *ListRetirableGrantsInput,
) (*ListRetirableGrantsOutput, error) {
	var v constraints
	v.required("retiringPrincipal", in.RetiringPrincipal, 1, 256)
	v.page(in.Limit, 100, in.Marker)
	if err := v.err(); err != nil {
		return nil, err
	}
	principal := *in.RetiringPrincipal
	if !mayListRetirable(c, principal) {
		return nil, errDenied(c, "ListRetirableGrants", "*")
	}
	if c.Caller.Service == "" {
		if err := s.authorizeAccount(ctx, c, "ListRetirableGrants"); err != nil {
			return nil, err
		}
	}
	l := list{
		name:  strings.Join([]string{"ListRetirableGrants", c.Region, c.Caller.Account, principal}, " "),
		limit: in.Limit, marker: in.Marker, usual: 50,
	}
	after, err := s.after(l)
	if err != nil {
		return nil, err
	}
	ids, _, err := s.cfg.Authority.Bind(ctx, []string{principal})
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", principal, err)
	}
	if id, bound := ids[principal]; bound {
		principal = id
	}
	out := &ListRetirableGrantsOutput{}
	return out, s.view(ctx, c, func(t *txn) error {
		out.Grants, out.NextMarker, out.Truncated = []GrantListEntry{}, nil, false
		var last string
		err := retirables(c.Region, principal).Scan(t.r, "", after, func(name string, r retirable) (bool, error) {
			if out.Truncated = len(out.Grants) == l.size(); out.Truncated {
				return false, nil
			}
			last = name
			e, err := t.retirableEntry(r)
			out.Grants = append(out.Grants, e)
			return true, err
		})
		if err == nil && out.Truncated {
			out.NextMarker, err = s.markerAfter(l, last)
		}
		return err
	})
}

// mayListRetirable says that principal is the caller, or belongs to the account that the caller is root of.
// A service's host name belongs to no account: only the service itself may ask for it.
func mayListRetirable(c *wire.Call, principal string) bool {
	if c.Caller.Service != "" {
		return principal == c.Caller.Service
	}
	return strings.Contains(principal, "::"+c.Caller.Account+":")
}

func (t *txn) retirableEntry(r retirable) (GrantListEntry, error) {
	k, err := t.keyByID(r.Account, r.KeyID)
	if err != nil {
		return GrantListEntry{}, err
	}
	g, found, err := grants(r.Account, t.c.Region, r.KeyID).Get(t.r, r.GrantID)
	if err == nil && !found {
		err = fmt.Errorf("grant %s of %s is listed as retirable but not there", r.GrantID, k.arn())
	}
	if err != nil {
		return GrantListEntry{}, err
	}
	return t.entry(g, k)
}

// GrantsNamed returns the ids of the grants called name on a key that the caller of c, an AWS service that calls for
// itself, may retire. It is no operation of the API: services use it to find again what a crash made them forget.
// A key that does not exist has no grants. The error for what is no key ARN of c's Region is a NotFoundException.
func (s *Service) GrantsNamed(ctx context.Context, c *wire.Call, keyARN, name string) ([]string, error) {
	account, id, err := splitARN(c, keyARN)
	if err != nil {
		return nil, err
	}
	var ids []string
	err = s.view(ctx, c, func(t *txn) error {
		ids = nil
		return grants(account, c.Region, id).Scan(t.r, "", "", func(_ string, g grant) (bool, error) {
			if g.Name == name && c.Caller.Service != "" && g.Retiring == c.Caller.Service {
				ids = append(ids, g.ID)
			}
			return true, nil
		})
	})
	return ids, err
}
