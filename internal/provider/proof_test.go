package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/awslabs/amazon-qldb-driver-go/v3/qldbdriver"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

// driver is Amazon's QLDB driver for a ledger of the account, as an application has it.
func (a account) driver(ledger string) *qldbdriver.QLDBDriver {
	a.t.Helper()
	client := qldbsession.New(qldbsession.Options{
		Region: acctest.Region, BaseEndpoint: aws.String("http://harness.invalid"),
		HTTPClient:  &http.Client{Transport: a.Transport},
		Credentials: credentials.NewStaticCredentialsProvider(a.AccessKeyID, a.SecretKey, ""),
	})
	driver, err := qldbdriver.New(ledger, client, func(o *qldbdriver.DriverOptions) {
		o.LoggerVerbosity = qldbdriver.LogOff
	})
	if err != nil {
		a.t.Fatalf("make a driver: %v", err)
	}
	a.t.Cleanup(func() { driver.Shutdown(context.Background()) })
	return driver
}

// execute runs one statement and returns its rows.
func execute(t *testing.T, driver *qldbdriver.QLDBDriver, statement string) []ion.Value {
	t.Helper()
	rows, err := driver.Execute(t.Context(), func(txn qldbdriver.Transaction) (any, error) {
		result, err := txn.Execute(statement)
		if err != nil {
			return nil, err
		}
		var rows []ion.Value
		for result.Next(txn) {
			row, err := ion.DecodeOne(bytes.Clone(result.GetCurrentData()), ion.Options{})
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		return rows, result.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return rows.([]ion.Value)
}

// A written revision is one of a document, where the history has it.
type written struct{ documentID, blockAddress, version, txnID, txnTime string }

// orders makes a ledger in which one document was inserted and updated, and another inserted and deleted; the result
// are the revisions of both, in the order in which they were committed.
func (a account) orders() []written {
	a.t.Helper()
	a.ledger("orders", "", nil)
	driver := a.driver("orders")
	for _, statement := range []string{
		"CREATE TABLE orders",
		"INSERT INTO orders << {'num': 1, 'total': 12.50, 'placed': `2024-02-29T10:00:00.000Z`} >>",
		"UPDATE orders SET total = 13.00 WHERE num = 1",
		"INSERT INTO orders << {'num': 2} >>",
		"DELETE FROM orders WHERE num = 2",
	} {
		execute(a.t, driver, statement)
	}
	all := make([]written, 4)
	for _, row := range execute(a.t, driver, "SELECT blockAddress, metadata FROM history(orders)") {
		address, _ := row.Field("blockAddress")
		metadata, _ := row.Field("metadata")
		of := func(name string) ion.Value { v, _ := metadata.Field(name); return v }
		block, _ := address.Field("sequenceNo")
		n, _ := block.Int64()
		all[n-2] = written{ // block 0 is the ledger's own, block 1 has the table
			of("id").Text(), address.String(), of("version").String(), of("txId").Text(), of("txTime").String(),
		}
	}
	return all
}

// asked is the configuration that asks for w.
func (w written) asked() map[string]any {
	return map[string]any{"ledger": "orders", "document_id": w.documentID, "block_address": w.blockAddress}
}

func TestDigestAndRevision(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	all := a.orders()
	a.ForgetCalls()
	c := a.core(nil)
	first, diags := c.read(t.Context(), "qldbkms_digest", map[string]any{"ledger": "orders"})
	if text := printed(diags); text != "" {
		t.Fatalf("read:\n%s", text)
	}
	if first["sequence_no"] != "6" || first["region"] != acctest.Region || first["tip_address"] !=
		fmt.Sprintf("{strandId:%q,sequenceNo:6}", first["strand_id"]) {
		t.Errorf("got digest %v, want one of block 6, that of reading the history", first)
	}
	data := []any{
		`{"num":1,"total":12.50,"placed":"2024-02-29T10:00:00.000Z"}`,
		`{"num":1,"total":13.00,"placed":"2024-02-29T10:00:00.000Z"}`,
		`{"num":2}`, nil,
	}
	for i, w := range all {
		got, diags := c.read(t.Context(), "qldbkms_revision", w.asked())
		if text := printed(diags); text != "" {
			t.Fatalf("read:\n%s", text)
		}
		want := map[string]any{
			"ledger": "orders", "document_id": w.documentID, "block_address": w.blockAddress, "region": acctest.Region,
			"digest": first["digest"], "tip_address": first["tip_address"], "version": w.version, "txn_id": w.txnID,
			"txn_time": w.txnTime, "data": data[i], "verified": true,
		}
		for _, text := range []string{"revision", "proof", "revision_hash"} { // checked by the function, below
			want[text] = got[text]
		}
		if want["data"] == nil {
			delete(want, "data")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("revision (-want +got):\n%s", diff)
		}
	}
	if got := a.Mutations(); len(got) != 0 {
		t.Errorf("reading changed something: %v", got)
	}
}

// A digest that was kept still covers its revisions when the ledger has gone on, and no later ones.
func TestRevisionAgainstKeptDigest(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	all := a.orders()
	c := a.core(nil)
	kept, _ := c.read(t.Context(), "qldbkms_digest", map[string]any{"ledger": "orders"})
	execute(t, a.driver("orders"), "INSERT INTO orders << {'num': 3} >>")
	now, _ := c.read(t.Context(), "qldbkms_digest", map[string]any{"ledger": "orders"})
	if now["digest"] == kept["digest"] {
		t.Fatal("the digest did not change")
	}
	against := func(w written, digest, tip any) map[string]any {
		config := w.asked()
		config["digest"], config["tip_address"] = digest, tip
		return config
	}
	got, diags := c.read(t.Context(), "qldbkms_revision", against(all[0], kept["digest"], kept["tip_address"]))
	if text := printed(diags); text != "" {
		t.Fatalf("read:\n%s", text)
	}
	if got["digest"] != kept["digest"] || got["verified"] != true {
		t.Errorf("got digest %v, verified %v, want digest %v, true", got["digest"], got["verified"], kept["digest"])
	}
	a.ForgetCalls()
	_, diags = c.read(t.Context(), "qldbkms_revision", against(all[0], now["digest"], kept["tip_address"]))
	oneError(t, diags, "", "is not proven", "digest does not match", "keep all of it as evidence")
	for _, call := range a.Calls() {
		if call.Operation != "GetRevision" {
			t.Errorf("%s was called beside GetRevision", call.Operation)
		}
	}
	late := all[0]
	late.blockAddress = now["tip_address"].(string)
	_, diags = c.read(t.Context(), "qldbkms_revision", against(late, kept["digest"], kept["tip_address"]))
	oneError(t, diags, "", "was not read", "must not be greater than the sequence number of the provided digest tip")
}

// tampered changes what GetRevision answers. Only this shows that the service is not believed: the harness itself has
// no way to lie.
type tampered struct {
	next   http.RoundTripper
	change func(answer string) string
}

func (f tampered) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.next.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/revision") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	changed := f.change(string(body))
	if changed == string(body) {
		return nil, fmt.Errorf("nothing changed in %d bytes", len(body))
	}
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// A redacted revision shows no data, but still proves, against a digest from before as well.
func TestRevisionRedacted(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	w := a.orders()[0]
	c := a.core(nil)
	kept, _ := c.read(t.Context(), "qldbkms_digest", map[string]any{"ledger": "orders"})
	driver := a.driver("orders")
	table := execute(t, driver, "SELECT VALUE tableId FROM information_schema.user_tables")
	execute(t, driver, fmt.Sprintf("EXEC REDACT_REVISION `%s`, '%s', '%s'", w.blockAddress, table[0].Text(), w.documentID))
	a.Advance(time.Hour)
	config := w.asked()
	config["digest"], config["tip_address"] = kept["digest"], kept["tip_address"]
	got, diags := c.read(t.Context(), "qldbkms_revision", config)
	if text := printed(diags); text != "" {
		t.Fatalf("read:\n%s", text)
	}
	if got["data"] != nil || got["verified"] != true || !strings.Contains(got["revision"].(string), "dataHash:") {
		t.Errorf("got %v, want a redacted revision", got)
	}
}

func TestRevisionTampered(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	all := a.orders()
	var another string // what GetRevision answers for the second revision, noted by the first case
	replace := func(old, with string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, with, 1) }
	}
	for _, test := range []struct {
		name   string
		change func(string) string
		says   []string
	}{
		{"data", replace("12.50", "2.50"), []string{"revision hash does not match", "as evidence"}},
		{"a field more", replace("total:", "paid:true,total:"), []string{"revision hash does not match"}},
		{"a proof element gone", func(s string) string {
			at := strings.Index(s, "[{{")
			return s[:at+1] + s[at+strings.Index(s[at:], ",")+1:]
		}, []string{"does not match"}},
		{"no proof", replace(`"Proof"`, `"Poof"`), []string{"version 0 came without a proof"}},
		{"another revision", func(string) string { return another }, []string{"asked for a revision of", "got revision"}},
		{"no revision", func(string) string { return "{}" }, []string{"revision"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "data" { // once
				note := tampered{a.Transport, func(s string) string { another = s; return s + " " }}
				if _, diags := a.coreOver(note).read(t.Context(), "qldbkms_revision", all[1].asked()); len(diags) != 0 {
					t.Fatal(printed(diags))
				}
			}
			got, diags := a.coreOver(tampered{a.Transport, test.change}).read(t.Context(), "qldbkms_revision", all[0].asked())
			if got["revision"] != nil {
				t.Errorf("got %v beside an error", got)
			}
			oneError(t, diags, "", append(test.says, "is not proven")...)
		})
	}
}

// coreOver is a provider whose calls go through transport.
func (a account) coreOver(transport http.RoundTripper) *core {
	a.t.Helper()
	c := newCore(a.t, provider.WithHTTPTransport(transport))
	diags := c.configure(map[string]any{
		"region": acctest.Region, "access_key": a.AccessKeyID, "secret_key": a.SecretKey, "max_retries": 0,
	})
	if text := printed(diags); text != "" {
		a.t.Fatalf("configure:\n%s", text)
	}
	return c
}

func TestBadProofArguments(t *testing.T) {
	t.Parallel()
	c := newCore(t)
	good := written{
		documentID:   "JUJgkIcNbhS2goq8RqLuZ4",
		blockAddress: `{strandId:"KmA3ZZca7vAIiJAK9S5Iwl",sequenceNo:100}`,
	}
	with := func(name string, v any) map[string]any {
		config := good.asked()
		config[name] = v
		return config
	}
	for _, test := range []struct {
		object string
		config map[string]any
		blames string
		says   string
	}{
		{"qldbkms_digest", map[string]any{"ledger": "a--b"}, "ledger", "no two in a row"},
		{"qldbkms_digest", map[string]any{"ledger": "orders", "region": "london"}, "region", "eu-west-2"},
		{"qldbkms_revision", with("ledger", "a--b"), "ledger", "no two in a row"},
		{"qldbkms_revision", with("region", "london"), "region", "eu-west-2"},
		{"qldbkms_revision", with("document_id", "short"), "document_id", "This one has 5 characters."},
		{"qldbkms_revision", with("document_id", "JUJgkIcNbhS2goq8RqLuZ-"), "document_id", "This one has '-'."},
		{"qldbkms_revision", with("block_address", "100"), "block_address", "must be a block address in Ion text"},
		{"qldbkms_revision", with("block_address", `{strandId:"a"`), "block_address", "is not Ion"},
		{"qldbkms_revision", with("digest", "6m6BMXobbJKpMhahwVthAEsN6awgnHK62Qq5McGP1Gk="), "digest", "tip_address"},
		{"qldbkms_revision", with("tip_address", good.blockAddress), "tip_address", "digest"},
	} {
		oneError(t, c.validateData(test.object, test.config), test.blames, test.says)
	}
	both := with("digest", "aaaa")
	both["tip_address"] = good.blockAddress
	oneError(t, c.validateData("qldbkms_revision", both), "digest", "32 bytes in base64")
	if diags := c.validateData("qldbkms_revision", with("document_id", unknown{})); len(diags) != 0 {
		t.Errorf("unknown:\n%s", printed(diags))
	}
}

// What QLDB refuses is said in its own words, about the right thing.
func TestProofRefused(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	all := a.orders()
	wrong := all[0]
	wrong.documentID = all[2].documentID
	elsewhere := all[0].asked()
	elsewhere["ledger"] = "orderz"
	for _, test := range []struct {
		object string
		config map[string]any
		denied string
		blames string
		says   []string
	}{
		{"qldbkms_digest", map[string]any{"ledger": "orderz"}, "", "ledger", []string{"does not exist in"}},
		{"qldbkms_revision", elsewhere, "", "ledger", []string{"does not exist in"}},
		{"qldbkms_revision", wrong.asked(), "", "", []string{
			"InvalidParameterException: The provided Document ID is not found in the block", "committed view",
		}},
		{"qldbkms_digest", map[string]any{"ledger": "orders"}, "GetDigest", "ledger", []string{
			"AccessDeniedException", "needs qldb:GetDigest on ledger/orders",
		}},
		{"qldbkms_revision", all[0].asked(), "GetRevision", "", []string{
			"AccessDeniedException", "needs qldb:GetRevision on ledger/orders",
		}},
	} {
		a.ClearFaults()
		if test.denied != "" {
			a.deny(test.denied)
		}
		_, diags := a.core(nil).read(t.Context(), test.object, test.config)
		oneError(t, diags, test.blames, test.says...)
	}
}

// The published examples, and the function over what the data sources show, through Terraform.
func TestAccProof(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	all := a.orders()
	example := func(name string) string {
		text, err := os.ReadFile("../../examples/data-sources/" + name + "/data-source.tf")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	everything := a.Config("") + example("qldbkms_digest") + example("qldbkms_revision") + `
output "proven" {
  value = provider::qldbkms::verify_proof(
    data.qldbkms_revision.order.revision, data.qldbkms_revision.order.proof,
    data.qldbkms_digest.orders.digest, data.qldbkms_digest.orders.tip_address,
  )
}
output "hash" {
  value = provider::qldbkms::ion_hash(provider::qldbkms::json_to_ion(data.qldbkms_revision.order.data))
}
`
	order := config.ObjectVariable(map[string]config.Variable{
		"document_id": config.StringVariable(all[1].documentID), "block_address": config.StringVariable(all[1].blockAddress),
	})
	total := statecheck.ExpectKnownOutputValue("order", knownvalue.ObjectPartial(map[string]knownvalue.Check{
		"num": knownvalue.Int64Exact(1), "total": knownvalue.Float64Exact(13),
	}))
	sequenceNo := func(n int64) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.qldbkms_digest.orders", tfjsonpath.New("sequence_no"),
			knownvalue.Int64Exact(n))
	}
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		ProtoV6ProviderFactories: a.factories(),
		Steps: []resource.TestStep{
			{
				Config: everything, ConfigVariables: config.Variables{"order": order},
				ConfigStateChecks: []statecheck.StateCheck{
					total, sequenceNo(6), statecheck.ExpectKnownOutputValue("proven", knownvalue.Bool(true)),
				},
			},
			{ // the ledger goes on: another digest, which changes nothing that was kept
				PreConfig: func() {
					execute(t, a.driver("orders"), "INSERT INTO orders << {'num': 3} >>")
					a.Advance(time.Second)
				},
				Config: everything, ConfigVariables: config.Variables{"order": order},
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("terraform_data.audit", plancheck.ResourceActionNoop),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					total, sequenceNo(7), statecheck.ExpectKnownOutputValue("proven", knownvalue.Bool(true)),
				},
			},
		},
	})
}
