package qldb

import (
	"context"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Resource is the ARN of what a call of QLDB acts on, "*" for nothing in particular, and the condition keys that
// follow from its tags and from the input. in is the operation's input.
//
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon QLDB".
func (s *Service) Resource(ctx context.Context, c *wire.Call, in any) (string, policy.RequestContext, error) {
	keys := policy.RequestContext{}
	at := placeOf(c)
	stream := func(ledger, id string) string {
		t := journalStream{Place: at, Ledger: ledger, ID: id}
		return t.arn()
	}
	switch in := in.(type) {
	case *ListLedgersInput, *ListJournalS3ExportsInput:
		return "*", keys, nil
	case *CreateLedgerInput:
		addRequestTags(keys, in.Tags)
		return ledgerARN(at, in.Name), keys, nil
	case *StreamJournalToKinesisInput:
		addRequestTags(keys, in.Tags)
		return stream(in.LedgerName, "*"), keys, nil // it has no id yet
	case *ListJournalKinesisStreamsForLedgerInput:
		return stream(in.LedgerName, "*"), keys, nil
	case *JournalKinesisStreamInput:
		return s.taggedResource(ctx, c, stream(in.LedgerName, in.StreamID), keys)
	case *TagResourceInput:
		addRequestTags(keys, in.Tags)
		return s.taggedResource(ctx, c, in.ResourceArn, keys)
	case *UntagResourceInput:
		keys["aws:TagKeys"] = in.TagKeys
		return s.taggedResource(ctx, c, in.ResourceArn, keys)
	case *ListTagsForResourceInput:
		return s.taggedResource(ctx, c, in.ResourceArn, keys)
	case wire.Targeter:
		return s.LedgerResource(ctx, c, in.Target())
	}
	return "*", keys, nil
}

// LedgerResource is Resource for a call about the ledger with that name.
func (s *Service) LedgerResource(
	ctx context.Context, c *wire.Call, name string,
) (string, policy.RequestContext, error) {
	at := placeOf(c)
	l, err := s.recall(ctx, at, name)
	if faultCode(err) != "" {
		return ledgerARN(at, name), policy.RequestContext{}, nil
	}
	if err != nil {
		return "", nil, err
	}
	keys := make(policy.RequestContext, len(l.Tags)+8)
	for name, value := range l.Tags {
		keys["aws:ResourceTag/"+name] = []string{value}
	}
	return ledgerARN(at, name), keys, nil
}

func addRequestTags(keys policy.RequestContext, tags map[string]*string) {
	for name, value := range tags {
		if value != nil {
			keys["aws:RequestTag/"+name] = []string{*value}
		}
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], name)
	}
	slices.Sort(keys["aws:TagKeys"])
}

// taggedResource adds the tags of what has that ARN. Whatever cannot be found has none.
func (s *Service) taggedResource(
	ctx context.Context, c *wire.Call, arn string, keys policy.RequestContext,
) (string, policy.RequestContext, error) {
	of, err := parseTagged(c, arn)
	if err == nil {
		of, err = s.withTable(ctx, c, of)
	}
	if faultCode(err) != "" {
		return arn, keys, nil
	}
	if err != nil {
		return arn, keys, err
	}
	err = s.read(ctx, func(r store.Reader) error {
		tags, _, err := of.find(r, placeOf(c), s.now())
		if faultCode(err) != "" {
			return nil
		}
		if err != nil {
			return err
		}
		for name, value := range *tags {
			keys["aws:ResourceTag/"+name] = []string{value}
		}
		return nil
	})
	return arn, keys, err
}
