// Package awsclient makes the AWS SDK clients of the provider.
//
// It turns the provider block (credentials, Region, endpoints, retries, user agent) into one Source. Making a Source
// does no network; a client is made per Region on demand and shared. No other package of the provider loads SDK
// configuration.
package awsclient

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Clients are the SDK clients of one Region.
type Clients struct {
	Region    string
	Partition string
	KMS       *kms.Client
	QLDB      *qldb.Client
	STS       *sts.Client

	CloudTrail  *cloudtrail.Client
	QLDBSession *qldbsession.Client
	// IAM is nil where KMS has an address of its own and IAM has none: Amazon's IAM does not know that KMS's accounts.
	IAM *iam.Client

	mu     sync.Mutex
	shared map[any]any // see Shared
}

// Shared returns what create made for key the first time. Objects of the provider keep there what they share within a
// Region, such as the sessions with a ledger. The type of key belongs to the package that calls.
func (c *Clients) Shared(key any, create func() any) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.shared[key]; ok {
		return made
	}
	if c.shared == nil {
		c.shared = map[any]any{}
	}
	made := create()
	c.shared[key] = made
	return made
}

// Identity is who the credentials belong to, as GetCallerIdentity says.
type Identity struct {
	Account string // 12 digits
	ARN     string
	UserID  string
}

// API is what resources and data sources use of a Source.
type API interface {
	// Region is the provider's Region.
	Region() string
	// In returns the clients of region; an empty region is the provider's. It does no network.
	In(region string) (*Clients, error)
	// CallerIdentity asks STS once and remembers the answer; a failure is not remembered.
	CallerIdentity(ctx context.Context) (Identity, error)
	// TagsAll merges the provider's default_tags with a resource's tags; the resource wins.
	TagsAll(tags map[string]string) map[string]string
	// Ignored says whether ignore_tags hides the tag key from drift.
	Ignored(tagKey string) bool
}
