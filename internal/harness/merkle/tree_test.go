package merkle_test

import (
	"errors"
	"math/bits"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const most = 300

// stored keeps nodes in memory and counts how many are read.
type stored struct {
	hashes map[merkle.ID]merkle.Hash
	read   int
}

var errNoNode = errors.New("no such node")

func (s *stored) Node(id merkle.ID) (merkle.Hash, error) {
	s.read++
	h, ok := s.hashes[id]
	if !ok {
		return merkle.Hash{}, errNoNode
	}
	return h, nil
}

func leaves(n int) []merkle.Hash {
	list := make([]merkle.Hash, n)
	for i := range list {
		list[i] = ion.Hash(ion.Int(int64(i)))
	}
	return list
}

// grow is the tree over list, with the frontier after each leaf.
func grow(list []merkle.Hash) (*stored, []merkle.Frontier) {
	s := &stored{hashes: map[merkle.ID]merkle.Hash{}}
	edges := make([]merkle.Frontier, len(list)+1)
	for i, leaf := range list {
		next, grown := edges[i].Append(leaf)
		for _, n := range grown {
			s.hashes[n.ID] = n.Hash
		}
		edges[i+1] = next
	}
	return s, edges
}

// literal follows the rule of the service's verifiers word for word: join neighbours, move an odd last one up, note
// the siblings of one leaf on the way.
func literal(list []merkle.Hash, index int) (root merkle.Hash, path []merkle.Hash) {
	level := slices.Clone(list)
	for len(level) > 1 {
		var up []merkle.Hash
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				up = append(up, level[i])
				continue
			}
			up = append(up, ion.Dot(level[i], level[i+1]))
			if i == index {
				path = append(path, level[i+1])
			}
			if i+1 == index {
				path = append(path, level[i])
			}
		}
		level, index = up, index/2
	}
	return level[0], path
}

// indexes are all leaves of a small tree; of a larger one the last ones, which are moved up, and every seventh.
func indexes(size int) []int {
	var list []int
	for i := range size {
		if size <= 66 || i >= size-3 || i%7 == size%7 {
			list = append(list, i)
		}
	}
	return list
}

func TestProofsOfEverySize(t *testing.T) {
	t.Parallel()
	list := leaves(most)
	nodes, edges := grow(list)
	for size := 1; size <= most; size++ {
		want, _ := literal(list[:size], 0)
		got, err := merkle.Digest(nodes, uint64(size))
		if err != nil || got != want {
			t.Fatalf("digest of %d leaves: got %x, %v, want %x", size, got, err, want)
		}
		if edge, ok := edges[size].Digest(); !ok || edge != want {
			t.Fatalf("digest at the frontier of %d leaves: got %x, %v, want %x", size, edge, ok, want)
		}
		if root, ok := merkle.Root(list[:size]); !ok || root != want {
			t.Fatalf("root of %d: got %x, %v, want %x", size, root, ok, want)
		}
		for _, index := range indexes(size) {
			checkProof(t, nodes, list[:size], index, want)
		}
	}
}

func checkProof(t *testing.T, nodes *stored, list []merkle.Hash, index int, digest merkle.Hash) {
	t.Helper()
	_, want := literal(list, index)
	nodes.read = 0
	got, err := merkle.Proof(nodes, uint64(index), uint64(len(list)))
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("proof of leaf %d of %d: got %x, %v, want %x", index, len(list), got, err, want)
	}
	if levels := bits.Len(uint(len(list))); nodes.read > levels*levels {
		t.Errorf("proof of leaf %d of %d read %d nodes, want at most %d", index, len(list), nodes.read, levels*levels)
	}
	path, err := merkle.Path(list, index)
	if err != nil || !slices.Equal(path, want) {
		t.Fatalf("path of %d of %d: got %x, %v, want %x", index, len(list), path, err, want)
	}
	h := list[index]
	for _, sibling := range got {
		h = ion.Dot(h, sibling)
	}
	if h != digest {
		t.Fatalf("proof of leaf %d of %d leads to %x, want %x", index, len(list), h, digest)
	}
}

func TestNodesAreFewAndStay(t *testing.T) {
	t.Parallel()
	var edge merkle.Frontier
	count := 0
	seen := map[merkle.ID]bool{}
	for i, leaf := range leaves(most) {
		next, grown := edge.Append(leaf)
		for _, n := range grown {
			if seen[n.ID] {
				t.Fatalf("leaf %d changes node %v", i, n.ID)
			}
			seen[n.ID] = true
		}
		if count += len(grown); count >= 2*(i+1) {
			t.Fatalf("%d nodes for %d leaves", count, i+1)
		}
		edge = next
	}
	if edge.Size() != most {
		t.Errorf("got size %d, want %d", edge.Size(), most)
	}
}

func TestLoadedFrontierGoesOn(t *testing.T) {
	t.Parallel()
	list := leaves(most)
	nodes, edges := grow(list)
	for size := range most {
		loaded, err := merkle.LoadFrontier(nodes, uint64(size))
		if err != nil {
			t.Fatal(err)
		}
		got, grown := loaded.Append(list[size])
		wanted, wantGrown := edges[size].Append(list[size])
		gotDigest, _ := got.Digest()
		wantDigest, _ := wanted.Digest()
		if gotDigest != wantDigest || !slices.Equal(grown, wantGrown) {
			t.Fatalf("after %d leaves the loaded frontier goes on otherwise", size)
		}
	}
}

// A commit that fails is tried again, or another takes its place, from the same frontier.
func TestFrontierDoesNotChange(t *testing.T) {
	t.Parallel()
	list := leaves(most)
	_, edges := grow(list)
	for size := 1; size < most; size++ {
		before, _ := edges[size].Digest()
		other, _ := edges[size].Append(ion.Hash(ion.String("other")))
		again, _ := edges[size].Append(list[size])
		after, _ := edges[size].Digest()
		wanted, _ := edges[size+1].Digest()
		got, _ := again.Digest()
		wrong, _ := other.Digest()
		if before != after || got != wanted || wrong == wanted {
			t.Fatalf("frontier of %d leaves changed", size)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	nodes, _ := grow(leaves(7))
	var empty merkle.Frontier
	if _, ok := empty.Digest(); ok {
		t.Error("an empty frontier has a digest")
	}
	if _, ok := merkle.Root(nil); ok {
		t.Error("an empty list has a root")
	}
	_, noDigest := merkle.Digest(nodes, 0)
	_, afterLast := merkle.Proof(nodes, 7, 7)
	_, noPath := merkle.Path(leaves(3), 3)
	_, negative := merkle.Path(leaves(3), -1)
	for name, err := range map[string]error{
		"digest of nothing": noDigest, "proof after the last": afterLast, "path after the last": noPath,
		"path before the first": negative,
	} {
		var rangeError *merkle.RangeError
		if !errors.As(err, &rangeError) {
			t.Errorf("%s: got %v, want a *RangeError", name, err)
		}
	}
	_, digest := merkle.Digest(nodes, 8)
	_, proof := merkle.Proof(nodes, 1, 8)
	_, frontier := merkle.LoadFrontier(nodes, 8)
	for name, err := range map[string]error{"digest": digest, "proof": proof, "frontier": frontier} {
		if !errors.Is(err, errNoNode) {
			t.Errorf("%s beyond what is stored: got %v, want the error of Nodes", name, err)
		}
	}
}

func TestIon(t *testing.T) {
	t.Parallel()
	got := merkle.Ion([]merkle.Hash{{}, {31: 1}}).String()
	want := "[{{AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}},{{AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=}}]"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
	if got := merkle.Ion(nil).String(); got != "[]" {
		t.Errorf("empty proof: got %s, want []", got)
	}
}
