package merkle

import "github.com/qldbkms/terraform-provider-qldbkms/internal/ion"

// Root is the root over a short list in memory. ok is false for an empty list, which has none.
func Root(list []Hash) (root Hash, ok bool) {
	if len(list) == 0 {
		return Hash{}, false
	}
	for level := list; ; level = parents(level) {
		if len(level) == 1 {
			return level[0], true
		}
	}
}

// Path leads from list[index] to Root(list): the sibling on every level, bottom up, and nothing on levels where the
// node has none.
func Path(list []Hash, index int) ([]Hash, error) {
	if index < 0 || index >= len(list) {
		return nil, &RangeError{Index: uint64(index), Size: uint64(len(list))}
	}
	var path []Hash
	for level := list; len(level) > 1; level = parents(level) {
		if sibling := index ^ 1; sibling < len(level) {
			path = append(path, level[sibling])
		}
		index >>= 1
	}
	return path, nil
}

func parents(level []Hash) []Hash {
	up := make([]Hash, 0, (len(level)+1)/2)
	for len(level) > 1 {
		up = append(up, ion.Dot(level[0], level[1]))
		level = level[2:]
	}
	return append(up, level...)
}

// Ion is proof as GetBlock and GetRevision return it: a list of blobs, from leaf to root.
func Ion(proof []Hash) ion.Value {
	list := make([]ion.Value, len(proof))
	for i, h := range proof {
		list[i] = ion.Blob(h[:])
	}
	return ion.List(list...)
}
