package journal_test

import (
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// TestServiceBlock reads a block that the service printed and writes it again, byte for byte.
func TestServiceBlock(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/service-block.ion")
	if err != nil {
		t.Fatal(err)
	}
	b, err := journal.ParseBlock(value(t, string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), b.Ion().String()+"\n"); diff != "" {
		t.Errorf("block (-want +got):\n%s", diff)
	}
	r := b.Revisions[0]
	wantHash(t, "H(data)", ion.Hash(r.Data), "ykAB8EB0tXxIGmJ9Y9mwppjP1Z9S3Iw+vKN1L9ZXW3A=")
	wantHash(t, "H(metadata)", ion.Hash(r.Metadata.Ion()), "vNbkf63AqIvow6E3VraH1FfPrZxyU0OkJucmJGWte1s=")
	wantHash(t, "revision", journal.RevisionHash(r), "mHVex/yjHAWjFPpwhBuH2GKXmKJjK2FBa9faqoUVNtg=")
	wantHash(t, "H(transactionInfo)", ion.Hash(b.Info.Ion()), "TvTXygML1bMe6NvEZtGkX+KR+W/EJl4qD1mmV77KZQg=")
	wantHash(t, "statement", journal.StatementDigest(b.Info.Statements[0].Text),
		"jcgPX2vsOJ0waum4qmDYtn1pCAT9xKNIzA+2k4R+mxA=")
	// The service's list holds entries it does not show, so only our own blocks check as a whole.
	wantStep(t, b.Check(), journal.StepEntriesHashList)
}

// A revision that the service wrote, from the test data of amazon-qldb-kvs-nodejs.
func TestServiceRevision(t *testing.T) {
	t.Parallel()
	const text = `{blockAddress:{strandId:"KLXwBc1ml2A4Yjc8jbFMX3",sequenceNo:429},` +
		`hash:{{DrFztoBrWKz+mCV+BnnMfEZRwfJcD+DNLRPLc16SidY=}},data:{_key:"myKey1",_val:"MyValue1"},` +
		`metadata:{id:"5vHoYG5m0OZCsqdYCs8XLH",version:13,txTime:2021-06-02T07:03:05.226Z,txId:"EVaGjT4dxspC4GUhHi4DDJ"}}`
	r, err := journal.ParseRevision(value(t, text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, r.Ion().String()); diff != "" {
		t.Errorf("revision (-want +got):\n%s", diff)
	}
	if got := journal.RevisionHash(r); got != r.Hash {
		t.Errorf("hash: got %x, want %x", got, r.Hash)
	}
	redacted := r.Redact()
	wantHash(t, "dataHash", redacted.DataHash, "xlToHA0CNrpU3Mma1ICUKyEe4me6tPuvSlAnfNiGZK8=")
	if got := journal.RevisionHash(redacted); got != r.Hash {
		t.Errorf("hash after the redaction: got %x, want %x", got, r.Hash)
	}
}

// Digests that the drivers for Go and Node.js compute alike.
func TestCommitDigest(t *testing.T) {
	t.Parallel()
	digest := journal.StartDigest("I1pH6SCujBW0JYpPoLQT02")
	wantHash(t, "no statements", journal.Hash(digest), "1MUXNMbN+vr2W7uYINo4DYM3qNVPLvZAE6NlIPDH7K0=")
	first := journal.StatementDigest("SELECT 1", value(t, "{a:1}"), value(t, `"x"`))
	if got := hex.EncodeToString(first[:]); got != "4c5add3950bdb653980f01174a6e4f213a10543fa066e0234a99e7ffb70185e2" {
		t.Errorf("statement with parameters: got %s", got)
	}
	second := journal.StatementDigest("it''s")
	if got := hex.EncodeToString(second[:]); got != "fab41e1838e5706454f4ffefbf1352c0ce60fd056b2c68f80edf0a0555d31102" {
		t.Errorf("statement: got %s", got)
	}
	wantHash(t, "two statements", journal.Hash(digest.With(first).With(second)),
		"F0P6uNLc0zKEa3sFWdQdNYpZF+/5Jzc3vukgtXIRqqc=")
}

// TestRoundTrip keeps blocks as the journal does: in Ion binary.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range history(t) {
		v, err := ion.DecodeOne(ion.EncodeBinary(want.Ion()), ion.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := journal.ParseBlock(v)
		if err != nil {
			t.Fatalf("block %d: %v", want.Address.SequenceNo, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("block %d (-want +got):\n%s", want.Address.SequenceNo, diff)
		}
		if err := got.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestParseBlockRefuses(t *testing.T) {
	t.Parallel()
	text := history(t)[3].Ion().String()
	redaction := history(t)[4].Ion().String()
	for _, c := range []struct{ name, text, old, change, want string }{
		{"no struct", "[]", "", "", "block is not a plain struct"},
		{"null", "null.struct", "", "", "block is not a plain struct"},
		{"annotated", "x::" + text, "", "", "block is not a plain struct"},
		{"missing", text, `transactionId:"TxAAAAAAAAAAAAAAAAAAA3",`, "", "block: field transactionId is missing"},
		{"unknown", text, "blockHash:", "note:1,blockHash:", "block has a field too many"},
		{"twice", text, "blockHash:", `transactionId:"x",blockHash:`, "block has a field too many"},
		{"id", text, `"TxAAAAAAAAAAAAAAAAAAA3",b`, `'Tx',b`, "block: field transactionId is not a string"},
		{"empty id", text, `"TxAAAAAAAAAAAAAAAAAAA3",b`, `"",b`, "block: field transactionId is empty"},
		{
			"precision", text, "15:52:00.260Z", "15:52:00.26Z",
			"block: field blockTimestamp is not a timestamp of milliseconds in UTC",
		},
		{
			"offset", text, "15:52:00.260Z", "15:52:00.260+01:00",
			"block: field blockTimestamp is not a timestamp of milliseconds in UTC",
		},
		{
			"unknown offset", text, "15:52:00.260Z", "15:52:00.260-00:00",
			"block: field blockTimestamp is not a timestamp of milliseconds in UTC",
		},
		{"date", text, "T15:52:00.260Z", "", "block: field blockTimestamp is not a timestamp of milliseconds in UTC"},
		{"hash", text, "blockHash:{{", "blockHash:{{AAAA", "block: field blockHash is not a blob of 32 bytes"},
		{
			"clob", text, "entriesHashList:[", `entriesHashList:[{{"x"}},`,
			"block: field entriesHashList is not a blob of 32 bytes",
		},
		{"number", text, "sequenceNo:3", "sequenceNo:-3", "block address: field sequenceNo is not a number from 0 on"},
		{"statements", text, "statements:[{", "statements:[1,{", "statement is not a plain struct"},
		{
			"index", text, "statements:[1]", "statements:[2]",
			"document: field statements names a statement that is not there",
		},
		{
			"negative index", text, "statements:[1]", "statements:[-1]",
			"document: field statements names a statement that is not there",
		},
		{"documents", text, "documents:{", "documents:[],x:{", "transactionInfo: field documents is not a struct"},
		{"annotation", text, "blockTimestamp:", "blockTimestamp:x::", "block: field blockTimestamp is annotated"},
		{
			"annotated entry", text, "entriesHashList:[", "entriesHashList:[x::",
			"block: field entriesHashList is not a blob of 32 bytes",
		},
		{"data", text, "data:{id:2", "data:1,x:{id:2", "revision: field data is not a struct"},
		{"both", text, "data:{id:2", "dataHash:{{}},data:{id:2", "revision has a field too many"},
		{"version", text, "version:1", "version:1.", "metadata: field version is not a number from 0 on"},
		{
			"redactions", redaction, "redactionInfo:{revisions:[{", "redactionInfo:{revisions:[{a:1,",
			"redacted revision has a field too many",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(c.text, c.old) {
				t.Fatalf("no %q in the block", c.old)
			}
			_, err := journal.ParseBlock(value(t, strings.Replace(c.text, c.old, c.change, 1)))
			var format *journal.FormatError
			if !errors.As(err, &format) || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
