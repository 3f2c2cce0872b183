package verify_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

// TestFlippedByte changes each byte of what an auditor hands in, in text and in binary. The check must fail, unless
// what was read is the same in everything that a hash covers: see the package comment for what none covers.
func TestFlippedByte(t *testing.T) {
	t.Parallel()
	for name, good := range goodProbes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flipEach(t, good)
			inBinary := good
			for _, part := range []*string{&inBinary.revision, &inBinary.block, &inBinary.proof, &inBinary.tip} {
				if *part == "" {
					continue
				}
				v, err := ion.ParseOne(*part, ion.Options{})
				if err != nil {
					t.Fatal(err)
				}
				*part = string(ion.EncodeBinary(v))
			}
			flipEach(t, inBinary)
		})
	}
}

func flipEach(t *testing.T, good probe) {
	t.Helper()
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []func(*probe) *string{revisionOf, blockOf, proofOf, digestOf, tipOf} {
		for i := range len(*part(&good)) {
			for _, bits := range []byte{0x01, 0x20, 0xFF} {
				bad := good
				text := []byte(*part(&bad))
				text[i] ^= bits
				*part(&bad) = string(text)
				if bad.check() == nil && !sameProven(t, good, bad) {
					t.Fatalf("byte %d ^ %#x passed: %s", i, bits, text)
				}
			}
		}
	}
}

// sameProven says whether two probes that pass are the same but for addresses.
func sameProven(t *testing.T, a, b probe) bool {
	t.Helper()
	if read(t, a.proof, verify.ParseProof) != read(t, b.proof, verify.ParseProof) || a.digest != b.digest {
		return false
	}
	if a.block == "" {
		return sameRevision(must(verify.ParseRevision([]byte(a.revision))), must(verify.ParseRevision([]byte(b.revision))))
	}
	x, y := must(verify.ParseBlock([]byte(a.block))), must(verify.ParseBlock([]byte(b.block)))
	return x.BlockHash == y.BlockHash && x.EntriesHash == y.EntriesHash && x.PreviousBlockHash == y.PreviousBlockHash &&
		slices.Equal(x.EntriesHashList, y.EntriesHashList) && x.TransactionInfo.Equal(y.TransactionInfo) &&
		x.RedactionInfo.Equal(y.RedactionInfo) && slices.EqualFunc(x.Revisions, y.Revisions, sameRevision)
}

func sameRevision(a, b verify.Revision) bool {
	if (a.DataHash == nil) != (b.DataHash == nil) || a.DataHash != nil && *a.DataHash != *b.DataHash {
		return false
	}
	return a.Hash == b.Hash && a.Data.Equal(b.Data) && a.Metadata.Equal(b.Metadata)
}

func read(t *testing.T, text string, parse func([]byte) ([][]byte, error)) string {
	t.Helper()
	list, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.Join(list, nil))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
