package verify_test

import (
	"path/filepath"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

// FuzzInclusion hands in anything. Nothing may panic; what passes must be bounded, and must read back the same.
func FuzzInclusion(f *testing.F) {
	files, err := filepath.Glob("testdata/probes/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	probes := make([]probe, 0, len(files))
	for _, name := range files {
		probes = append(probes, readProbe(f, name))
	}
	for _, p := range goodProbes(f) {
		probes = append(probes, p)
	}
	for _, p := range probes {
		f.Add([]byte(p.revision+p.block), []byte(p.proof), p.digest, []byte(p.tip))
	}
	for _, in := range fuzzed.Inputs(f) {
		f.Add([]byte(in[0]), []byte(in[1]), in[2], []byte(in[3]))
	}
	f.Fuzz(func(t *testing.T, object, proofText []byte, digestText string, tipText []byte) {
		proof, proofErr := verify.ParseProof(proofText)
		if len(proof) > verify.MaxProofLength {
			t.Fatalf("a proof of %d elements", len(proof))
		}
		digest, digestErr := verify.ParseDigest(digestText)
		tip, tipErr := verify.ParseAddress(tipText)
		revision, revisionErr := verify.ParseRevision(object)
		block, blockErr := verify.ParseBlock(object)
		for _, err := range []error{proofErr, digestErr, tipErr, revisionErr, blockErr} {
			if err != nil && stepOf(err) != "format" {
				t.Fatalf("got %T %v, want a *FormatError", err, err)
			}
		}
		// Values that parsing refused are handed on as well: checks must stand whatever they get.
		if verify.Inclusion(revision, proof, digest, tip) == nil && revision.Check() != nil {
			t.Fatal("a revision with a wrong hash is included")
		}
		if verify.BlockInclusion(block, proof, digest, tip) == nil && block.Check() != nil {
			t.Fatal("a block with a wrong hash is included")
		}
		var chain verify.Chain
		if err := chain.Add(block); err == nil {
			_ = chain.Add(block)
			chain.Digest()
		}
	})
}
