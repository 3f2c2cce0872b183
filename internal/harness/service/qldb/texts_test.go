package qldb_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every fault with its code, HTTP status, members and words, in one file that is read like a page of the reference.
func TestTexts(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	for _, group := range []struct {
		title string
		cases []textCase
	}{
		{"Names and modes", nameTexts()},
		{"Keys", keyTexts()},
		{"States and quotas", stateTexts()},
		{"Tags", tagTexts()},
		{"Pages", pageTexts()},
		{"Blocks and revisions", addressTexts()},
		{"Exports", exportTexts()},
		{"Streams", streamTexts()},
	} {
		fmt.Fprintf(&page, "== %s\n", group.title)
		for _, c := range group.cases {
			w := newWorldOver(t, newMemory())
			if c.state == "" {
				c.state = "ACTIVE"
			}
			w.bring("orders", c.state)
			fmt.Fprintf(&page, "\n-- %s\n%s\n", c.title, faultOf(c.run(w)))
		}
		page.WriteByte('\n')
	}
	golden(t, "testdata/faults.golden", page.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
	}
}

// textCase is a request that fails, on the ledger orders in a state (ACTIVE if empty).
type textCase struct {
	title, state string
	run          func(*world) error
}

func nameTexts() []textCase {
	var cases []textCase
	for _, name := range []string{
		"", strings.Repeat("a", 33), "a_b", "12345", "-a", "a-", "a--b", "ä",
	} {
		cases = append(cases, textCase{title: fmt.Sprintf("create ledger %q", name), run: func(w *world) error {
			_, err := w.service.CreateLedger(w.t.Context(), call(), createInput(name, ""))
			return err
		}})
	}
	mode := func(mode string) func(w *world) error {
		return func(w *world) error {
			_, err := w.service.UpdateLedgerPermissionsMode(w.t.Context(), call(),
				&qldb.UpdateLedgerPermissionsModeInput{Name: "orders", PermissionsMode: mode})
			return err
		}
	}
	return append(cases,
		textCase{title: "no mode", run: mode("")},
		textCase{title: "mode standard", run: mode("standard")},
		textCase{title: "create without mode", run: func(w *world) error {
			_, err := w.service.CreateLedger(w.t.Context(), call(), &qldb.CreateLedgerInput{Name: "parts"})
			return err
		}},
		textCase{title: "describe a name that cannot be", run: func(w *world) error {
			_, err := w.service.DescribeLedger(w.t.Context(), call(), &qldb.DescribeLedgerInput{Name: "a_b"})
			return err
		}},
	)
}

func keyTexts() []textCase {
	rekey := func(key string, prepare ...func(*world)) func(*world) error {
		return func(w *world) error {
			for _, p := range prepare {
				p(w)
			}
			_, err := w.rekey("orders", key)
			return err
		}
	}
	change := func(f func(k *fakeKey)) func(*world) { return func(w *world) { f(w.keys.keys[otherKey]) } }
	deny := func(operation string) func(*world) {
		return change(func(k *fakeKey) { k.denied[operation] = true })
	}
	meanwhile := func(state string) func(*world) { // between DescribeKey and CreateGrant
		return func(w *world) {
			w.keys.before = func(c string) error {
				if strings.HasPrefix(c, "CreateGrant") {
					w.keys.setState(otherKey, state)
				}
				return nil
			}
		}
	}
	return []textCase{
		{title: "form", run: rekey("orders-key")},
		{title: "form: empty", run: rekey("")},
		{title: "form: ARN of another service", run: rekey(strings.Replace(mainKey, ":kms:", ":s3:", 1))},
		{title: "Region", run: rekey(strings.Replace(mainKey, "eu-west-2", "eu-west-1", 1))},
		{title: "alias that is not there", run: rekey("alias/nothing")},
		{title: "caller may not describe", run: rekey(otherID, deny("DescribeKey"))},
		{title: "managed by AWS", run: rekey(otherKey, change(func(k *fakeKey) { k.info.Manager = "AWS" }))},
		{title: "asymmetric", run: rekey(otherKey, change(func(k *fakeKey) { k.info.Spec = "RSA_2048" }))},
		{title: "for MACs", run: rekey(otherKey, change(func(k *fakeKey) { k.info.Usage = "GENERATE_VERIFY_MAC" }))},
		{title: "disabled", run: rekey(otherKey, change(func(k *fakeKey) { k.info.State = "Disabled" }))},
		{title: "pending import", run: rekey(otherKey, change(func(k *fakeKey) { k.info.State = "PendingImport" }))},
		{title: "caller may not grant", run: rekey(otherKey, deny("CreateGrant"))},
		{title: "disabled meanwhile", run: rekey(otherKey, meanwhile("Disabled"))},
		{title: "pending deletion meanwhile", run: rekey(otherKey, meanwhile("PendingDeletion"))},
		{title: "service denied by the key policy", run: rekey(otherKey, func(w *world) {
			w.keys.before = func(c string) error {
				if strings.HasPrefix(c, "GenerateDataKey") {
					return denied()
				}
				return nil
			}
		})},
		{title: "KMS throttles", run: rekey(otherKey, func(w *world) {
			w.keys.before = func(string) error { return fault("ThrottlingException", "Rate exceeded") }
		})},
		{title: "another key during a key change", state: "UPDATING", run: rekey(otherKey)},
		{title: "another key while the key is inaccessible", state: "impaired", run: rekey(otherKey)},
		{title: "same key while it is disabled", state: "impaired", run: rekey(mainKey)},
	}
}

func stateTexts() []textCase {
	run := func(operation string) func(*world) error {
		return func(w *world) error { return w.operation(w.t.Context(), operation) }
	}
	return []textCase{
		{title: "not there", state: "missing", run: run("DescribeLedger")},
		{title: "create what is there", run: run("CreateLedger")},
		{title: "create what is being deleted", state: "DELETING", run: run("CreateLedger")},
		{title: "update what is being created", state: "CREATING", run: run("UpdateLedger")},
		{title: "update what is being deleted", state: "DELETING", run: run("UpdateLedger")},
		{title: "delete what is being created", state: "CREATING", run: run("DeleteLedger")},
		{title: "delete what is being deleted", state: "DELETING", run: run("DeleteLedger")},
		{title: "delete what is protected", run: func(w *world) error {
			if _, err := w.service.UpdateLedger(w.t.Context(), call(),
				&qldb.UpdateLedgerInput{Name: "orders", DeletionProtection: ptr(true)}); err != nil {
				w.t.Fatal(err)
			}
			return w.operation(w.t.Context(), "DeleteLedger")
		}},
		{title: "quota", run: func(w *world) error {
			for i := range 4 {
				w.create(fmt.Sprintf("ledger-%d", i), "")
			}
			_, err := w.service.CreateLedger(w.t.Context(), call(), createInput("one-more", ""))
			return err
		}},
		{title: "digest while being created", state: "CREATING", run: run("GetDigest")},
		{title: "digest while the key is inaccessible", state: "impaired", run: run("GetDigest")},
		{title: "digest", run: run("GetDigest")},
	}
}

func tagTexts() []textCase {
	tag := func(arn string, tags map[string]*string) func(*world) error {
		return func(w *world) error {
			_, err := w.service.TagResource(w.t.Context(), call(), &qldb.TagResourceInput{ResourceArn: arn, Tags: tags})
			return err
		}
	}
	one := map[string]*string{"a": nil}
	many := map[string]*string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = nil
	}
	return []textCase{
		{title: "no tags", run: tag(arn, nil)},
		{title: "empty key", run: tag(arn, map[string]*string{"": nil})},
		{title: "long key", run: tag(arn, map[string]*string{strings.Repeat("k", 129): nil})},
		{title: "long value", run: tag(arn, map[string]*string{"k": ptr(strings.Repeat("v", 257))})},
		{title: "reserved key", run: tag(arn, map[string]*string{"AWS:x": nil})},
		{title: "too many", run: tag(arn, many)},
		{title: "too many at creation", run: func(w *world) error {
			in := createInput("parts", "")
			in.Tags = many
			_, err := w.service.CreateLedger(w.t.Context(), call(), in)
			return err
		}},
		{title: "not an ARN", run: tag("orders-and-some-more-text", one)},
		{title: "short ARN", run: tag("arn:aws:qldb", one)},
		{title: "another service's ARN", run: tag("arn:aws:kms:eu-west-2:111122223333:key/"+mainID, one)},
		{title: "another kind", run: tag("arn:aws:qldb:eu-west-2:111122223333:journal/orders", one)},
		{title: "missing ledger", run: tag(arn+"2", one)},
		{title: "another account's ledger", run: tag("arn:aws:qldb:eu-west-2:444455556666:ledger/orders", one)},
		{title: "table", run: tag(arn+"/table/8F0TPCmdNQ6JTRpiLj2TmW", one)},
		{title: "catalog of no ledger", run: tag(arn+"2/information_schema/user_tables", one)},
		{title: "stream", run: tag("arn:aws:qldb:eu-west-2:111122223333:stream/orders/8F0TPCmdNQ6JTRpiLj2TmW", one)},
		{title: "no keys to remove", run: func(w *world) error {
			_, err := w.service.UntagResource(w.t.Context(), call(), &qldb.UntagResourceInput{ResourceArn: arn})
			return err
		}},
	}
}

func pageTexts() []textCase {
	list := func(size *int32, token string) func(*world) error {
		return func(w *world) error {
			_, err := w.service.ListLedgers(w.t.Context(), call(),
				&qldb.ListLedgersInput{MaxResults: size, NextToken: token})
			return err
		}
	}
	return []textCase{
		{title: "size 0", run: list(ptr[int32](0), "")},
		{title: "size 101", run: list(ptr[int32](101), "")},
		{title: "token that is no Base64", run: list(nil, "not a token")},
		{title: "token of somebody else", run: list(nil, "Z2FyYmFnZQ==")},
		{title: "token of exports", run: func(w *world) error {
			_, err := w.service.ListJournalS3Exports(w.t.Context(), call(),
				&qldb.ListJournalS3ExportsInput{NextToken: "xxx"})
			return err
		}},
	}
}

func addressTexts() []textCase {
	const good = `{strandId:"BlFTjlSXze9BIh1KOszcE3",sequenceNo:14}`
	block := func(block, tip *qldb.ValueHolder) func(*world) error {
		return func(w *world) error {
			_, err := w.service.GetBlock(w.t.Context(), call(),
				&qldb.GetBlockInput{Name: "orders", BlockAddress: block, DigestTipAddress: tip})
			return err
		}
	}
	ion := func(text string) *qldb.ValueHolder { return &qldb.ValueHolder{IonText: text} }
	revision := func(id string) func(*world) error {
		return func(w *world) error {
			_, err := w.service.GetRevision(w.t.Context(), call(),
				&qldb.GetRevisionInput{Name: "orders", BlockAddress: ion(good), DocumentID: id})
			return err
		}
	}
	return []textCase{
		{title: "no address", run: block(nil, nil)},
		{title: "empty address", run: block(ion(""), nil)},
		{title: "not Ion", run: block(ion("{strandId:"), nil)},
		{title: "not an address", run: block(ion(`{strandId:"BlFTjlSXze9BIh1KOszcE3"}`), nil)},
		{title: "tip that is not Ion", run: block(ion(good), ion("}"))},
		{title: "another strand", run: block(ion(good), ion(`{strandId:"8F0TPCmdNQ6JTRpiLj2TmW",sequenceNo:15}`))},
		{title: "beyond the tip", run: block(ion(good), ion(`{strandId:"BlFTjlSXze9BIh1KOszcE3",sequenceNo:13}`))},
		{title: "good address", run: block(ion(good), ion(good))},
		{title: "no document", run: revision("")},
		{title: "short document id", run: revision("8F0TPCmd")},
		{title: "document id with a blank", run: revision("8F0TPCmdNQ6JTRpiLj2Tm ")},
		{title: "good revision", run: revision("8F0TPCmdNQ6JTRpiLj2TmW")},
	}
}

func exportTexts() []textCase {
	export := func(change func(in *qldb.ExportJournalToS3Input)) func(*world) error {
		return func(w *world) error {
			in := exportInput("orders")
			change(in)
			_, err := w.service.ExportJournalToS3(w.t.Context(), call(), in)
			return err
		}
	}
	type input = *qldb.ExportJournalToS3Input
	return []textCase{
		{title: "no start", run: export(func(in input) { in.InclusiveStartTime = nil })},
		{title: "no end", run: export(func(in input) { in.ExclusiveEndTime = nil })},
		{title: "no destination", run: export(func(in input) { in.S3ExportConfiguration = nil })},
		{title: "no prefix", run: export(func(in input) { in.S3ExportConfiguration.Prefix = nil })},
		{title: "no encryption", run: export(func(in input) { in.S3ExportConfiguration.EncryptionConfiguration = nil })},
		{title: "no role", run: export(func(in input) { in.RoleArn = "" })},
		{title: "no bucket", run: export(func(in input) { in.S3ExportConfiguration.Bucket = "" })},
		{title: "short bucket", run: export(func(in input) { in.S3ExportConfiguration.Bucket = "ab" })},
		{title: "wrong bucket", run: export(func(in input) { in.S3ExportConfiguration.Bucket = "a b c" })},
		{title: "wrong encryption", run: export(func(in input) {
			in.S3ExportConfiguration.EncryptionConfiguration.ObjectEncryptionType = "AES"
		})},
		{title: "wrong format", run: export(func(in input) { in.OutputFormat = "CSV" })},
		{title: "long prefix", run: export(func(in input) {
			in.S3ExportConfiguration.Prefix = ptr(strings.Repeat("p", 129))
		})},
		{title: "start at end", run: export(func(in input) { in.InclusiveStartTime = in.ExclusiveEndTime })},
		{title: "end in the future", run: export(func(in input) { in.ExclusiveEndTime = wire.At(start.Add(time.Hour)) })},
		{title: "key without SSE_KMS", run: export(func(in input) {
			in.S3ExportConfiguration.EncryptionConfiguration.KmsKeyArn = mainKey
		})},
		{title: "SSE_KMS without key", run: export(func(in input) {
			in.S3ExportConfiguration.EncryptionConfiguration.ObjectEncryptionType = "SSE_KMS"
		})},
		{title: "good", run: export(func(input) {})},
		{title: "describe", run: func(w *world) error {
			_, err := w.service.DescribeJournalS3Export(w.t.Context(), call(),
				&qldb.DescribeJournalS3ExportInput{Name: "orders", ExportID: "8F0TPCmdNQ6JTRpiLj2TmW"})
			return err
		}},
	}
}

func streamTexts() []textCase {
	type input = *qldb.StreamJournalToKinesisInput
	stream := func(change func(in input)) func(*world) error {
		return func(w *world) error {
			in := streamInput("orders")
			change(in)
			_, err := w.service.StreamJournalToKinesis(w.t.Context(), call(), in)
			return err
		}
	}
	named := &qldb.JournalKinesisStreamInput{LedgerName: "orders", StreamID: "8F0TPCmdNQ6JTRpiLj2TmW"}
	return []textCase{
		{title: "no role", run: stream(func(in input) { in.RoleArn = "" })},
		{title: "no start", run: stream(func(in input) { in.InclusiveStartTime = nil })},
		{title: "no target", run: stream(func(in input) { in.KinesisConfiguration = nil })},
		{title: "no target ARN", run: stream(func(in input) { in.KinesisConfiguration.StreamArn = "" })},
		{title: "no name", run: stream(func(in input) { in.StreamName = "" })},
		{title: "wrong name", run: stream(func(in input) { in.StreamName = "a--b" })},
		{title: "start at end", run: stream(func(in input) { in.ExclusiveEndTime = in.InclusiveStartTime })},
		{title: "start in the future", run: stream(func(in input) { in.InclusiveStartTime = wire.At(start.Add(time.Hour)) })},
		{title: "good", run: stream(func(input) {})},
		{title: "describe", run: func(w *world) error {
			_, err := w.service.DescribeJournalKinesisStream(w.t.Context(), call(), named)
			return err
		}},
		{title: "cancel", run: func(w *world) error {
			_, err := w.service.CancelJournalKinesisStream(w.t.Context(), call(), named)
			return err
		}},
		{title: "list for a missing ledger", state: "missing", run: func(w *world) error {
			return w.operation(w.t.Context(), "ListJournalKinesisStreamsForLedger")
		}},
	}
}
