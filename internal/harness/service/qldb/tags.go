package qldb

import (
	"context"
	"maps"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// TagResourceInput is the input of TagResource.
type TagResourceInput struct {
	ResourceArn string             `json:"-" path:"ResourceArn"`
	Tags        map[string]*string `json:"Tags"`
}

// Target implements wire.Targeter.
func (in *TagResourceInput) Target() string { return in.ResourceArn }

// TagResource adds tags; one whose key is there gets the new value. The reference says that such a request fails, but
// the service takes it, as the AWS provider's acceptance test shows.
//
// Faults: InvalidParameterException (also for a 51st tag), ResourceNotFoundException.
//
// Source: QLDB API reference, TagResource; hashicorp/terraform-provider-aws, internal/service/qldb/ledger_test.go.
func (s *Service) TagResource(ctx context.Context, c *wire.Call, in *TagResourceInput) (*wire.Empty, error) {
	name, err := taggedLedger(c, in.ResourceArn)
	if in.Tags == nil && err == nil {
		err = missing("Tags")
	}
	if err != nil {
		return nil, err
	}
	tags, err := checkTags("Tags", in.Tags)
	if err != nil {
		return nil, err
	}
	return s.retag(ctx, c, name, func(l *ledger) error {
		merged := maps.Clone(l.Tags)
		if merged == nil {
			merged = map[string]string{}
		}
		maps.Copy(merged, tags)
		if len(merged) > maxTags {
			return tooManyTags()
		}
		l.Tags = merged
		return nil
	})
}

// UntagResourceInput is the input of UntagResource.
type UntagResourceInput struct {
	ResourceArn string   `json:"-" path:"ResourceArn"`
	TagKeys     []string `json:"-" query:"tagKeys"`
}

// Target implements wire.Targeter.
func (in *UntagResourceInput) Target() string { return in.ResourceArn }

// UntagResource removes tags; a key that is not there is no error.
//
// Faults: InvalidParameterException, ResourceNotFoundException.
//
// Source: QLDB API reference, UntagResource.
func (s *Service) UntagResource(ctx context.Context, c *wire.Call, in *UntagResourceInput) (*wire.Empty, error) {
	name, err := taggedLedger(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	switch {
	case len(in.TagKeys) == 0:
		return nil, missing("TagKeys")
	case len(in.TagKeys) > maxTagsSent:
		return nil, invalid("TagKeys", "Member must have length less than or equal to 200")
	}
	for _, key := range in.TagKeys {
		if err := checkTagKey("TagKeys", key); err != nil {
			return nil, err
		}
	}
	return s.retag(ctx, c, name, func(l *ledger) error {
		for _, key := range in.TagKeys {
			delete(l.Tags, key)
		}
		return nil
	})
}

// ListTagsForResourceInput is the input of ListTagsForResource.
type ListTagsForResourceInput struct {
	ResourceArn string `json:"-" path:"ResourceArn"`
}

// Target implements wire.Targeter.
func (in *ListTagsForResourceInput) Target() string { return in.ResourceArn }

// ListTagsForResourceOutput is the answer of ListTagsForResource.
type ListTagsForResourceOutput struct {
	Tags map[string]string `json:"Tags"`
}

// ListTagsForResource shows all tags of a resource.
//
// Faults: InvalidParameterException, ResourceNotFoundException.
//
// Source: QLDB API reference, ListTagsForResource.
func (s *Service) ListTagsForResource(
	ctx context.Context, c *wire.Call, in *ListTagsForResourceInput,
) (*ListTagsForResourceOutput, error) {
	name, err := taggedLedger(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &ListTagsForResourceOutput{Tags: map[string]string{}}
	err = s.read(ctx, func(r store.Reader) error {
		l, err := findTagged(r, c, name, s)
		if err != nil {
			return err
		}
		maps.Copy(out.Tags, l.Tags)
		return nil
	})
	return out, err
}

func (s *Service) retag(
	ctx context.Context, c *wire.Call, name string, change func(*ledger) error,
) (*wire.Empty, error) {
	err := s.write(ctx, func(w store.Writer) error {
		l, err := findTagged(w, c, name, s)
		if err != nil {
			return err
		}
		if err := change(l); err != nil {
			return err
		}
		return l.put(w)
	})
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, nil
}

// findTagged is findLedger for the tag calls: a ledger that is DELETING counts as gone.
func findTagged(r store.Reader, c *wire.Call, name string, s *Service) (*ledger, error) {
	l, err := findLedger(r, placeOf(c), name, s.now())
	if err == nil && !l.GoneAt.IsZero() {
		return nil, notFound("Ledger", name)
	}
	return l, err
}

// taggedLedger is the name of the ledger that arn names. Tables, streams and the catalog can be tagged as well, but
// none exists as yet, so they are not found; so is everything of another account or Region.
func taggedLedger(c *wire.Call, arn string) (string, error) {
	if err := checkARN("ResourceArn", arn); err != nil {
		return "", err
	}
	parts := strings.SplitN(arn, ":", 6)
	if parts[1] != c.Partition || parts[2] != "qldb" {
		return "", invalid("ResourceArn", "The ARN %s is not valid.", arn)
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	name, rest, nested := strings.Cut(name, "/")
	here := parts[3] == c.Region && parts[4] == c.Caller.Account
	switch {
	case kind == "ledger" && !nested && checkName("Name", name) == nil:
		if !here {
			return "", notFound("Ledger", name)
		}
		return name, nil
	case kind == "ledger" && nested && strings.HasPrefix(rest, "table/"):
		return "", notFound("Table", strings.TrimPrefix(rest, "table/"))
	case kind == "ledger" && rest == "information_schema/user_tables":
		return "", notFound("Catalog", rest)
	case kind == "stream" && nested:
		return "", notFound("JournalKinesisStream", rest)
	}
	return "", invalid("ResourceArn", "The ARN %s is not valid.", arn)
}
