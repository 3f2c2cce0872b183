package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/smithy-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

// rest is what the caller may not be allowed to read. A nil field was refused, or there is none.
type rest struct {
	tags    map[string]string
	key     *kmstypes.KeyMetadata
	aliases []string
}

type restError struct {
	service string
	err     error
}

// readRest reads tags, key and aliases beside each other.
func readRest(ctx context.Context, clients *awsclient.Clients, l Ledger) (rest, []restError) {
	var r rest
	var tagsErr, keyErr, aliasesErr error
	var wait sync.WaitGroup
	wait.Go(func() { r.tags, tagsErr = findTags(ctx, clients.QLDB, l.ARN) })
	if l.KeyARN != validate.AWSOwnedKey {
		wait.Go(func() { r.key, keyErr = findKey(ctx, clients.KMS, l.KeyARN) })
		wait.Go(func() { r.aliases, aliasesErr = findAliases(ctx, clients.KMS, l.KeyARN) })
	}
	wait.Wait()
	var errs []restError
	for _, e := range []restError{{"QLDB", tagsErr}, {"KMS", keyErr}, {"KMS", aliasesErr}} {
		if e.err != nil && !refused(e.err) {
			errs = append(errs, e)
		}
	}
	return r, errs
}

// refused says whether a policy denies the call. KMS answers so, too, for a key it will not admit exists.
func refused(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && (api.ErrorCode() == "AccessDeniedException" || api.ErrorCode() == "AccessDenied")
}

func findTags(ctx context.Context, client *qldb.Client, ledgerARN string) (map[string]string, error) {
	out, err := client.ListTagsForResource(ctx, &qldb.ListTagsForResourceInput{ResourceArn: &ledgerARN})
	if err != nil {
		return nil, fmt.Errorf("list tags of %s: %w", ledgerARN, err)
	}
	tags := make(map[string]string, len(out.Tags))
	for k, v := range out.Tags {
		tags[k] = aws.ToString(v)
	}
	return tags, nil
}

// findKey describes the key; nil means that KMS no longer has it, which is how a ledger looks whose key was deleted.
func findKey(ctx context.Context, client *kms.Client, keyARN string) (*kmstypes.KeyMetadata, error) {
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &keyARN})
	var gone *kmstypes.NotFoundException
	switch {
	case errors.As(err, &gone):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("describe key %s: %w", keyARN, err)
	}
	return out.KeyMetadata, nil
}

func findAliases(ctx context.Context, client *kms.Client, keyARN string) ([]string, error) {
	names := []string{}
	pages := kms.NewListAliasesPaginator(client, &kms.ListAliasesInput{KeyId: &keyARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var gone *kmstypes.NotFoundException
		switch {
		case errors.As(err, &gone):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("list aliases of %s: %w", keyARN, err)
		}
		for _, a := range page.Aliases {
			names = append(names, aws.ToString(a.AliasName))
		}
	}
	return names, nil
}
