package protectedledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
)

// Tags by which what the provider made can be found again. They are not shown in tags and tags_all.
const (
	bookkeeping   = "qldbkms:"
	tagLedger     = bookkeeping + "ledger"     // on a key: the ledger it was made for
	tagGeneration = bookkeeping + "generation" // on a key
	tagRequest    = bookkeeping + "request"    // on a ledger, see requestTag
)

// maxTags is what AWS allows less what bookkeeping takes on a key.
const maxTags = 48

func (c *calls) withBookkeeping(tags map[string]string, generation int64) map[string]string {
	all := maps.Clone(tags)
	if all == nil {
		all = map[string]string{}
	}
	all[tagLedger], all[tagGeneration] = c.name, strconv.FormatInt(generation, 10)
	return all
}

func kmsTags(tags map[string]string) []kmstypes.Tag {
	list := make([]kmstypes.Tag, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, kmstypes.Tag{TagKey: aws.String(k), TagValue: aws.String(tags[k])})
	}
	return list
}

// ledgerTags are all tags of the ledger, bookkeeping included.
func (c *calls) ledgerTags(ctx context.Context, arn string) (map[string]string, error) {
	out, err := c.qldb.ListTagsForResource(ctx, &qldb.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for k, v := range out.Tags {
		tags[k] = aws.ToString(v)
	}
	return tags, nil
}

// keyTags are all tags of the key, bookkeeping included.
func (c *calls) keyTags(ctx context.Context, arn string) (map[string]string, error) {
	tags := map[string]string{}
	pages := kms.NewListResourceTagsPaginator(c.kms, &kms.ListResourceTagsInput{KeyId: aws.String(arn)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tags {
			tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
	}
	return tags, nil
}

// managed leaves out what the user did not write: bookkeeping, AWS's own tags, and ignore_tags.
func (c *calls) managed(tags map[string]string) map[string]string {
	shown := maps.Clone(tags)
	maps.DeleteFunc(shown, func(k, _ string) bool {
		return strings.HasPrefix(k, bookkeeping) || strings.HasPrefix(k, "aws:") || c.api.Ignored(k)
	})
	return shown
}

// tagDifference is what to set and what to remove to get from now to want.
func tagDifference(now, want map[string]string) (set map[string]string, remove []string) {
	set = map[string]string{}
	for k, v := range want {
		if old, ok := now[k]; !ok || old != v {
			set[k] = v
		}
	}
	for k := range now {
		if _, ok := want[k]; !ok {
			remove = append(remove, k)
		}
	}
	slices.Sort(remove)
	return set, remove
}

func (c *calls) setLedgerTags(ctx context.Context, arn string, want map[string]string) error {
	now, err := c.ledgerTags(ctx, arn)
	if err != nil {
		return err
	}
	set, remove := tagDifference(c.managed(now), want)
	if len(remove) > 0 {
		in := &qldb.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: remove}
		if _, err := c.qldb.UntagResource(ctx, in); err != nil {
			return err
		}
	}
	if len(set) == 0 {
		return nil
	}
	tags := map[string]*string{}
	for k, v := range set {
		tags[k] = aws.String(v)
	}
	_, err = c.qldb.TagResource(ctx, &qldb.TagResourceInput{ResourceArn: aws.String(arn), Tags: tags})
	return err
}

// setKeyTags sets the user's tags and the bookkeeping of the generation.
func (c *calls) setKeyTags(ctx context.Context, arn string, want map[string]string, generation int64) error {
	now, err := c.keyTags(ctx, arn)
	if err != nil {
		return err
	}
	want = c.withBookkeeping(want, generation)
	set, remove := tagDifference(now, want)
	shown := c.managed(now)
	remove = slices.DeleteFunc(remove, func(k string) bool { _, ours := shown[k]; return !ours })
	if len(remove) > 0 {
		in := &kms.UntagResourceInput{KeyId: aws.String(arn), TagKeys: remove}
		if _, err := c.kms.UntagResource(ctx, in); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		in := &kms.TagResourceInput{KeyId: aws.String(arn), Tags: kmsTags(set)}
		if err := retry(ctx, c.opts, newKeyLag, func(ctx context.Context) error {
			_, err := c.kms.TagResource(ctx, in)
			return err
		}); err != nil {
			return err
		}
	}
	if len(set)+len(remove) == 0 {
		return nil
	}
	_, err = await(ctx, c.opts, wait[map[string]string]{
		For:    fmt.Sprintf("the tags of key %s to change", keyID(arn)),
		Find:   func(ctx context.Context) (map[string]string, error) { return c.keyTags(ctx, arn) },
		Status: func(t map[string]string) string { return fmt.Sprintf("%d tags", len(t)) },
		Done: func(t map[string]string) bool {
			set, _ := tagDifference(t, want)
			return len(set) == 0 && !slices.ContainsFunc(remove, func(k string) bool { _, still := t[k]; return still })
		},
		Hits: attributeHits, Every: 2 * time.Second, Limit: keyPatience,
	})
	return err
}

// releaseAliases takes the aliases of other generations off a key that is kept: one that was adopted twice had several.
// They would make a later ledger of that name stop at a key that is not its own. Who may not list aliases leaves them.
func (c *calls) releaseAliases(ctx context.Context, arn string) error {
	pages := kms.NewListAliasesPaginator(c.kms, &kms.ListAliasesInput{KeyId: aws.String(arn)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			break
		}
		for _, a := range page.Aliases {
			name := aws.ToString(a.AliasName)
			if !strings.HasPrefix(name, generationAliases(c.name)) {
				continue
			}
			if err := c.removeAlias(ctx, name, func(at string) bool { return at == arn }); err != nil {
				return err
			}
		}
	}
	return nil
}

// releaseKey takes the bookkeeping off a key that is kept. A key that is gone, or will be, keeps what it has.
func (c *calls) releaseKey(ctx context.Context, arn string) error {
	_, err := c.kms.UntagResource(ctx, &kms.UntagResourceInput{
		KeyId: aws.String(arn), TagKeys: []string{tagLedger, tagGeneration},
	})
	if isNotFound(err) || isInvalidState(err) {
		return nil
	}
	return err
}
