package journal

import (
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A Commit is what a transaction adds to the journal. Times are cut to milliseconds and put into UTC.
type Commit struct {
	TransactionID TxID
	TxTime        time.Time // of its revisions
	Timestamp     time.Time // of the block; not before TxTime
	Info          TransactionInfo
	Changes       []Change
	Redactions    []RedactedRevision
}

// A Change is a new revision of a document.
type Change struct {
	DocumentID DocumentID
	Version    int64
	Content    Content   // Full or Deletion
	Data       ion.Value // a struct; ignored for a Deletion
}

// Build makes the block of c at a position, with all its hashes. The error is a *FormatError: c holds something that
// ParseBlock would refuse later, when the block is all that is left.
func Build(at Position, c Commit) (Block, error) {
	if err := c.check(); err != nil {
		return Block{}, err
	}
	b := Block{
		Address:           at.Address,
		TransactionID:     c.TransactionID,
		Timestamp:         milliseconds(c.Timestamp),
		PreviousBlockHash: at.PreviousBlockHash,
		Info:              c.Info.inMilliseconds(),
		Redactions:        c.Redactions,
	}
	for _, change := range c.Changes {
		r := Revision{
			Address: at.Address,
			Content: change.Content,
			Metadata: Metadata{
				ID: change.DocumentID, Version: change.Version, TxTime: milliseconds(c.TxTime), TxID: c.TransactionID,
			},
		}
		if r.Content == Full {
			r.Data = change.Data
		}
		r.Hash = RevisionHash(r)
		b.Revisions = append(b.Revisions, r)
	}
	b.EntriesHashList = entries(b)
	b.EntriesHash, _ = merkle.Root(b.EntriesHashList)
	b.BlockHash = ion.Dot(b.EntriesHash, b.PreviousBlockHash)
	return b, nil
}

func (c Commit) check() error {
	refuse := func(what, field, reason string) error { return &FormatError{What: what, Field: field, Reason: reason} }
	switch {
	case c.TransactionID == "":
		return refuse("block", "transactionId", "is empty")
	case c.Timestamp.Year() < 1 || c.Timestamp.Year() > 9999:
		return refuse("block", "blockTimestamp", "is not of the years 1 to 9999")
	case len(c.Changes) > 0 && milliseconds(c.Timestamp).Before(milliseconds(c.TxTime)):
		return refuse("block", "blockTimestamp", "is before its revisions' txTime")
	}
	for _, change := range c.Changes {
		switch {
		case change.DocumentID == "" || change.Version < 0:
			return refuse("revision", "metadata", "has no id, or a negative version")
		case change.Content == Full && !isStruct(change.Data):
			return refuse("revision", "data", "is not a struct")
		case change.Content != Full && change.Content != Deletion:
			return refuse("revision", "data", "cannot be redacted before they exist")
		}
	}
	for _, d := range c.Info.Documents {
		for _, n := range d.Statements {
			if n < 0 || n >= len(c.Info.Statements) {
				return refuse("document", "statements", "names a statement that is not there")
			}
		}
	}
	return nil
}

// entries is the list of hashes that a block stands for, in the order of Block.EntriesHashList.
func entries(b Block) []Hash {
	list := []Hash{ion.Hash(b.Info.Ion())}
	if root, ok := merkle.Root(b.revisionHashes()); ok {
		list = append(list, root)
	}
	if len(b.Redactions) > 0 {
		list = append(list, ion.Hash(redactionInfo(b.Redactions)))
	}
	return list
}

// revisionEntry is the index in Block.EntriesHashList of the root over the revisions.
const revisionEntry = 1

func (b Block) revisionHashes() []Hash {
	hashes := make([]Hash, len(b.Revisions))
	for i, r := range b.Revisions {
		hashes[i] = r.Hash
	}
	return hashes
}

// RevisionHash is dot(H(metadata), H(data)); for a redacted revision DataHash stands for H(data), for a deletion it is
// H(metadata) alone. Where the revision is kept (Address) does not enter it.
func RevisionHash(r Revision) Hash {
	metadata := ion.Hash(r.Metadata.Ion())
	switch r.Content {
	case Full:
		return ion.Dot(metadata, ion.Hash(r.Data))
	case Redacted:
		return ion.Dot(metadata, r.DataHash)
	default:
		return metadata
	}
}

// RevisionProof leads from the hash of the revision of document id to the block's BlockHash, from leaf to root. A
// proof against a digest goes on with merkle.Proof for the block. ok is false if the block has no such revision.
func (b Block) RevisionProof(id DocumentID) (proof []Hash, ok bool) {
	for i, r := range b.Revisions {
		if r.Metadata.ID != id {
			continue
		}
		within, err := merkle.Path(b.revisionHashes(), i)
		if err != nil {
			return nil, false
		}
		among, err := merkle.Path(b.EntriesHashList, revisionEntry)
		if err != nil {
			return nil, false
		}
		return append(append(within, among...), b.PreviousBlockHash), true
	}
	return nil, false
}

// Revision is the block's revision of a document; ok is false if it has none.
func (b Block) Revision(id DocumentID) (r Revision, ok bool) {
	for _, r := range b.Revisions {
		if r.Metadata.ID == id {
			return r, true
		}
	}
	return Revision{}, false
}

func isStruct(v ion.Value) bool { return v.Type() == ion.StructType && !v.IsNull() }

func milliseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func (t TransactionInfo) inMilliseconds() TransactionInfo {
	statements := make([]Statement, len(t.Statements))
	for i, s := range t.Statements {
		s.StartTime = milliseconds(s.StartTime)
		statements[i] = s
	}
	return TransactionInfo{Statements: statements, Documents: t.Documents}
}
