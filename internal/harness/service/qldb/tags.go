package qldb

import (
	"context"
	"maps"
	"strings"
	"time"

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
	of, err := parseTagged(c, in.ResourceArn)
	if in.Tags == nil && err == nil {
		err = missing("Tags")
	}
	if err != nil {
		return nil, err
	}
	added, err := checkTags("Tags", in.Tags)
	if err != nil {
		return nil, err
	}
	if of, err = s.withTable(ctx, c, of); err != nil {
		return nil, err
	}
	return s.retag(ctx, c, of, func(old map[string]string) error {
		maps.Copy(old, added)
		if len(old) > maxTags {
			return tooManyTags()
		}
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
	of, err := parseTagged(c, in.ResourceArn)
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
	if of, err = s.withTable(ctx, c, of); err != nil {
		return nil, err
	}
	return s.retag(ctx, c, of, func(tags map[string]string) error {
		for _, key := range in.TagKeys {
			delete(tags, key)
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
	of, err := parseTagged(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if of, err = s.withTable(ctx, c, of); err != nil {
		return nil, err
	}
	out := &ListTagsForResourceOutput{Tags: map[string]string{}}
	err = s.read(ctx, func(r store.Reader) error {
		tags, _, err := of.find(r, placeOf(c), s.now())
		if err != nil {
			return err
		}
		maps.Copy(out.Tags, *tags)
		return nil
	})
	return out, err
}

// retag runs change on the tags of a resource, which are never nil.
func (s *Service) retag(
	ctx context.Context, c *wire.Call, of tagged, change func(map[string]string) error,
) (*wire.Empty, error) {
	err := s.write(ctx, func(w store.Writer) error {
		tags, put, err := of.find(w, placeOf(c), s.now())
		if err != nil {
			return err
		}
		if *tags == nil {
			*tags = map[string]string{}
		}
		if err := change(*tags); err != nil {
			return err
		}
		return put(w)
	})
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, nil
}

// tagged names a resource that can have tags: a ledger, or with Stream or Table one of its streams or tables.
type tagged struct {
	Ledger string
	Stream string // id
	Table  string // id, or Catalog
	// Of a table, as withTable finds it: the id of its ledger, and the tags that it was created with.
	ledgerID string
	created  map[string]string
}

// find returns the tags of a resource and how to write it after they were changed. A ledger that is DELETING counts as
// gone, and so does a stream that ended seven days ago.
func (t tagged) find(r store.Reader, at Place, now time.Time) (*map[string]string, func(store.Writer) error, error) {
	if t.Stream != "" {
		in := &JournalKinesisStreamInput{LedgerName: t.Ledger, StreamID: t.Stream}
		stream, err := findStream(r, at, in, now)
		if err != nil {
			return nil, nil, err
		}
		return &stream.Tags, stream.put, nil
	}
	l, err := findLedger(r, at, t.Ledger, now)
	switch {
	case err != nil:
		return nil, nil, err
	case !l.GoneAt.IsZero():
		return nil, nil, notFound("Ledger", t.Ledger)
	case t.Table == Catalog:
		return findTableTags(r, l, Catalog, nil)
	case t.Table != "":
		return t.findTable(r, l)
	}
	return &l.Tags, l.put, nil
}

// parseTagged reads the ARN of a resource. Everything of another account or Region is not found.
func parseTagged(c *wire.Call, arn string) (tagged, error) {
	if err := checkARN("ResourceArn", arn); err != nil {
		return tagged{}, err
	}
	parts := strings.SplitN(arn, ":", 6)
	if parts[1] != c.Partition || parts[2] != "qldb" {
		return tagged{}, invalid("ResourceArn", "The ARN %s is not valid.", arn)
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	name, rest, nested := strings.Cut(name, "/")
	here := parts[3] == c.Region && parts[4] == c.Caller.Account
	switch {
	case kind == "ledger" && !nested && checkName("Name", name) == nil:
		if !here {
			return tagged{}, notFound("Ledger", name)
		}
		return tagged{Ledger: name}, nil
	case kind == "ledger" && nested && strings.HasPrefix(rest, "table/"):
		id := strings.TrimPrefix(rest, "table/")
		if !here || checkName("Name", name) != nil || !isID(id) {
			return tagged{}, notFound("Table", id)
		}
		return tagged{Ledger: name, Table: id}, nil
	case kind == "ledger" && rest == Catalog:
		if !here || checkName("Name", name) != nil {
			return tagged{}, notFound("Ledger", name)
		}
		return tagged{Ledger: name, Table: Catalog}, nil
	case kind == "stream" && nested:
		if !here || checkName("LedgerName", name) != nil || !isID(rest) {
			return tagged{}, notFound("JournalKinesisStream", rest)
		}
		return tagged{Ledger: name, Stream: rest}, nil
	}
	return tagged{}, invalid("ResourceArn", "The ARN %s is not valid.", arn)
}
