package record

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/statement"
)

// A revision is a row of the committed view.
type revision struct {
	ID         string
	Version    int64
	TxID       string
	TxTime     string // Ion text
	Hash       []byte
	StrandID   string
	SequenceNo int64
	Data       ion.Value
}

func revisionOf(row ion.Value) revision {
	metadata, _ := row.Field("metadata")
	address, _ := row.Field("blockAddress")
	hash, _ := row.Field("hash")
	data, _ := row.Field("data")
	version, _ := metadata.Field("version")
	number, _ := address.Field("sequenceNo")
	time, _ := metadata.Field("txTime")
	r := revision{
		ID: statement.Text(metadata, "id"), TxID: statement.Text(metadata, "txId"), TxTime: time.String(),
		StrandID: statement.Text(address, "strandId"), Hash: hash.Bytes(), Data: data,
	}
	r.Version, _ = version.Int64()
	r.SequenceNo, _ = number.Int64()
	return r
}

func committed(table string) string { return statement.Quote("_ql_committed_" + table) }

// find reads the current revision of a document; ok is false if there is none. The lookup goes by id and meets no other
// document.
func find(tx *statement.Tx, table, id string) (r revision, ok bool, err error) {
	rows, err := tx.Run("SELECT r.* FROM "+committed(table)+" AS r BY docId WHERE docId = ?", ion.String(id))
	if err != nil || len(rows) == 0 {
		return r, false, err
	}
	return revisionOf(rows[0]), true, nil
}

// findByKey reads the current revisions of the documents that have the same values in their key fields.
func findByKey(tx *statement.Tx, table string, keys []string, document ion.Value) ([]revision, error) {
	var conditions []string
	var values []ion.Value
	for _, k := range keys {
		v, _ := document.Field(k)
		conditions, values = append(conditions, "r.data."+statement.Quote(k)+" = ?"), append(values, v)
	}
	rows, err := tx.Run("SELECT r.* FROM "+committed(table)+" AS r WHERE "+strings.Join(conditions, " AND "), values...)
	if err != nil {
		return nil, err
	}
	found := make([]revision, len(rows))
	for i, row := range rows {
		found[i] = revisionOf(row)
	}
	return found, nil
}

// observe puts a revision into the state, all but the document.
func (m *model) observe(r revision) {
	m.DocumentID, m.Version = types.StringValue(r.ID), types.Int64Value(r.Version)
	m.TxnID, m.TxnTime = types.StringValue(r.TxID), types.StringValue(r.TxTime)
	m.RevisionHash = types.StringValue(base64.StdEncoding.EncodeToString(r.Hash))
	m.BlockAddress = types.ObjectValueMust(addressTypes, map[string]attr.Value{
		"strand_id": types.StringValue(r.StrandID), "sequence_no": types.Int64Value(r.SequenceNo),
	})
}

// wrote puts into the state what is known of a revision without reading it back.
func (m *model) wrote(w written) {
	m.DocumentID, m.Version, m.TxnID = types.StringValue(w.ID), types.Int64Value(w.Version), types.StringValue(w.TxID)
	m.TxnTime, m.RevisionHash, m.BlockAddress = types.StringNull(), types.StringNull(), types.ObjectNull(addressTypes)
}

// changedBy says whether r is another revision than the one in the state.
func (m model) changedBy(r revision) bool {
	if hash := m.RevisionHash.ValueString(); hash != "" {
		return hash != base64.StdEncoding.EncodeToString(r.Hash)
	}
	return m.TxnID.ValueString() != r.TxID || m.Version.ValueInt64() != r.Version
}

// holds says whether the revision in the state is exactly this document. The document need not be in the state: the
// hash of a revision is made of those of its data and of its metadata, and these are known.
//
// Source: QLDB developer guide, "Verifying data": the revision hash.
func (m model) holds(document ion.Value) bool {
	time, err := ion.ParseTimestamp(m.TxnTime.ValueString())
	if err != nil || m.RevisionHash.ValueString() == "" {
		return false
	}
	metadata := ion.Struct(
		ion.F("id", ion.String(m.DocumentID.ValueString())), ion.F("version", ion.Int(m.Version.ValueInt64())),
		ion.F("txTime", time.Value()), ion.F("txId", ion.String(m.TxnID.ValueString())),
	)
	hash := ion.Dot(ion.Hash(document), ion.Hash(metadata))
	return base64.StdEncoding.EncodeToString(hash[:]) == m.RevisionHash.ValueString()
}

// A changedError says that the current revision is not the one in the state.
type changedError struct {
	Want int64
	Now  revision
}

func (e *changedError) Error() string {
	return fmt.Sprintf("changed since the plan: version %d -> %d", e.Want, e.Now.Version)
}

// A deletedError says that a document is not there any more.
type deletedError struct{ ID string }

func (e *deletedError) Error() string { return "document " + e.ID + " was deleted" }

// A foundError says that documents with the same key fields are there.
type foundError struct{ Found []revision }

func (e *foundError) Error() string { return fmt.Sprintf("%d documents have the key", len(e.Found)) }
