// Package protectedledger is the resource qldbkms_protected_ledger.
//
// The resource keeps a QLDB ledger together with the KMS key that protects it. A plan is decided by the pure
// function plan from the configuration, the state and a few facts read from KMS; Create, Update and Delete do what
// the plan says, one API call at a time, and save after every accepted call.
//
// What the state means:
//
//   - arn is null: there is no ledger. With a key beside it, either the ledger was never made (Create stopped before
//     CreateLedger was accepted) or it is gone (deleted by someone else, or Delete stopped between ledger and key; then
//     state is "DELETED"). The next apply makes the ledger under that same key; a destroy removes what is left.
//   - key is null: the ledger uses a referenced key or the AWS owned key.
//   - key.alias is null: the alias is not known to point to the ledger's key; the next apply moves it.
//   - key_change without finished_at: a change of key that has not been brought to its end.
//   - retained_keys: keys of earlier generations, or of a change that was refused, that still exist.
package protectedledger

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/configured"
)

var (
	_ resource.Resource                     = (*Resource)(nil)
	_ resource.ResourceWithConfigure        = (*Resource)(nil)
	_ resource.ResourceWithIdentity         = (*Resource)(nil)
	_ resource.ResourceWithImportState      = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan       = (*Resource)(nil)
	_ resource.ResourceWithMoveState        = (*Resource)(nil)
	_ resource.ResourceWithValidateConfig   = (*Resource)(nil)
	_ resource.ResourceWithConfigValidators = (*Resource)(nil)
)

// Options change how the resource waits. The zero value is right for AWS.
type Options struct {
	// PollInterval is the time between two polls of every wait. Zero: each wait's own interval, 2 s growing to 15 s
	// for a ledger.
	PollInterval time.Duration
	// Hits is how many equal readings in a row end a wait for a KMS property. Zero: each property's own count.
	Hits int
	// Now and Sleep are the clock. Nil: the machine's.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	// Random gives numbers in [0, 1) for the jitter of polls. Nil: math/rand.
	Random func() float64
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Resource implements qldbkms_protected_ledger.
type Resource struct {
	configured.Resource
	opts Options
}

// New makes the resource.
func New(opts Options) resource.Resource {
	return &Resource{configured.NewResource("protected_ledger"), opts.withDefaults()}
}
