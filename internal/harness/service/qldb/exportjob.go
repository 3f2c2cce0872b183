package qldb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// The values of an export's Status. Source: QLDB API reference, JournalS3ExportDescription.
const (
	exportInProgress = "IN_PROGRESS"
	exportCompleted  = "COMPLETED"
	exportCancelled  = "CANCELLED"
)

// maxExports is how many exports of a ledger run at a time, retention how long exports and streams are shown after
// their end. Source: QLDB developer guide, Quotas and limits.
const (
	maxExports = 2
	retention  = 7 * 24 * time.Hour
)

// journalExport is what is kept of an export job.
//
// Tick writes one data object after the other and notes each when it is durable. Whatever a crash cuts off is written
// again, under the same key: the job goes on behind the last object noted.
type journalExport struct {
	Place
	ID, Ledger, LedgerID string
	Version              int64 // as that of a ledger
	Created              time.Time
	Start, End           time.Time // the blocks from Start on and before End
	Bucket, Prefix       string
	Encryption, KMSKey   string
	Role                 string
	Format               string // as in the request, where it may be empty
	Status               string
	First                int64     // sequence number of the first block, once Ends is not empty
	Ends                 []int64   `json:",omitempty"` // of the last block of each data object
	Finished             time.Time `json:",omitzero"`
	Due                  time.Time // under which it stands in the due index
}

// exportsOf is the table of the exports of one account and Region, by name of the ledger and id.
func exportsOf(at Place) store.Table[journalExport] {
	return store.Table[journalExport]{Prefix: fmt.Sprintf("qldb/export/%s/%s/", at.Account, at.Region)}
}

func (e *journalExport) name() string { return e.Ledger + "/" + e.ID }

func (e *journalExport) work() work { return work{Place: e.Place, Export: e.name()} }

// put writes e as the next version, due at a moment.
func (e *journalExport) put(w store.Writer, at time.Time) error {
	if err := unschedule(w, e.Due, e.work()); err != nil {
		return err
	}
	e.Version++
	e.Due = at
	if err := schedule(w, e.Due, e.work()); err != nil {
		return err
	}
	return exportsOf(e.Place).Put(w, e.name(), *e)
}

// end writes that e has ended.
func (e *journalExport) end(w store.Writer, status string, now time.Time) error {
	e.Status, e.Finished = status, now
	return e.put(w, now.Add(retention))
}

func (e *journalExport) remove(w store.Writer) error {
	if err := unschedule(w, e.Due, e.work()); err != nil {
		return err
	}
	return exportsOf(e.Place).Delete(w, e.name())
}

func (e *journalExport) expired(now time.Time) bool {
	return !e.Finished.IsZero() && !now.Before(e.Finished.Add(retention))
}

// vacant refuses e if its ledger is no longer there to be read, or has as many exports as may run.
func (e *journalExport) vacant(r store.Reader, now time.Time) error {
	l, err := findForJournal(r, e.Place, e.Ledger, now)
	if err != nil {
		return err
	}
	if l.ID != e.LedgerID {
		return notFound("Ledger", e.Ledger)
	}
	running := 0
	err = exportsOf(e.Place).Scan(r, e.Ledger+"/", "", func(_ string, other journalExport) (bool, error) {
		if other.LedgerID == e.LedgerID && other.Status == exportInProgress {
			running++
		}
		return true, nil
	})
	if err == nil && running >= maxExports {
		return tooMany("JournalS3Export", textExportLimit, maxExports)
	}
	return err
}

func (e *journalExport) describe() JournalS3ExportDescription {
	d := JournalS3ExportDescription{
		LedgerName: e.Ledger, ExportID: e.ID, ExportCreationTime: wire.At(e.Created), Status: e.Status,
		InclusiveStartTime: wire.At(e.Start), ExclusiveEndTime: wire.At(e.End),
		S3ExportConfiguration: &S3ExportConfiguration{
			Bucket: e.Bucket, Prefix: &e.Prefix,
			EncryptionConfiguration: &S3EncryptionConfiguration{
				ObjectEncryptionType: e.Encryption, KmsKeyArn: e.KMSKey,
			},
		},
		RoleArn: e.Role, OutputFormat: e.Format,
	}
	if d.OutputFormat == "" {
		d.OutputFormat = string(journal.IonText)
	}
	return d
}

// encoding is e as package journal writes it.
func (e *journalExport) encoding() journal.Export {
	return journal.Export{
		ID: e.ID, LedgerName: e.Ledger, InclusiveStartTime: e.Start, ExclusiveEndTime: e.End,
		Bucket: e.Bucket, Prefix: e.Prefix, ObjectEncryptionType: e.Encryption,
		OutputFormat: journal.Format(e.Format), RequestTime: e.Created,
	}
}

func (e *journalExport) putObject(ctx context.Context, to Objects, key string, body []byte) error {
	err := to.Put(ctx, delivery.Object{
		Bucket: e.Bucket, Key: key, ContentType: e.encoding().OutputFormat.ContentType(), Body: body,
		Region: e.Region, RoleARN: e.Role, Encryption: e.Encryption, KMSKeyARN: e.KMSKey,
	})
	if err != nil {
		return fmt.Errorf("put object %s into bucket %s: %w", key, e.Bucket, err)
	}
	return nil
}

func (e *journalExport) putStarted(ctx context.Context, to Objects) error {
	var body bytes.Buffer
	if err := e.encoding().WriteStarted(&body); err != nil {
		return err
	}
	return e.putObject(ctx, to, e.encoding().StartedKey(), body.Bytes())
}

func (e *journalExport) putCompleted(ctx context.Context, to Objects, strand journal.StrandID) error {
	keys, first := make([]string, len(e.Ends)), e.First
	for i, last := range e.Ends {
		keys[i] = e.encoding().DataKey(strand, first, last)
		first = last + 1
	}
	var body bytes.Buffer
	if err := e.encoding().WriteCompleted(&body, keys); err != nil {
		return err
	}
	return e.putObject(ctx, to, e.encoding().CompletedKey(strand), body.Bytes())
}

// advanceExport does the next step of an export: one data object, with the last the final manifest; or, when it
// ended long enough ago, its removal.
func (s *Service) advanceExport(ctx context.Context, wk work) error {
	var seen journalExport
	var found bool
	err := s.read(ctx, func(r store.Reader) (err error) {
		seen, found, err = exportsOf(wk.Place).Get(r, wk.Export)
		return err
	})
	switch {
	case err != nil || !found:
		return err
	case seen.Status != exportInProgress:
		return s.changeExport(ctx, &seen, (*journalExport).remove)
	}
	next, done, err := s.exportNext(ctx, seen)
	if err != nil {
		err = fmt.Errorf("export %s of ledger %s: %w", seen.ID, ledgerARN(seen.Place, seen.Ledger), err)
	}
	if err != nil || next == nil {
		return errors.Join(err, s.changeExport(ctx, &seen, func(e *journalExport, w store.Writer) error {
			return e.put(w, s.now().Add(s.cfg.RecoveryInterval))
		}))
	}
	return s.changeExport(ctx, &seen, func(e *journalExport, w store.Writer) error {
		e.First, e.Ends = next.First, next.Ends
		if done {
			return e.end(w, exportCompleted, s.now())
		}
		return e.put(w, s.now())
	})
}

// changeExport runs change on the export as it is stored, unless it was changed since it was seen.
func (s *Service) changeExport(
	ctx context.Context, seen *journalExport, change func(*journalExport, store.Writer) error,
) error {
	return s.write(ctx, func(w store.Writer) error {
		e, found, err := exportsOf(seen.Place).Get(w, seen.name())
		if err != nil || !found || e.Version != seen.Version {
			return err
		}
		return change(&e, w)
	})
}

// exportNext writes the next objects of e and returns e with them, and whether they were the last. It returns nil
// while the ledger cannot be read.
func (s *Service) exportNext(ctx context.Context, e journalExport) (next *journalExport, done bool, err error) {
	opened, err := s.openToRead(ctx, e.Place, e.Ledger, e.LedgerID)
	if err != nil || opened == nil {
		return nil, false, err
	}
	strand := journal.StrandID(opened.StrandID())
	first, body, last, done, err := s.exportBlocks(ctx, opened, &e)
	if err != nil {
		return nil, false, err
	}
	if last >= first {
		key := e.encoding().DataKey(strand, first, last)
		if err := e.putObject(ctx, s.cfg.Objects, key, body); err != nil {
			return nil, false, err
		}
		if len(e.Ends) == 0 {
			e.First = first
		}
		e.Ends = append(e.Ends, last)
	}
	if done {
		if err := e.putCompleted(ctx, s.cfg.Objects, strand); err != nil {
			return nil, false, err
		}
	}
	return &e, done, nil
}

// exportBlocks encodes the blocks first to last, none if last is smaller, as the content of the next data object.
// done says that no others are in the range of the export.
func (s *Service) exportBlocks(
	ctx context.Context, opened *engine.Ledger, e *journalExport,
) (first int64, body []byte, last int64, done bool, err error) {
	from := uint64(0)
	if n := len(e.Ends); n > 0 {
		from = uint64(e.Ends[n-1]) + 1
	} else if from, err = opened.FirstBlock(ctx, e.Start); err != nil {
		return 0, nil, 0, false, err
	}
	var buffer bytes.Buffer
	encoding := e.encoding()
	first, last, done = int64(from), int64(from)-1, true
	err = opened.Journal(ctx, from, func(b journal.Block) (bool, error) {
		if !encoding.Holds(b) {
			return false, nil
		}
		if buffer.Len() >= s.cfg.ExportObjectBytes {
			done = false
			return false, nil
		}
		last = b.Address.SequenceNo
		return true, encoding.WriteBlock(&buffer, b)
	})
	return first, buffer.Bytes(), last, done, err
}
