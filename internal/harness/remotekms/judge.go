package remotekms

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// maxKnown bounds each of the memories of Keys; one that is full is emptied.
const maxKnown = 10_000

type digest [sha256.Size]byte

// learn remembers under which key a ciphertext is. That never changes.
func (k *Keys) learn(ciphertext []byte, keyARN string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.wrapped) >= maxKnown {
		clear(k.wrapped)
	}
	k.wrapped[sha256.Sum256(ciphertext)] = keyARN
}

// knowledge is what decides about the callers of one key.
type knowledge struct {
	turn chan struct{} // holds one value while somebody asks KMS

	// The rest belongs to the holder of turn.
	until  time.Time // on the harness clock
	key    *types.KeyMetadata
	policy *policy.Policy // nil: of another account than the callers so far
}

// DecryptAs implements qldb.Keys: whether c's caller may decrypt is decided here, by what is known of the key.
func (k *Keys) DecryptAs(
	ctx context.Context, c *wire.Call, ciphertext []byte, encryptionContext map[string]string,
) error {
	keyARN, err := k.keyOf(ctx, c.Region, ciphertext, encryptionContext)
	if err != nil {
		return err
	}
	known := k.knowledgeOf(keyARN)
	select {
	case known.turn <- struct{}{}:
		defer func() { <-known.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	now := k.cfg.Now()
	if !now.Before(known.until) || known.until.Sub(now) > k.cfg.Fresh { // the latter once the clock was set back
		m, err := k.describe(ctx, c.Region, keyARN)
		if err != nil {
			return k.undecided("DescribeKey", err)
		}
		known.key, known.policy, known.until = m, nil, now.Add(k.cfg.Fresh)
	}
	if known.policy == nil && ownAccount(c, keyARN) {
		if known.policy, err = k.policyOf(ctx, c.Region, keyARN); err != nil {
			return err
		}
	}
	keys := policy.RequestContext{}
	for name, value := range encryptionContext {
		keys["kms:EncryptionContext:"+name] = []string{value}
		keys["kms:EncryptionContextKeys"] = append(keys["kms:EncryptionContextKeys"], name)
	}
	err = k.decide(ctx, c, "Decrypt", known.key, known.policy, keys)
	switch {
	case code(err) == "AccessDeniedException":
		// KMS's words for a Decrypt that does not name its key.
		return wire.Faultf("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, "+
			"does not exist in this region, or you are not allowed to access.")
	case err != nil:
		return err
	case known.key.KeyState == types.KeyStateDisabled:
		return wire.Faultf("DisabledException", "%s is disabled.", keyARN)
	case known.key.KeyState != types.KeyStateEnabled:
		return wire.Faultf("KMSInvalidStateException", "%s is %s.", keyARN, known.key.KeyState)
	}
	return nil
}

// keyOf finds out under which key a ciphertext is: from earlier calls, or from KMS, which looks into it.
func (k *Keys) keyOf(
	ctx context.Context, region string, ciphertext []byte, encryptionContext map[string]string,
) (string, error) {
	k.mu.Lock()
	keyARN := k.wrapped[sha256.Sum256(ciphertext)]
	k.mu.Unlock()
	if keyARN != "" {
		return keyARN, nil
	}
	const operation = "Decrypt"
	out, err := ask(ctx, k, operation, func(ctx context.Context) (*kms.DecryptOutput, error) {
		return k.kms.Decrypt(ctx, &kms.DecryptInput{
			CiphertextBlob: ciphertext, EncryptionContext: encryptionContext,
		}, in(region))
	})
	if err != nil {
		return "", k.undecided(operation, err)
	}
	clear(out.Plaintext)
	keyARN = aws.ToString(out.KeyId)
	if _, ok := parseKeyARN(keyARN); !ok {
		return "", k.unasked(operation, errors.New("the answer names no key"))
	}
	k.learn(ciphertext, keyARN)
	return keyARN, nil
}

// undecided keeps KMS's refusal of the service role from being taken for an answer about the caller.
func (k *Keys) undecided(operation string, err error) error {
	if code(err) == "" {
		return err
	}
	return k.unasked(operation, fmt.Errorf("what callers may do cannot be decided: %w", err))
}

func (k *Keys) knowledgeOf(keyARN string) *knowledge {
	k.mu.Lock()
	defer k.mu.Unlock()
	known := k.known[keyARN]
	if known == nil {
		if len(k.known) >= maxKnown {
			clear(k.known)
		}
		known = &knowledge{turn: make(chan struct{}, 1)}
		k.known[keyARN] = known
	}
	return known
}

// policyOf reads the policy of a key.
func (k *Keys) policyOf(ctx context.Context, region, keyARN string) (*policy.Policy, error) {
	const operation = "GetKeyPolicy"
	out, err := ask(ctx, k, operation, func(ctx context.Context) (*kms.GetKeyPolicyOutput, error) {
		return k.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &keyARN, PolicyName: aws.String("default")}, in(region))
	})
	if err != nil {
		return nil, k.undecided(operation, err)
	}
	parsed, err := policy.Parse(aws.ToString(out.Policy))
	if err != nil {
		return nil, k.unasked(operation, fmt.Errorf("the policy of %s cannot be understood: %w", keyARN, err))
	}
	return parsed, nil
}

// judge refuses c's caller unless it may run operation on a key through QLDB.
func (k *Keys) judge(
	ctx context.Context, c *wire.Call, operation string, key *types.KeyMetadata, keys policy.RequestContext,
) error {
	var keyPolicy *policy.Policy
	if ownAccount(c, *key.Arn) {
		var err error
		if keyPolicy, err = k.policyOf(ctx, c.Region, *key.Arn); err != nil {
			return err
		}
	}
	return k.decide(ctx, c, operation, key, keyPolicy, keys)
}

// decide is judge by a key policy. For a key of another account that is one that leaves it to the caller's account.
func (k *Keys) decide(
	ctx context.Context, c *wire.Call, operation string, key *types.KeyMetadata, keyPolicy *policy.Policy,
	keys policy.RequestContext,
) error {
	as := *c
	as.Service, as.Operation, as.Action = "kms", operation, "kms:"+operation
	as.ViaService = "qldb." + c.Region + ".amazonaws.com"
	r, err := k.cfg.Judge.Request(ctx, &as)
	if err != nil {
		return err
	}
	at, _ := parseKeyARN(*key.Arn)
	r.Action, r.Resource, r.Policies.Key = as.Action, *key.Arn, keyPolicy
	if !ownAccount(c, *key.Arn) {
		if r.Policies.Key, err = policy.Parse(policy.Default(c.Partition, c.Caller.Account)); err != nil {
			return err
		}
	}
	maps.Copy(r.Context, keys)
	r.Context["aws:ResourceAccount"] = []string{at.account}
	r.Context["kms:KeySpec"] = []string{string(key.KeySpec)}
	r.Context["kms:KeyUsage"] = []string{string(key.KeyUsage)}
	r.Context["kms:KeyOrigin"] = []string{string(key.Origin)}
	r.Context["kms:MultiRegion"] = []string{fmt.Sprint(aws.ToBool(key.MultiRegion))}
	_, err = k.cfg.Judge.Decide(&as, r)
	return err
}

func ownAccount(c *wire.Call, keyARN string) bool {
	at, ok := parseKeyARN(keyARN)
	return ok && at.account == c.Caller.Account
}

// keyPlace is where a key is.
type keyPlace struct{ region, account string }

func parseKeyARN(arn string) (keyPlace, bool) {
	field := strings.SplitN(arn, ":", 6)
	if len(field) != 6 || field[0] != "arn" || field[2] != "kms" || !strings.HasPrefix(field[5], "key/") {
		return keyPlace{}, false
	}
	return keyPlace{field[3], field[4]}, true
}

// aliasName is the alias that names a key, or empty if a key id or ARN does.
func aliasName(keyID string) string {
	if i := strings.Index(keyID, "alias/"); i == 0 || i > 0 && strings.HasPrefix(keyID, "arn:") {
		return keyID[i:]
	}
	return ""
}
