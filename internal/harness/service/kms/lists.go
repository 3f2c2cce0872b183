package kms

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// ListKeysInput is the input of ListKeys.
type ListKeysInput struct {
	Limit  *int    `json:"Limit"` // 1 to 1000, default 100
	Marker *string `json:"Marker"`
}

// ListKeysOutput is the output of ListKeys.
type ListKeysOutput struct {
	Keys       []KeyListEntry `json:"Keys"`
	NextMarker *string        `json:"NextMarker,omitempty"`
	Truncated  bool           `json:"Truncated"`
}

// KeyListEntry is one key in a list.
type KeyListEntry struct {
	KeyARN string `json:"KeyArn"`
	KeyID  string `json:"KeyId"`
}

// ListKeys lists the keys of the caller's account and Region in every state, oldest first.
//
// Source: KMS API reference, ListKeys.
func (s *Service) ListKeys(ctx context.Context, c *wire.Call, in *ListKeysInput) (*ListKeysOutput, error) {
	var v constraints
	v.page(in.Limit, 1000, in.Marker)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := s.authorizeAccount(ctx, c, "ListKeys"); err != nil {
		return nil, err
	}
	account := c.Caller.Account
	l := list{name: "ListKeys " + account + " " + c.Region, limit: in.Limit, marker: in.Marker, usual: 100}
	after, err := s.after(l)
	if err != nil {
		return nil, err
	}
	out := &ListKeysOutput{}
	return out, s.view(ctx, c, func(t *txn) error {
		out.Keys, out.NextMarker, out.Truncated = []KeyListEntry{}, nil, false
		var last string
		err := keyOrder(account, c.Region).Scan(t.r, "", after, func(name string, e orderEntry) (bool, error) {
			if out.Truncated = len(out.Keys) == l.size(); out.Truncated {
				return false, nil
			}
			last = name
			out.Keys = append(out.Keys, KeyListEntry{KeyARN: c.ARN("kms", "key/"+e.KeyID), KeyID: e.KeyID})
			return true, nil
		})
		if err == nil && out.Truncated {
			out.NextMarker, err = s.markerAfter(l, last)
		}
		return err
	})
}

// ListAliasesInput is the input of ListAliases.
type ListAliasesInput struct {
	KeyID  *string `json:"KeyId"` // key id or key ARN: its aliases only
	Limit  *int    `json:"Limit"` // 1 to 100, default 50
	Marker *string `json:"Marker"`
}

// ListAliasesOutput is the output of ListAliases.
type ListAliasesOutput struct {
	Aliases    []AliasListEntry `json:"Aliases"`
	NextMarker *string          `json:"NextMarker,omitempty"`
	Truncated  bool             `json:"Truncated"`
}

// AliasListEntry is one alias. A predefined one of an AWS service that has no key yet has a name only.
type AliasListEntry struct {
	AliasARN        string     `json:"AliasArn"`
	AliasName       string     `json:"AliasName"`
	CreationDate    *wire.Time `json:"CreationDate,omitempty"`
	LastUpdatedDate *wire.Time `json:"LastUpdatedDate,omitempty"`
	TargetKeyID     string     `json:"TargetKeyId,omitempty"`
}

// ListAliases lists the aliases of the caller's account and Region, or of one key, oldest first.
//
// Source: KMS API reference, ListAliases.
func (s *Service) ListAliases(ctx context.Context, c *wire.Call, in *ListAliasesInput) (*ListAliasesOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, false)
	v.page(in.Limit, 100, in.Marker)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := s.authorizeAccount(ctx, c, "ListAliases"); err != nil {
		return nil, err
	}
	l := list{
		name:  "ListAliases " + c.ARN("kms", text(in.KeyID)),
		limit: in.Limit, marker: in.Marker, usual: 50,
	}
	out := &ListAliasesOutput{}
	return out, s.view(ctx, c, func(t *txn) error {
		all, err := t.aliasEntries(in.KeyID)
		if err != nil {
			return err
		}
		out.Aliases, out.NextMarker, err = page(s, l, all, AliasListEntry.orderName)
		out.Truncated = out.NextMarker != nil
		return err
	})
}

func (e AliasListEntry) orderName() string {
	if e.CreationDate == nil {
		return "/" + e.AliasName // before every date
	}
	return sortable(e.CreationDate.Time) + "/" + e.AliasName
}

// aliasEntries are the aliases of the key that ref names, or of the whole account with the predefined ones.
func (t *txn) aliasEntries(ref *string) ([]AliasListEntry, error) {
	account := t.c.Caller.Account
	all := []AliasListEntry{}
	add := func(_ string, a alias) (bool, error) {
		all = append(all, AliasListEntry{
			AliasARN: t.c.ARN("kms", a.Name), AliasName: a.Name, TargetKeyID: a.TargetID,
			CreationDate: wire.At(a.Created), LastUpdatedDate: wire.At(a.Updated),
		})
		return true, nil
	}
	if ref == nil {
		used := map[string]bool{}
		err := aliases(account, t.c.Region).Scan(t.r, "", "", func(name string, a alias) (bool, error) {
			used[name] = true
			return add(name, a)
		})
		for _, service := range predefined {
			if name := service.alias(); !used[name] {
				all = append(all, AliasListEntry{AliasARN: t.c.ARN("kms", name), AliasName: name})
			}
		}
		return all, err
	}
	k, err := t.target(*ref, "ListAliases")
	if err != nil {
		return nil, err
	}
	names, err := t.namesOf(k)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		a, _, err := aliases(account, t.c.Region).Get(t.r, name)
		if err != nil {
			return nil, err
		}
		if _, err := add(name, a); err != nil {
			return nil, err
		}
	}
	return all, nil
}
