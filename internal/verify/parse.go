package verify

import (
	"encoding/base64"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// MaxProofLength bounds the elements of a proof: those of a tree of blocks, of one of entries and of one of revisions,
// none deeper than 64 levels.
const MaxProofLength = 256

// Limits of what is read. A document has at most 128 KB, those of a block at most 4 MB together, both in binary; text
// takes several times as much. Statements build documents that are deeper, with longer numbers, than those that come
// in from outside.
var (
	revisionLimits = ion.Options{MaxBytes: 1 << 20, MaxDepth: 1 << 10, MaxNumberBytes: 256 << 10}
	blockLimits    = ion.Options{
		MaxBytes: 32 << 20, MaxDepth: 1 << 10, MaxNumberBytes: 256 << 10, MaxValues: 4 << 20,
	}
	smallLimits = ion.Options{MaxBytes: 64 << 10} // of proofs, addresses
)

// ParseRevision reads a revision in Ion text or binary, as GetRevision and the committed view return it. It refuses
// fields it does not know, so that nothing stands beside proven data without being proven. The error is a *FormatError.
func ParseRevision(data []byte) (Revision, error) {
	f := read("revision", data, revisionLimits)
	r := revision(f)
	return r, f.close()
}

// ParseProof reads a list of blobs in Ion text or binary. The error is a *FormatError.
func ParseProof(data []byte) ([][]byte, error) {
	v, err := ion.DecodeOne(data, smallLimits)
	if err != nil {
		return nil, &FormatError{What: "proof", Reason: "is not Ion", Err: err}
	}
	if v.Type() != ion.ListType || v.IsNull() || v.Len() > MaxProofLength {
		return nil, &FormatError{What: "proof", Reason: "is not a list of hashes"}
	}
	proof := make([][]byte, v.Len())
	for i, item := range v.Items() {
		if proof[i] = item.Bytes(); item.Type() != ion.BlobType || len(proof[i]) != len(hash{}) {
			return nil, &FormatError{What: "proof", Reason: "holds something else than blobs of 32 bytes"}
		}
	}
	return proof, nil
}

// ParseAddress reads {strandId, sequenceNo} in Ion text or binary. The error is a *FormatError.
func ParseAddress(data []byte) (BlockAddress, error) {
	f := read("block address", data, smallLimits)
	a := address(f)
	return a, f.close()
}

// ParseDigest reads a digest in base64, as the AWS CLI prints it. The error is a *FormatError.
func ParseDigest(text string) ([]byte, error) {
	digest, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil && len(digest) != len(hash{}) {
		return nil, &FormatError{What: "digest", Reason: "has not 32 bytes"}
	}
	if err != nil {
		return nil, &FormatError{What: "digest", Reason: "is not base64", Err: err}
	}
	return digest, nil
}

// ParseBlock reads a block in Ion text or binary, as GetBlock and exports return it. The error is a *FormatError.
func ParseBlock(data []byte) (Block, error) {
	v, err := ion.DecodeOne(data, blockLimits)
	if err != nil {
		return Block{}, &FormatError{What: "block", Reason: "is not Ion", Err: err}
	}
	return BlockOf(v)
}

// BlockOf is ParseBlock for a value, for example one of an export's many. The error is a *FormatError.
func BlockOf(v ion.Value) (Block, error) {
	f := open("block", v)
	b := Block{
		Address:           address(f.nested("blockAddress")),
		BlockHash:         f.hash("blockHash"),
		EntriesHash:       f.hash("entriesHash"),
		PreviousBlockHash: f.hash("previousBlockHash"),
		TransactionInfo:   f.need("transactionInfo"),
	}
	for _, item := range f.list("entriesHashList") {
		b.EntriesHashList = append(b.EntriesHashList, f.hashOf("entriesHashList", item))
	}
	f.take("transactionId")
	f.take("blockTimestamp")
	b.RedactionInfo, _ = f.take("redactionInfo")
	if f.has("revisions") {
		for _, item := range f.list("revisions") {
			r := f.child("revision", item)
			if r.has("metadata") {
				b.Revisions = append(b.Revisions, revision(r))
			} else {
				b.Revisions = append(b.Revisions, Revision{Hash: r.hash("hash")})
			}
		}
	}
	return b, f.close()
}

func revision(f *fields) Revision {
	r := Revision{Address: address(f.nested("blockAddress")), Hash: f.hash("hash"), Metadata: f.need("metadata")}
	if !isStruct(r.Metadata) {
		f.refuse("has metadata that are not a struct")
	}
	if data, ok := f.take("data"); ok {
		if r.Data = data; !isStruct(data) {
			f.refuse("has data that are not a struct")
		}
	} else if f.has("dataHash") {
		h := f.hash("dataHash")
		r.DataHash = &h
	}
	return r
}

func address(f *fields) BlockAddress {
	n, ok := f.need("sequenceNo").Int64()
	if !ok || n < 0 {
		f.refuse("has no sequenceNo from 0 on")
	}
	strand := f.need("strandId")
	if strand.Type() != ion.StringType || strand.IsNull() {
		f.refuse("has no strandId")
	}
	return BlockAddress{StrandID: strand.Text(), SequenceNo: n}
}
