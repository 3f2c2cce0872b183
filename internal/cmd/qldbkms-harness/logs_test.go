package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/fault"
)

const marked = "MarkedWordOfAPolicy"

// logged is a ledger whose key policy and whose document have a mark.
const logged = `terraform {
  required_providers {
    qldbkms = { source = "qldbkms/qldbkms" }
  }
}

provider "qldbkms" {
  region = "eu-west-2"
}

resource "qldbkms_protected_ledger" "orders" {
  name                = "orders"
  permissions_mode    = "STANDARD"
  deletion_protection = false
  key = {
    policy = POLICY
  }
}

resource "qldbkms_table" "t" {
  ledger              = qldbkms_protected_ledger.orders.name
  name                = "T"
  drop_with_documents = true
}

resource "qldbkms_record" "r" {
  ledger     = qldbkms_table.t.ledger
  table      = qldbkms_table.t.name
  document   = jsonencode({ id = 1, text = "MarkedWordOfADocument" })
  key_fields = ["id"]
}
`

// TestProviderLogsNoPolicy runs the provider under the engine with the level of logging that says most, with policies
// that are taken, that cannot be read, that the plan refuses and that KMS refuses, and searches what the provider logs.
func TestProviderLogsNoPolicy(t *testing.T) {
	t.Parallel()
	b := newBench(t, findEngine(t), buildProvider(t))
	old, err := filepath.Glob(filepath.Join(b.dir, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(b.dir, "trace.log")
	b.env = append(b.env, "TF_LOG=TRACE", "TF_LOG_PATH="+path)
	statement := func(principal, sid string) string {
		return `jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "` + sid + `", Effect = "Allow", ` +
			`Principal = { AWS = "` + principal + `" }, Action = "kms:*", Resource = "*" }] })`
	}
	const root = "arn:aws:iam::111122223333:root"
	b.apply(statement(root, marked+"One"), "")
	b.apply(`"{\"Version\":\"2012-10-17\",\"`+marked+`\":"`, "KP-502")
	b.apply(statement("*", marked), "KP-301")
	if _, err := b.h.Faults().Add(fault.Rule{
		Operation: "PutKeyPolicy", Count: 1, Kind: fault.Error, Code: "AccessDeniedException", Message: "no",
	}); err != nil {
		t.Fatal(err)
	}
	b.apply(statement(root, marked+"Two"), "AccessDeniedException")
	b.apply(statement(root, marked+"Two"), "")

	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, calls := regexp.MustCompile(`(?m)^.*provider\.terraform-provider-qldbkms.*$`).FindAllString(string(raw), -1), 0
	for _, line := range lines {
		if strings.Contains(line, "PutKeyPolicy") || strings.Contains(line, "CreateKey") {
			calls++
		}
		for _, secret := range []string{marked, "MarkedWordOfADocument", b.h.Env()["AWS_SECRET_ACCESS_KEY"]} {
			if strings.Contains(line, secret) {
				t.Errorf("the provider logs %s: %.600s", secret, line)
			}
		}
	}
	if calls < 3 {
		t.Errorf("%d of the provider's %d lines tell of the calls, so this shows nothing", calls, len(lines))
	}
}

// apply applies the configuration with a key policy, and wants what it says, or with "" that it works.
func (b *testBench) apply(policy, want string) {
	b.t.Helper()
	text := strings.Replace(logged, "POLICY", policy, 1)
	if err := os.WriteFile(filepath.Join(b.dir, "main.tf"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	var out bytes.Buffer
	err := b.command(&out, "apply", "-auto-approve").Run()
	if (err == nil) != (want == "") || !strings.Contains(out.String(), want) {
		b.t.Fatalf("got %v, want %q in\n%s", err, want, out.String())
	}
}
