package protectedledger_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// plannedParts are the parts of a plan that tell about checks: what comes of them, and the change of key.
var plannedParts = regexp.MustCompile(`(?ms)^ +[+~] (policy_findings|key_change) += (\[$.*?^ {8}\]|\{$.*?^ {8}\}|\(.*?$)`)

// excerpt is what a terminal shows of checks: the parts of the plan, and the diagnostics.
func excerpt(shown string) string {
	var parts []string
	for _, part := range plannedParts.FindAllString(shown, -1) {
		parts = append(parts, part+"\n")
	}
	for _, block := range strings.Split(shown, "╷\n")[1:] {
		if end := strings.Index(block, "╵"); end >= 0 {
			parts = append(parts, "╷\n"+block[:end]+"╵\n")
		}
	}
	return blanks.ReplaceAllString(strings.Join(parts, "\n"), "")
}

var blanks = regexp.MustCompile(`(?m) +$`)

// template is a policy as people write it.
const template = `
variable "users" {
  default = [%[1]s]
}

resource "qldbkms_protected_ledger" "orders" {
  name                = "orders"
  deletion_protection = false

  key = {
    generation = %[2]d
    policy = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "Managers"
          Effect    = "Allow"
          Principal = { AWS = %[3]q }
          Action = [
            "kms:Cancel*", "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:Get*",
            "kms:List*", "kms:Put*", "kms:Revoke*", "kms:Schedule*",
            "kms:TagResource", "kms:UntagResource", "kms:Update*",
          ]
          Resource = "*"
        },
        {
          Sid       = "Ledger users"
          Effect    = "Allow"
          Principal = { AWS = var.users }
          Action    = "kms:Decrypt"
          Resource  = "*"
          Condition = { StringEquals = {%[4]s} }
        },
      ]
    })
  }
%[5]s}
`

func ledgerOf(generation int, via, checks string, users ...string) string {
	var quoted []string
	for _, arn := range users {
		quoted = append(quoted, fmt.Sprintf("%q", arn))
	}
	if via != "" {
		via = fmt.Sprintf(" \"kms:ViaService\" = %q ", via)
	}
	return fmt.Sprintf(template, strings.Join(quoted, ", "), generation, rootARN, via, checks)
}

// TestTerminal keeps what a person sees of checks in a terminal of 80 columns. Read the files.
func TestTerminal(t *testing.T) {
	t.Parallel()
	const here = "qldb." + acctest.Region + ".amazonaws.com"
	const via = "\n          Condition = { StringEquals = { \"kms:ViaService\" = \"" + here + "\" } }"
	first := ledgerOf(1, here, "", readerARN, writerARN)
	for name, scene := range map[string]func(*bench, *acctest.Desk) string{
		"error": func(_ *bench, d *acctest.Desk) string {
			checks := fmt.Sprintf("\n  policy_checks = { callers = [%q] }\n", readerARN)
			return d.Run(ledgerOf(1, here, checks, writerARN), "plan")
		},
		"error at validate": func(_ *bench, d *acctest.Desk) string {
			return d.Run(strings.Replace(first, "{ AWS = var.users }", `"*"`, 1), "validate")
		},
		"errors of one Region": func(_ *bench, d *acctest.Desk) string {
			return d.Run(ledgerOf(1, "qldb.us-east-1.amazonaws.com", "", readerARN), "plan")
		},
		"swap": func(_ *bench, d *acctest.Desk) string {
			d.Run(first, "apply", "-auto-approve")
			return d.Run(ledgerOf(2, here, "", writerARN), "plan")
		},
		"swap accepted": func(_ *bench, d *acctest.Desk) string {
			d.Run(first, "apply", "-auto-approve")
			return d.Run(ledgerOf(2, here, "\n  policy_checks = { accept = [\"KP-207\"] }\n", writerARN), "plan")
		},
		"swap checked": func(_ *bench, d *acctest.Desk) string {
			d.Run(first, "apply", "-auto-approve")
			return d.Run(ledgerOf(2, here, "", readerARN, writerARN), "plan")
		},
		"note": func(_ *bench, d *acctest.Desk) string { return d.Run(strings.Replace(first, via, "", 1), "plan") },
		"warning": func(_ *bench, d *acctest.Desk) string {
			return d.Run(strings.Replace(first, "{ AWS = var.users }", `{ Service = "qldb.amazonaws.com" }`, 1), "plan")
		},
		"not yet": func(_ *bench, d *acctest.Desk) string {
			return d.Run(fmt.Sprintf(`
resource "terraform_data" "reader" {
  input = %q
}

resource "qldbkms_protected_ledger" "orders" {
  name                = "orders"
  deletion_protection = false
  key                 = { access = { users = [terraform_data.reader.output] } }
}
`, readerARN), "plan")
		},
		"locked out": func(b *bench, _ *acctest.Desk) string {
			b.as("writer")
			return newDesk(b).Run(strings.Replace(ledgerOf(1, here, "", readerARN), rootARN, adminARN, 1), "plan")
		},
		"words": func(_ *bench, d *acctest.Desk) string {
			return d.Run(fmt.Sprintf(`
resource "qldbkms_protected_ledger" "orders" {
  name = "orders"
  key = {
    access = {
      administrators = [%q]
      users          = ["arn:aws:sts::%s:assumed-role/reader/me"]
    }
  }
}
`, adminARN, acctest.Account), "plan")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newCast(t)
			shown := excerpt(scene(b, newDesk(b)))
			if shown == "" {
				t.Fatal("the terminal shows nothing of checks")
			}
			for line := range strings.Lines(shown) {
				// Lines that begin with a space are lists that the command line does not break.
				prose := strings.HasPrefix(line, "│") && !strings.HasPrefix(line, "│  ")
				if prose && utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > acctest.Columns {
					t.Errorf("more than %d columns: %s", acctest.Columns, line)
				}
			}
			compareGolden(t, "terminal "+name, strings.TrimSuffix(normal(shown), "\n"))
		})
	}
}
