package qldb

import (
	"context"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// Report is the state of the service as its administrator sees it. It holds no key material.
type Report struct {
	Ledgers []LedgerReport
	// LooseGrants are grants that exist or may exist without a ledger that needs them. Each is retired at its Due.
	LooseGrants []LooseGrantReport
	// Exports and Streams are those that run or ended less than seven days ago.
	Exports []ExportReport
	Streams []StreamReport
}

// ExportReport is one export of a Report.
type ExportReport struct {
	Account, Region, Ledger, ID string
	Status                      string // IN_PROGRESS, COMPLETED or CANCELLED
	Bucket, Prefix              string
	Objects                     int       // data objects written
	Due                         time.Time // of its next step, or of its removal
}

// StreamReport is one stream of a Report.
type StreamReport struct {
	Account, Region, Ledger, ID, Name string
	Status                            string // ACTIVE, COMPLETED, CANCELED, FAILED or IMPAIRED
	ErrorCause                        string `json:",omitempty"`
	Target                            string // ARN of the Kinesis data stream
	Records                           uint64 // delivered
}

// LedgerReport is one ledger of a Report.
type LedgerReport struct {
	Account, Region, Name string
	ID                    string
	State                 string    // CREATING, ACTIVE or DELETING
	EncryptionStatus      string    // ENABLED, UPDATING or KMS_KEY_INACCESSIBLE
	InaccessibleSince     time.Time `json:",omitzero"`
	Root                  RootReport
	Nodes                 []NodeReport `json:",omitempty"` // that Root wraps
	Next                  *RootReport  `json:",omitempty"` // while a key change runs
	KeyChangeDue          time.Time    `json:",omitzero"`
}

// RootReport is a root node key of a ledger.
type RootReport struct {
	Key         string // key ARN or AWS_OWNED_KMS_KEY
	GrantID     string `json:",omitempty"` // of the grant on Key, under a customer managed key
	NodeID      string
	NodeVersion int
}

// NodeReport is a node below a root node.
type NodeReport struct {
	Role, ID string // strand, index or catalog
	Version  int
}

// LooseGrantReport is one loose grant of a Report.
type LooseGrantReport struct {
	LedgerName, LedgerID, KeyARN string
	Due                          time.Time
}

// Report reads the state of all accounts and Regions, ordered by account, Region and name.
func (s *Service) Report(ctx context.Context) (*Report, error) {
	var report *Report
	now := s.now()
	err := s.read(ctx, func(r store.Reader) error {
		report = &Report{Ledgers: []LedgerReport{}, LooseGrants: []LooseGrantReport{}}
		if err := report.addDeliveries(r, now); err != nil {
			return err
		}
		all := store.Table[ledger]{Prefix: "qldb/ledger/"}
		err := all.Scan(r, "", "", func(_ string, l ledger) (bool, error) {
			if l.state(now) != stateDeleted {
				report.Ledgers = append(report.Ledgers, l.report(now))
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		return looseGrants.Scan(r, "", "", func(_ string, g looseGrant) (bool, error) {
			report.LooseGrants = append(report.LooseGrants, LooseGrantReport{
				LedgerName: g.LedgerName, LedgerID: g.LedgerID, KeyARN: g.KeyARN, Due: g.Due,
			})
			return true, nil
		})
	})
	return report, err
}

// addDeliveries adds the exports and streams.
func (report *Report) addDeliveries(r store.Reader, now time.Time) error {
	report.Exports, report.Streams = []ExportReport{}, []StreamReport{}
	exports := store.Table[journalExport]{Prefix: "qldb/export/"}
	err := exports.Scan(r, "", "", func(_ string, e journalExport) (bool, error) {
		if !e.expired(now) {
			report.Exports = append(report.Exports, ExportReport{
				Account: e.Account, Region: e.Region, Ledger: e.Ledger, ID: e.ID, Status: e.Status,
				Bucket: e.Bucket, Prefix: e.Prefix, Objects: len(e.Ends), Due: e.Due,
			})
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	streams := store.Table[journalStream]{Prefix: "qldb/stream/"}
	return streams.Scan(r, "", "", func(_ string, t journalStream) (bool, error) {
		if !t.expired(now) {
			report.Streams = append(report.Streams, StreamReport{
				Account: t.Account, Region: t.Region, Ledger: t.Ledger, ID: t.ID, Name: t.Name,
				Status: t.Status, ErrorCause: t.Cause, Target: t.TargetARN, Records: t.Sent,
			})
		}
		return true, nil
	})
}

func (l *ledger) report(now time.Time) LedgerReport {
	out := LedgerReport{
		Account: l.Account, Region: l.Region, Name: l.Name, ID: l.ID,
		State: l.state(now), EncryptionStatus: encryptionEnabled,
		InaccessibleSince: l.InaccessibleSince, Root: l.Root.report(), KeyChangeDue: l.SwapAt,
	}
	for _, n := range l.Root.Nodes {
		out.Nodes = append(out.Nodes, NodeReport{Role: n.Role, ID: n.ID, Version: n.Version})
	}
	if d := l.encryption(); d != nil {
		out.EncryptionStatus = d.EncryptionStatus
	}
	if l.Next != nil {
		next := l.Next.report()
		out.Next = &next
	}
	return out
}

func (n rootNode) report() RootReport {
	key := n.Key
	if key == "" {
		key = awsOwnedKey
	}
	return RootReport{Key: key, GrantID: n.GrantID, NodeID: n.NodeID, NodeVersion: n.NodeVersion}
}
