package engine

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A row is one revision as the index keeps it:
//
//	 0   1  version: 1
//	 1   1  0xF1 full, 0xE2 redacted, 0xD3 deletion
//	 2   8  number of the block, big-endian; then in the same way: version, txTime in milliseconds since 1970
//	26  22  id of the transaction
//	48  22  id of the document
//	70  32  hash
//	102  n  full: the document as Ion binary; redacted: 32 bytes, the hash of the document
type row struct {
	content  journal.Content
	block    uint64
	version  int64
	txTime   time.Time
	txID     string
	document string
	hash     journal.Hash
	data     []byte // as above, from 102 on
}

const (
	rowVersion = 1
	rowHeader  = 102
)

var contentBytes = map[journal.Content]byte{journal.Full: 0xF1, journal.Redacted: 0xE2, journal.Deletion: 0xD3}

// rowOf is the row of a revision; data is its document as Ion binary.
func rowOf(r journal.Revision, data []byte) row {
	if r.Content == journal.Redacted {
		data = r.DataHash[:]
	}
	return row{
		content: r.Content, block: uint64(r.Address.SequenceNo), version: r.Metadata.Version, txTime: r.Metadata.TxTime,
		txID: string(r.Metadata.TxID), document: string(r.Metadata.ID), hash: r.Hash, data: data,
	}
}

func (r row) encode() []byte {
	b := make([]byte, 0, rowHeader+len(r.data))
	b = append(b, rowVersion, contentBytes[r.content])
	b = binary.BigEndian.AppendUint64(b, r.block)
	b = binary.BigEndian.AppendUint64(b, uint64(r.version))
	b = binary.BigEndian.AppendUint64(b, uint64(r.txTime.UnixMilli()))
	b = append(append(b, r.txID...), r.document...)
	b = append(b, r.hash[:]...)
	return append(b, r.data...)
}

func decodeRow(b []byte) (row, error) {
	if len(b) < rowHeader || b[0] != rowVersion {
		return row{}, fmt.Errorf("row of %d bytes in the index is not one", len(b))
	}
	r := row{
		block: binary.BigEndian.Uint64(b[2:]), version: int64(binary.BigEndian.Uint64(b[10:])),
		txTime: time.UnixMilli(int64(binary.BigEndian.Uint64(b[18:]))).UTC(), txID: string(b[26:48]),
		document: string(b[48:70]), hash: journal.Hash(b[70:rowHeader]), data: b[rowHeader:],
	}
	for content, mark := range contentBytes {
		if mark == b[1] {
			r.content = content
			return r, nil
		}
	}
	return row{}, fmt.Errorf("row in the index has the unknown kind %#x", b[1])
}

// value is the document, or null if there is none.
func (r row) value() (ion.Value, error) {
	if r.content != journal.Full {
		return ion.Value{}, nil
	}
	v, err := ion.DecodeOne(r.data, stored)
	if err != nil {
		return v, fmt.Errorf("read document %s, version %d: %w", r.document, r.version, err)
	}
	return v, nil
}

// revision is the row as part of a strand.
func (r row) revision(strand journal.StrandID) (journal.Revision, error) {
	v, err := r.value()
	if err != nil {
		return journal.Revision{}, err
	}
	rev := journal.Revision{
		Address: journal.BlockAddress{StrandID: strand, SequenceNo: int64(r.block)}, Hash: r.hash, Content: r.content,
		Metadata: journal.Metadata{
			ID: journal.DocumentID(r.document), Version: r.version, TxTime: r.txTime, TxID: journal.TxID(r.txID),
		},
	}
	switch {
	case r.content == journal.Full:
		rev.Data = v
	case r.content == journal.Redacted && len(r.data) == len(rev.DataHash):
		rev.DataHash = journal.Hash(r.data)
	case r.content == journal.Redacted:
		return rev, fmt.Errorf("redacted revision of document %s: its hash has %d bytes", r.document, len(r.data))
	}
	return rev, nil
}
