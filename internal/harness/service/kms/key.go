package kms

import (
	"fmt"
	"time"
)

// key is what is kept of one KMS key. Its state is not stored but follows from the fields and the time, see state.
type key struct {
	ID          string // UUID, or mrk- and 32 hex digits
	Account     string
	Region      string
	Partition   string
	Created     time.Time
	Description string
	Spec        string // SYMMETRIC_DEFAULT, RSA_2048, ...
	Usage       string // ENCRYPT_DECRYPT, ...
	Origin      string // AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE
	MultiRegion bool
	AWSManaged  bool // behind alias/aws/...
	Disabled    bool // what EnableKey and DisableKey last said
	// ReadyAt is when a key of a CloudHSM key store is no longer Creating; zero for all others.
	ReadyAt time.Time
	// DeleteAt is when the key goes for good; zero unless deletion is scheduled.
	DeleteAt         time.Time
	DeleteWindowDays int
	Policy           string // as put
	// PolicyIDs are the unique ids of the users and roles that Policy named when it was put: whoever gets the name of
	// one that is gone is somebody else.
	PolicyIDs map[string]string `json:",omitempty"`
	Tags      []Tag             // in the order they were added
	StoreID   string            // custom key store
	XksKeyID  string
	// Materials are all generations, oldest first. A symmetric key encrypts with the CURRENT one and decrypts with
	// any; other keys have exactly one.
	Materials []material
	Rotation  rotation
}

// material is one generation of a key's secret.
type material struct {
	ID string // 64 lower-case hex digits
	// Sealed is the bytes of symmetric and HMAC material and PKCS #8 DER of asymmetric. It is empty while imported
	// material is absent.
	Sealed      []byte
	State       string    // materialCurrent, materialFormer, materialPending
	Expires     time.Time // imported material with KEY_MATERIAL_EXPIRES
	Imported    bool      // came from outside
	Description string
	RotatedAt   time.Time // zero for the first
	RotatedBy   string    // AUTOMATIC, ON_DEMAND
	Public      []byte    // asymmetric: SPKI DER
}

// The states of a material, as ListKeyRotations shows them.
const (
	materialCurrent = "CURRENT"
	materialFormer  = "NON_CURRENT"
	materialPending = "PENDING_ROTATION"
)

// rotation is a key's automatic and on-demand rotation.
type rotation struct {
	Enabled       bool
	PeriodDays    int
	Next          time.Time
	OnDemandCount int
}

// Tag is a KMS tag.
type Tag struct {
	TagKey   string `json:"TagKey"`
	TagValue string `json:"TagValue"`
}

// alias is a name for a key of the same account and Region.
type alias struct {
	Name     string // alias/orders
	TargetID string // key id
	Created  time.Time
	Updated  time.Time
	Former   string `json:",omitempty"` // key id it named before the last UpdateAlias that moved it
}

// grant lets a principal use a key without any policy.
type grant struct {
	ID       string // 64 hex digits
	Name     string
	Created  time.Time
	Grantee  string // ARN, or a service's host name
	Retiring string // the same; may be empty
	Issuer   string // root ARN of the issuing account
	// PrincipalIDs are the unique ids of the users and roles that Grantee and Retiring named when the grant was made.
	PrincipalIDs map[string]string `json:",omitempty"`
	// GranteeIsService and RetiringIsService say that CreateGrant named them by GranteeServicePrincipal and
	// RetiringServicePrincipal, so lists show them there.
	GranteeIsService, RetiringIsService bool

	Operations []string
	// EncryptionContextEquals and EncryptionContextSubset are the constraints; at most one is set.
	EncryptionContextEquals map[string]string
	EncryptionContextSubset map[string]string
	SourceARN               string
}

func (k *key) arn() string {
	return fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", k.Partition, k.Region, k.Account, k.ID)
}

func (k *key) aliasARN(name string) string {
	return fmt.Sprintf("arn:%s:kms:%s:%s:%s", k.Partition, k.Region, k.Account, name)
}

// current is the generation that encrypts, or nil.
func (k *key) current() *material {
	for i := range k.Materials {
		if k.Materials[i].State == materialCurrent {
			return &k.Materials[i]
		}
	}
	return nil
}
