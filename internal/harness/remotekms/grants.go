package remotekms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// settling is longer than a grant of Amazon KMS takes to be known everywhere; until then its token goes along.
//
// Source: KMS Developer Guide, "Using a grant token": usually less than five minutes.
const settling = 10 * time.Minute

type grantToken struct {
	text  string
	until time.Time // on the machine's clock
}

// askGranted is ask for what a grant allows, with the token of the newest one on the key while that may be needed.
func askGranted[Out any](
	ctx context.Context, k *Keys, operation, keyARN string, call func(context.Context, []string) (*Out, error),
) (*Out, error) {
	tokens := k.tokensOf(keyARN)
	out, err := ask(ctx, k, operation, func(ctx context.Context) (*Out, error) { return call(ctx, tokens) })
	if len(tokens) == 0 || code(err) != "InvalidGrantTokenException" {
		return out, err
	}
	k.forgetToken(keyARN) // the grant is gone
	return ask(ctx, k, operation, func(ctx context.Context) (*Out, error) { return call(ctx, nil) })
}

func (k *Keys) tokensOf(keyARN string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, found := k.tokens[keyARN]
	if !found {
		return nil
	}
	if !k.cfg.Machine().Before(t.until) {
		delete(k.tokens, keyARN)
		return nil
	}
	return []string{t.text}
}

func (k *Keys) forgetToken(keyARN string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.tokens, keyARN)
}

// CreateGrant implements qldb.Keys: the grant is the service role's. Policies decide about it as about the grant that
// QLDB would ask for.
func (k *Keys) CreateGrant(ctx context.Context, c *wire.Call, g qldb.Grant) (string, error) {
	const operation = "CreateGrant"
	m, err := k.describe(ctx, c.Region, g.KeyARN)
	if err != nil {
		return "", err
	}
	if err := k.judge(ctx, c, operation, m, policy.RequestContext{
		"kms:GrantIsForAWSResource": {"true"}, "kms:GrantOperations": g.Operations,
		"kms:GranteePrincipal": {g.Grantee}, "kms:RetiringPrincipal": {g.Retiring},
	}); err != nil {
		return "", err
	}
	me, err := k.Principal(ctx, c.Region)
	if err != nil {
		return "", err
	}
	operations := make([]types.GrantOperation, len(g.Operations))
	for i, o := range g.Operations {
		operations[i] = types.GrantOperation(o)
	}
	out, err := ask(ctx, k, operation, func(ctx context.Context) (*kms.CreateGrantOutput, error) {
		return k.kms.CreateGrant(ctx, &kms.CreateGrantInput{
			KeyId: &g.KeyARN, Name: &g.Name, GranteePrincipal: &me, RetiringPrincipal: &me, Operations: operations,
		}, in(c.Region))
	})
	switch {
	case code(err) == "InvalidArnException": // the key's ARN is KMS's own
		return "", k.unasked(operation, fmt.Errorf("it does not take %s as a principal: name that of the credentials, "+
			"a role's with its path (%w)", me, err))
	case err != nil:
		return "", err
	case aws.ToString(out.GrantId) == "":
		return "", k.unasked(operation, errors.New("the answer names no grant"))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if token := aws.ToString(out.GrantToken); token != "" {
		k.tokens[g.KeyARN] = grantToken{token, k.cfg.Machine().Add(settling)}
	}
	return *out.GrantId, nil
}

// maxPages bounds FindGrants: a key has at most 50 000 grants. Source: KMS Developer Guide, "Resource quotas".
const maxPages = 500

// FindGrants implements qldb.Keys. It goes by the name alone, which no other ledger has, so that grants of a former
// service role are found too.
func (k *Keys) FindGrants(ctx context.Context, at qldb.Place, keyARN, name string) ([]string, error) {
	const operation = "ListGrants"
	var found []string
	var marker *string
	for range maxPages {
		out, err := ask(ctx, k, operation, func(ctx context.Context) (*kms.ListGrantsOutput, error) {
			return k.kms.ListGrants(ctx, &kms.ListGrantsInput{
				KeyId: &keyARN, Limit: aws.Int32(100), Marker: marker,
			}, in(at.Region))
		})
		if err != nil {
			return nil, err
		}
		if out.Grants == nil {
			return nil, k.unasked(operation, errors.New("the answer holds no list of grants"))
		}
		for _, g := range out.Grants {
			if aws.ToString(g.Name) == name && g.GrantId != nil {
				found = append(found, *g.GrantId)
			}
		}
		if !out.Truncated {
			return found, nil
		}
		if out.NextMarker == nil || aws.ToString(marker) == *out.NextMarker {
			break
		}
		marker = out.NextMarker
	}
	return nil, k.unasked(operation, errors.New("the list of grants does not end"))
}

// RetireGrant implements qldb.Keys. A grant that the service role may not retire, because a former one made it, is
// revoked.
func (k *Keys) RetireGrant(ctx context.Context, at qldb.Place, keyARN, grantID string) error {
	k.forgetToken(keyARN)
	_, err := ask(ctx, k, "RetireGrant", func(ctx context.Context) (*kms.RetireGrantOutput, error) {
		return k.kms.RetireGrant(ctx, &kms.RetireGrantInput{KeyId: &keyARN, GrantId: &grantID}, in(at.Region))
	})
	if code(err) != "AccessDeniedException" {
		return err
	}
	_, revokeErr := ask(ctx, k, "RevokeGrant", func(ctx context.Context) (*kms.RevokeGrantOutput, error) {
		return k.kms.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &keyARN, GrantId: &grantID}, in(at.Region))
	})
	if revokeErr != nil {
		return fmt.Errorf("%w; nor may it be revoked: %w", err, revokeErr)
	}
	return nil
}

// Principal is the ARN of the service role, as grants name it. The error is a *qldb.UnaskedError.
func (k *Keys) Principal(ctx context.Context, region string) (string, error) {
	const operation = "GetCallerIdentity"
	k.mu.Lock()
	known := k.grantee
	k.mu.Unlock()
	if known != "" {
		return known, nil
	}
	out, err := ask(ctx, k, operation, func(ctx context.Context) (*sts.GetCallerIdentityOutput, error) {
		return k.sts.GetCallerIdentity(ctx, nil, func(o *sts.Options) { o.Region = region })
	})
	if err == nil && aws.ToString(out.Arn) == "" {
		err = errors.New("the answer holds no ARN")
	}
	if unasked, ok := errors.AsType[*qldb.UnaskedError](err); ok {
		return "", unasked
	}
	if err != nil {
		return "", k.unasked(operation, err)
	}
	me := lastingPrincipal(*out.Arn)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.grantee = me
	return me, nil
}

// lastingPrincipal is the role of a session, whose ARN does not outlast the session, and any other principal itself.
// The path of the role is not known; it is taken to be "/".
func lastingPrincipal(arn string) string {
	field := strings.SplitN(arn, ":", 6)
	if len(field) != 6 || field[2] != "sts" {
		return arn
	}
	part := strings.Split(field[5], "/")
	if len(part) != 3 || part[0] != "assumed-role" {
		return arn
	}
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", field[1], field[4], part[1])
}
