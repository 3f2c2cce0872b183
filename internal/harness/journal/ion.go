package journal

import (
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Ion is the block as GetBlock shows it, fields in the service's order.
func (b Block) Ion() ion.Value {
	fields := b.head()
	if len(b.Revisions) > 0 {
		revisions := make([]ion.Value, len(b.Revisions))
		for i, r := range b.Revisions {
			revisions[i] = r.Ion()
		}
		fields = append(fields, ion.F("revisions", ion.List(revisions...)))
	}
	return ion.Struct(fields...)
}

// head is everything but the revisions.
func (b Block) head() []ion.Field {
	list := make([]ion.Value, len(b.EntriesHashList))
	for i, h := range b.EntriesHashList {
		list[i] = blob(h)
	}
	fields := []ion.Field{
		ion.F("blockAddress", b.Address.Ion()),
		ion.F("transactionId", text(b.TransactionID)),
		ion.F("blockTimestamp", timestamp(b.Timestamp)),
		ion.F("blockHash", blob(b.BlockHash)),
		ion.F("entriesHash", blob(b.EntriesHash)),
		ion.F("previousBlockHash", blob(b.PreviousBlockHash)),
		ion.F("entriesHashList", ion.List(list...)),
		ion.F("transactionInfo", b.Info.Ion()),
	}
	if len(b.Redactions) > 0 {
		fields = append(fields, ion.F("redactionInfo", redactionInfo(b.Redactions)))
	}
	return fields
}

// Ion is {strandId, sequenceNo}.
func (a BlockAddress) Ion() ion.Value {
	return ion.Struct(ion.F("strandId", text(a.StrandID)), ion.F("sequenceNo", ion.Int(a.SequenceNo)))
}

// Ion is {statements, documents}, without documents if there are none.
func (t TransactionInfo) Ion() ion.Value {
	statements := make([]ion.Value, len(t.Statements))
	for i, s := range t.Statements {
		statements[i] = ion.Struct(
			ion.F("statement", ion.String(s.Text)),
			ion.F("startTime", timestamp(s.StartTime)),
			ion.F("statementDigest", blob(s.Digest)),
		)
	}
	fields := []ion.Field{ion.F("statements", ion.List(statements...))}
	if len(t.Documents) > 0 {
		documents := make([]ion.Field, len(t.Documents))
		for i, d := range t.Documents {
			documents[i] = ion.F(string(d.ID), d.ion())
		}
		fields = append(fields, ion.F("documents", ion.Struct(documents...)))
	}
	return ion.Struct(fields...)
}

func (d TouchedDocument) ion() ion.Value {
	indexes := make([]ion.Value, len(d.Statements))
	for i, n := range d.Statements {
		indexes[i] = ion.Int(int64(n))
	}
	return ion.Struct(
		ion.F("tableName", ion.String(d.TableName)),
		ion.F("tableId", text(d.TableID)),
		ion.F("statements", ion.List(indexes...)),
	)
}

// Ion is {blockAddress, tableId, documentId, version}: an element of redactionInfo, and the row that the stored
// procedure REDACT_REVISION returns.
func (r RedactedRevision) Ion() ion.Value {
	return ion.Struct(
		ion.F("blockAddress", r.Address.Ion()),
		ion.F("tableId", text(r.TableID)),
		ion.F("documentId", text(r.DocumentID)),
		ion.F("version", ion.Int(r.Version)),
	)
}

func redactionInfo(redactions []RedactedRevision) ion.Value {
	revisions := make([]ion.Value, len(redactions))
	for i, r := range redactions {
		revisions[i] = r.Ion()
	}
	return ion.Struct(ion.F("revisions", ion.List(revisions...)))
}

// Ion is the revision as GetRevision and the committed view show it: {blockAddress, hash, data, metadata}, with
// dataHash instead of data for a redacted revision and neither for a deletion.
func (r Revision) Ion() ion.Value {
	fields := make([]ion.Field, 0, 4)
	fields = append(fields, ion.F("blockAddress", r.Address.Ion()), ion.F("hash", blob(r.Hash)))
	switch r.Content {
	case Full:
		fields = append(fields, ion.F("data", r.Data))
	case Redacted:
		fields = append(fields, ion.F("dataHash", blob(r.DataHash)))
	}
	return ion.Struct(append(fields, ion.F("metadata", r.Metadata.Ion()))...)
}

// Ion is {id, version, txTime, txId}.
func (m Metadata) Ion() ion.Value {
	return ion.Struct(
		ion.F("id", text(m.ID)),
		ion.F("version", ion.Int(m.Version)),
		ion.F("txTime", timestamp(m.TxTime)),
		ion.F("txId", text(m.TxID)),
	)
}

// timestamp writes all three digits of the milliseconds, zeros too: the precision of a timestamp is part of its hash.
func timestamp(t time.Time) ion.Value { return ion.NewTimestamp(t.UTC(), ion.Second, 3).Value() }

func text[S ~string](s S) ion.Value { return ion.String(string(s)) }

func blob(h Hash) ion.Value { return ion.Blob(h[:]) }
