package journal

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A Format is that of exported objects. The empty Format is IonText.
type Format string

// The values of OutputFormat in ExportJournalToS3.
const (
	IonText   Format = "ION_TEXT"
	IonBinary Format = "ION_BINARY"
	JSON      Format = "JSON"
)

// ContentType is the media type of objects in f.
func (f Format) ContentType() string {
	switch f {
	case IonBinary:
		return "application/octet-stream"
	case JSON:
		return "application/json"
	default:
		return "text/plain"
	}
}

// An Export is what a request to export a journal asks for.
//
// Source: Amazon QLDB developer guide, "Journal export output in QLDB".
type Export struct {
	ID                   string // 22 characters
	LedgerName           string
	InclusiveStartTime   time.Time
	ExclusiveEndTime     time.Time
	Bucket               string
	Prefix               string // as in the request; keys get a "/" after it if it has none
	ObjectEncryptionType string // "SSE_KMS", "SSE_S3" or "NO_ENCRYPTION"
	OutputFormat         Format // as in the request: if it is empty, the manifest does not name it
	RequestTime          time.Time
}

// Holds says whether b is in the range of the export.
func (e Export) Holds(b Block) bool {
	return !b.Timestamp.Before(e.InclusiveStartTime) && b.Timestamp.Before(e.ExclusiveEndTime)
}

// StartedKey is the key of the manifest that is there as soon as the export is accepted.
func (e Export) StartedKey() string { return e.prefix() + e.ID + ".started.manifest" }

// CompletedKey is the key of the manifest that is there once all blocks of a strand are.
func (e Export) CompletedKey(strand StrandID) string {
	return e.prefix() + e.ID + "." + string(strand) + ".completed.manifest"
}

// DataKey is the key of the object with the blocks first to last of a strand.
func (e Export) DataKey(strand StrandID, first, last int64) string {
	suffix := ".ion"
	if e.OutputFormat == JSON {
		suffix = ".json"
	}
	hour := e.RequestTime.UTC().Format("2006/01/02/15/")
	return fmt.Sprintf("%s%s%s.%d-%d%s", e.prefix(), hour, strand, first, last, suffix)
}

func (e Export) prefix() string {
	if e.Prefix == "" || strings.HasSuffix(e.Prefix, "/") {
		return e.Prefix
	}
	return e.Prefix + "/"
}

// WriteStarted writes the content of the object at StartedKey.
func (e Export) WriteStarted(w io.Writer) error {
	fields := []ion.Field{
		ion.F("ledgerName", ion.String(e.LedgerName)),
		ion.F("exportId", ion.String(e.ID)),
		ion.F("inclusiveStartTime", timestamp(e.InclusiveStartTime)),
		ion.F("exclusiveEndTime", timestamp(e.ExclusiveEndTime)),
		ion.F("bucket", ion.String(e.Bucket)),
		ion.F("prefix", ion.String(e.Prefix)),
		ion.F("objectEncryptionType", ion.String(e.ObjectEncryptionType)),
	}
	if e.OutputFormat != "" {
		fields = append(fields, ion.F("outputFormat", text(e.OutputFormat)))
	}
	return e.write(w, "started manifest", ion.Struct(fields...))
}

// WriteCompleted writes the content of the object at CompletedKey; keys are those of the data objects in order.
func (e Export) WriteCompleted(w io.Writer, keys []string) error {
	list := make([]ion.Value, len(keys))
	for i, key := range keys {
		list[i] = ion.String(key)
	}
	return e.write(w, "completed manifest", ion.Struct(ion.F("keys", ion.List(list...))))
}

// WriteBlock writes the next block of a data object: a top-level value, in JSON a line. In Ion binary every block
// brings its own version marker with its symbols, so that objects of any length are written one block at a time.
func (e Export) WriteBlock(w io.Writer, b Block) error {
	return e.write(w, fmt.Sprintf("block %d", b.Address.SequenceNo), b.Ion())
}

func (e Export) write(w io.Writer, what string, v ion.Value) error {
	var data []byte
	switch e.OutputFormat {
	case IonBinary:
		data = ion.EncodeBinary(v)
	case JSON:
		data = append(ion.ToJSON(v), '\n')
	default:
		data = ion.EncodeText(v)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write %s of export %s: %w", what, e.ID, err)
	}
	return nil
}
