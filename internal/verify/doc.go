// Package verify checks what a ledger shows against a digest that was taken earlier, offline.
//
// An auditor keeps the answer of GetDigest: 32 bytes with the address of the block they end at. Later GetRevision or
// GetBlock, asked with that address, returns a revision or a block with a proof: the hashes that lead from it to the
// digest. The checks here recompute that way. They share no code with what makes proofs, so a shared mistake cannot
// hide, and hold for ledgers of Amazon QLDB as well.
//
//	revision, err := verify.ParseRevision([]byte(*out.Revision.IonText))
//	proof, err := verify.ParseProof([]byte(*out.Proof.IonText))
//	err = verify.Inclusion(revision, proof, digest, tip)
//
// A nil error means: data (or dataHash) and metadata of the revision are, bit for bit, those that the digest stands
// for. A *MismatchError says which step failed; a *FormatError that the input is not what the service returns, which
// is no sign of tampering by itself.
//
// Not covered, because no hash of the service covers them: the blockAddress of a revision (its strand must be the
// tip's, its sequenceNo must fit the length of the proof), and of a block its blockAddress, transactionId and
// blockTimestamp.
//
// Sources: Amazon QLDB developer guide, "Data verification in Amazon QLDB"; the verifiers of
// amazon-qldb-dmv-sample-java and -python.
package verify
