// Package qldb serves the control plane of Amazon QLDB.
//
// It keeps ledgers per account and Region: their names, tags, protection, and the AWS KMS key that encrypts them.
// A ledger under a customer managed key holds a grant on that key and a root node key wrapped by it, and all that is
// in the ledger hangs on the root node key (package envelope). It is opened with KMS, and again when the keys of the
// ledger expire; that is how the ledger notices that its key became unusable and that it came back. When KMS refuses,
// the keys are dropped at once; when it cannot be asked, they are used until they expire, and then whoever wants to
// use the ledger is told to try again. A key change makes a new version of the root node key under the new key, wraps
// the node keys under it, replaces the old root by the new one in one write, and retires the old grant.
//
// State changes that need only time (CREATING to ACTIVE, DELETING to gone) are computed from stored moments, so no
// request sees them late. What has effects outside this package (probing keys, finishing key changes, retiring
// grants) happens in Tick. Everything is resumable: a grant is written down as loose before it is made, and only the
// transaction that stores the ledger claims it, so a crash between any two steps leaves nothing for ever.
//
// Exports and streams are jobs of Tick as well, which write what is in a journal through Objects and Records. A job
// notes how far it is after each step; cut off in between it does that step again. So an export has each object once,
// and a stream delivers each record at least once, as the service promises, and exactly once where Records recognises
// what it has. A job waits while its ledger cannot be read, and ends when the ledger is deleted.
package qldb

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/envelope"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Config is what a Service needs. State, Keys, Sealer, Clock and Rand are required; of the others the zero value means
// the default.
type Config struct {
	State store.State
	Keys  Keys
	// Sealer is the service's own key, which protects the ledgers without a customer managed key.
	Sealer store.Sealer
	Clock  clock.Clock
	Rand   io.Reader    // read by several goroutines at once
	Log    *slog.Logger // nil discards
	// Journals holds the data of the ledgers. Nil: operations that read it check what they can and then say that they
	// are not served.
	Journals Journals
	// Objects and Records are where exports and streams go. Nil: as for Journals.
	Objects Objects
	Records Records
	// Wake is called after a request left work for Tick that may be due before the moment Tick last returned.
	// It must not block. Nil does nothing.
	Wake func()
	// MaxLedgers is the quota of active ledgers per account and Region; default 5.
	MaxLedgers int
	// CreateDuration is how long a ledger stays CREATING; default 1 s.
	CreateDuration time.Duration
	// DeleteDuration is how long a ledger stays DELETING; default 1 s.
	DeleteDuration time.Duration
	// RekeyDuration is how long a key change stays UPDATING; default 2 s.
	RekeyDuration time.Duration
	// KeyCacheTTL is how long the keys of a ledger are used before KMS is asked again, and so the longest time in
	// which an unusable key is noticed; default 5 s.
	KeyCacheTTL time.Duration
	// RecoveryInterval is the time between two attempts to use a key that was unusable, or to reach KMS; default 5 s.
	// It is also how long an export or a stream waits that could not go on.
	RecoveryInterval time.Duration
	// ExportDuration is how long an export is IN_PROGRESS before it writes its blocks; default 1 s.
	ExportDuration time.Duration
	// ExportObjectBytes is the size from which on an export begins another data object; default 16 MiB.
	ExportObjectBytes int
}

// Service is the QLDB control plane of all accounts and Regions. Its methods may be called concurrently, and several
// Services may work on one State.
type Service struct {
	cfg   Config
	known store.Memo[ledger] // for what is asked with every command
	rings rings
}

// New returns a Service over cfg.
func New(cfg Config) (*Service, error) {
	if cfg.State == nil || cfg.Keys == nil || cfg.Sealer == nil || cfg.Clock == nil || cfg.Rand == nil {
		return nil, errors.New("qldb: Config needs State, Keys, Sealer, Clock and Rand")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Wake == nil {
		cfg.Wake = func() {}
	}
	if cfg.MaxLedgers == 0 {
		cfg.MaxLedgers = 5
	}
	if cfg.ExportObjectBytes == 0 {
		cfg.ExportObjectBytes = 16 << 20
	}
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&cfg.CreateDuration, time.Second},
		{&cfg.DeleteDuration, time.Second},
		{&cfg.RekeyDuration, 2 * time.Second},
		{&cfg.KeyCacheTTL, 5 * time.Second},
		{&cfg.RecoveryInterval, 5 * time.Second},
		{&cfg.ExportDuration, time.Second},
	} {
		if *d.value < 0 {
			return nil, errors.New("qldb: a duration in Config is negative")
		}
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
	return &Service{cfg: cfg, rings: rings{byID: map[string]*envelope.Ring{}}}, nil
}

// Wire is the service as the harness's endpoint routes it. Paths and methods are those of the QLDB API reference.
func (s *Service) Wire() wire.Service {
	const (
		ledger  = "/ledgers/{Name}"
		exports = ledger + "/journal-s3-exports"
		streams = "/ledgers/{LedgerName}/journal-kinesis-streams"
		tags    = "/tags/{ResourceArn}"
	)
	return wire.Service{SigningName: "qldb", Protocol: wire.RESTJSON, Operations: wire.Table{
		"CreateLedger":   wire.REST("POST", "/ledgers", "qldb:CreateLedger", wire.Write, s.CreateLedger),
		"ListLedgers":    wire.REST("GET", "/ledgers", "qldb:ListLedgers", wire.Read, s.ListLedgers),
		"DescribeLedger": wire.REST("GET", ledger, "qldb:DescribeLedger", wire.Read, s.DescribeLedger),
		"UpdateLedger":   wire.REST("PATCH", ledger, "qldb:UpdateLedger", wire.Write, s.UpdateLedger),
		"UpdateLedgerPermissionsMode": wire.REST("PATCH", ledger+"/permissions-mode",
			"qldb:UpdateLedgerPermissionsMode", wire.Write, s.UpdateLedgerPermissionsMode),
		"DeleteLedger": wire.REST("DELETE", ledger, "qldb:DeleteLedger", wire.Write, s.DeleteLedger),

		"GetDigest":   wire.REST("POST", ledger+"/digest", "qldb:GetDigest", wire.Read, s.GetDigest),
		"GetBlock":    wire.REST("POST", ledger+"/block", "qldb:GetBlock", wire.Read, s.GetBlock),
		"GetRevision": wire.REST("POST", ledger+"/revision", "qldb:GetRevision", wire.Read, s.GetRevision),

		"ExportJournalToS3": wire.REST("POST", exports, "qldb:ExportJournalToS3", wire.Write, s.ExportJournalToS3),
		"ListJournalS3ExportsForLedger": wire.REST("GET", exports,
			"qldb:ListJournalS3ExportsForLedger", wire.Read, s.ListJournalS3ExportsForLedger),
		"DescribeJournalS3Export": wire.REST("GET", exports+"/{ExportId}",
			"qldb:DescribeJournalS3Export", wire.Read, s.DescribeJournalS3Export),
		"ListJournalS3Exports": wire.REST("GET", "/journal-s3-exports",
			"qldb:ListJournalS3Exports", wire.Read, s.ListJournalS3Exports),

		"StreamJournalToKinesis": wire.REST("POST", streams,
			"qldb:StreamJournalToKinesis", wire.Write, s.StreamJournalToKinesis),
		"ListJournalKinesisStreamsForLedger": wire.REST("GET", streams,
			"qldb:ListJournalKinesisStreamsForLedger", wire.Read, s.ListJournalKinesisStreamsForLedger),
		"DescribeJournalKinesisStream": wire.REST("GET", streams+"/{StreamId}",
			"qldb:DescribeJournalKinesisStream", wire.Read, s.DescribeJournalKinesisStream),
		"CancelJournalKinesisStream": wire.REST("DELETE", streams+"/{StreamId}",
			"qldb:CancelJournalKinesisStream", wire.Write, s.CancelJournalKinesisStream),

		"TagResource":         wire.REST("POST", tags, "qldb:TagResource", wire.Write, s.TagResource),
		"UntagResource":       wire.REST("DELETE", tags, "qldb:UntagResource", wire.Write, s.UntagResource),
		"ListTagsForResource": wire.REST("GET", tags, "qldb:ListTagsForResource", wire.Read, s.ListTagsForResource),
	}}
}

func (s *Service) now() time.Time { return s.cfg.Clock.Now() }

// read runs fn over one snapshot.
func (s *Service) read(ctx context.Context, fn func(store.Reader) error) error {
	return s.cfg.State.View(ctx, fn)
}

// write runs fn in a transaction; fn may run more than once.
func (s *Service) write(ctx context.Context, fn func(store.Writer) error) error {
	return s.cfg.State.Update(ctx, fn)
}

func placeOf(c *wire.Call) Place {
	return Place{Partition: c.Partition, Account: c.Caller.Account, Region: c.Region}
}
