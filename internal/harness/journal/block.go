package journal

import (
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Hash is a SHA-256 hash.
type Hash = [32]byte

// Ids are 22 characters of base 62 each, for example "9DBeKfUQzbaKuOyVvEqGLM".
type (
	StrandID   string // of the one strand of a ledger's journal
	TxID       string // of a transaction
	TableID    string // of a table, also after it was dropped
	DocumentID string // of a document, through all its revisions
)

// A BlockAddress names a block.
type BlockAddress struct {
	StrandID   StrandID
	SequenceNo int64 // from 0
}

// A Block is one committed transaction. Times have millisecond precision, in UTC.
type Block struct {
	Address           BlockAddress
	TransactionID     TxID
	Timestamp         time.Time // of the commit; not before the TxTime of any revision
	BlockHash         Hash      // dot(EntriesHash, PreviousBlockHash)
	EntriesHash       Hash      // root of EntriesHashList
	PreviousBlockHash Hash
	EntriesHashList   []Hash // transactionInfo, then the root over Revisions if any, then redactionInfo if any
	Info              TransactionInfo
	Redactions        []RedactedRevision // of a redaction's own block
	Revisions         []Revision
}

// TransactionInfo says what was executed. Parameters of statements are not kept, only their part in the digests.
type TransactionInfo struct {
	Statements []Statement
	Documents  []TouchedDocument // empty if the transaction wrote none
}

// A Statement is one executed statement.
type Statement struct {
	Text      string // as the client sent it
	StartTime time.Time
	Digest    Hash // StatementDigest of text and parameters
}

// A TouchedDocument says which statements wrote a document.
type TouchedDocument struct {
	ID         DocumentID
	TableName  string
	TableID    TableID
	Statements []int // indexes into TransactionInfo.Statements
}

// A RedactedRevision names a revision whose data were, or are to be, removed.
type RedactedRevision struct {
	Address    BlockAddress // of the block that holds the revision
	TableID    TableID
	DocumentID DocumentID
	Version    int64
}

// Content says what is left of a revision's data.
type Content uint8

// The kinds of revisions.
const (
	Full     Content = iota // Data are there
	Redacted                // DataHash stands for data that were removed
	Deletion                // the revision deletes the document: there never were data
)

// A Revision is one version of a document.
type Revision struct {
	Address  BlockAddress // of the block that holds it
	Hash     Hash         // RevisionHash
	Content  Content
	Data     ion.Value // the document, a struct, if Content is Full
	DataHash Hash      // ion.Hash of the removed document, if Content is Redacted
	Metadata Metadata
}

// Metadata identify a revision.
type Metadata struct {
	ID      DocumentID
	Version int64 // from 0
	TxTime  time.Time
	TxID    TxID
}

// A Position is where a block goes: its address, and what it must follow.
type Position struct {
	Address           BlockAddress
	PreviousBlockHash Hash
}

// Genesis is the position of a strand's first block. Its PreviousBlockHash is the Ion hash of the strand's id: an
// empty one would be folded differently by the verifiers of different languages.
func Genesis(strand StrandID) Position {
	return Position{
		Address:           BlockAddress{StrandID: strand},
		PreviousBlockHash: ion.Hash(ion.String(string(strand))),
	}
}

// Next is the position after b.
func (b Block) Next() Position {
	return Position{
		Address:           BlockAddress{StrandID: b.Address.StrandID, SequenceNo: b.Address.SequenceNo + 1},
		PreviousBlockHash: b.BlockHash,
	}
}
