package harness

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/outbound"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/disk"
)

// DefaultAccount and DefaultRegion are what a harness uses when nothing else is said.
const (
	DefaultAccount = "111122223333"
	DefaultRegion  = "eu-west-2"
)

// Config is what a Harness needs. DataDir, Clock and Rand are required.
type Config struct {
	DataDir     string         // made when it is not there
	Account     string         // of the root access key; default DefaultAccount
	Region      string         // given out by Env, and of requests without a credential scope; default DefaultRegion
	AuthOff     bool           // every signature is the account root; only loopback addresses may be listened on
	Credentials []Credential   // further root access keys
	Seed        Seed           // what there is from the start
	Clock       *clock.Movable // moved by /_harness/clock
	// SignatureNow is the clock of the clients, which sign with the time of their machine; default Clock.Now.
	SignatureNow func() time.Time
	Rand         io.Reader    // key material, ids
	Log          *slog.Logger // nil discards
	Timing       Timing       // zero values mean DefaultTiming
	MaxLedgers   int          // active ledgers per account and Region; 0 means 5, the service's quota
	NoSync       bool         // skip fsync: for tests whose data may be lost with the machine
	// FS and IndexFS are what DataDir is reached through; nil: the machine's file system. Others pass on to it, but for
	// what they let fail.
	FS      disk.FS
	IndexFS vfs.FS // for the indexes of ledgers
	// LookupsPerSecond bounds LookupEvents per account and Region; 0 bounds nothing. The service allows 2.
	LookupsPerSecond int
	// KMS is whose keys protect the ledgers; nil: the harness's own KMS. That one serves its keys all the same.
	KMS *outbound.Service
	// KMSGrantee is the ARN of the principal that KMS is called as; empty: STS is asked, at the same endpoint.
	KMSGrantee string
	// S3 and Kinesis are where exports and streams go; nil: files in DataDir. At Amazon they are written as the roles
	// they name, elsewhere with the credentials given here.
	S3, Kinesis *outbound.Service
}

// Credential is a root access key that was chosen outside.
type Credential struct {
	Account         string `json:"account"`
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
}

// Timing is how long asynchronous things take, on the harness clock.
type Timing struct {
	LedgerCreate time.Duration
	LedgerDelete time.Duration
	KeyChange    time.Duration
	KeyCache     time.Duration
	KeyRecovery  time.Duration
	StoreConnect time.Duration
	TrailDelay   time.Duration
}

// DefaultTiming is quick enough for a test and long enough that waiting is exercised.
func DefaultTiming() Timing {
	return Timing{
		LedgerCreate: time.Second,
		LedgerDelete: time.Second,
		KeyChange:    2 * time.Second,
		KeyCache:     5 * time.Second,
		KeyRecovery:  5 * time.Second,
		StoreConnect: time.Second,
	}
}

// Knob is one duration of a Timing under the name of its flag.
type Knob struct {
	Name    string
	Value   *time.Duration
	Meaning string
}

// Knobs lists t's durations so that they can be set by name.
func (t *Timing) Knobs() []Knob {
	return []Knob{
		{"ledger-create", &t.LedgerCreate, "how long a ledger is CREATING"},
		{"ledger-delete", &t.LedgerDelete, "how long a ledger is DELETING"},
		{"key-change", &t.KeyChange, "how long a key change is UPDATING"},
		{"key-cache", &t.KeyCache, "after how long a ledger notices that its key became unusable"},
		{"key-recovery", &t.KeyRecovery, "after how long a ledger notices that its key is usable again"},
		{"store-connect", &t.StoreConnect, "how long a custom key store is CONNECTING"},
		{"trail-delay", &t.TrailDelay, "how long after a call LookupEvents finds its event"},
	}
}

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

// complete checks c and fills in the defaults.
func (c *Config) complete(ctx context.Context) error {
	if c.DataDir == "" || c.Clock == nil || c.Rand == nil {
		return fmt.Errorf("harness: Config needs DataDir, Clock and Rand")
	}
	if c.Account == "" {
		c.Account = DefaultAccount
	}
	if !accountForm.MatchString(c.Account) {
		return fmt.Errorf("account %q: want 12 digits", c.Account)
	}
	if c.Region == "" {
		c.Region = DefaultRegion
	}
	for _, s := range []*outbound.Service{c.KMS, c.S3, c.Kinesis} {
		if s == nil {
			continue
		}
		if err := s.Load(ctx, c.Region); err != nil {
			return err
		}
	}
	if c.LookupsPerSecond < 0 {
		return fmt.Errorf("%d lookups per second: want none or more", c.LookupsPerSecond)
	}
	if c.SignatureNow == nil {
		c.SignatureNow = c.Clock.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	fallback := DefaultTiming()
	for i, knob := range c.Timing.Knobs() {
		switch {
		case *knob.Value == 0:
			*knob.Value = *fallback.Knobs()[i].Value
		case *knob.Value < 0:
			return fmt.Errorf("%s %s: want a positive duration", knob.Name, *knob.Value)
		}
	}
	return nil
}
