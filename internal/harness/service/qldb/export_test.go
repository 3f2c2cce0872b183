package qldb_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// smallObjects has exports begin another object after about two of the tests' blocks.
func smallObjects(cfg *qldb.Config) { cfg.ExportObjectBytes = 2000 }

// export asks for all that is in a ledger by now.
func (d *delivered) export(name string, change ...func(*qldb.ExportJournalToS3Input)) string {
	d.t.Helper()
	out, err := d.service.ExportJournalToS3(d.t.Context(), call(), d.exportNow(name, change...))
	if err != nil {
		d.t.Fatal(err)
	}
	return out.ExportID
}

func (d *delivered) exportNow(name string, change ...func(*qldb.ExportJournalToS3Input)) *qldb.ExportJournalToS3Input {
	in := exportInput(name)
	d.clock.Advance(time.Second)
	in.ExclusiveEndTime = wire.At(d.clock.Now())
	in.S3ExportConfiguration.Prefix = ptr("journal/orders")
	for _, c := range change {
		c(in)
	}
	return in
}

func (d *delivered) describeExport(name, id string) qldb.JournalS3ExportDescription {
	d.t.Helper()
	out, err := d.service.DescribeJournalS3Export(d.t.Context(), call(),
		&qldb.DescribeJournalS3ExportInput{Name: name, ExportID: id})
	if err != nil {
		d.t.Fatal(err)
	}
	return out.ExportDescription
}

func (d *delivered) wantExport(name, id, status string) {
	d.t.Helper()
	if got := d.describeExport(name, id).Status; got != status {
		d.t.Errorf("export %s: got %s, want %s", id, got, status)
	}
}

// blocks are those in a ledger's journal.
func (d *delivered) blocks(name string) []journal.Block {
	d.t.Helper()
	var list []journal.Block
	err := d.engine(name).Journal(d.t.Context(), 0, func(b journal.Block) (bool, error) {
		list = append(list, b)
		return true, nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

// readExport follows the manifests of an export in Ion to its blocks, as the sample applications do.
func (d *delivered) readExport(id, strand string) (keys []string, blocks []journal.Block) {
	d.t.Helper()
	files := d.files("s3/audit")
	manifest, err := ion.DecodeOne(files["journal/orders/"+id+"."+strand+".completed.manifest"], ion.Options{})
	if err != nil {
		d.t.Fatalf("completed manifest: %v, files are %q", err, slices.Sorted(maps.Keys(files)))
	}
	list, _ := manifest.Field("keys")
	for _, key := range list.Items() {
		keys = append(keys, key.Text())
		content, err := ion.Decode(files[key.Text()], ion.Options{})
		if err != nil {
			d.t.Fatalf("object %s: %v", key.Text(), err)
		}
		for _, v := range content {
			b, err := journal.ParseBlock(v)
			if err != nil {
				d.t.Fatal(err)
			}
			blocks = append(blocks, b)
		}
	}
	return keys, blocks
}

func checkChain(t *testing.T, blocks []journal.Block) {
	t.Helper()
	at := journal.Genesis(blocks[0].Address.StrandID)
	if first := blocks[0]; first.Address.SequenceNo > 0 { // a part: taken as it comes
		at = journal.Position{Address: first.Address, PreviousBlockHash: first.PreviousBlockHash}
	}
	for _, b := range blocks {
		if err := b.CheckAt(at); err != nil {
			t.Error(err)
		}
		at = b.Next()
	}
}

// TestExportHoldsTheJournal exports a journal in every format, in several objects, and reads it back.
func TestExportHoldsTheJournal(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"", "ION_TEXT", "ION_BINARY", "JSON"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			d := newDelivered(t, smallObjects)
			d.ledger("orders")
			d.insert("orders", 1, 7)
			d.commit("orders", "DELETE FROM Test WHERE id = 3")
			want := d.blocks("orders")
			id := d.export("orders", func(in *qldb.ExportJournalToS3Input) { in.OutputFormat = format })
			d.wantExport("orders", id, "IN_PROGRESS")
			if got := len(d.files("s3")); got != 1 {
				t.Errorf("files of an export that was accepted: got %d, want the started manifest", got)
			}
			d.insert("orders", 8, 8) // after the end
			d.pass(time.Second)
			d.wantExport("orders", id, "COMPLETED")
			strand := string(want[0].Address.StrandID)
			if format == "JSON" {
				wantJSON(t, d.files("s3/audit"), "journal/orders/"+id+"."+strand+".completed.manifest", len(want))
				return
			}
			keys, got := d.readExport(id, strand)
			if diff := cmp.Diff(want, got, cmp.Comparer(sameBlock)); diff != "" {
				t.Errorf("blocks (-want +got):\n%s", diff)
			}
			checkChain(t, got)
			if len(keys) < 3 {
				t.Errorf("data objects: got %q, want some", keys)
			}
			if got := len(d.files("s3")); got != len(keys)+2 {
				t.Errorf("files: got %d, want %d data objects and two manifests", got, len(keys))
			}
		})
	}
}

func sameBlock(a, b journal.Block) bool { return a.Ion().String() == b.Ion().String() }

func wantJSON(t *testing.T, files map[string][]byte, manifest string, blocks int) {
	t.Helper()
	var m struct {
		Keys []string `json:"keys"`
	}
	if err := json.Unmarshal(files[manifest], &m); err != nil {
		t.Fatalf("%s: %v", manifest, err)
	}
	next := 0
	for _, key := range m.Keys {
		for line := range strings.Lines(string(files[key])) {
			var b struct {
				Address struct {
					SequenceNo int `json:"sequenceNo"`
				} `json:"blockAddress"`
			}
			if err := json.Unmarshal([]byte(line), &b); err != nil || b.Address.SequenceNo != next {
				t.Errorf("line of %s: got block %d, %v, want %d", key, b.Address.SequenceNo, err, next)
			}
			next++
		}
	}
	if next != blocks {
		t.Errorf("lines: got %d, want %d", next, blocks)
	}
}

// TestExportRange: the first moment belongs to the range, the last does not.
func TestExportRange(t *testing.T) {
	t.Parallel()
	d := newDelivered(t, smallObjects)
	d.ledger("orders")
	d.insert("orders", 1, 6)
	all := d.blocks("orders")
	strand := string(all[0].Address.StrandID)
	for _, tc := range []struct{ from, to int }{{3, 6}, {0, 1}, {5, 5}} {
		id := d.export("orders", func(in *qldb.ExportJournalToS3Input) {
			in.InclusiveStartTime = wire.At(all[tc.from].Timestamp)
			in.ExclusiveEndTime = wire.At(all[tc.to].Timestamp)
			if tc.from == tc.to {
				in.ExclusiveEndTime = wire.At(all[tc.to].Timestamp.Add(time.Millisecond))
			}
		})
		d.pass(time.Second)
		_, got := d.readExport(id, strand)
		want := all[tc.from:tc.to]
		if tc.from == tc.to {
			want = all[tc.from : tc.from+1]
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(sameBlock)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc, diff)
		}
	}
	// Before there was a ledger there is nothing; the start is raised to its creation.
	id := d.export("orders", func(in *qldb.ExportJournalToS3Input) {
		in.ExclusiveEndTime = wire.At(start.Add(-time.Minute))
	})
	d.pass(time.Second)
	d.wantExport("orders", id, "COMPLETED")
	if keys, blocks := d.readExport(id, strand); len(keys)+len(blocks) != 0 {
		t.Errorf("export of a time before the ledger: got %q, %d blocks", keys, len(blocks))
	}
	if got := d.describeExport("orders", id).InclusiveStartTime; !got.Equal(start) {
		t.Errorf("start of it: got %v, want %v", got, start)
	}
}

// TestExportFiles holds still which files an export makes and what is in its manifests.
func TestExportFiles(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	for _, tc := range []struct{ format, prefix string }{
		{"", ""}, {"", "journalExport"}, {"", "journalExport/"},
		{"ION_TEXT", "journalExport"}, {"ION_BINARY", "journalExport"}, {"JSON", "journalExport"},
	} {
		d := newDelivered(t)
		d.ledger("orders")
		id := d.export("orders", func(in *qldb.ExportJournalToS3Input) {
			in.OutputFormat, in.S3ExportConfiguration.Prefix = tc.format, &tc.prefix
		})
		d.pass(time.Second)
		fmt.Fprintf(&page, "== format %q, prefix %q\n", tc.format, tc.prefix)
		names := strings.NewReplacer(id, "<export id>", d.engine("orders").StrandID(), "<strand id>")
		var lines []string
		for name, content := range d.files("s3") {
			text := ""
			switch {
			case !strings.HasSuffix(name, ".manifest"):
			case tc.format == "ION_BINARY":
				v, err := ion.DecodeOne(content, ion.Options{})
				if err != nil {
					t.Fatal(err)
				}
				text = v.String()
			default:
				text = strings.TrimSpace(string(content))
			}
			lines = append(lines, strings.TrimSpace(names.Replace(name+"\n\t"+text)))
		}
		slices.Sort(lines)
		fmt.Fprintf(&page, "%s\n\n", strings.Join(lines, "\n"))
	}
	golden(t, "testdata/export.golden", page.String())
}

// TestExportStaysInItsBucket asks for prefixes that lead elsewhere.
func TestExportStaysInItsBucket(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"../../", "..", "/etc/", `..\..\`, "a/../../../b", "../../../kinesis/", "\x00"} {
		d := newDelivered(t)
		d.ledger("orders")
		d.export("orders", func(in *qldb.ExportJournalToS3Input) { in.S3ExportConfiguration.Prefix = &prefix })
		d.pass(time.Second)
		if all, inside := len(d.files(".")), len(d.files("s3/audit")); all != 3 || inside != 3 {
			t.Errorf("prefix %q: got %d of %d files in the bucket, want 3 of 3", prefix, inside, all)
		}
	}
	d := newDelivered(t)
	d.ledger("orders")
	in := d.exportNow("orders")
	in.S3ExportConfiguration.Bucket = "../other"
	_, err := d.service.ExportJournalToS3(t.Context(), call(), in)
	if code(err) != "InvalidParameterException" {
		t.Errorf("bucket ../other: got %v", err)
	}
}

func TestExportLimitsAndLists(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	d.ledger("bills")
	first, second := d.export("orders"), d.export("orders")
	bill := d.export("bills")
	_, err := d.service.ExportJournalToS3(t.Context(), call(), d.exportNow("orders"))
	want := "LimitExceededException 400 {\"ResourceType\":\"JournalS3Export\"}\n" +
		"Exceeded the limit of 2 concurrently running Journal export jobs"
	if got := faultOf(err); got != want {
		t.Errorf("third export: got %s, want %s", got, want)
	}
	d.pass(time.Second)
	third := d.export("orders")
	d.pass(time.Second)

	orders := []string{first, second, third}
	slices.Sort(orders)
	if diff := cmp.Diff(orders, d.listExports("orders", 2)); diff != "" {
		t.Errorf("exports of orders (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append([]string{bill}, orders...), d.listExports("", 3)); diff != "" {
		t.Errorf("all exports (-want +got):\n%s", diff)
	}
	elsewhere, err := d.service.ListJournalS3Exports(t.Context(), callFrom(account, "us-east-1"),
		&qldb.ListJournalS3ExportsInput{})
	if err != nil || len(elsewhere.JournalS3Exports) != 0 {
		t.Errorf("exports of another Region: got %v, %v", elsewhere, err)
	}
	if got := len(d.report().Exports); got != 4 {
		t.Errorf("exports reported: got %d, want 4", got)
	}

	// They are shown for seven days, and nothing is left of them then.
	d.pass(7*24*time.Hour - time.Minute)
	if got := len(d.listExports("", 100)); got != 4 {
		t.Errorf("exports after nearly seven days: got %d, want 4", got)
	}
	d.clock.Advance(time.Minute)
	if got := d.listExports("", 100); len(got) != 0 {
		t.Errorf("exports after seven days: got %q", got)
	}
	if _, err := d.service.DescribeJournalS3Export(t.Context(), call(),
		&qldb.DescribeJournalS3ExportInput{Name: "orders", ExportID: first}); code(err) != "ResourceNotFoundException" {
		t.Errorf("describe after seven days: got %v", err)
	}
	d.tick()
	d.tick()
	for key := range d.state.(*memory).values {
		if strings.Contains(key, "export") {
			t.Errorf("%s is left", key)
		}
	}
}

// listExports lists page by page; an empty name lists all.
func (d *delivered) listExports(name string, size int32) []string {
	d.t.Helper()
	ids, token := []string{}, ""
	for {
		var out *qldb.ListJournalS3ExportsOutput
		var err error
		if name == "" {
			out, err = d.service.ListJournalS3Exports(d.t.Context(), call(),
				&qldb.ListJournalS3ExportsInput{MaxResults: &size, NextToken: token})
		} else {
			out, err = d.service.ListJournalS3ExportsForLedger(d.t.Context(), call(),
				&qldb.ListJournalS3ExportsForLedgerInput{Name: name, MaxResults: &size, NextToken: token})
		}
		if err != nil {
			d.t.Fatal(err)
		}
		if len(out.JournalS3Exports) > int(size) {
			d.t.Errorf("a page of %d, want at most %d", len(out.JournalS3Exports), size)
		}
		for _, e := range out.JournalS3Exports {
			ids = append(ids, e.ExportID)
		}
		if token = out.NextToken; token == "" {
			return ids
		}
	}
}

func TestExportEndsWithItsLedger(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	done := d.export("orders")
	d.pass(time.Second)
	id := d.export("orders")
	d.delete("orders")
	d.wantExport("orders", id, "CANCELLED")
	d.wantExport("orders", done, "COMPLETED")
	d.pass(10 * time.Second)
	d.wantExport("orders", id, "CANCELLED") // it outlives its ledger
	d.ledger("orders")
	if got := len(d.listExports("orders", 100)); got != 2 {
		t.Errorf("exports under the name of a deleted ledger: got %d, want 2", got)
	}
	if files := d.files("s3"); len(files) != 4 {
		t.Errorf("files: got %q, want three of the first export and one of the second", slices.Sorted(maps.Keys(files)))
	}
}

// TestExportWaitsForTheKey: nothing is read while the key of the ledger is inaccessible.
func TestExportWaitsForTheKey(t *testing.T) {
	t.Parallel()
	d := newDelivered(t, func(cfg *qldb.Config) { cfg.ExportDuration = 10 * time.Second })
	d.ledger("orders")
	id := d.export("orders")
	d.keys.setState(mainKey, "Disabled")
	d.pass(5 * time.Second)
	d.pass(20 * time.Second)
	d.wantExport("orders", id, "IN_PROGRESS")
	if got := len(d.files("s3")); got != 1 {
		t.Errorf("files: got %d, want the started manifest", got)
	}
	d.keys.setState(mainKey, "Enabled")
	d.pass(5 * time.Second)
	d.pass(5 * time.Second)
	d.wantExport("orders", id, "COMPLETED")
}
