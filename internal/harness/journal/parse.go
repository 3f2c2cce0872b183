package journal

import (
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A FormatError says where a value is not what this package writes.
type FormatError struct {
	What   string // "block", "revision"
	Field  string // "" for the value as a whole
	Reason string
}

func (e *FormatError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s %s", e.What, e.Reason)
	}
	return fmt.Sprintf("%s: field %s %s", e.What, e.Field, e.Reason)
}

// ParseBlock reads what Block.Ion wrote. It refuses every field it does not know, so that nothing unproven hides in a
// block. Hashes are not looked at, see Check. The error is a *FormatError.
//
// Whoever decodes v needs limits wider than those a document was accepted under: what was accepted once must be
// readable for ever, and a document is a few containers deeper in a block than on its own.
func ParseBlock(v ion.Value) (Block, error) {
	f := open("block", v)
	b := Block{
		Address:           address(f.need("blockAddress"), f),
		TransactionID:     id[TxID](f, "transactionId"),
		Timestamp:         f.time("blockTimestamp"),
		BlockHash:         f.hash("blockHash"),
		EntriesHash:       f.hash("entriesHash"),
		PreviousBlockHash: f.hash("previousBlockHash"),
		Info:              transactionInfo(f.need("transactionInfo"), f),
	}
	for _, item := range f.list("entriesHashList") {
		b.EntriesHashList = append(b.EntriesHashList, hash(item, f, "entriesHashList"))
	}
	if info, ok := f.take("redactionInfo"); ok {
		b.Redactions = redactions(info, f)
	}
	if _, ok := v.Field("revisions"); ok {
		for _, item := range f.filled("revisions") {
			r, err := ParseRevision(item)
			f.fail(err)
			b.Revisions = append(b.Revisions, r)
		}
	}
	return b, f.close()
}

// ParseRevision reads what Revision.Ion wrote. The error is a *FormatError.
func ParseRevision(v ion.Value) (Revision, error) {
	f := open("revision", v)
	r := Revision{Content: Deletion, Address: address(f.need("blockAddress"), f), Hash: f.hash("hash")}
	if data, ok := f.take("data"); ok {
		if !isStruct(data) {
			f.refuse("data", "is not a struct")
		}
		r.Content, r.Data = Full, data
	} else if _, ok := v.Field("dataHash"); ok {
		r.Content, r.DataHash = Redacted, f.hash("dataHash")
	}
	m := open("metadata", f.need("metadata"))
	r.Metadata = Metadata{
		ID: id[DocumentID](m, "id"), Version: m.count("version"), TxTime: m.time("txTime"), TxID: id[TxID](m, "txId"),
	}
	f.fail(m.close())
	return r, f.close()
}

// ParseBlockAddress reads {strandId, sequenceNo}. The error is a *FormatError.
func ParseBlockAddress(v ion.Value) (BlockAddress, error) {
	f := open("block address", v)
	a := BlockAddress{StrandID: id[StrandID](f, "strandId"), SequenceNo: f.count("sequenceNo")}
	return a, f.close()
}

func address(v ion.Value, f *fields) BlockAddress {
	a, err := ParseBlockAddress(v)
	f.fail(err)
	return a
}

func transactionInfo(v ion.Value, parent *fields) TransactionInfo {
	f := open("transactionInfo", v)
	var info TransactionInfo
	for _, item := range f.list("statements") {
		s := open("statement", item)
		info.Statements = append(info.Statements, Statement{
			Text: s.string("statement"), StartTime: s.time("startTime"), Digest: s.hash("statementDigest"),
		})
		f.fail(s.close())
	}
	if documents, ok := f.take("documents"); ok {
		if !isStruct(documents) {
			f.refuse("documents", "is not a struct")
		} else if len(documents.Fields()) == 0 {
			f.refuse("documents", "is empty")
		}
		for _, field := range documents.Fields() {
			d := open("document", field.Value)
			touched := TouchedDocument{
				ID: DocumentID(field.Name), TableName: d.string("tableName"), TableID: id[TableID](d, "tableId"),
			}
			for _, n := range d.list("statements") {
				index, ok := n.Int64()
				if !ok || index < 0 || index >= int64(len(info.Statements)) || len(n.Annotations()) > 0 {
					d.refuse("statements", "names a statement that is not there")
				}
				touched.Statements = append(touched.Statements, int(index))
			}
			f.fail(d.close())
			info.Documents = append(info.Documents, touched)
		}
	}
	parent.fail(f.close())
	return info
}

func redactions(v ion.Value, parent *fields) []RedactedRevision {
	f := open("redactionInfo", v)
	var list []RedactedRevision
	for _, item := range f.filled("revisions") {
		r := open("redacted revision", item)
		list = append(list, RedactedRevision{
			Address: address(r.need("blockAddress"), r), TableID: id[TableID](r, "tableId"),
			DocumentID: id[DocumentID](r, "documentId"), Version: r.count("version"),
		})
		f.fail(r.close())
	}
	parent.fail(f.close())
	return list
}

// fields takes the fields of one struct; the first thing wrong with them stays.
type fields struct {
	what  string
	value ion.Value
	taken int
	err   error
}

func open(what string, v ion.Value) *fields {
	f := &fields{what: what, value: v}
	if !isStruct(v) || len(v.Annotations()) > 0 {
		f.refuse("", "is not a plain struct")
	}
	return f
}

func (f *fields) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *fields) refuse(field, reason string) {
	f.fail(&FormatError{What: f.what, Field: field, Reason: reason})
}

// close refuses fields that were not taken: unknown ones, and the second of two with one name.
func (f *fields) close() error {
	if f.err == nil && f.taken != f.value.Len() {
		f.refuse("", "has a field too many")
	}
	return f.err
}

func (f *fields) take(name string) (ion.Value, bool) {
	v, ok := f.value.Field(name)
	if ok {
		f.taken++
	}
	if name != "data" && len(v.Annotations()) > 0 {
		f.refuse(name, "is annotated")
	}
	return v, ok
}

func (f *fields) need(name string) ion.Value {
	v, ok := f.take(name)
	if !ok {
		f.refuse(name, "is missing")
	}
	return v
}

func (f *fields) list(name string) []ion.Value {
	v := f.need(name)
	if v.Type() != ion.ListType || v.IsNull() {
		f.refuse(name, "is not a list")
		return nil
	}
	return v.Items()
}

// filled is a list that is left out when it is empty.
func (f *fields) filled(name string) []ion.Value {
	items := f.list(name)
	if len(items) == 0 {
		f.refuse(name, "is empty")
	}
	return items
}

func (f *fields) string(name string) string {
	v := f.need(name)
	if v.Type() != ion.StringType || v.IsNull() {
		f.refuse(name, "is not a string")
	}
	return v.Text()
}

func (f *fields) count(name string) int64 {
	n, ok := f.need(name).Int64()
	if !ok || n < 0 {
		f.refuse(name, "is not a number from 0 on")
	}
	return n
}

func (f *fields) time(name string) time.Time {
	stamp := f.need(name).Timestamp()
	offset, known := stamp.Offset()
	if stamp.Precision() != ion.Second || len(stamp.Fraction()) != 3 || offset != 0 || !known {
		f.refuse(name, "is not a timestamp of milliseconds in UTC")
	}
	return stamp.Time().UTC()
}

func (f *fields) hash(name string) Hash { return hash(f.need(name), f, name) }

func hash(v ion.Value, f *fields, name string) Hash {
	b := v.Bytes()
	if v.Type() != ion.BlobType || len(b) != len(Hash{}) || len(v.Annotations()) > 0 {
		f.refuse(name, "is not a blob of 32 bytes")
		return Hash{}
	}
	return Hash(b)
}

func id[S ~string](f *fields, name string) S {
	s := f.string(name)
	if s == "" {
		f.refuse(name, "is empty")
	}
	return S(s)
}
