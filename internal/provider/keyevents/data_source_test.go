package keyevents_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

const strangerARN = "arn:aws:iam::" + acctest.Account + ":user/stranger"

// start has a user "stranger" who may do nothing.
func start(t *testing.T) *acctest.Harness {
	t.Helper()
	return acctest.Start(t, acctest.WithSeed(t, `{"accounts": [{"id": "`+acctest.Account+`", "users": [
		{"name": "stranger", "access_keys": [{"id": "AKIASTRANGERSEXAMPLE", "secret": "only this test knows it"}]}]}]}`))
}

// key makes a key with an alias, has a ledger put under it, and the stranger refused.
func key(t *testing.T, h *acctest.Harness) (arn string) {
	t.Helper()
	out, err := h.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	arn = *out.KeyMetadata.Arn
	_, err = h.KMS().CreateAlias(t.Context(), &kms.CreateAliasInput{
		AliasName: aws.String("alias/shared-ledger-key"), TargetKeyId: &arn,
	})
	if err != nil {
		t.Fatal(err)
	}
	stranger := kms.NewFromConfig(aws.Config{
		Region: acctest.Region, HTTPClient: &http.Client{Transport: h.Transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIASTRANGERSEXAMPLE", "only this test knows it", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
	_, err = stranger.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
		KeyId: &arn, NumberOfBytes: aws.Int32(32), EncryptionContext: map[string]string{"Team": "none"},
	})
	if err == nil {
		t.Fatal("the stranger may use the key")
	}
	return arn
}

func run(t *testing.T, h *acctest.Harness, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		ProtoV6ProviderFactories: h.Factories(), Steps: steps,
	})
}

func events(name string) string { return "data.qldbkms_key_events." + name }

func is(name, attribute string, want knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(events(name), tfjsonpath.New(attribute), want)
}

func text(want string) knownvalue.Check { return knownvalue.StringExact(want) }

// The published example, and each argument.
func TestAccKeyEvents(t *testing.T) {
	t.Parallel()
	h := start(t)
	arn := key(t, h)
	h.Ledger("orders")
	published, err := os.ReadFile("../../../examples/data-sources/qldbkms_key_events/data-source.tf")
	if err != nil {
		t.Fatal(err)
	}
	denied := knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
		"event_id": knownvalue.NotNull(), "time": knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-.*Z$`)),
		"name": text("GenerateDataKey"), "read_only": knownvalue.Bool(true), "principal": text(strangerARN),
		"principal_type": text("IAMUser"), "invoked_by": knownvalue.Null(), "source_ip": knownvalue.NotNull(),
		"error_code": text("AccessDenied"),
		"error_message": knownvalue.StringRegexp(
			regexp.MustCompile("is not authorized to perform: kms:GenerateDataKey")),
		"encryption_context": knownvalue.MapExact(map[string]knownvalue.Check{"Team": text("none")}),
		"request_id":         knownvalue.NotNull(),
		"json":               knownvalue.StringRegexp(regexp.MustCompile(`^\{"eventVersion":"1\.11",`)),
	})})
	run(t, h, resource.TestStep{
		Config: h.Config("") + string(published) + `
			data "qldbkms_key_events" "newest" {
			  kms_key = "` + arn + `"
			  limit   = 1
			}
			data "qldbkms_key_events" "made" {
			  kms_key     = "` + arn + `"
			  event_names = ["CreateKey", "CreateAlias"]
			  limit       = 2
			}
			data "qldbkms_key_events" "later" {
			  kms_key    = "` + arn + `"
			  start_time = "2999-01-01T00:00:00+01:00"
			}
			data "qldbkms_key_events" "elsewhere" {
			  kms_key = "` + strings.Replace(arn, acctest.Region, "us-east-1", 1) + `"
			  region  = "us-east-1"
			}`,
		ConfigStateChecks: []statecheck.StateCheck{
			is("refused", "events", denied), is("refused", "kms_key_arn", text(arn)),
			is("refused", "region", text(acctest.Region)), is("refused", "truncated", knownvalue.Bool(false)),
			is("newest", "events", knownvalue.ListSizeExact(1)), is("newest", "truncated", knownvalue.Bool(true)),
			is("made", "events", knownvalue.ListPartial(map[int]knownvalue.Check{
				0: knownvalue.ObjectPartial(map[string]knownvalue.Check{
					"name": text("CreateAlias"), "principal": text("arn:aws:iam::" + acctest.Account + ":root"),
					"principal_type": text("Root"), "error_code": knownvalue.Null(), "read_only": knownvalue.Bool(false),
					"encryption_context": knownvalue.Null(),
				}),
				1: knownvalue.ObjectPartial(map[string]knownvalue.Check{"name": text("CreateKey")}),
			})),
			is("made", "truncated", knownvalue.Bool(false)),
			is("later", "events", knownvalue.ListSizeExact(0)),
			is("elsewhere", "events", knownvalue.ListSizeExact(0)),
		},
	})
	if changes := h.Mutations(); len(changes) != 0 {
		t.Errorf("reading changed something: %v", changes)
	}
}

// What QLDB does with the key, and what KMS does by itself after the key is gone.
func TestAccKeyEventsOfServices(t *testing.T) {
	t.Parallel()
	h := start(t)
	arn := key(t, h)
	run(t, h,
		resource.TestStep{
			Config: h.Config("") + `
				resource "qldbkms_protected_ledger" "orders" {
				  name                = "orders"
				  deletion_protection = false
				  kms_key             = "` + arn + `"
				}
				data "qldbkms_key_events" "made" {
				  kms_key     = qldbkms_protected_ledger.orders.kms_key
				  event_names = ["GenerateDataKey", "CreateGrant"]
				}`,
			ConfigStateChecks: []statecheck.StateCheck{
				is("made", "events", knownvalue.ListPartial(map[int]knownvalue.Check{
					0: knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"name": text("GenerateDataKey"), "principal": text("qldb.amazonaws.com"),
						"principal_type": text("AWSService"), "invoked_by": text("qldb.amazonaws.com"),
						"source_ip": text("qldb.amazonaws.com"),
						"encryption_context": knownvalue.MapPartial(map[string]knownvalue.Check{
							"key-hierarchy-node-version": text("1"),
						}),
					}),
					1: knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"name": text("CreateGrant"), "invoked_by": text("qldb.amazonaws.com"), "principal_type": text("Root"),
					}),
				})),
			},
		},
		resource.TestStep{
			PreConfig: func() {
				_, err := h.KMS().ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{
					KeyId: &arn, PendingWindowInDays: aws.Int32(7),
				})
				if err != nil {
					t.Fatal(err)
				}
				h.Advance(8 * 24 * time.Hour)
			},
			Config: h.Config("") + `
				data "qldbkms_key_events" "gone" {
				  kms_key     = "` + arn + `"
				  event_names = ["DeleteKey"]
				}`,
			ConfigStateChecks: []statecheck.StateCheck{
				is("gone", "events", knownvalue.ListExact([]knownvalue.Check{
					knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"principal": text("AWS Internal"), "principal_type": knownvalue.Null(), "request_id": knownvalue.Null(),
					}),
				})),
			},
		},
	)
}

func TestAccKeyEventsRefused(t *testing.T) {
	t.Parallel()
	h := start(t)
	arn := key(t, h)
	step := func(lines, says string) resource.TestStep {
		return resource.TestStep{
			Config:      h.Config("max_retries = 0") + "data \"qldbkms_key_events\" \"x\" {\n" + lines + "\n}",
			ExpectError: regexp.MustCompile(`(?s)` + says),
		}
	}
	refuse := step(`kms_key = "`+arn+`"`,
		`The events of the KMS key were not read.*not allowed.*cloudtrail:LookupEvents`)
	refuse.PreConfig = func() {
		h.Fault(acctest.Fault{
			Operation: "LookupEvents", Kind: "error", Code: "AccessDeniedException", Message: "not allowed", Status: 400,
		})
	}
	run(t, h,
		step(`kms_key = "orders"`, `kms_key must be\s+a key id`),
		step(`kms_key = "AWS_OWNED_KMS_KEY"`, `The AWS owned key has no events`),
		step(`kms_key = "alias/none"`, `The KMS key does not exist.*alias/none.*by its ARN`),
		step(`kms_key = "`+strings.Replace(arn, acctest.Region, "us-east-1", 1)+`"`,
			`The KMS key is in another Region.*Set region to\s+"us-east-1"`),
		step("kms_key = \"alias/a\"\nstart_time = \"yesterday\"", `start_time must be\s+a moment in RFC 3339`),
		step("kms_key = \"alias/a\"\nstart_time = \"2026-01-02T00:00:00Z\"\nend_time = \"2026-01-01T00:00:00Z\"",
			`ends before it starts.*2026-01-02`),
		step("kms_key = \"alias/a\"\nlimit = 0", `limit value must be between 1 and 1000`),
		step("kms_key = \"alias/a\"\nevent_names = []", `event_names set must contain at least 1`),
		refuse,
	)
}
