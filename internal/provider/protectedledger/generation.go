package protectedledger

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// A foreignAliasError says that a generation alias leads to a key that was not made for the ledger.
type foreignAliasError struct{ Alias, Key string }

// Error implements error.
func (e *foreignAliasError) Error() string {
	return fmt.Sprintf("alias %s points to key %s, which was not made for this ledger", e.Alias, e.Key)
}

// findGeneration looks for a key that an earlier apply made for generation n and could not save: first by its alias,
// one call; then by its tags, for the moment between making a key and naming it. A key scheduled for deletion belongs
// to an earlier life and does not count.
func (c *calls) findGeneration(ctx context.Context, n int64) (keyInfo, bool, error) {
	alias := generationAlias(c.name, n)
	info, err := c.findKey(ctx, alias)
	switch {
	case isNotFound(err):
		info, found := c.findOrphan(ctx, n)
		return info, found, nil
	case err != nil:
		return keyInfo{}, false, err
	case info.State == keyPending:
		return keyInfo{}, false, nil
	}
	tags, err := c.keyTags(ctx, info.ARN)
	if err != nil {
		return keyInfo{}, false, err
	}
	if tags[tagLedger] != c.name {
		return keyInfo{}, false, &foreignAliasError{Alias: alias, Key: info.ARN}
	}
	return info, true, nil
}

// orphanPages bounds the search for a key without a name: 1000 keys to a page.
const orphanPages = 3

// findOrphan looks through the keys without any alias for one tagged for this ledger and generation. It is a search
// for a rare accident: whatever it may not see it leaves out.
func (c *calls) findOrphan(ctx context.Context, n int64) (keyInfo, bool) {
	named := map[string]bool{}
	aliases := kms.NewListAliasesPaginator(c.kms, &kms.ListAliasesInput{Limit: aws.Int32(100)})
	for aliases.HasMorePages() {
		page, err := aliases.NextPage(ctx)
		if err != nil {
			return keyInfo{}, false
		}
		for _, a := range page.Aliases {
			named[aws.ToString(a.TargetKeyId)] = true
		}
	}
	keys := kms.NewListKeysPaginator(c.kms, &kms.ListKeysInput{Limit: aws.Int32(1000)})
	for p := 0; keys.HasMorePages() && p < orphanPages; p++ {
		page, err := keys.NextPage(ctx)
		if err != nil {
			return keyInfo{}, false
		}
		var candidates []string
		for _, k := range page.Keys {
			if !named[aws.ToString(k.KeyId)] {
				candidates = append(candidates, aws.ToString(k.KeyArn))
			}
		}
		if info, found := c.firstOrphan(ctx, candidates, n); found {
			tflog.Info(ctx, "found a key of an earlier apply by its tags", map[string]any{"key_id": info.ID})
			return info, true
		}
	}
	return keyInfo{}, false
}

func (c *calls) firstOrphan(ctx context.Context, candidates []string, n int64) (keyInfo, bool) {
	match := make([]bool, len(candidates))
	slots := make(chan struct{}, 8)
	var asks sync.WaitGroup
	for i, arn := range candidates {
		slots <- struct{}{}
		asks.Go(func() {
			defer func() { <-slots }()
			tags, err := c.keyTags(ctx, arn)
			match[i] = err == nil && tags[tagLedger] == c.name && tags[tagGeneration] == strconv.FormatInt(n, 10)
		})
	}
	asks.Wait()
	for i, arn := range candidates {
		if !match[i] {
			continue
		}
		if info, err := c.findKey(ctx, arn); err == nil && info.State != keyPending {
			return info, true
		}
	}
	return keyInfo{}, false
}

// takeKey makes the key of the planned generation exist and brings it to the plan. source names an existing key to
// take; "" finds or makes the generation's own. saved is called as soon as the key is known, before anything else can
// fail.
func (c *calls) takeKey(
	ctx context.Context, source string, k keyModel, tags map[string]string, saved func(keyInfo),
) (info keyInfo, fresh bool, err error) {
	n := k.Generation.ValueInt64()
	found := source != ""
	if found {
		info, err = c.findKey(ctx, source)
	} else if info, found, err = c.findGeneration(ctx, n); err == nil && !found {
		info, err = c.createKey(ctx, k, tags)
		fresh = true
	}
	if err != nil {
		return info, fresh, err
	}
	saved(info)
	if !fresh { // a key to be deleted takes no alias
		if info, err = c.enableKey(ctx, info.ARN); err != nil {
			return info, fresh, err
		}
	}
	anyKey := func(string) bool { return true } // the name is ours alone
	if err := c.pointAlias(ctx, generationAlias(c.name, n), info.ARN, anyKey); err != nil {
		return info, fresh, err
	}
	if fresh {
		if info, err = c.awaitKey(ctx, info.ARN, keyEnabled, 1, keyPatience); err != nil {
			return info, fresh, err
		}
	} else if err = c.settleKey(ctx, info.ARN, k, tags); err != nil {
		return info, fresh, err
	}
	saved(info)
	err = c.setRotation(ctx, info.ARN, rotation{On: k.Rotation.ValueBool(), Days: k.RotationPeriod.ValueInt64()})
	return info, fresh, err
}

// settleKey brings an enabled key that existed before to the plan, rotation aside. Only what differs is written.
func (c *calls) settleKey(ctx context.Context, arn string, k keyModel, tags map[string]string) error {
	if err := c.setPolicy(ctx, arn, policyText(k, arn)); err != nil {
		return err
	}
	if err := c.setDescription(ctx, arn, k.Description.ValueString()); err != nil {
		return err
	}
	return c.setKeyTags(ctx, arn, tags, k.Generation.ValueInt64())
}
