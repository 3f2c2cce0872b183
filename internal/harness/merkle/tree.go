// Package merkle makes the digests of a ledger with the proofs that lead to them.
//
// The leaves of the tree are the hashes of a journal's blocks, in order. A level is made from the one below by
// joining neighbours with the dot operator; the last node of a level that has no neighbour moves up as it is. The
// node that is left is the digest. The same rule makes the trees inside a block: over its revisions' hashes, and over
// its entries (Root, Path).
//
//	level 2          n2,0             digest of 5 blocks = dot(n2,0, b4)
//	level 1     n1,0      n1,1
//	level 0    b0   b1   b2   b3   b4
//
// A node is full when all leaves below it are there. Full nodes never change again, so they are kept (Node), and
// digests and proofs for any earlier tip are made from them without touching the leaves: about 2n nodes of 32 bytes
// for n blocks, at most log2(n) of them new for one block, at most log2(n)² read for a proof.
//
// Promised: the same leaves give the same nodes, digests and proofs in every process. Not promised: that what a Nodes
// returns is true. Whoever changes stored nodes makes proofs fail against digests handed out before; the checker
// (verify) knows nothing of this package and trusts only the digest.
//
// Sources: Amazon QLDB developer guide, "Data verification in Amazon QLDB"; the order of the operands and the
// promotion of odd nodes: the verifier of amazon-qldb-dmv-sample-java.
package merkle

import (
	"fmt"
	"math/bits"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// Hash is a SHA-256 hash: of a block, of a revision or of an inner node.
type Hash = [32]byte

// An ID names the node that covers the leaves [Index<<Level, (Index+1)<<Level).
type ID struct {
	Level uint8 // 0 for leaves
	Index uint64
}

// A Node is a full node of the tree.
type Node struct {
	ID   ID
	Hash Hash
}

// Nodes returns nodes that were stored before. A node that is not there is an error: it is only asked for those
// which the size it was given implies.
type Nodes interface {
	Node(id ID) (Hash, error)
}

// A Frontier is the right edge of a growing tree: what is needed to append a leaf or to tell the digest. It does not
// change once made, so a commit that fails goes on with the one it began with. The zero Frontier is the empty tree.
type Frontier struct {
	size  uint64
	peaks []Hash // the largest full subtrees from left to right, one for each bit set in size
}

// LoadFrontier is the frontier of the first size leaves in nodes.
func LoadFrontier(nodes Nodes, size uint64) (Frontier, error) {
	f := Frontier{size: size}
	for _, id := range peakIDs(0, size) {
		h, err := nodes.Node(id)
		if err != nil {
			return Frontier{}, fmt.Errorf("load frontier of %d leaves: %w", size, err)
		}
		f.peaks = append(f.peaks, h)
	}
	return f, nil
}

// Size is the number of leaves.
func (f Frontier) Size() uint64 { return f.size }

// Append is f with the next leaf, and the nodes that are full since, lowest first. They must be stored before anybody
// asks for a proof at the new size.
func (f Frontier) Append(leaf Hash) (Frontier, []Node) {
	node := Node{ID: ID{Index: f.size}, Hash: leaf}
	grown := []Node{node}
	kept := len(f.peaks)
	for n := f.size; n&1 == 1; n >>= 1 {
		kept--
		node = Node{ID: node.ID.parent(), Hash: ion.Dot(f.peaks[kept], node.Hash)}
		grown = append(grown, node)
	}
	peaks := make([]Hash, 0, kept+1)
	return Frontier{size: f.size + 1, peaks: append(append(peaks, f.peaks[:kept]...), node.Hash)}, grown
}

// Digest is the digest at the last leaf; ok is false for the empty tree, which has none.
func (f Frontier) Digest() (digest Hash, ok bool) {
	if f.size == 0 {
		return Hash{}, false
	}
	return foldPeaks(f.peaks), true
}

// Digest is the digest of the first size leaves, size being at least 1.
func Digest(nodes Nodes, size uint64) (Hash, error) {
	if size == 0 {
		return Hash{}, &RangeError{Size: size}
	}
	return rangeRoot(nodes, 0, size)
}

// Proof leads from the leaf called index to the digest of the first size leaves: the sibling on every level, bottom
// up, and nothing on levels where the node has none.
func Proof(nodes Nodes, index, size uint64) ([]Hash, error) {
	if index >= size {
		return nil, &RangeError{Index: index, Size: size}
	}
	proof := make([]Hash, 0, bits.Len64(size))
	for id := (ID{Index: index}); size > id.width(); id = id.parent() {
		sibling := ID{Level: id.Level, Index: id.Index ^ 1}
		start := sibling.Index << sibling.Level
		if start >= size {
			continue
		}
		h, err := rangeRoot(nodes, start, min(size, start+sibling.width()))
		if err != nil {
			return nil, fmt.Errorf("prove leaf %d of %d: %w", index, size, err)
		}
		proof = append(proof, h)
	}
	return proof, nil
}

// A RangeError says that a tree of Size leaves has no leaf called Index, or that it is empty.
type RangeError struct{ Index, Size uint64 }

func (e *RangeError) Error() string {
	if e.Size == 0 {
		return "an empty tree has neither digest nor proofs"
	}
	return fmt.Sprintf("leaf %d is not one of the first %d", e.Index, e.Size)
}

// rangeRoot is the root over the leaves [start, end), where start is the first leaf of a node at least as wide.
func rangeRoot(nodes Nodes, start, end uint64) (Hash, error) {
	var peaks []Hash
	for _, id := range peakIDs(start, end) {
		h, err := nodes.Node(id)
		if err != nil {
			return Hash{}, err
		}
		peaks = append(peaks, h)
	}
	return foldPeaks(peaks), nil
}

// peakIDs are the largest full nodes that cover [start, end), from left to right.
func peakIDs(start, end uint64) []ID {
	var ids []ID
	for start < end {
		level := uint8(bits.Len64(end-start) - 1)
		ids = append(ids, ID{Level: level, Index: start >> level})
		start += 1 << level
	}
	return ids
}

// foldPeaks joins from the right: the smaller subtree was promoted until it met its left neighbour.
func foldPeaks(peaks []Hash) Hash {
	root := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		root = ion.Dot(peaks[i], root)
	}
	return root
}

func (id ID) parent() ID { return ID{Level: id.Level + 1, Index: id.Index >> 1} }

func (id ID) width() uint64 { return 1 << id.Level }
