package journal_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// history is the vector, a block that deletes D2, and the redaction of R1 done.
func history(t *testing.T) []journal.Block {
	t.Helper()
	blocks := vector(t)
	deletion, err := journal.Build(blocks[4].Next(), journal.Commit{
		TransactionID: tx(5), TxTime: at(t, "15:54:00.250"), Timestamp: at(t, "15:54:00.260"),
		Info: journal.TransactionInfo{
			Statements: []journal.Statement{statement(t, "15:54:00.200", "DELETE FROM Test WHERE id = ?", ion.Int(2))},
			Documents:  []journal.TouchedDocument{{ID: d2, TableName: "Test", TableID: table, Statements: []int{0}}},
		},
		Changes: []journal.Change{{DocumentID: d2, Version: 1, Content: journal.Deletion}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if blocks[2], err = blocks[2].Redact(d1, 0); err != nil {
		t.Fatal(err)
	}
	return append(blocks, deletion)
}

// TestGoldenProofs holds still what GetRevision and GetBlock return. The tests of the checker read these files.
func TestGoldenProofs(t *testing.T) {
	t.Parallel()
	blocks := history(t)
	var edge merkle.Frontier
	nodes := nodes{}
	for _, b := range blocks {
		next, grown := edge.Append(b.BlockHash)
		nodes.store(grown)
		edge = next
	}
	digest, _ := edge.Digest()
	proven := func(kind string, v ion.Value, proof []journal.Hash, about string) []byte {
		return fmt.Appendf(nil, "# %s\n%s: %s\nproof: %s\ndigest: %s\ntip: %s\n", about, kind, v, merkle.Ion(proof),
			base64.StdEncoding.EncodeToString(digest[:]), blocks[len(blocks)-1].Address.Ion())
	}
	for _, b := range blocks {
		upwards := nodes.proof(t, uint64(b.Address.SequenceNo), edge.Size())
		name := fmt.Sprintf("proofs/block-%d.txt", b.Address.SequenceNo)
		golden(t, name, proven("block", b.Ion(), upwards, fmt.Sprintf("Block %d.", b.Address.SequenceNo)))
		for _, r := range b.Revisions {
			proof, ok := b.RevisionProof(r.Metadata.ID)
			if !ok {
				t.Fatalf("no proof for %s", r.Metadata.ID)
			}
			about := fmt.Sprintf("%s, version %d, %s.", r.Metadata.ID, r.Metadata.Version,
				[]string{"in full", "redacted", "a deletion"}[r.Content])
			name := fmt.Sprintf("proofs/revision-%d-%s.txt", b.Address.SequenceNo, strings.ToLower(string(r.Metadata.ID[:2])))
			golden(t, name, proven("revision", r.Ion(), append(proof, upwards...), about))
		}
	}
}

func export(f journal.Format, t *testing.T) journal.Export {
	return journal.Export{
		ID: "8UyXulxccYLAsbN1aon7e4", LedgerName: "my-example-ledger",
		InclusiveStartTime: at(t, "15:50:00.900"), ExclusiveEndTime: at(t, "15:54:00.260"),
		Bucket: "amzn-s3-demo-bucket", Prefix: "journalExport", ObjectEncryptionType: "NO_ENCRYPTION", OutputFormat: f,
		RequestTime: at(t, "16:05:00.000"),
	}
}

func TestExportObjects(t *testing.T) {
	t.Parallel()
	for _, f := range []journal.Format{"", journal.IonText, journal.IonBinary, journal.JSON} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			e := export(f, t)
			var started, completed, data bytes.Buffer
			if err := e.WriteStarted(&started); err != nil {
				t.Fatal(err)
			}
			inRange := []string{}
			for _, b := range history(t) {
				if !e.Holds(b) {
					continue
				}
				inRange = append(inRange, fmt.Sprint(b.Address.SequenceNo))
				if err := e.WriteBlock(&data, b); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, inRange); diff != "" {
				t.Errorf("blocks in range (-want +got):\n%s", diff)
			}
			if err := e.WriteCompleted(&completed, []string{e.DataKey(strand, 0, 4)}); err != nil {
				t.Fatal(err)
			}
			name := "export/" + string(f)
			if f == "" {
				name = "export/default"
			}
			if f == journal.IonBinary {
				for _, b := range []*bytes.Buffer{&started, &completed, &data} {
					*b = *bytes.NewBuffer(asText(t, b.Bytes()))
				}
			}
			golden(t, name+".started.manifest", started.Bytes())
			golden(t, name+".completed.manifest", completed.Bytes())
			golden(t, name+".data", data.Bytes())
		})
	}
}

// asText is binary in text, one value a line, after a look at its version marker.
func asText(t *testing.T, data []byte) []byte {
	t.Helper()
	if !bytes.HasPrefix(data, []byte{0xE0, 0x01, 0x00, 0xEA}) {
		t.Errorf("% x is not Ion binary", data[:4])
	}
	values, err := ion.DecodeBinary(data, ion.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ion.EncodeText(values...)
}

func TestExportKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prefix string
		format journal.Format
		want   []string
	}{
		{"journalExport", journal.IonText, []string{
			"journalExport/8UyXulxccYLAsbN1aon7e4.started.manifest",
			"journalExport/8UyXulxccYLAsbN1aon7e4.9DBeKfUQzbaKuOyVvEqGLM.completed.manifest",
			"journalExport/2021/08/30/16/9DBeKfUQzbaKuOyVvEqGLM.3-41.ion",
		}},
		{"a/b/", journal.JSON, []string{
			"a/b/8UyXulxccYLAsbN1aon7e4.started.manifest",
			"a/b/8UyXulxccYLAsbN1aon7e4.9DBeKfUQzbaKuOyVvEqGLM.completed.manifest",
			"a/b/2021/08/30/16/9DBeKfUQzbaKuOyVvEqGLM.3-41.json",
		}},
		{"", journal.IonBinary, []string{
			"8UyXulxccYLAsbN1aon7e4.started.manifest",
			"8UyXulxccYLAsbN1aon7e4.9DBeKfUQzbaKuOyVvEqGLM.completed.manifest",
			"2021/08/30/16/9DBeKfUQzbaKuOyVvEqGLM.3-41.ion",
		}},
	} {
		e := export(c.format, t)
		e.Prefix = c.prefix
		got := []string{e.StartedKey(), e.CompletedKey(strand), e.DataKey(strand, 3, 41)}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("keys with prefix %q (-want +got):\n%s", c.prefix, diff)
		}
	}
}

func TestStreamRecords(t *testing.T) {
	t.Parallel()
	s := journal.Stream("arn:aws:qldb:us-east-1:123456789012:stream/my-ledger/IiPT4brpZCqCq3f4MTHbYy")
	records := [][]byte{s.Created()}
	for _, b := range history(t) {
		records = append(records, s.Block(b)...)
	}
	records = append(records, s.Completed())
	var text []byte
	for _, r := range records {
		text = append(text, asText(t, r)...)
	}
	golden(t, "stream.ion", text)
}
