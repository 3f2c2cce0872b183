package protectedledger

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// calls makes the API calls of one operation on one ledger.
type calls struct {
	api       awsclient.API
	kms       *kms.Client
	qldb      *qldb.Client
	opts      Options
	name      string // of the ledger
	region    string
	partition string
	started   time.Time
	limit     time.Duration // of the whole operation
}

func (r *Resource) calls(m model, limit time.Duration) (*calls, error) {
	clients, err := r.API.In(m.Region.ValueString())
	if err != nil {
		return nil, err
	}
	return &calls{
		api: r.API, kms: clients.KMS, qldb: clients.QLDB, opts: r.opts, name: m.Name.ValueString(),
		region: clients.Region, partition: clients.Partition, started: r.opts.Now(), limit: limit,
	}, nil
}

// left is the time the operation may still take. A wait that starts late still looks once.
func (c *calls) left() time.Duration { return max(c.limit-c.opts.Now().Sub(c.started), 0) }

func (c *calls) now() string { return c.opts.Now().UTC().Format(time.RFC3339) }

// lastLook is a context for looking once more after the operation's own ended: an interrupt cancels it at once.
func lastLook(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), lookPatience)
}
