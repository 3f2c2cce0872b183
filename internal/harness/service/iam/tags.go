package iam

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

type tag struct {
	Key   string `xml:"Key" json:"key"`
	Value string `xml:"Value" json:"value"`
}

const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

const tagPattern = `[\p{L}\p{Z}\p{N}_.:/=+\-@]`

var tagForm = regexp.MustCompile(`^` + tagPattern + `*$`)

// checkTags refuses tags that cannot be put on anything.
// Source: IAM User Guide, "Tagging IAM resources", Rules for tagging.
func checkTags(tags []tag) error {
	seen := map[string]bool{}
	var c checks
	for _, t := range tags {
		c.length("tags.member.key", t.Key, 1, maxTagKey)
		c.length("tags.member.value", t.Value, 0, maxTagValue)
		if !tagForm.MatchString(t.Key) {
			c.add("'"+t.Key+"'", "tags.member.key", "Member must satisfy regular expression pattern: %s", tagPattern+"+")
		}
		if !tagForm.MatchString(t.Value) {
			c.add("'"+t.Value+"'", "tags.member.value", "Member must satisfy regular expression pattern: %s", tagPattern+"*")
		}
	}
	if err := c.err(); err != nil {
		return err
	}
	for _, t := range tags {
		name := strings.ToLower(t.Key)
		if strings.HasPrefix(name, "aws:") {
			return errInput("System tags cannot be added/updated/deleted/requested.")
		}
		if seen[name] {
			return errInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[name] = true
	}
	if len(tags) > maxTags {
		return errLimit("The number of tags has reached the maximum limit.")
	}
	return nil
}

// merge puts added into tags; keys are told apart without regard to case, and the new spelling stays.
func merge(tags, added []tag) ([]tag, error) {
	if err := checkTags(added); err != nil {
		return nil, err
	}
	for _, t := range added {
		tags = without(tags, t.Key)
		tags = append(tags, t)
	}
	if len(tags) > maxTags {
		return nil, errLimit("The number of tags has reached the maximum limit.")
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return tags, nil
}

func without(tags []tag, keys ...string) []tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t tag) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(key, t.Key) })
	})
}

// tagList is nil for no tags, which answers leave out.
func tagList(tags []tag) *list[tag] {
	if len(tags) == 0 {
		return nil
	}
	return &list[tag]{tags}
}

type tagInput struct {
	entityInput
	PolicyARN string `form:"PolicyArn"`
	Tags      []tag
	TagKeys   []string
}

type listTagsInput struct {
	entityInput
	pageInput
	PolicyARN string `form:"PolicyArn"`
}

type listTagsOutput struct {
	Tags list[tag] `xml:"Tags"`
	pageOutput
}

type tagCall = func(context.Context, *wire.Call, *tagInput) (*wire.Empty, error)

func (s *Service) tag(k kind) tagCall {
	return func(ctx context.Context, c *wire.Call, in *tagInput) (*wire.Empty, error) {
		return nil, s.change(ctx, c, k, in.name(k), func(_ store.Writer, e *entity) (err error) {
			e.Tags, err = merge(e.Tags, in.Tags)
			return err
		})
	}
}

func (s *Service) untag(k kind) tagCall {
	return func(ctx context.Context, c *wire.Call, in *tagInput) (*wire.Empty, error) {
		return nil, s.change(ctx, c, k, in.name(k), func(_ store.Writer, e *entity) error {
			e.Tags = without(e.Tags, in.TagKeys...)
			return nil
		})
	}
}

func (s *Service) listTags(
	k kind,
) func(context.Context, *wire.Call, *listTagsInput) (*listTagsOutput, error) {
	return func(ctx context.Context, c *wire.Call, in *listTagsInput) (*listTagsOutput, error) {
		e, err := s.read(ctx, c, k, in.name(k))
		if err != nil {
			return nil, err
		}
		return listTagsOf(in, e.Tags)
	}
}

func listTagsOf(in *listTagsInput, tags []tag) (out *listTagsOutput, err error) {
	out = &listTagsOutput{}
	out.Tags, out.pageOutput, err = cut(in.pageInput, tags, func(t tag) string { return t.Key })
	return out, err
}

func (s *Service) tagPolicy(ctx context.Context, c *wire.Call, in *tagInput) (*wire.Empty, error) {
	return nil, s.changePolicy(ctx, c, in.PolicyARN, func(_ store.Writer, p *managed) (err error) {
		p.Tags, err = merge(p.Tags, in.Tags)
		return err
	})
}

func (s *Service) untagPolicy(ctx context.Context, c *wire.Call, in *tagInput) (*wire.Empty, error) {
	return nil, s.changePolicy(ctx, c, in.PolicyARN, func(_ store.Writer, p *managed) error {
		p.Tags = without(p.Tags, in.TagKeys...)
		return nil
	})
}

func (s *Service) listPolicyTags(ctx context.Context, c *wire.Call, in *listTagsInput) (*listTagsOutput, error) {
	var p managed
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		p, err = findPolicy(r, c.Caller.Account, in.PolicyARN)
		return err
	})
	if err != nil {
		return nil, err
	}
	return listTagsOf(in, p.Tags)
}
