package ledgers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/smithy-go"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/diagnose"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/ledger"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// describeAtOnce bounds the DescribeLedger calls in flight.
const describeAtOnce = 8

// findAll describes every ledger of the Region, ordered by name. A ledger that is deleted between the listing and its
// description does not exist; any other failure fails the whole.
func findAll(ctx context.Context, client *qldb.Client) ([]ledger.Ledger, error) {
	var names []string
	pages := qldb.NewListLedgersPaginator(client, &qldb.ListLedgersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list ledgers: %w", err)
		}
		for _, l := range page.Ledgers {
			names = append(names, aws.ToString(l.Name))
		}
	}
	slices.Sort(names)
	return describe(ctx, client, slices.Compact(names))
}

func describe(ctx context.Context, client *qldb.Client, names []string) ([]ledger.Ledger, error) {
	found := make([]ledger.Ledger, len(names))
	errs := make([]error, len(names))
	slots := make(chan struct{}, describeAtOnce)
	var wait sync.WaitGroup
	for i, name := range names {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			found[i], errs[i] = ledger.Find(ctx, client, name)
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return nil, err
		}
	}
	return slices.DeleteFunc(found, func(l ledger.Ledger) bool { return l.Name == "" }), nil
}

// findKeyARN is the ARN of the key that the configured form stands for.
//
// A key is looked up even when its ARN is given: an ARN with a typing error would find no ledgers, which reads like
// permission to disable the key. Only when the caller may not see the key does its ARN stand for itself.
func findKeyARN(ctx context.Context, clients *awsclient.Clients, key string) (string, diag.Diagnostic) {
	if key == validate.AWSOwnedKey {
		return key, nil
	}
	at := path.Root("kms_key")
	given, err := arn.Parse(key)
	isARN := err == nil
	if isARN && given.Region != clients.Region {
		return "", diag.NewAttributeErrorDiagnostic(at, "The KMS key is in another Region", fmt.Sprintf(
			"%s is in %s; a ledger in %s can only use a key of its own Region. Set region to %q, or name a key of %s.",
			key, given.Region, clients.Region, given.Region, clients.Region))
	}
	out, err := clients.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
	var missing *kmstypes.NotFoundException
	var api smithy.APIError
	switch {
	case err == nil:
		return aws.ToString(out.KeyMetadata.Arn), nil
	case errors.As(err, &missing):
		return "", diag.NewAttributeErrorDiagnostic(at, "The KMS key does not exist", fmt.Sprintf(
			"%s\n\nCheck the key's form, its Region (%s) and its account.", awsclient.Cause(err), clients.Region))
	case isARN && strings.HasPrefix(given.Resource, "key/") &&
		errors.As(err, &api) && api.ErrorCode() == "AccessDeniedException":
		return key, nil
	}
	return "", diagnose.Call{
		Service: "KMS", Region: clients.Region, Blame: at, Failed: "The KMS key was not read",
		Advice: "Reading it needs kms:DescribeKey. With the key's ARN in kms_key the ledgers are found without.",
	}.Error(err)
}

// changing warns of ledgers whose key change is not done: QLDB names only the new key, and the old one, which may be
// the key asked for, must stay usable until then.
func (m *model) changing(all []ledger.Ledger) string {
	if m.KMSKeyARN.IsNull() {
		return ""
	}
	var names []string
	for _, l := range all {
		if l.EncryptionStatus == qldbtypes.EncryptionStatusUpdating && l.KeyARN != m.KMSKeyARN.ValueString() {
			names = append(names, l.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("These ledgers are moving to another key, and QLDB does not say from which: %s.\n\nUntil their "+
		"encryption_status is ENABLED, leave %s usable; then ask again.",
		strings.Join(names, ", "), m.KMSKeyARN.ValueString())
}
