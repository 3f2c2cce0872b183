package verify_test

import (
	"encoding/base64"
	"os"
	"slices"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

const most = 300

// literal follows the rule of the service's verifiers word for word: join neighbours, move an odd last one up, note
// the siblings of one leaf on the way.
func literal(list [][32]byte, index int) (root [32]byte, path [][]byte) {
	level := slices.Clone(list)
	for len(level) > 1 {
		var up [][32]byte
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				up = append(up, level[i])
				continue
			}
			up = append(up, ion.Dot(level[i], level[i+1]))
			if i == index {
				path = append(path, slices.Clone(level[i+1][:]))
			}
			if i+1 == index {
				path = append(path, slices.Clone(level[i][:]))
			}
		}
		level, index = up, index/2
	}
	return level[0], path
}

// chainOf is n blocks with one revision each.
func chainOf(n int) []verify.Block {
	const strand = "9DBeKfUQzbaKuOyVvEqGLM"
	blocks := make([]verify.Block, n)
	previous := ion.Hash(ion.String(strand))
	for i := range blocks {
		info := ion.Struct(ion.F("statements", ion.List(ion.Int(int64(i)))))
		metadata := ion.Struct(ion.F("id", ion.String("a")), ion.F("version", ion.Int(int64(i))))
		address := verify.BlockAddress{StrandID: strand, SequenceNo: int64(i)}
		r := verify.Revision{Address: address, Metadata: metadata, Hash: ion.Hash(metadata)}
		entries := ion.Dot(ion.Hash(info), r.Hash)
		blocks[i] = verify.Block{
			Address: address, TransactionInfo: info, Revisions: []verify.Revision{r}, EntriesHash: entries,
			EntriesHashList: [][32]byte{ion.Hash(info), r.Hash}, PreviousBlockHash: previous,
			BlockHash: ion.Dot(entries, previous),
		}
		previous = blocks[i].BlockHash
	}
	return blocks
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
	blocks := chainOf(most)
	hashes := make([][32]byte, most)
	for i, b := range blocks {
		hashes[i] = b.BlockHash
	}
	var chain verify.Chain
	for tip, last := range blocks {
		if err := chain.Add(last); err != nil {
			t.Fatal(err)
		}
		root, _ := literal(hashes[:tip+1], 0)
		digest, at, ok := chain.Digest()
		if !ok || at != last.Address || [32]byte(digest) != root {
			t.Fatalf("digest at %d: got %x at %v, %v, want %x", tip, digest, at, ok, root)
		}
		for _, i := range indexes(tip + 1) {
			_, proof := literal(hashes[:tip+1], i)
			checkBlock(t, blocks[i], proof, digest, last.Address)
		}
	}
}

func checkBlock(t *testing.T, b verify.Block, proof [][]byte, digest []byte, tip verify.BlockAddress) {
	t.Helper()
	if err := verify.BlockInclusion(b, proof, digest, tip); err != nil {
		t.Fatalf("%v under %v: %v", b, tip, err)
	}
	r := b.Revisions[0]
	whole := append([][]byte{b.EntriesHashList[0][:], b.PreviousBlockHash[:]}, proof...)
	if err := verify.Inclusion(r, whole, digest, tip); err != nil {
		t.Fatalf("%v of %v under %v: %v", r, b, tip, err)
	}
	if got := stepOf(verify.BlockInclusion(b, whole, digest, tip)); got != string(verify.StepProofLength) {
		t.Fatalf("%v under %v with a longer proof: got step %q", b, tip, got)
	}
	if got := stepOf(verify.Inclusion(r, whole[1:], digest, tip)); got != string(verify.StepProofLength) {
		t.Fatalf("%v of %v under %v with a shorter proof: got step %q", r, b, tip, got)
	}
}

func TestInclusionLengths(t *testing.T) {
	t.Parallel()
	b := chainOf(1)[0]
	proof := [][]byte{b.EntriesHashList[0][:], b.PreviousBlockHash[:]}
	r := b.Revisions[0]
	if err := verify.Inclusion(r, proof, b.BlockHash[:], b.Address); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		proof  [][]byte
		digest []byte
		want   verify.Step
	}{
		"element of 31 bytes": {[][]byte{proof[0], proof[1][:31]}, b.BlockHash[:], verify.StepProofLength},
		"empty element":       {[][]byte{proof[0], nil}, b.BlockHash[:], verify.StepProofLength},
		"digest of 31 bytes":  {proof, b.BlockHash[:31], verify.StepDigest},
		"no digest":           {proof, nil, verify.StepDigest},
		"no proof":            {nil, b.BlockHash[:], verify.StepProofLength},
		"endless proof":       {slices.Repeat(proof, 200), b.BlockHash[:], verify.StepProofLength},
	} {
		if got := stepOf(verify.Inclusion(r, c.proof, c.digest, b.Address)); got != string(c.want) {
			t.Errorf("%s: got step %q, want %q", name, got, c.want)
		}
	}
	b.Address.SequenceNo = -1
	if got := stepOf(verify.BlockInclusion(b, nil, b.BlockHash[:], b.Address)); got != string(verify.StepAddress) {
		t.Errorf("negative sequence number: got step %q", got)
	}
}

func exported(t *testing.T) []verify.Block {
	t.Helper()
	data, err := os.ReadFile("../harness/journal/testdata/export/ION_TEXT.data")
	if err != nil {
		t.Fatal(err)
	}
	values, err := ion.Decode(data, ion.Options{})
	if err != nil {
		t.Fatal(err)
	}
	blocks := make([]verify.Block, len(values))
	for i, v := range values {
		if blocks[i], err = verify.BlockOf(v); err != nil {
			t.Fatal(err)
		}
	}
	return blocks
}

// TestChainOfExport checks what the maker exported, and its digests against ones computed beforehand with the public
// Ion hash library.
func TestChainOfExport(t *testing.T) {
	t.Parallel()
	want := map[int64]string{
		2: "b0TIRGnIH8NerwAaVt/BBvMjFg8BpZClT+czR/TjUXE=", 4: "WWM2rkvr2gB9tAf1vx3pqQWy8qa+exJDSk1GyjVZjNo=",
	}
	var chain verify.Chain
	if _, _, ok := chain.Digest(); ok {
		t.Error("a chain without blocks has a digest")
	}
	for _, b := range exported(t) {
		if err := chain.Add(b); err != nil {
			t.Fatal(err)
		}
		digest, tip, _ := chain.Digest()
		if w, ok := want[tip.SequenceNo]; ok && base64.StdEncoding.EncodeToString(digest) != w {
			t.Errorf("digest at %v: got %x, want %s", tip, digest, w)
		}
		delete(want, tip.SequenceNo)
	}
	if len(want) > 0 {
		t.Errorf("blocks missing: %v", want)
	}
}

func TestChainNamesTheStep(t *testing.T) {
	t.Parallel()
	blocks := exported(t)
	edited := func(i int, edit func(*verify.Block)) verify.Block {
		b := blocks[i]
		b.EntriesHashList = slices.Clone(b.EntriesHashList)
		edit(&b)
		return b
	}
	var chain verify.Chain
	for _, b := range blocks[:2] {
		if err := chain.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		block verify.Block
		want  verify.Step
	}{
		"left out": {blocks[3], verify.StepSequenceNo},
		"twice":    {blocks[1], verify.StepSequenceNo},
		"of another ledger": {edited(2, func(b *verify.Block) {
			b.Address.StrandID, b.Revisions = "AnotherStrand000000000", nil
		}), verify.StepAddress},
		"after another block": {edited(2, func(b *verify.Block) {
			b.PreviousBlockHash[0] ^= 1
			b.BlockHash = ion.Dot(b.EntriesHash, b.PreviousBlockHash)
		}), verify.StepPreviousBlockHash},
		"changed": {edited(2, func(b *verify.Block) { b.EntriesHashList[0][0] ^= 1 }), verify.StepEntry},
	} {
		if got := stepOf(chain.Add(c.block)); got != string(c.want) {
			t.Errorf("block %s: got step %q, want %q", name, got, c.want)
		}
	}
	if err := chain.Add(blocks[2]); err != nil {
		t.Errorf("the right block after wrong ones: %v", err)
	}
	var late verify.Chain
	for _, b := range blocks[2:] {
		if err := late.Add(b); err != nil {
			t.Error(err)
		}
	}
	if _, _, ok := late.Digest(); ok {
		t.Error("a chain from block 2 on has a digest")
	}
}
