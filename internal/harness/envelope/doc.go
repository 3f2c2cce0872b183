// Package envelope keeps what is in a ledger under the ledger's KMS key.
//
// Keys stand in four levels, each wrapped by the one above, all of 32 bytes:
//
//	level 0  the KMS key that the customer chose, or the service's own key     never seen here: a KeyWrapper
//	level 1  the root node key, one per ledger                                 Root.Ciphertext, by KMS
//	level 2  the node keys of the strand, of the index and of the catalog      Root.Nodes, under level 1
//	level 3  segment keys, each for a limited number of sealings               service state, under level 2
//	data     blocks, index values, the catalog                                 under level 3
//
// Changing the KMS key makes the next version of the root node key and wraps the node keys under it: a Root of a few
// hundred bytes is replaced, in one write, and nothing below it is touched. So the work does not grow with the data,
// whoever reads or writes meanwhile notices nothing, and at any moment exactly one Root is valid.
//
// Everything is AES-256-GCM with a nonce of 96 random bits. Additional data binds each wrapped key to the ledger, to
// its own id and version and to those of its parent, and sealed data to the ledger and to the place where it belongs,
// so that nothing opens elsewhere. A wrapped key:
//
//	 0   1  version: 1
//	 1  12  nonce
//	13  48  the key, encrypted, and the tag
//
// Sealed data:
//
//	 0   1  version: 2
//	 1   1  the node: 1 strand, 2 index, 3 catalog
//	 2   4  number of the segment key, big-endian
//	 6  12  nonce
//	18   n  the data, encrypted, and the tag
//
// Random nonces under one key begin to repeat with some likelihood after 2^32 sealings (NIST SP 800-38D, 8.3). A
// segment key is for 2^20, which are reserved in portions before they are used, so that a restart neither forgets
// what was used up nor needs a new key.
//
// Plaintext keys are in the memory of a Ring alone, until they expire or are dropped. Then they are overwritten; the
// expanded keys inside of Go's ciphers cannot be, and are left to the garbage collector. When keys have expired the
// next use asks for them again, which asks KMS: so a key that KMS refuses is noticed. A commit holds its keys until it
// is done, since half of one would be worse; it takes no longer than a write to the disk.
//
// Source: the service's events show data keys for a "key hierarchy node"; how the hierarchy goes on is not public.
package envelope
