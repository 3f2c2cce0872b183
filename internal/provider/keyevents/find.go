package keyevents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trail "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
)

const (
	defaultLimit = 50
	maxLimit     = 1000
	// maxScanned bounds how many events are looked at for those that are asked for: at 2 requests per second,
	// 10,000 events are 100 seconds.
	maxScanned = 10_000
)

// query is what to look for.
type query struct {
	keyARN     string
	from, to   time.Time // zero: no bound
	names      []string  // empty: all
	onlyDenied bool
	limit      int
	most       int // events to look at
}

// result is what was found.
type result struct {
	events    []event
	truncated bool
	scanned   int
	gaveUp    bool // after as many events as may be looked at
}

// find asks CloudTrail for the events of a key. CloudTrail takes one attribute, and the key is the one that leaves the
// fewest; the rest is chosen here.
func find(ctx context.Context, client *cloudtrail.Client, q query) (result, error) {
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []trail.LookupAttribute{{
		AttributeKey: trail.LookupAttributeKeyResourceName, AttributeValue: &q.keyARN,
	}}}
	if !q.from.IsZero() {
		in.StartTime = &q.from
	}
	if !q.to.IsZero() {
		in.EndTime = &q.to
	}
	var found result
	pages := cloudtrail.NewLookupEventsPaginator(client, in)
	for pages.HasMorePages() {
		if found.scanned >= q.most {
			found.truncated, found.gaveUp = true, true
			return found, nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return result{}, fmt.Errorf("look up events of %s: %w", q.keyARN, err)
		}
		found.scanned += len(page.Events)
		for _, raw := range page.Events {
			e, err := parse(raw)
			if err != nil {
				return result{}, err
			}
			if !q.wants(&e) {
				continue
			}
			if len(found.events) == q.limit {
				found.truncated = true
				return found, nil
			}
			found.events = append(found.events, e)
		}
	}
	return found, nil
}

func (q *query) wants(e *event) bool {
	return (len(q.names) == 0 || slices.Contains(q.names, aws.ToString(e.EventName))) && (!q.onlyDenied || e.denied())
}

// findKeyARN is the ARN of the key that the configured form stands for. An ARN of a key is taken as it is: events
// outlive their key.
func findKeyARN(ctx context.Context, clients *awsclient.Clients, key string) (string, diag.Diagnostic) {
	at := path.Root("kms_key")
	given, err := arn.Parse(key)
	if err == nil && given.Region != clients.Region {
		return "", diag.NewAttributeErrorDiagnostic(at, "The KMS key is in another Region", fmt.Sprintf(
			"%s is in %s, and its events are there. Set region to %q, or name a key of %s.",
			key, given.Region, given.Region, clients.Region))
	}
	if err == nil && strings.HasPrefix(given.Resource, "key/") {
		return key, nil
	}
	out, err := clients.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
	if err == nil {
		return aws.ToString(out.KeyMetadata.Arn), nil
	}
	if _, missing := errors.AsType[*kmstypes.NotFoundException](err); missing {
		return "", diag.NewAttributeErrorDiagnostic(at, "The KMS key does not exist", fmt.Sprintf(
			"%s\n\nCheck the key's form, its Region (%s) and its account. The events of a deleted key are found by its ARN.",
			awsclient.Cause(err), clients.Region))
	}
	return "", diagnose.Call{
		Service: "KMS", Region: clients.Region, Blame: at, Failed: "The KMS key was not read",
		Advice: "Finding the key needs kms:DescribeKey. With the key's ARN in kms_key its events are found without.",
	}.Error(err)
}
