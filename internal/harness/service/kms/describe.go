package kms

import (
	"context"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// KeyMetadata describes a key as CreateKey and DescribeKey answer it. Which of the members are there depends on the
// key's spec, usage, origin and state.
//
// Source: KMS API reference, KeyMetadata.
type KeyMetadata struct {
	AWSAccountID             string                    `json:"AWSAccountId"`
	ARN                      string                    `json:"Arn"`
	CloudHsmClusterID        string                    `json:"CloudHsmClusterId,omitempty"`
	CreationDate             *wire.Time                `json:"CreationDate"`
	CurrentKeyMaterialID     string                    `json:"CurrentKeyMaterialId,omitempty"`
	CustomKeyStoreID         string                    `json:"CustomKeyStoreId,omitempty"`
	CustomerMasterKeySpec    string                    `json:"CustomerMasterKeySpec"`
	DeletionDate             *wire.Time                `json:"DeletionDate,omitempty"`
	Description              string                    `json:"Description"`
	Enabled                  bool                      `json:"Enabled"`
	EncapsulationAlgorithms  []string                  `json:"EncapsulationAlgorithms,omitempty"`
	EncryptionAlgorithms     []string                  `json:"EncryptionAlgorithms,omitempty"`
	ExpirationModel          string                    `json:"ExpirationModel,omitempty"`
	KeyAgreementAlgorithms   []string                  `json:"KeyAgreementAlgorithms,omitempty"`
	KeyID                    string                    `json:"KeyId"`
	KeyManager               string                    `json:"KeyManager"` // CUSTOMER or AWS
	KeySpec                  string                    `json:"KeySpec"`
	KeyState                 string                    `json:"KeyState"`
	KeyUsage                 string                    `json:"KeyUsage"`
	MacAlgorithms            []string                  `json:"MacAlgorithms,omitempty"`
	MultiRegion              bool                      `json:"MultiRegion"`
	MultiRegionConfiguration *MultiRegionConfiguration `json:"MultiRegionConfiguration,omitempty"`
	Origin                   string                    `json:"Origin"`
	SigningAlgorithms        []string                  `json:"SigningAlgorithms,omitempty"`
	ValidTo                  *wire.Time                `json:"ValidTo,omitempty"`
	XksKeyConfiguration      *XksKeyConfiguration      `json:"XksKeyConfiguration,omitempty"`
}

// MultiRegionConfiguration names the keys of a multi-Region set.
type MultiRegionConfiguration struct {
	MultiRegionKeyType string           `json:"MultiRegionKeyType"`
	PrimaryKey         MultiRegionKey   `json:"PrimaryKey"`
	ReplicaKeys        []MultiRegionKey `json:"ReplicaKeys"`
}

// MultiRegionKey is one key of a multi-Region set.
type MultiRegionKey struct {
	ARN    string `json:"Arn"`
	Region string `json:"Region"`
}

// XksKeyConfiguration names the external key behind a key of an external key store.
type XksKeyConfiguration struct {
	ID string `json:"Id"`
}

// DescribeKeyInput is the input of DescribeKey.
type DescribeKeyInput struct {
	KeyID       *string  `json:"KeyId"` // key id, key ARN, alias name or alias ARN
	GrantTokens []string `json:"GrantTokens"`
}

// DescribeKeyOutput is the output of DescribeKey.
type DescribeKeyOutput struct {
	KeyMetadata *KeyMetadata `json:"KeyMetadata"`
}

// DescribeKey describes a key in every state. Asked for a predefined alias of an AWS service that has no key yet, it
// creates the AWS managed key.
//
// Source: KMS API reference, DescribeKey.
func (s *Service) DescribeKey(ctx context.Context, c *wire.Call, in *DescribeKeyInput) (*DescribeKeyOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.grantTokens(in.GrantTokens)
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &DescribeKeyOutput{}
	describe := func(t *txn) error {
		k, err := t.key(*in.KeyID, true)
		if err != nil {
			return err
		}
		if err := t.authorize(k, "DescribeKey", nil); err != nil {
			return err
		}
		if err := t.checkGrantTokens(in.GrantTokens); err != nil {
			return err
		}
		out.KeyMetadata, err = t.metadata(k)
		return err
	}
	err := s.view(ctx, c, describe)
	if name, predefined := predefinedAlias(c, *in.KeyID); predefined && hasCode(err, "NotFoundException") {
		if err := s.createManagedKey(ctx, c, name); err != nil {
			return nil, err
		}
		err = s.view(ctx, c, describe)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// metadata describes k at t.now.
func (t *txn) metadata(k *key) (*KeyMetadata, error) {
	state, err := t.state(k)
	if err != nil {
		return nil, err
	}
	m := &KeyMetadata{
		AWSAccountID: k.Account, ARN: k.arn(), CreationDate: wire.At(k.Created), Description: k.Description,
		Enabled: state == stateEnabled, KeyID: k.ID, KeyManager: "CUSTOMER", KeySpec: k.Spec,
		CustomerMasterKeySpec: k.Spec, KeyState: stateNames[state], KeyUsage: k.Usage, Origin: k.Origin,
		MultiRegion: k.MultiRegion, CustomKeyStoreID: k.StoreID, DeletionDate: wire.At(k.DeleteAt),
	}
	if k.AWSManaged {
		m.KeyManager = "AWS"
	}
	if k.MultiRegion {
		m.MultiRegionConfiguration = &MultiRegionConfiguration{
			MultiRegionKeyType: "PRIMARY", ReplicaKeys: []MultiRegionKey{},
			PrimaryKey: MultiRegionKey{ARN: k.arn(), Region: k.Region},
		}
	}
	if k.XksKeyID != "" {
		m.XksKeyConfiguration = &XksKeyConfiguration{ID: k.XksKeyID}
	}
	if k.Origin == originCloudHSM {
		if m.CloudHsmClusterID, err = t.storeCluster(k.StoreID); err != nil {
			return nil, err
		}
	}
	m.setAlgorithms(k)
	m.setMaterial(k, t.now)
	return m, nil
}

func (m *KeyMetadata) setAlgorithms(k *key) {
	list := cryptoAlgorithmsOf(k.Spec, k.Usage)
	switch k.Usage {
	case usageEncrypt:
		m.EncryptionAlgorithms = list
	case usageSign:
		m.SigningAlgorithms = list
	case usageMAC:
		m.MacAlgorithms = list
	case usageAgree:
		m.KeyAgreementAlgorithms = list
	case usageEncapsulate:
		m.EncapsulationAlgorithms = list
	}
}

// setMaterial says what can be known of the material: the current one's id, and when imported material expires.
func (m *KeyMetadata) setMaterial(k *key, now time.Time) {
	current := k.current()
	if current == nil || k.StoreID != "" {
		return
	}
	if k.Spec == symmetric && current.present(now) {
		m.CurrentKeyMaterialID = current.ID
	}
	if k.Origin != originExternal || !k.complete(now) {
		return
	}
	m.ExpirationModel = "KEY_MATERIAL_DOES_NOT_EXPIRE"
	if earliest := k.earliestExpiry(); !earliest.IsZero() {
		m.ExpirationModel, m.ValidTo = "KEY_MATERIAL_EXPIRES", wire.At(earliest)
	}
}

// earliestExpiry is when the first of the material permanently associated with k expires; zero if none does.
func (k *key) earliestExpiry() time.Time {
	var earliest time.Time
	for _, m := range k.Materials {
		if m.State != materialPending && !m.Expires.IsZero() && (earliest.IsZero() || m.Expires.Before(earliest)) {
			earliest = m.Expires
		}
	}
	return earliest
}
