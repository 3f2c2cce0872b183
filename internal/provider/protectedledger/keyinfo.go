package protectedledger

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// A keyInfo is what DescribeKey tells.
type keyInfo struct {
	preflight.Key
	ID          string
	Description string
	Deletion    *time.Time
}

// describeKey asks for a key by id, ARN or alias.
func describeKey(ctx context.Context, client *kms.Client, name string) (keyInfo, error) {
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(name)})
	if err != nil {
		return keyInfo{}, err
	}
	if out.KeyMetadata == nil {
		return keyInfo{}, fmt.Errorf("describe key %s: the answer holds no key", name)
	}
	return newKeyInfo(*out.KeyMetadata), nil
}

func newKeyInfo(m kmstypes.KeyMetadata) keyInfo {
	arn := aws.ToString(m.Arn)
	return keyInfo{
		Key: preflight.Key{
			ARN: arn, Region: arnPart(arn, 3), Partition: partitionOf(arn), State: string(m.KeyState),
			Spec: string(m.KeySpec), Usage: string(m.KeyUsage), Manager: string(m.KeyManager),
			Origin: string(m.Origin), MultiRegion: aws.ToBool(m.MultiRegion), Expires: aws.ToTime(m.ValidTo),
		},
		ID: aws.ToString(m.KeyId), Description: aws.ToString(m.Description), Deletion: m.DeletionDate,
	}
}

func (c *calls) findKey(ctx context.Context, name string) (keyInfo, error) {
	return describeKey(ctx, c.kms, name)
}

// awaitKey waits until KMS knows the key and it is in the wanted state.
func (c *calls) awaitKey(ctx context.Context, arn, state string, hits int, limit time.Duration) (keyInfo, error) {
	return await(ctx, c.opts, wait[keyInfo]{
		For:    fmt.Sprintf("key %s to be %s", keyID(arn), state),
		Find:   func(ctx context.Context) (keyInfo, error) { return c.findKey(ctx, arn) },
		Status: func(k keyInfo) string { return k.State },
		Done:   func(k keyInfo) bool { return k.State == state },
		Hits:   hits, Every: 2 * time.Second, Limit: limit,
	})
}
