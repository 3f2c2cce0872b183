package kms

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const maxTags = 50

// checkTags refuses names that occur twice or belong to AWS, and more tags than a key can have.
func checkTags(tags []Tag) error {
	seen := make(map[string]bool, len(tags))
	for _, tag := range tags {
		if strings.HasPrefix(strings.ToLower(tag.TagKey), "aws:") {
			return wire.Faultf("TagException", "Tags beginning with aws: are reserved")
		}
		if seen[tag.TagKey] {
			return wire.Faultf("TagException", "Duplicate tag keys")
		}
		seen[tag.TagKey] = true
	}
	return checkTagCount(tags)
}

func checkTagCount(tags []Tag) error {
	if len(tags) > maxTags {
		return wire.Faultf("TagException", "Too many tags")
	}
	return nil
}

// TagResourceInput is the input of TagResource.
type TagResourceInput struct {
	KeyID *string `json:"KeyId"`
	Tags  []Tag   `json:"Tags"`
}

// TagResource adds tags to a key and replaces the values of tags it has.
//
// Source: KMS API reference, TagResource.
func (s *Service) TagResource(ctx context.Context, c *wire.Call, in *TagResourceInput) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.given("tags", in.Tags != nil)
	v.tags(in.Tags)
	return nil, s.change(ctx, c, &v, in.KeyID, "TagResource", func(_ *txn, k *key) error {
		if err := checkTags(in.Tags); err != nil {
			return err
		}
		for _, tag := range in.Tags {
			at := slices.IndexFunc(k.Tags, func(have Tag) bool { return have.TagKey == tag.TagKey })
			if at < 0 {
				k.Tags = append(k.Tags, tag)
			} else {
				k.Tags[at] = tag
			}
		}
		return checkTagCount(k.Tags)
	}, tagKeys(in.Tags))
}

// UntagResourceInput is the input of UntagResource.
type UntagResourceInput struct {
	KeyID   *string  `json:"KeyId"`
	TagKeys []string `json:"TagKeys"`
}

// UntagResource removes tags from a key; tags it does not have are no error.
//
// Source: KMS API reference, UntagResource.
func (s *Service) UntagResource(ctx context.Context, c *wire.Call, in *UntagResourceInput) (*wire.Empty, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.given("tagKeys", in.TagKeys != nil)
	for i, name := range in.TagKeys {
		v.text("tagKeys."+strconv.Itoa(i+1)+".member", name, 1, 128)
	}
	return nil, s.change(ctx, c, &v, in.KeyID, "UntagResource", func(_ *txn, k *key) error {
		k.Tags = slices.DeleteFunc(k.Tags, func(tag Tag) bool { return slices.Contains(in.TagKeys, tag.TagKey) })
		return nil
	}, tagKeys(nil, in.TagKeys...))
}

// ListResourceTagsInput is the input of ListResourceTags.
type ListResourceTagsInput struct {
	KeyID  *string `json:"KeyId"`
	Limit  *int    `json:"Limit"` // 1 to 50, default 50
	Marker *string `json:"Marker"`
}

// ListResourceTagsOutput is the output of ListResourceTags.
type ListResourceTagsOutput struct {
	Tags       []Tag   `json:"Tags"`
	NextMarker *string `json:"NextMarker,omitempty"`
	Truncated  bool    `json:"Truncated"`
}

// ListResourceTags lists the tags of a key in the order in which they were added.
//
// Source: KMS API reference, ListResourceTags.
func (s *Service) ListResourceTags(
	ctx context.Context, c *wire.Call, in *ListResourceTagsInput,
) (*ListResourceTagsOutput, error) {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.page(in.Limit, 50, in.Marker)
	out := &ListResourceTagsOutput{}
	return out, s.read(ctx, c, &v, in.KeyID, "ListResourceTags", func(_ *txn, k *key) (err error) {
		place := make(map[string]string, len(k.Tags))
		for i, tag := range k.Tags {
			place[tag.TagKey] = fmt.Sprintf("%04d", i)
		}
		l := list{name: "ListResourceTags " + k.arn(), limit: in.Limit, marker: in.Marker, usual: 50}
		out.Tags, out.NextMarker, err = page(s, l, k.Tags, func(tag Tag) string { return place[tag.TagKey] })
		out.Truncated = out.NextMarker != nil
		return err
	})
}
