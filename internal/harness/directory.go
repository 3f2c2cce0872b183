package harness

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/sts"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// directory is IAM as STS sees it.
type directory struct{ *iam.Service }

// Principal implements sts.Directory.
func (d directory) Principal(ctx context.Context, c wire.Caller) (sts.Principal, error) {
	p, err := d.Service.Principal(ctx, c)
	return sts.Principal(p), err
}

// Role implements sts.Directory.
func (d directory) Role(ctx context.Context, arn string) (sts.Role, bool, error) {
	r, found, err := d.Service.Role(ctx, arn)
	return sts.Role(r), found, err
}

// Issue implements sts.Directory.
func (d directory) Issue(ctx context.Context, s sts.Session) (wire.Credential, error) {
	return d.Service.Issue(ctx, iam.Session(s))
}
