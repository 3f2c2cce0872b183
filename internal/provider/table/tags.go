package table

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/aws/smithy-go"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

func stringMap(m types.Map) map[string]string {
	values := map[string]string{}
	for k, v := range m.Elements() {
		if s, ok := v.(types.String); ok {
			values[k] = s.ValueString()
		}
	}
	return values
}

func mapValue(values map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(values))
	for k, v := range values {
		elements[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, elements)
}

// planTags gives tags_all: unknown as long as a tag, or the provider's configuration, is.
func planTags(api awsclient.API, tags types.Map, before types.Map) types.Map {
	unknown := tags.IsUnknown()
	for _, v := range tags.Elements() {
		unknown = unknown || v.IsUnknown()
	}
	if unknown || api == nil {
		return types.MapUnknown(types.StringType)
	}
	all := mapValue(api.TagsAll(stringMap(tags)))
	if all.Equal(before) {
		return before
	}
	return all
}

// findTags are the tags of the table that the user may have written: not those of AWS and of ignore_tags.
func findTags(ctx context.Context, ledger *statement.Ledger, api awsclient.API, arn string) (map[string]string, error) {
	out, err := ledger.Clients().QLDB.ListTagsForResource(ctx, &qldb.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for k, v := range out.Tags {
		if !strings.HasPrefix(k, "aws:") && !api.Ignored(k) {
			tags[k] = aws.ToString(v)
		}
	}
	return tags, nil
}

// setTags makes want the tags of the table.
func setTags(
	ctx context.Context, ledger *statement.Ledger, api awsclient.API, arn string, want map[string]string,
) error {
	now, err := findTags(ctx, ledger, api, arn)
	if err != nil {
		return err
	}
	var remove []string
	for _, k := range slices.Sorted(maps.Keys(now)) {
		if _, keep := want[k]; !keep {
			remove = append(remove, k)
		}
	}
	set := map[string]*string{}
	for k, v := range want {
		if old, ok := now[k]; !ok || old != v {
			set[k] = aws.String(v)
		}
	}
	client := ledger.Clients().QLDB
	if len(remove) > 0 {
		in := &qldb.UntagResourceInput{ResourceArn: &arn, TagKeys: remove}
		if _, err := client.UntagResource(ctx, in); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		_, err = client.TagResource(ctx, &qldb.TagResourceInput{ResourceArn: &arn, Tags: set})
	}
	return err
}

// ownTags is what of the tags seen belongs into tags: all but those that default_tags explain.
func ownTags(api awsclient.API, before types.Map, seen map[string]string) types.Map {
	own, defaults, tags := stringMap(before), api.TagsAll(nil), map[string]string{}
	for k, v := range seen {
		_, ours := own[k]
		if fallback, isDefault := defaults[k]; ours || !isDefault || fallback != v {
			tags[k] = v
		}
	}
	for k, v := range own {
		if api.Ignored(k) {
			tags[k] = v
		}
	}
	if len(tags) == 0 && before.IsNull() {
		return before
	}
	return mapValue(tags)
}

// mayNotSee says whether the tags are there but not for this caller, or not served at all for a table that is.
func mayNotSee(err error) (denied, unserved bool) {
	var api smithy.APIError
	var none *qldbtypes.ResourceNotFoundException
	return errors.As(err, &api) && api.ErrorCode() == "AccessDeniedException", errors.As(err, &none)
}
