package journal_test

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

const (
	strand = journal.StrandID("9DBeKfUQzbaKuOyVvEqGLM")
	table  = journal.TableID("4hGqYKcV2BQ3Zc1lVt5zVw")
	d1     = journal.DocumentID("2r7pUnR9sKt3mLx8yWq0Aa")
	d2     = journal.DocumentID("3s8qVoS0tLu4nMy9zXr1Bb")

	ada = `{id:1,firstName:"Ada",lastName:"Lovelace",email:"Ada.Lovelace@email.com",street:"Main Street",` +
		`postcode:"SW1A"}`
	alan = `{id:2,firstName:"Alan",lastName:"Turing",email:"Alan.Turing@email.com",street:"Park Road",postcode:"CB2"}`
	king = `{id:1,firstName:"Ada",lastName:"King",email:"Ada.Lovelace@email.com",street:"Main Street",` +
		`postcode:"SW1A"}`

	redact = `EXEC redact_revision ?, '4hGqYKcV2BQ3Zc1lVt5zVw', '2r7pUnR9sKt3mLx8yWq0Aa'`
)

// vector builds the five blocks whose hashes were computed beforehand with the public Ion hash library.
func vector(t *testing.T) []journal.Block {
	t.Helper()
	touched := func(id journal.DocumentID, statement int) journal.TouchedDocument {
		return journal.TouchedDocument{ID: id, TableName: "Test", TableID: table, Statements: []int{statement}}
	}
	target := journal.BlockAddress{StrandID: strand, SequenceNo: 2}
	commits := []journal.Commit{
		{Info: info(statement(t, "15:50:00.100", "CREATE TABLE Test"))},
		{Info: info(statement(t, "15:50:01.100", "CREATE INDEX ON Test (id)"))},
		{
			TxTime: at(t, "15:51:00.250"),
			Info: journal.TransactionInfo{
				Statements: []journal.Statement{statement(t, "15:51:00.200", "INSERT INTO Test ?", value(t, ada))},
				Documents:  []journal.TouchedDocument{touched(d1, 0)},
			},
			Changes: []journal.Change{{DocumentID: d1, Data: value(t, ada)}},
		},
		{
			TxTime: at(t, "15:52:00.250"),
			Info: journal.TransactionInfo{
				Statements: []journal.Statement{
					statement(t, "15:52:00.200", "INSERT INTO Test ?", value(t, alan)),
					statement(t, "15:52:00.220", "UPDATE Test SET lastName = ? WHERE id = ?", ion.String("King"), ion.Int(1)),
				},
				Documents: []journal.TouchedDocument{touched(d2, 0), touched(d1, 1)},
			},
			Changes: []journal.Change{
				{DocumentID: d2, Data: value(t, alan)},
				{DocumentID: d1, Version: 1, Data: value(t, king)},
			},
		},
		{
			Info: info(statement(t, "15:53:00.200", redact, target.Ion())),
			Redactions: []journal.RedactedRevision{
				{Address: target, TableID: table, DocumentID: d1, Version: 0},
			},
		},
	}
	blocks := make([]journal.Block, 0, len(commits))
	position := journal.Genesis(strand)
	for i, c := range commits {
		c.TransactionID = tx(i)
		c.Timestamp = at(t, []string{"15:50:00.900", "15:50:01.900", "15:51:00.260", "15:52:00.260", "15:53:00.900"}[i])
		b, err := journal.Build(position, c)
		if err != nil {
			t.Fatalf("build block %d: %v", i, err)
		}
		blocks = append(blocks, b)
		position = b.Next()
	}
	return blocks
}

func tx(n int) journal.TxID { return journal.TxID(fmt.Sprintf("TxAAAAAAAAAAAAAAAAAAA%d", n)) }

func info(statements ...journal.Statement) journal.TransactionInfo {
	return journal.TransactionInfo{Statements: statements}
}

func statement(t *testing.T, clock, text string, parameters ...ion.Value) journal.Statement {
	t.Helper()
	return journal.Statement{
		Text: text, StartTime: at(t, clock), Digest: journal.StatementDigest(text, parameters...),
	}
}

func at(t *testing.T, clock string) time.Time {
	t.Helper()
	stamp, err := time.Parse("2006-01-02T15:04:05.000", "2021-08-30T"+clock)
	if err != nil {
		t.Fatal(err)
	}
	return stamp
}

func value(t *testing.T, text string) ion.Value {
	t.Helper()
	v, err := ion.ParseOne(text, ion.Options{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func sum(t *testing.T, text string) journal.Hash {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != 32 {
		t.Fatalf("%q is no hash: %v", text, err)
	}
	return journal.Hash(b)
}

func wantHash(t *testing.T, name string, got journal.Hash, want string) {
	t.Helper()
	if got != sum(t, want) {
		t.Errorf("%s: got %s, want %s", name, base64.StdEncoding.EncodeToString(got[:]), want)
	}
}

func wantProof(t *testing.T, name string, got []journal.Hash, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d elements, want %d", name, len(got), len(want))
	}
	for i := range want {
		wantHash(t, fmt.Sprintf("%s[%d]", name, i), got[i], want[i])
	}
}

func TestVectorBlocks(t *testing.T) {
	t.Parallel()
	blocks := vector(t)
	wantHash(t, "genesis", blocks[0].PreviousBlockHash, "UtsOOo44Rg3doS3uWlqoCaS1UP2FSfp736oLXDlF/Io=")
	for i, want := range []struct {
		list                   []string
		entriesHash, blockHash string
	}{
		{
			[]string{"tkm424gq5LpWEYpnH94aSQ5jcRNj+H3e1FM9vOj5lf8="},
			"tkm424gq5LpWEYpnH94aSQ5jcRNj+H3e1FM9vOj5lf8=", "iyOUj7F7yMi8HOwPDujn6GaRWL8nbNHL+gkHyiN3Y8c=",
		},
		{
			[]string{"47R9ZIHXZEzBUtdaMb/0/k8rWZioEsgTgaSe8WFvIrw="},
			"47R9ZIHXZEzBUtdaMb/0/k8rWZioEsgTgaSe8WFvIrw=", "1zuaNa+Npj7OCskd8AeAyjtKqe+vL3Nq9Ck3YIkpfI8=",
		},
		{
			[]string{
				"aWNvhDcihTibQfkpFypfbDfRiHDBNoMrJohhhagz1/c=", "WigEV5X8GIUk6x1lth4DCOXfWMuOGPP8yW+8U6xOd2o=",
			},
			"AXzpQDZm3Bw/p2O2Wxoi10zSQrCOSXYBEkBpG1aM0zA=", "NBkZ5z029ZWmr/iXxQfcq+LMWbmS8++1Jr28tomUIOo=",
		},
		{
			[]string{
				"dG5vIqbBQmbU6CAXe3uilZnhP0RL5t/waYQkE7YJ0B4=", "yW1ujGcWj6LNA57CSH3La3cm28T4q5B5BgamdfutzUE=",
			},
			"fP2nAVbbY2KYYKizUyly1hx4O59sNUn59sMIUWCYgRo=", "adVX1vRJK981m7kQWo/IsVlMPfTprL2Rr7ULXoQZmQ8=",
		},
		{
			[]string{
				"TCumPEKENy0x9nq6j9niIo82OF8RUHaqD71SwNk47QE=", "0mubxVw4Jsb24LOqP7c1o9Tnvi5KQz841K+DlQIM4uU=",
			},
			"5Aw/IsZ4qQMrDiqgwmTI0VSUzChYZVsHE6Zheud23TE=", "HWYiNj8mQVZs2F2WDoRHhXmtYVuCOLvYjIfCninaKHE=",
		},
	} {
		wantProof(t, fmt.Sprintf("block %d: entriesHashList", i), blocks[i].EntriesHashList, want.list...)
		wantHash(t, fmt.Sprintf("block %d: entriesHash", i), blocks[i].EntriesHash, want.entriesHash)
		wantHash(t, fmt.Sprintf("block %d: blockHash", i), blocks[i].BlockHash, want.blockHash)
	}
}

func TestVectorStatements(t *testing.T) {
	t.Parallel()
	blocks := vector(t)
	for _, c := range []struct {
		block, statement int
		want             string
	}{
		{0, 0, "89VgAlJp+5TPoatQ3bJY4KBFWGZq72gl6MjvhRq3UKE="},
		{1, 0, "OgBfVSnuJTSCfFzxzhXk5U39dVTtxEJyxGdItWkjZhs="},
		{2, 0, "MCNH0ARLlFPs5Wry2asWrEzuc8CfRnhZ8yg1rXFMN8s="},
		{3, 0, "q711Y2bx97NgStgdI80CubcdPxv7wGrw96e+cLMd7ew="},
		{3, 1, "8f0QtWD8tUADkJ4hfELUY7qeUi6IIZe65594h88NAMM="},
		{4, 0, "3oYVvVL6Qfc1oVH0DMSZN53sXYe/zAKmJ4wfrnPEO9s="},
	} {
		name := fmt.Sprintf("block %d: statement %d", c.block, c.statement)
		wantHash(t, name, blocks[c.block].Info.Statements[c.statement].Digest, c.want)
	}
	commit := journal.StartDigest(tx(2)).With(blocks[2].Info.Statements[0].Digest)
	wantHash(t, "commit digest of block 2", journal.Hash(commit), "nBSnQ0eXGYCC+UNfJ+4Q60TQ9i0s0I3pQtHHgvBx1Hg=")
}

func TestVectorRevisions(t *testing.T) {
	t.Parallel()
	blocks := vector(t)
	r1 := blocks[2].Revisions[0]
	wantHash(t, "H(data) of R1", ion.Hash(r1.Data), "XGQTKUh2eoenQYhH2K9bcykmXpBY2gsJ8/FO4lYjYe0=")
	wantHash(t, "H(metadata) of R1", ion.Hash(r1.Metadata.Ion()), "f2TVoctr0p1eTTqO/HB2dMiyPfU+HZ4Mn7MIr97miyw=")
	wantHash(t, "R1", r1.Hash, "WigEV5X8GIUk6x1lth4DCOXfWMuOGPP8yW+8U6xOd2o=")
	wantHash(t, "R2", blocks[3].Revisions[0].Hash, "14GIKxn3OjnsE5Hk3FIyELc9vq0uBeRAOIh4Y+LPgo0=")
	wantHash(t, "R3", blocks[3].Revisions[1].Hash, "lwaNdCqDVsWkTSnpO0146NMH131OOhBKRXYj8LMVfgw=")

	b, err := journal.Build(blocks[4].Next(), journal.Commit{
		TransactionID: tx(5), TxTime: at(t, "15:54:00.250"), Timestamp: at(t, "15:54:00.260"),
		Changes: []journal.Change{{DocumentID: d2, Version: 1, Content: journal.Deletion}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantHash(t, "deletion of D2", b.Revisions[0].Hash, "HWcB3Ttj7Q0sRUI1f8L7RxwpdlPtfPfLg9CLuohHKgM=")
}

func TestVectorProofs(t *testing.T) {
	t.Parallel()
	blocks := vector(t)
	var edge merkle.Frontier
	nodes := nodes{}
	for _, b := range blocks {
		next, grown := edge.Append(b.BlockHash)
		nodes.store(grown)
		edge = next
	}
	const (
		hash1, hash2 = "1zuaNa+Npj7OCskd8AeAyjtKqe+vL3Nq9Ck3YIkpfI8=", "NBkZ5z029ZWmr/iXxQfcq+LMWbmS8++1Jr28tomUIOo="
		hash3, hash4 = "adVX1vRJK981m7kQWo/IsVlMPfTprL2Rr7ULXoQZmQ8=", "HWYiNj8mQVZs2F2WDoRHhXmtYVuCOLvYjIfCninaKHE="
		blocks01     = "jnCGuK/J9WgXH//dWdIi/BOuqeIhnor17EsjykJbDTk="
	)
	for _, c := range []struct {
		size uint64
		want string
	}{
		{3, "b0TIRGnIH8NerwAaVt/BBvMjFg8BpZClT+czR/TjUXE="}, {5, "WWM2rkvr2gB9tAf1vx3pqQWy8qa+exJDSk1GyjVZjNo="},
	} {
		digest, err := merkle.Digest(nodes, c.size)
		if err != nil {
			t.Fatal(err)
		}
		wantHash(t, fmt.Sprintf("digest of %d blocks", c.size), digest, c.want)
	}
	wantProof(t, "proof of block 2", nodes.proof(t, 2, 5), hash3, blocks01, hash4)
	wantProof(t, "proof of block 4", nodes.proof(t, 4, 5), "xikTpVvi4lFhELxrtDXyOfLUKoS7DVMzvQY2FN005Lo=")

	redacted, err := blocks[2].Redact(d1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []journal.Block{blocks[2], redacted} {
		r1, _ := b.RevisionProof(d1)
		wantProof(t, "proof of R1", append(r1, nodes.proof(t, 2, 5)...),
			"aWNvhDcihTibQfkpFypfbDfRiHDBNoMrJohhhagz1/c=", hash1, hash3, blocks01, hash4)
	}
	r3, _ := blocks[3].RevisionProof(d1)
	wantProof(t, "proof of R3", append(r3, nodes.proof(t, 3, 5)...),
		"14GIKxn3OjnsE5Hk3FIyELc9vq0uBeRAOIh4Y+LPgo0=", "dG5vIqbBQmbU6CAXe3uilZnhP0RL5t/waYQkE7YJ0B4=",
		hash2, hash2, blocks01, hash4)
}

// nodes keeps a tree in memory.
type nodes map[merkle.ID]merkle.Hash

func (n nodes) store(grown []merkle.Node) {
	for _, node := range grown {
		n[node.ID] = node.Hash
	}
}

func (n nodes) Node(id merkle.ID) (merkle.Hash, error) {
	h, ok := n[id]
	if !ok {
		return merkle.Hash{}, fmt.Errorf("no node %v", id)
	}
	return h, nil
}

func (n nodes) proof(t *testing.T, index, size uint64) []merkle.Hash {
	t.Helper()
	proof, err := merkle.Proof(n, index, size)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}
