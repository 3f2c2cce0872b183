package keyevents

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
)

// Scan looks at about most events of a key for limit events named name.
func Scan(
	ctx context.Context, client *cloudtrail.Client, keyARN, name string, limit, most int,
) (found, scanned int, truncated, gaveUp bool, err error) {
	r, err := find(ctx, client, query{keyARN: keyARN, names: []string{name}, limit: limit, most: most})
	return len(r.events), r.scanned, r.truncated, r.gaveUp, err
}
