package kms

import (
	"context"
	"regexp"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const maxAliasesPerKey = 50

// aliasForm is what an alias name consists of. Source: KMS API reference, CreateAlias, AliasName.
var aliasForm = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)

// checkAliasName refuses what cannot be an alias of a customer.
func checkAliasName(name string) error {
	switch {
	case !strings.HasPrefix(name, "alias/"):
		return errValidation(`Alias must start with the prefix "alias/". Please see ` +
			"https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html")
	case strings.HasPrefix(name, "alias/aws/"):
		return &wire.Fault{Code: "NotAuthorizedException"}
	case !aliasForm.MatchString(name):
		return wire.Faultf("InvalidAliasNameException",
			"Alias contains invalid characters. An alias has only letters, digits, /, _ and -: %s", name)
	}
	return nil
}

// CreateAliasInput is the input of CreateAlias.
type CreateAliasInput struct {
	AliasName   *string `json:"AliasName"`   // alias/orders
	TargetKeyID *string `json:"TargetKeyId"` // key id or key ARN
}

// CreateAlias gives a key of the caller's account and Region a name.
//
// Source: KMS API reference, CreateAlias.
func (s *Service) CreateAlias(ctx context.Context, c *wire.Call, in *CreateAliasInput) (*wire.Empty, error) {
	if err := checkAliasAndTarget(in.AliasName, in.TargetKeyID); err != nil {
		return nil, err
	}
	name := *in.AliasName
	return nil, s.update(ctx, c, func(t *txn) error {
		if err := t.authorizeAlias(name, "CreateAlias"); err != nil {
			return err
		}
		k, err := t.target(*in.TargetKeyID, "CreateAlias")
		if err != nil {
			return err
		}
		_, taken, err := aliases(k.Account, k.Region).Get(t.r, name)
		if err != nil {
			return err
		}
		if taken {
			return wire.Faultf("AlreadyExistsException", "An alias with the name %s already exists", k.aliasARN(name))
		}
		if err := t.admitAlias(k); err != nil {
			return err
		}
		return t.putAlias(k, alias{Name: name, TargetID: k.ID, Created: t.now, Updated: t.now})
	})
}

// UpdateAliasInput is the input of UpdateAlias.
type UpdateAliasInput struct {
	AliasName   *string `json:"AliasName"`
	TargetKeyID *string `json:"TargetKeyId"`
}

// UpdateAlias lets an alias name another key of the same kind and usage.
//
// Source: KMS API reference, UpdateAlias.
func (s *Service) UpdateAlias(ctx context.Context, c *wire.Call, in *UpdateAliasInput) (*wire.Empty, error) {
	if err := checkAliasAndTarget(in.AliasName, in.TargetKeyID); err != nil {
		return nil, err
	}
	return nil, s.update(ctx, c, func(t *txn) error {
		if err := t.authorizeAlias(*in.AliasName, "UpdateAlias"); err != nil {
			return err
		}
		a, old, err := t.alias(*in.AliasName)
		if err != nil {
			return err
		}
		if err := t.authorize(old, "UpdateAlias", nil); err != nil {
			return err
		}
		k, err := t.target(*in.TargetKeyID, "UpdateAlias")
		if err != nil {
			return err
		}
		if old.family() != k.family() || old.Usage != k.Usage {
			return errValidation("Alias %s cannot be changed from a CMK with key type/usage %s/%s to a CMK with key "+
				"type/usage %s/%s. The key type and the key usage of the current CMK and the new CMK must be the same.",
				k.aliasARN(a.Name), old.family(), old.Usage, k.family(), k.Usage)
		}
		if old.ID == k.ID {
			a.Updated = t.now
			return t.putAlias(k, a)
		}
		if err := t.admitAlias(k); err != nil {
			return err
		}
		if err := aliasesOf(old).Delete(t.w, a.Name); err != nil {
			return err
		}
		a.Former, a.TargetID, a.Updated = old.ID, k.ID, t.now
		return t.putAlias(k, a)
	})
}

// DeleteAliasInput is the input of DeleteAlias.
type DeleteAliasInput struct {
	AliasName *string `json:"AliasName"`
}

// DeleteAlias takes a name away; the key stays as it is.
//
// Source: KMS API reference, DeleteAlias.
func (s *Service) DeleteAlias(ctx context.Context, c *wire.Call, in *DeleteAliasInput) (*wire.Empty, error) {
	var v constraints
	v.required("aliasName", in.AliasName, 1, 256)
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := checkAliasName(*in.AliasName); err != nil {
		return nil, err
	}
	return nil, s.update(ctx, c, func(t *txn) error {
		if err := t.authorizeAlias(*in.AliasName, "DeleteAlias"); err != nil {
			return err
		}
		a, k, err := t.alias(*in.AliasName)
		if err != nil {
			return err
		}
		if err := t.authorize(k, "DeleteAlias", nil); err != nil {
			return err
		}
		if err := t.require(k, "DeleteAlias"); err != nil {
			return err
		}
		if err := aliasesOf(k).Delete(t.w, a.Name); err != nil {
			return err
		}
		return aliases(k.Account, k.Region).Delete(t.w, a.Name)
	})
}

func checkAliasAndTarget(name, target *string) error {
	var v constraints
	v.required("aliasName", name, 1, 256)
	v.keyID("targetKeyId", target, true)
	if err := v.err(); err != nil {
		return err
	}
	return checkAliasName(*name)
}

// alias finds an alias of the caller's account and the key it names.
func (t *txn) alias(name string) (alias, *key, error) {
	account := t.c.Caller.Account
	a, found, err := aliases(account, t.c.Region).Get(t.r, name)
	if err != nil {
		return alias{}, nil, err
	}
	if !found {
		return alias{}, nil, errAliasNotFound(t.c.ARN("kms", name))
	}
	k, err := t.keyByID(account, a.TargetID)
	return a, k, err
}

// admitAlias refuses another alias for a key that has as many as it can.
func (t *txn) admitAlias(k *key) error {
	have := 0
	err := aliasesOf(k).Scan(t.r, "", "", func(string, string) (bool, error) {
		have++
		return true, nil
	})
	if err == nil && have >= maxAliasesPerKey {
		return errLimit("The KMS key %s cannot have more than %d aliases.", k.arn(), maxAliasesPerKey)
	}
	return err
}

// putAlias stores a, which names k.
func (t *txn) putAlias(k *key, a alias) error {
	if err := aliasesOf(k).Put(t.w, a.Name, a.Name); err != nil {
		return err
	}
	return aliases(k.Account, k.Region).Put(t.w, a.Name, a)
}

// namesOf are the aliases of k.
func (t *txn) namesOf(k *key) ([]string, error) {
	var names []string
	err := aliasesOf(k).Scan(t.r, "", "", func(_, name string) (bool, error) {
		names = append(names, name)
		return true, nil
	})
	return names, err
}

func (t *txn) deleteAliasesOf(k *key) error {
	names, err := t.namesOf(k)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := aliasesOf(k).Delete(t.w, name); err != nil {
			return err
		}
		if err := aliases(k.Account, k.Region).Delete(t.w, name); err != nil {
			return err
		}
	}
	return nil
}
