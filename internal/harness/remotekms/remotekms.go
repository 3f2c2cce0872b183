// Package remotekms lets ledgers be protected by keys of a KMS elsewhere: Amazon's, or any that speaks its protocol.
//
// # Who calls
//
// The other KMS knows one principal of ours, the credentials that Keys was given: the service role. It makes every
// call, and it is the grantee and the retiring principal of every grant, in place of QLDB's host name. For a ledger to
// depend on its grants alone, its own policies must not allow it to decrypt. It needs kms:DescribeKey, kms:CreateGrant,
// kms:ListGrants and kms:GetKeyPolicy; the grant allows the rest. kms:RevokeGrant is of use after the service role was
// exchanged for another, which cannot retire the grants of the former one.
//
// What a caller of QLDB may do with a key (kms:DescribeKey, kms:CreateGrant, kms:Decrypt) is decided here, since the
// other KMS cannot see that caller. Its local policies count, and:
//
//   - with a key of the caller's own account, the key's policy, as at the service. Tags and aliases of the key are not
//     known, so a condition on them does not hold; grants to callers do not count.
//   - with a key of another account, the caller's policies alone, its permissions boundary and session policies
//     included: the key's policy speaks of principals that are not ours.
//
// A key's policy and state, as callers are judged by them at session and transaction start, are kept for Config.Fresh.
//
// # What an answer is
//
// An answer of KMS about the key, the grant or the right to use them is a *wire.Fault with KMS's code. Everything else
// is a *qldb.UnaskedError: no connection, a time-out, throttling, a fault inside KMS, credentials it does not know,
// something that is no answer of a KMS. No call takes longer than Config.Timeout. After one that did, others fail at
// once for as long: a KMS that hangs holds up whoever goes through many ledgers once, not once a ledger.
package remotekms

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Config is what Keys need. All but Grantee is required.
type Config struct {
	SDK   aws.Config // credentials, endpoint, retries; each call goes to the Region of its ledger
	Where string     // the KMS in words, for errors
	// Grantee is the ARN of the principal of the credentials. Empty: STS is asked, at the same endpoint.
	Grantee string
	Judge   Judge
	Timeout time.Duration    // of one call with its retries
	Fresh   time.Duration    // how long what is known of a key decides about callers, by Now
	Now     func() time.Time // the harness clock
	Machine func() time.Time // the clock by which Timeout passes
}

// A Judge decides what the callers of QLDB may do. authorize.Authority is one.
type Judge interface {
	// Request is the caller's half of a request.
	Request(ctx context.Context, c *wire.Call) (policy.Request, error)
	// Decide decides r, which c makes. The error is the refusal, a *wire.Fault.
	Decide(c *wire.Call, r policy.Request) (policy.Decision, error)
}

// Keys are the keys of the other KMS. It implements qldb.Keys; its methods may be called concurrently.
type Keys struct {
	cfg  Config
	kms  *kms.Client
	sts  *sts.Client
	gate gate

	mu      sync.Mutex
	grantee string
	tokens  map[string]grantToken // by key ARN: the newest grant's, which may not have got around yet
	wrapped map[digest]string     // key ARNs by hash of a ciphertext that is under them
	known   map[string]*knowledge // by key ARN
}

// New returns the keys of the KMS that cfg describes. Nothing is asked of it yet.
func New(cfg Config) (*Keys, error) {
	if cfg.SDK.Credentials == nil || cfg.Where == "" || cfg.Judge == nil || cfg.Timeout <= 0 || cfg.Fresh <= 0 ||
		cfg.Now == nil || cfg.Machine == nil {
		return nil, errors.New("remotekms: Config needs SDK, Where, Judge, Timeout, Fresh, Now and Machine")
	}
	return &Keys{
		cfg: cfg, sts: sts.NewFromConfig(cfg.SDK),
		gate: gate{pause: cfg.Timeout}, grantee: cfg.Grantee,
		kms:    kms.NewFromConfig(cfg.SDK, func(o *kms.Options) { o.APIOptions = append(o.APIOptions, objectsOnly) }),
		tokens: map[string]grantToken{}, wrapped: map[digest]string{}, known: map[string]*knowledge{},
	}, nil
}

func in(region string) func(*kms.Options) { return func(o *kms.Options) { o.Region = region } }

// DescribeKey implements qldb.Keys. A keyID without an account is of the account of the credentials.
func (k *Keys) DescribeKey(ctx context.Context, c *wire.Call, keyID string) (qldb.KeyInfo, error) {
	m, err := k.describe(ctx, c.Region, keyID)
	if err != nil {
		return qldb.KeyInfo{}, err
	}
	extra := policy.RequestContext{}
	if name := aliasName(keyID); name != "" {
		extra["kms:RequestAlias"] = []string{name}
	}
	if err := k.judge(ctx, c, "DescribeKey", m, extra); err != nil {
		return qldb.KeyInfo{}, err
	}
	return qldb.KeyInfo{
		ARN: *m.Arn, Manager: string(m.KeyManager), Spec: string(m.KeySpec), Usage: string(m.KeyUsage),
		State: string(m.KeyState),
	}, nil
}

func (k *Keys) describe(ctx context.Context, region, keyID string) (*types.KeyMetadata, error) {
	const operation = "DescribeKey"
	out, err := ask(ctx, k, operation, func(ctx context.Context) (*kms.DescribeKeyOutput, error) {
		return k.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &keyID}, in(region))
	})
	switch {
	case err != nil:
		return nil, err
	case out.KeyMetadata == nil || out.KeyMetadata.Arn == nil:
		return nil, k.unasked(operation, errors.New("the answer describes no key"))
	}
	if at, ok := parseKeyARN(*out.KeyMetadata.Arn); !ok || at.region != region {
		return nil, k.unasked(operation, errors.New("the answer is about "+*out.KeyMetadata.Arn+
			", which is no key of Region "+region))
	}
	return out.KeyMetadata, nil
}

// GenerateDataKey implements qldb.Keys.
func (k *Keys) GenerateDataKey(
	ctx context.Context, at qldb.Place, keyARN string, encryptionContext map[string]string,
) (qldb.DataKey, error) {
	const operation, size = "GenerateDataKey", 32
	out, err := askGranted(ctx, k, operation, keyARN,
		func(ctx context.Context, tokens []string) (*kms.GenerateDataKeyOutput, error) {
			return k.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
				KeyId: &keyARN, NumberOfBytes: aws.Int32(size), EncryptionContext: encryptionContext, GrantTokens: tokens,
			}, in(at.Region))
		})
	switch {
	case err != nil:
		return qldb.DataKey{}, err
	case len(out.Plaintext) != size || len(out.CiphertextBlob) == 0 || aws.ToString(out.KeyId) != keyARN:
		clear(out.Plaintext)
		return qldb.DataKey{}, k.unasked(operation, errors.New("the answer holds no data key of 32 bytes under "+keyARN))
	}
	k.learn(out.CiphertextBlob, keyARN)
	return qldb.DataKey{Plaintext: out.Plaintext, Ciphertext: out.CiphertextBlob}, nil
}

// Decrypt implements qldb.Keys.
func (k *Keys) Decrypt(
	ctx context.Context, at qldb.Place, keyARN string, ciphertext []byte, encryptionContext map[string]string,
) ([]byte, error) {
	const operation = "Decrypt"
	out, err := askGranted(ctx, k, operation, keyARN,
		func(ctx context.Context, tokens []string) (*kms.DecryptOutput, error) {
			return k.kms.Decrypt(ctx, &kms.DecryptInput{
				KeyId: &keyARN, CiphertextBlob: ciphertext, EncryptionContext: encryptionContext, GrantTokens: tokens,
			}, in(at.Region))
		})
	switch {
	case err != nil:
		return nil, err
	case len(out.Plaintext) == 0 || aws.ToString(out.KeyId) != keyARN:
		clear(out.Plaintext)
		return nil, k.unasked(operation, errors.New("the answer holds no plaintext under "+keyARN))
	}
	k.learn(ciphertext, keyARN)
	return out.Plaintext, nil
}
