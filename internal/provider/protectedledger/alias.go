package protectedledger

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// generationAlias is the name under which the key of one generation can be found after a crash.
func generationAlias(ledger string, n int64) string {
	return fmt.Sprintf("%s%d", generationAliases(ledger), n)
}

// generationAliases is how the names of all generations of a ledger's keys begin.
func generationAliases(ledger string) string { return "alias/qldbkms/" + ledger + "/" }

// An aliasTakenError says that an alias belongs to a key that is none of the ledger's.
type aliasTakenError struct{ Alias, Key string }

// Error implements error.
func (e *aliasTakenError) Error() string {
	return fmt.Sprintf("alias %s already points to key %s, which does not belong to this ledger", e.Alias, e.Key)
}

// pointAlias makes the alias point to the key: it is created, or moved when mayMove allows to take it from the key it
// points to now.
func (c *calls) pointAlias(ctx context.Context, alias, arn string, mayMove func(keyARN string) bool) error {
	now, err := c.findKey(ctx, alias)
	switch {
	case err == nil && now.ARN == arn:
		return nil
	case err == nil && !mayMove(now.ARN):
		return &aliasTakenError{Alias: alias, Key: now.ARN}
	case err == nil:
		err = c.moveAlias(ctx, alias, arn)
	case isNotFound(err):
		err = retry(ctx, c.opts, newKeyLag, func(ctx context.Context) error {
			_, err := c.kms.CreateAlias(ctx, &kms.CreateAliasInput{
				AliasName: aws.String(alias), TargetKeyId: aws.String(keyID(arn)),
			})
			return err
		})
		if isAliasTaken(err) { // by an earlier try whose answer was lost, or by a key whose deletion hides the target
			if now, look := c.findKey(ctx, alias); look == nil && now.ARN != arn && !mayMove(now.ARN) {
				return &aliasTakenError{Alias: alias, Key: now.ARN}
			}
			err = c.moveAlias(ctx, alias, arn)
		}
	}
	if err != nil {
		return err
	}
	_, err = await(ctx, c.opts, wait[keyInfo]{
		For:    fmt.Sprintf("%s to point to key %s", alias, keyID(arn)),
		Find:   func(ctx context.Context) (keyInfo, error) { return c.findKey(ctx, alias) },
		Status: func(k keyInfo) string { return "pointing to key " + k.ID },
		Done:   func(k keyInfo) bool { return k.ARN == arn },
		Every:  2 * time.Second, Limit: keyPatience,
	})
	return err
}

func (c *calls) moveAlias(ctx context.Context, alias, arn string) error {
	return retry(ctx, c.opts, newKeyLag, func(ctx context.Context) error {
		_, err := c.kms.UpdateAlias(ctx, &kms.UpdateAliasInput{
			AliasName: aws.String(alias), TargetKeyId: aws.String(keyID(arn)),
		})
		return err
	})
}

// removeAlias deletes the alias if it points to one of the ledger's keys. Anything else is somebody else's.
func (c *calls) removeAlias(ctx context.Context, alias string, isOurs func(keyARN string) bool) error {
	now, err := c.findKey(ctx, alias)
	switch {
	case isNotFound(err):
		return nil
	case err != nil:
		return err
	case !isOurs(now.ARN):
		return nil
	}
	_, err = c.kms.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: aws.String(alias)})
	if isNotFound(err) {
		return nil
	}
	return err
}
