package journal

import (
	"crypto/md5"
	"encoding/binary"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Stream encodes the records that a journal stream sends, each one Ion binary struct {qldbStreamArn, recordType,
// payload}. Its value is the ARN of the QLDB stream.
//
// Source: Amazon QLDB developer guide, "QLDB stream records in Kinesis".
type Stream string

// Created is the first record of a stream.
func (s Stream) Created() []byte { return s.control("CREATED") }

// Completed is the last record of a stream that has an end time.
func (s Stream) Completed() []byte { return s.control("COMPLETED") }

func (s Stream) control(kind string) []byte {
	return s.record("CONTROL", ion.Struct(ion.F("controlRecordType", ion.String(kind))))
}

// Block are the records of one block: its summary, then the details of each revision in it.
func (s Stream) Block(b Block) [][]byte {
	records := [][]byte{s.record("BLOCK_SUMMARY", b.summary())}
	for _, r := range b.Revisions {
		payload := ion.Struct(ion.F("tableInfo", b.Info.table(r.Metadata.ID)), ion.F("revision", r.Ion()))
		records = append(records, s.record("REVISION_DETAILS", payload))
	}
	return records
}

func (s Stream) record(kind string, payload ion.Value) []byte {
	return ion.EncodeBinary(ion.Struct(
		ion.F("qldbStreamArn", text(s)),
		ion.F("recordType", ion.String(kind)),
		ion.F("payload", payload),
	))
}

// summary is the block with {hash, documentId} for each revision.
func (b Block) summary() ion.Value {
	fields := b.head()
	if len(b.Revisions) > 0 {
		summaries := make([]ion.Value, len(b.Revisions))
		for i, r := range b.Revisions {
			summaries[i] = ion.Struct(ion.F("hash", blob(r.Hash)), ion.F("documentId", text(r.Metadata.ID)))
		}
		fields = append(fields, ion.F("revisionSummaries", ion.List(summaries...)))
	}
	return ion.Struct(fields...)
}

// table is {tableName, tableId} of a document's table, empty if the transaction did not say.
func (t TransactionInfo) table(id DocumentID) ion.Value {
	for _, d := range t.Documents {
		if d.ID == id {
			return ion.Struct(ion.F("tableName", ion.String(d.TableName)), ion.F("tableId", text(d.TableID)))
		}
	}
	return ion.Struct()
}

// A KinesisRecord is a record with the key that chooses its shard.
type KinesisRecord struct {
	PartitionKey string
	Data         []byte
}

// aggregated opens every aggregate. No Ion binary begins so, nor does text.
var aggregated = [4]byte{0xF3, 0x89, 0x9A, 0xC2}

// Aggregate packs records into the data of one Kinesis record, as a stream with AggregationEnabled sends them: the
// opening, the protocol buffer message
//
//	message AggregatedRecord {
//	  repeated string partition_key_table = 1;
//	  repeated Record records = 3;
//	}
//	message Record {
//	  required uint64 partition_key_index = 1;
//	  required bytes data = 3;
//	}
//
// and the MD5 of the message, which the format asks for.
//
// Source: amazon-kinesis-producer, aggregation-format.md.
func Aggregate(records []KinesisRecord) []byte {
	var message []byte
	for _, r := range records {
		message = appendField(message, 1, []byte(r.PartitionKey))
	}
	for i, r := range records {
		record := binary.AppendUvarint([]byte{1 << 3}, uint64(i))
		message = appendField(message, 3, appendField(record, 3, r.Data))
	}
	sum := md5.Sum(message)
	return append(append(aggregated[:], message...), sum[:]...)
}

// appendField writes a field of bytes: number and wire type 2, the length, the bytes.
func appendField(dst []byte, number uint64, b []byte) []byte {
	dst = binary.AppendUvarint(dst, number<<3|2)
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}
