package kms

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// CreateKeyInput is the input of CreateKey.
type CreateKeyInput struct {
	BypassPolicyLockoutSafetyCheck bool    `json:"BypassPolicyLockoutSafetyCheck"`
	CustomKeyStoreID               *string `json:"CustomKeyStoreId"`
	CustomerMasterKeySpec          string  `json:"CustomerMasterKeySpec"` // deprecated name of KeySpec
	Description                    *string `json:"Description"`
	KeySpec                        string  `json:"KeySpec"`  // default SYMMETRIC_DEFAULT
	KeyUsage                       string  `json:"KeyUsage"` // default ENCRYPT_DECRYPT, for SYMMETRIC_DEFAULT only
	MultiRegion                    bool    `json:"MultiRegion"`
	Origin                         string  `json:"Origin"` // default AWS_KMS
	Policy                         *string `json:"Policy"` // default: the account may do everything
	Tags                           []Tag   `json:"Tags"`
	XksKeyID                       *string `json:"XksKeyId"`

	id string // of the key to be; "" draws one
}

// CreateKeyOutput is the output of CreateKey.
type CreateKeyOutput struct {
	KeyMetadata *KeyMetadata `json:"KeyMetadata"`
}

// CreateKey creates a key in the caller's account and Region. It is Enabled, PendingImport with Origin EXTERNAL, and
// Creating for a moment in a CloudHSM key store.
//
// Source: KMS API reference, CreateKey.
func (s *Service) CreateKey(ctx context.Context, c *wire.Call, in *CreateKeyInput) (*CreateKeyOutput, error) {
	return s.createKey(ctx, c, in, nil)
}

// createKey is CreateKey with more done to the key in the transaction that stores it.
func (s *Service) createKey(
	ctx context.Context, c *wire.Call, in *CreateKeyInput, more func(*txn, *key) error,
) (*CreateKeyOutput, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	if err := s.authorizeAccount(ctx, c, "CreateKey", in.conditionKeys()); err != nil {
		return nil, err
	}
	k, err := s.newKey(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if err := s.authorizeTags(ctx, c, k, in.conditionKeys()); err != nil {
		return nil, err
	}
	// Outside the transaction: a transaction may run more than once, and an RSA key takes seconds.
	if k.Origin != originExternal {
		m, err := s.newMaterial(k)
		if err != nil {
			return nil, err
		}
		k.Materials = []material{m}
	}
	out := &CreateKeyOutput{}
	return out, s.update(ctx, c, func(t *txn) error {
		if err := t.admitToQuota(k); err != nil {
			return err
		}
		if k.StoreID != "" {
			if err := t.admitToStore(k); err != nil {
				return err
			}
		}
		if err := t.addKey(k); err != nil {
			return err
		}
		if more != nil {
			if err := more(t, k); err != nil {
				return err
			}
		}
		t.c.Touch(k.arn())
		out.KeyMetadata, err = t.metadata(k)
		return err
	})
}

// authorizeTags refuses to create k with tags unless the caller's own policies allow to tag it. keys are those of the
// request.
//
// Source: KMS API reference, CreateKey, Tags.
func (s *Service) authorizeTags(ctx context.Context, c *wire.Call, k *key, keys policy.RequestContext) error {
	if len(k.Tags) == 0 {
		return nil
	}
	r, err := s.cfg.Authority.Request(ctx, c)
	if err != nil {
		return err
	}
	r.Action, r.Resource = "kms:TagResource", k.arn()
	maps.Copy(r.Context, keys)
	delete(r.Context, "kms:BypassPolicyLockoutSafetyCheck") // of CreateKey and PutKeyPolicy alone
	if r.Policies.Key, err = s.parsed(defaultPolicy(k.Partition, k.Account)); err != nil {
		return err
	}
	_, err = s.cfg.Authority.Decide(c, r)
	return err
}

// conditionKeys are those of CreateKey. Source: KMS Developer Guide, "Condition keys for AWS KMS".
func (in *CreateKeyInput) conditionKeys() policy.RequestContext {
	keys := tagKeys(in.Tags)
	keys["kms:BypassPolicyLockoutSafetyCheck"] = []string{fmt.Sprint(in.BypassPolicyLockoutSafetyCheck)}
	keys["kms:KeySpec"] = []string{or(or(in.KeySpec, in.CustomerMasterKeySpec), symmetric)}
	keys["kms:KeyUsage"] = []string{or(in.KeyUsage, usageEncrypt)}
	keys["kms:CustomerMasterKeySpec"], keys["kms:CustomerMasterKeyUsage"] = keys["kms:KeySpec"], keys["kms:KeyUsage"]
	keys["kms:KeyOrigin"] = []string{or(in.Origin, originKMS)}
	keys["kms:MultiRegion"] = []string{fmt.Sprint(in.MultiRegion)}
	return keys
}

// addKey stores a new key and enters it in the list of keys.
func (t *txn) addKey(k *key) error {
	entry := orderEntry{KeyID: k.ID, AWSManaged: k.AWSManaged}
	if err := keyOrder(k.Account, k.Region).Put(t.w, k.orderName(), entry); err != nil {
		return err
	}
	return t.putKey(k)
}

// admitToQuota refuses a customer managed key beyond the quota of its account and Region.
func (t *txn) admitToQuota(k *key) error {
	have := 0
	err := keyOrder(k.Account, k.Region).Scan(t.r, "", "", func(_ string, e orderEntry) (bool, error) {
		if !e.AWSManaged {
			have++
		}
		return have < t.s.cfg.MaxKeys, nil
	})
	if err == nil && have >= t.s.cfg.MaxKeys {
		return errLimit("Key quota for this account in this region is %d", t.s.cfg.MaxKeys)
	}
	return err
}

func (in *CreateKeyInput) validate() error {
	var v constraints
	if in.Policy != nil {
		v.length("policy", *in.Policy, 1, 131072)
	}
	v.length("description", text(in.Description), 0, 8192)
	v.enum("keyUsage", in.KeyUsage, keyUsages)
	v.enum("customerMasterKeySpec", in.CustomerMasterKeySpec, customerMasterKeySpecs())
	v.enum("keySpec", in.KeySpec, specNames())
	v.enum("origin", in.Origin, origins)
	v.optional("customKeyStoreId", in.CustomKeyStoreID, 1, 64)
	v.optional("xksKeyId", in.XksKeyID, 1, 128)
	v.tags(in.Tags)
	if err := v.err(); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

// customerMasterKeySpecs are the specs that the deprecated member can name.
func customerMasterKeySpecs() []string {
	names := specNames()
	return names[:slices.Index(names, "SM2")+1]
}

// newKey is the key that in asks for, without material and not stored.
func (s *Service) newKey(ctx context.Context, c *wire.Call, in *CreateKeyInput) (*key, error) {
	now := s.cfg.Clock.Now()
	k := &key{
		Account: c.Caller.Account, Region: c.Region, Partition: c.Partition, Created: now,
		Description: text(in.Description), MultiRegion: in.MultiRegion, Tags: in.Tags,
		Origin: or(in.Origin, originKMS), StoreID: text(in.CustomKeyStoreID), XksKeyID: text(in.XksKeyID),
	}
	var err error
	if k.Spec, k.Usage, err = in.specAndUsage(); err != nil {
		return nil, err
	}
	if err := k.checkOrigin(); err != nil {
		return nil, err
	}
	if k.Origin == originCloudHSM {
		k.ReadyAt = now.Add(s.cfg.StoreConnectDuration)
	}
	if k.ID = in.id; k.ID == "" {
		if k.ID, err = s.newKeyID(k.MultiRegion); err != nil {
			return nil, err
		}
	}
	k.Policy = defaultPolicy(k.Partition, k.Account)
	if in.Policy != nil {
		r, err := s.cfg.Authority.Request(ctx, c)
		if err != nil {
			return nil, err
		}
		r.Resource = k.arn()
		maps.Copy(r.Context, in.conditionKeys())
		k.Policy, k.PolicyIDs, err = s.checkPolicy(ctx, r, *in.Policy, in.BypassPolicyLockoutSafetyCheck)
		if err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (in *CreateKeyInput) specAndUsage() (spec, usage string, err error) {
	if in.KeySpec != "" && in.CustomerMasterKeySpec != "" {
		return "", "", errValidation("You cannot specify KeySpec and CustomerMasterKeySpec in the same request. " +
			"CustomerMasterKeySpec is deprecated.")
	}
	spec, usage = or(or(in.KeySpec, in.CustomerMasterKeySpec), symmetric), in.KeyUsage
	if usage == "" && spec != symmetric {
		return "", "", errValidation(
			"You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	}
	usage = or(usage, usageEncrypt)
	if !slices.Contains(specOf(spec).usages, usage) {
		return "", "", errValidation("KeyUsage %s is not compatible with KeySpec %s", usage, spec)
	}
	return spec, usage, nil
}

// checkOrigin refuses what does not go together: keys of a custom key store are symmetric and of one Region.
func (k *key) checkOrigin() error {
	inStore := k.Origin == originCloudHSM || k.Origin == originXKS
	switch {
	case inStore && k.StoreID == "":
		return errValidation("CustomKeyStoreId is required when Origin is %s.", k.Origin)
	case !inStore && k.StoreID != "":
		return errValidation("CustomKeyStoreId is valid only when Origin is AWS_CLOUDHSM or EXTERNAL_KEY_STORE.")
	case k.Origin == originXKS && k.XksKeyID == "":
		return errValidation("XksKeyId is required when Origin is EXTERNAL_KEY_STORE.")
	case k.Origin != originXKS && k.XksKeyID != "":
		return errValidation("XksKeyId is valid only when Origin is EXTERNAL_KEY_STORE.")
	case inStore && k.MultiRegion:
		return wire.Faultf("UnsupportedOperationException", "Custom key stores do not support multi-Region keys.")
	case inStore && k.Spec != symmetric:
		return wire.Faultf("UnsupportedOperationException", "Custom key stores do not support KeySpec %s.", k.Spec)
	}
	return nil
}

// newKeyID is a random UUID, or the longer kind of a multi-Region key.
func (s *Service) newKeyID(multiRegion bool) (string, error) {
	b, err := s.random(16)
	if err != nil {
		return "", err
	}
	if multiRegion {
		return "mrk-" + hex.EncodeToString(b), nil
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
