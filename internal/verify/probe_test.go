package verify_test

import (
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

var update = flag.Bool("update", false, "make the probes anew")

// mutation makes a bad probe from a good one.
type mutation struct {
	name, base, about, step string
	edit                    func(*probe) error
}

// change replaces the first old in the part of the probe that field chooses.
func change(field func(*probe) *string, old, text string) func(*probe) error {
	return func(p *probe) error {
		part := field(p)
		if !strings.Contains(*part, old) {
			return fmt.Errorf("no %q to replace", old)
		}
		*part = strings.Replace(*part, old, text, 1)
		return nil
	}
}

func revisionOf(p *probe) *string { return &p.revision }
func blockOf(p *probe) *string    { return &p.block }
func proofOf(p *probe) *string    { return &p.proof }
func digestOf(p *probe) *string   { return &p.digest }
func tipOf(p *probe) *string      { return &p.tip }

// elements edits the proof as a list.
func elements(edit func([]ion.Value) []ion.Value) func(*probe) error {
	return func(p *probe) error {
		v, err := ion.ParseOne(p.proof, ion.Options{})
		if err != nil {
			return err
		}
		p.proof = ion.List(edit(slices.Clone(v.Items()))...).String()
		return nil
	}
}

// forge changes the data and states the hash that the changed data have, as whoever controls the ledger would.
func forge(p *probe) error {
	if err := change(revisionOf, "90.25", "0.25")(p); err != nil {
		return err
	}
	r, err := verify.ParseRevision([]byte(p.revision))
	if err != nil {
		return err
	}
	h := ion.Dot(ion.Hash(r.Data), ion.Hash(r.Metadata))
	return change(revisionOf, base64.StdEncoding.EncodeToString(r.Hash[:]), base64.StdEncoding.EncodeToString(h[:]))(p)
}

// forgeBlock states hashes that fit a changed entry.
func forgeBlock(p *probe) error {
	b, err := verify.ParseBlock([]byte(p.block))
	if err != nil {
		return err
	}
	list := slices.Clone(b.EntriesHashList)
	list[0][0] ^= 1
	entries := ion.Dot(ion.Dot(list[0], list[1]), ion.Dot(list[2], list[3]))
	block := ion.Dot(entries, b.PreviousBlockHash)
	for _, swap := range [][2][32]byte{
		{b.EntriesHashList[0], list[0]}, {b.EntriesHash, entries}, {b.BlockHash, block},
	} {
		old, text := base64.StdEncoding.EncodeToString(swap[0][:]), base64.StdEncoding.EncodeToString(swap[1][:])
		if err := change(blockOf, old, text)(p); err != nil {
			return err
		}
	}
	return nil
}

// short is 31 bytes.
var short = base64.StdEncoding.EncodeToString(make([]byte, 31))

func mutations() []mutation {
	return slices.Concat(revisionMutations(), proofMutations(), blockMutations())
}

func revisionMutations() []mutation {
	const base, hash = "service-revision", string(verify.StepRevisionHash)
	edit := func(old, text string) func(*probe) error { return change(revisionOf, old, text) }
	return []mutation{
		{"data-value", base, "A fine of 90.25 became 90.26.", hash, edit("90.25", "90.26")},
		{"data-precision", base, "90.25 became 90.250: equal, but another value.", hash, edit("90.25", "90.250")},
		{"data-type", base, "A string became a symbol.", hash, edit(`"WA"`, "'WA'")},
		{"data-annotation", base, "The data got an annotation.", hash, edit("data:{", "data:paid::{")},
		{"data-field-name", base, "A field got another name.", hash, edit("City", "city")},
		{"data-field-more", base, "The data got one more field.", hash, edit("data:{", "data:{Paid:true,")},
		{"data-list-order", base, "A list became longer.", hash, edit("SecondaryOwners:[", "SecondaryOwners:[{},")},
		{"data-gone", "revision-3-2r", "Data are left out, so it looks like a deletion.", hash, func(p *probe) error {
			from, to := strings.Index(p.revision, "data:"), strings.Index(p.revision, "metadata:")
			p.revision = p.revision[:from] + p.revision[to:]
			return nil
		}},
		{"data-hash", "revision-2-2r", "The hash of the redacted data is another.", hash, edit("{{XGQT", "{{XGQS")},
		{"data-hash-gone", "revision-2-2r", "A redaction made to look like a deletion.", hash,
			edit("dataHash:{{XGQTKUh2eoenQYhH2K9bcykmXpBY2gsJ8/FO4lYjYe0=}},", "")},
		{"deletion-with-data", "revision-5-3s", "A deletion got data.", hash, edit("metadata:", "data:{id:2},metadata:")},
		{"metadata-version", base, "Version 3 became 4.", hash, edit("version:3", "version:4")},
		{"metadata-id", base, "Another document.", hash, edit(`id:"JUJ`, `id:"JUK`)},
		{"metadata-time", base, "A second later.", hash, edit("05.344Z", "06.344Z")},
		{"metadata-time-precision", base, "A zero more in the time.", hash, edit("05.344Z", "05.3440Z")},
		{"metadata-time-offset", base, "The same instant with an unknown offset.", hash, edit("05.344Z", "05.344-00:00")},
		{"metadata-transaction", base, "Another transaction.", hash, edit(`txId:"Fn`, `txId:"Fm`)},
		{"metadata-more", base, "One more field.", hash, edit("metadata:{", "metadata:{by:\"me\",")},
		{"hash", base, "Another hash is stated.", hash, edit("hash:{{m", "hash:{{n")},
		{"forged", base, "Data and hash were changed together.", string(verify.StepDigest), forge},
		{"strand", base, "Of another ledger.", string(verify.StepAddress), edit("KmA3ZZ", "KmA3ZY")},
		{"after-tip", base, "Written after the digest.", string(verify.StepAddress), edit("No:100", "No:124")},
		{"unknown-field", base, "Something unproven beside the data.", "format", edit("metadata:", "note:\"ok\",metadata:")},
		{"data-twice", base, "Two fields called data.", "format", edit("metadata:", "data:{},metadata:")},
		{"hash-short", base, "A hash of 31 bytes.", "format", edit("mHVex/yjHAWjFPpwhBuH2GKXmKJjK2FBa9faqoUVNtg=", short)},
		{"metadata-missing", "revision-3-2r", "The hash alone, as of a hidden revision.", "format", func(p *probe) error {
			p.revision = p.revision[:strings.Index(p.revision, ",data:")] + "}"
			return nil
		}},
		{"data-null", base, "Data that are null.", "format", func(p *probe) error {
			from, to := strings.Index(p.revision, "data:"), strings.Index(p.revision, ",metadata:")
			p.revision = p.revision[:from] + "data:null" + p.revision[to:]
			return nil
		}},
		{"two-revisions", base, "Two values.", "format", func(p *probe) error {
			p.revision += " " + p.revision
			return nil
		}},
		{"not-ion", base, "A brace is missing.", "format", func(p *probe) error {
			p.revision = p.revision[:len(p.revision)-1]
			return nil
		}},
	}
}

func proofMutations() []mutation {
	const base, digest, length = "service-revision", string(verify.StepDigest), string(verify.StepProofLength)
	return []mutation{
		{"proof-element", base, "A bit of an element.", digest, change(proofOf, "{{eRS", "{{eRT")},
		{"proof-swapped", base, "Two elements changed places.", digest, elements(func(l []ion.Value) []ion.Value {
			l[0], l[1] = l[1], l[0]
			return l
		})},
		{"proof-first-missing", base, "The first element is missing.", digest,
			elements(func(l []ion.Value) []ion.Value { return l[1:] })},
		{"proof-two-missing", base, "Two elements are missing.", length,
			elements(func(l []ion.Value) []ion.Value { return l[2:] })},
		{"proof-last-twice", base, "The last element comes twice.", digest,
			elements(func(l []ion.Value) []ion.Value { return append(l, l[len(l)-1]) })},
		{"proof-empty", base, "No elements.", length, elements(func([]ion.Value) []ion.Value { return nil })},
		{"proof-of-block", base, "The proof of the block instead of the revision's.", length,
			elements(func(l []ion.Value) []ion.Value { return l[3:] })},
		{"proof-too-long", base, "257 elements.", "format", elements(func(l []ion.Value) []ion.Value {
			for len(l) < 257 {
				l = append(l, l[0])
			}
			return l
		})},
		{"proof-short-element", base, "An element of 31 bytes.", "format",
			change(proofOf, "eRSwnmAM7WWANWDd5iGOyK+T4tDXyzUq6HZ/0fgLHos=", short)},
		{"proof-empty-element", base, "An element without bytes.", "format",
			elements(func(l []ion.Value) []ion.Value { return append(l, ion.Blob(nil)) })},
		{"proof-clob", base, "A clob among the blobs.", "format",
			elements(func(l []ion.Value) []ion.Value { return append(l, ion.Clob(make([]byte, 32))) })},
		{"proof-no-list", base, "A struct instead of a list.", "format", func(p *probe) error {
			p.proof = "{}"
			return nil
		}},
		{"digest", base, "A bit of the digest.", digest, change(digestOf, "6m6B", "6m6C")},
		{"digest-padding", base, "Bits that base64 must leave zero.", "format", change(digestOf, "Gk=", "Gl=")},
		{"digest-short", base, "31 bytes.", "format",
			change(digestOf, "6m6BMXobbJKpMhahwVthAEsN6awgnHK62Qq5McGP1Gk=", short)},
		{"digest-hexadecimal", base, "Not base64.", "format", func(p *probe) error {
			p.digest = strings.Repeat("0f", 32)
			return nil
		}},
		{"tip-before", base, "The digest is older than the revision.", string(verify.StepAddress),
			change(tipOf, "123", "99")},
		{"tip-strand", base, "The digest is of another ledger.", string(verify.StepAddress), change(tipOf, "KmA", "KmB")},
		{"tip-later", base, "The digest is said to be of a much later block.", length, change(tipOf, "123", "99999")},
		{"tip-negative", base, "A negative number.", "format", change(tipOf, "123", "-123")},
		{"tip-huge", base, "A number beyond 64 bits.", "format", change(tipOf, "123", strings.Repeat("9", 40))},
		{"tip-no-number", base, "The number is missing.", "format", change(tipOf, ",sequenceNo:123", "")},
	}
}

func blockMutations() []mutation {
	const base, entry = "service-block", string(verify.StepEntry)
	edit := func(old, text string) func(*probe) error { return change(blockOf, old, text) }
	return []mutation{
		{"block-statement", base, "A statement was changed.", entry, edit("WHERE r.VIN", "WHERE r.vin")},
		{"block-documents", base, "Another table is named.", entry, edit(`tableName:"V`, `tableName:"W`)},
		{"block-redaction-added", base, "A redaction that did not happen.", entry,
			edit("revisions:", "redactionInfo:{revisions:[]},revisions:")},
		{"block-redaction", "block-4", "Another version was redacted.", entry, edit("version:0", "version:1")},
		{"block-revision-gone", "block-3", "One of two revisions is missing.", entry, func(p *probe) error {
			from := strings.LastIndex(p.block, ",{blockAddress:")
			p.block = p.block[:from] + "]}"
			return nil
		}},
		{"block-revision-data", base, "The data of a revision.", string(verify.StepRevisionHash), edit("90.25", "90.26")},
		{"block-revision-address", base, "A revision of another block.", string(verify.StepAddress), func(p *probe) error {
			at := strings.LastIndex(p.block, "sequenceNo:100")
			p.block = p.block[:at] + "sequenceNo:101" + p.block[at+len("sequenceNo:101"):]
			return nil
		}},
		{"block-revision-hash", base, "A hidden revision with another hash.", entry, func(p *probe) error {
			from := strings.Index(p.block, "revisions:[")
			p.block = p.block[:from] + "revisions:[{hash:{{" + strings.Repeat("A", 43) + "=}}}]}"
			return nil
		}},
		{"block-entry", base, "An entry that stands for something not shown.", string(verify.StepEntriesHash),
			edit("{{eRS", "{{eRT")},
		{"block-entry-more", base, "One more entry.", string(verify.StepEntriesHash),
			edit("entriesHashList:[", "entriesHashList:[{{"+strings.Repeat("A", 43)+"=}},")},
		{"block-entries-hash", base, "Another root.", string(verify.StepEntriesHash), edit("{{l05", "{{l06")},
		{"block-hash", base, "Another hash is stated.", string(verify.StepBlockHash), edit("{{NoC", "{{NoD")},
		{"block-previous", base, "It follows another block.", string(verify.StepBlockHash), edit("{{7ke", "{{7kf")},
		{"block-forged", base, "An entry and all hashes above it were changed.", string(verify.StepDigest), forgeBlock},
		{"block-proof-more", base, "One element too many.", string(verify.StepProofLength),
			elements(func(l []ion.Value) []ion.Value { return append(l, l[0]) })},
		{"block-proof-less", base, "One element too few.", string(verify.StepProofLength),
			elements(func(l []ion.Value) []ion.Value { return l[1:] })},
		{"block-proof-element", base, "A bit of an element.", string(verify.StepDigest), change(proofOf, "{{l3+", "{{l3/")},
		{"block-strand", base, "Of another ledger.", string(verify.StepAddress), edit("KmA3ZZ", "KmA3ZY")},
		{"block-after-tip", base, "Written after the digest.", string(verify.StepAddress), edit("No:100", "No:124")},
		{"block-unknown-field", base, "Something unproven in it.", "format", edit("blockHash:", "note:1,blockHash:")},
		{"block-no-list", base, "entriesHashList is no list.", "format", edit("entriesHashList:[", "entriesHashList:1,x:[")},
	}
}

// TestProbesAreMutations keeps testdata/probes the same as the table above.
func TestProbesAreMutations(t *testing.T) {
	t.Parallel()
	good := goodProbes(t)
	names := map[string]bool{}
	for _, m := range mutations() {
		p, ok := good[m.base]
		if !ok {
			t.Fatalf("%s: no good probe %s", m.name, m.base)
		}
		p.about, p.step = m.about, m.step
		if err := m.edit(&p); err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		path := filepath.Join("testdata", "probes", m.name+".txt")
		names[path] = true
		if *update {
			if err := os.WriteFile(path, []byte(p.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := readProbe(t, path); got != p {
			t.Errorf("%s is not what its mutation makes; run with -update", path)
		}
	}
	files, _ := filepath.Glob("testdata/probes/*.txt")
	for _, f := range files {
		if !names[f] {
			t.Errorf("%s has no mutation", f)
		}
	}
}

// TestProbes checks that each probe fails at its step, and that the error reads as in testdata/errors.txt.
func TestProbes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/probes/*.txt")
	if err != nil || len(files) < len(mutations()) && !*update {
		t.Fatalf("%d probes for %d mutations: %v", len(files), len(mutations()), err)
	}
	texts := map[string]string{}
	for _, f := range files {
		p := readProbe(t, f)
		err := p.check()
		if got := stepOf(err); got != p.step {
			t.Errorf("%s: %s got step %q (%v), want %q", f, p.about, got, err, p.step)
		}
		if err != nil {
			texts[strings.TrimSuffix(filepath.Base(f), ".txt")] = err.Error()
		}
	}
	var listing strings.Builder
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&listing, "%s\n\t%s\n", name, texts[name])
	}
	if *update {
		if err := os.WriteFile("testdata/errors.txt", []byte(listing.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), listing.String()); diff != "" {
		t.Errorf("error texts (-want +got):\n%s", diff)
	}
}

func stepOf(err error) string {
	var mismatch *verify.MismatchError
	var format *verify.FormatError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &mismatch):
		return string(mismatch.Step)
	case errors.As(err, &format):
		return "format"
	default:
		return err.Error()
	}
}
