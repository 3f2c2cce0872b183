package verify

import (
	"math/bits"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

type hash = [32]byte

// fold joins the hashes of path to h, one after the other.
func fold(h hash, path []hash) hash {
	for _, sibling := range path {
		h = ion.Dot(h, sibling)
	}
	return h
}

// root joins neighbours level by level; the last of an odd number moves up as it is. It changes list.
func root(list []hash) (h hash, ok bool) {
	for len(list) > 1 {
		for i := range list[:len(list)/2] {
			list[i] = ion.Dot(list[2*i], list[2*i+1])
		}
		if odd := len(list)%2 == 1; odd {
			list[len(list)/2] = list[len(list)-1]
		}
		list = list[:(len(list)+1)/2]
	}
	if len(list) == 0 {
		return hash{}, false
	}
	return list[0], true
}

// pathLength is the number of siblings between block index and the digest over the blocks up to tip.
//
// Below the node that covers both, every node on the way has a sibling. From there on the way is that of the tip,
// which is the last node of each level: it has a sibling, the one to its left, where its index is odd.
func pathLength(index, tip int64) int {
	apart := bits.Len64(uint64(index ^ tip))
	return apart + bits.OnesCount64(uint64(tip)>>apart)
}
