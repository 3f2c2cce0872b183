package journal

import "github.com/qldbkms/terraform-provider-qldbkms/internal/ion"

// StatementDigest is the hash of a statement's text with the hashes of its parameters folded in, in their order. It
// is what drivers fold into the commit digest, and what a block keeps as statementDigest.
//
// Source: amazon-qldb-driver-go, transaction.go.
func StatementDigest(text string, parameters ...ion.Value) Hash {
	digest := ion.Hash(ion.String(text))
	for _, p := range parameters {
		digest = ion.Dot(digest, ion.Hash(p))
	}
	return digest
}

// A CommitDigest is the running hash over a transaction that client and server keep, and must agree on at the commit.
type CommitDigest Hash

// StartDigest is the digest of a transaction without statements.
func StartDigest(id TxID) CommitDigest { return CommitDigest(ion.Hash(ion.String(string(id)))) }

// With is the digest after one more statement. A statement that fails is folded in as well: drivers do so before they
// send it.
func (d CommitDigest) With(statement Hash) CommitDigest {
	return CommitDigest(ion.Dot(Hash(d), statement))
}
