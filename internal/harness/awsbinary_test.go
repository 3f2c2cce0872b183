package harness_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"
)

// binaryConfig has the article's roles, its key and its alias, in the language of Terraform 0.11. The release has no
// resource for ledgers.
const binaryConfig = `
provider "aws" {
  region                  = "eu-west-2"
  skip_metadata_api_check = true
  skip_get_ec2_platforms  = true
  max_retries             = 0
  endpoints {
    iam = "%[1]s"
    kms = "%[1]s"
    sts = "%[1]s"
  }
}

variable "roles" {
  type    = "list"
  default = ["create-record", "get-record"]
}

resource "aws_iam_role" "record" {
  count                = "${length(var.roles)}"
  name                 = "qldb-kms-${var.roles[count.index]}-role"
  assume_role_policy   = "${file("%[2]s/trust.json")}"
  permissions_boundary = "${aws_iam_policy.boundary.arn}"
  description          = "%[3]s"
  max_session_duration = 7200
  tags                 = { stage = "%[3]s" }
}

resource "aws_iam_role_policy" "record" {
  count  = "${length(var.roles)}"
  name   = "record"
  role   = "${element(aws_iam_role.record.*.id, count.index)}"
  policy = "${file("%[2]s/${var.roles[count.index]}.json")}"
}

resource "aws_iam_policy" "boundary" {
  name   = "boundary"
  policy = "${data.aws_iam_policy_document.boundary.json}"
}

data "aws_iam_policy_document" "boundary" {
  statement {
    actions   = ["qldb:*", "kms:Decrypt"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = "${element(aws_iam_role.record.*.name, 1)}"
  policy_arn = "${aws_iam_policy.boundary.arn}"
}

data "aws_caller_identity" "this" {}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }
  statement {
    sid       = "Readers"
    actions   = ["kms:Decrypt"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["${aws_iam_role.record.*.arn}"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["qldb.eu-west-2.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "ledger" {
  description             = "%[3]s"
  policy                  = "${data.aws_iam_policy_document.key.json}"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  tags                    = { stage = "%[3]s" }
}

resource "aws_kms_alias" "ledger" {
  name          = "alias/qldb-kms-poc"
  target_key_id = "${aws_kms_key.ledger.key_id}"
}
`

// awsBinary runs the AWS provider's program under the core of Terraform 0.11.
type awsBinary struct {
	t                *testing.T
	programs, dir    string
	endpoint, secret string
	accessKey        string
}

func (b awsBinary) run(stage, command string) (changes string) {
	b.t.Helper()
	roles, err := filepath.Abs("../../examples/lambda-app/record/roles")
	if err != nil {
		b.t.Fatal(err)
	}
	text := fmt.Sprintf(binaryConfig, b.endpoint, roles, stage)
	if err := os.WriteFile(filepath.Join(b.dir, "main.tf"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	var said, trouble bytes.Buffer
	cmd := exec.CommandContext(b.t.Context(), filepath.Join(b.programs, "core"),
		filepath.Join(b.programs, "provider"), b.dir, command)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+b.accessKey, "AWS_SECRET_ACCESS_KEY="+b.secret,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	cmd.Stdout, cmd.Stderr = &said, &trouble
	if err := cmd.Run(); err != nil {
		b.t.Fatalf("%s %s: %v\n%s", command, stage, err, trouble.String())
	}
	return said.String()
}

// TestAWSProviderBinary applies, plans, changes and destroys with a program that HashiCorp wrote, on version 1 of the
// SDK.
func TestAWSProviderBinary(t *testing.T) {
	t.Parallel()
	programs := os.Getenv("TF_ACC_AWS_PROVIDER")
	if programs == "" {
		t.Skip(`TF_ACC_AWS_PROVIDER names no folder with the provider: run "make test-aws-provider"`)
	}
	p := newAWSProvider(t)
	env := p.env
	b := awsBinary{t, programs, t.TempDir(), p.url, env["AWS_SECRET_ACCESS_KEY"], env["AWS_ACCESS_KEY_ID"]}
	for _, stage := range []string{"first", "second"} {
		if changes := b.run(stage, "apply"); changes == "" {
			t.Errorf("apply %s: no changes", stage)
		}
		p.wantBinary(stage)
		if changes := b.run(stage, "plan"); changes != "" {
			t.Errorf("plan %s after its apply:\n%s", stage, changes)
		}
	}
	key := *p.alias().TargetKeyId
	b.run("second", "destroy")
	if p.alias() != nil {
		t.Error("destroy left the alias")
	}
	out, err := p.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key})
	if state := answered(t, out, err).KeyMetadata.KeyState; state != kmstypes.KeyStatePendingDeletion {
		t.Errorf("key after destroy: %s", state)
	}
	roles, err := p.iam.ListRoles(t.Context(), &iam.ListRolesInput{})
	for _, role := range answered(t, roles, err).Roles {
		if strings.HasPrefix(*role.RoleName, "qldb-kms-") {
			t.Errorf("destroy left role %s", *role.RoleName)
		}
	}
}

func (p awsProvider) alias() *kmstypes.AliasListEntry {
	p.t.Helper()
	out, err := p.kms.ListAliases(p.t.Context(), &kms.ListAliasesInput{})
	for _, alias := range answered(p.t, out, err).Aliases {
		if *alias.AliasName == "alias/qldb-kms-poc" {
			return &alias
		}
	}
	return nil
}

// wantBinary looks at what the provider has made.
func (p awsProvider) wantBinary(stage string) {
	p.t.Helper()
	boundary := "arn:aws:iam::" + account + ":policy/boundary"
	var arns []string
	for i, role := range articleRoles(p.t) {
		name := []string{"qldb-kms-create-record-role", "qldb-kms-get-record-role"}[i]
		got := p.readRole(name)
		want := roleState{ARN: "arn:aws:iam::" + account + ":role/" + name, Description: stage, Boundary: boundary,
			Trust: role.Trust, Inline: role.Policy, MaxSession: 7200, Tags: map[string]string{"stage": stage}}
		if i == 1 {
			want.Managed = []string{boundary}
		}
		same(p.t, name, want, got)
		arns = append(arns, got.ARN)
	}
	alias := p.alias()
	if alias == nil {
		p.t.Fatal("there is no alias")
	}
	ctx := p.t.Context()
	described, err := p.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: alias.TargetKeyId})
	if got := answered(p.t, described, err).KeyMetadata; *got.Description != stage || !got.Enabled {
		p.t.Errorf("key: description %q, enabled %t", *got.Description, got.Enabled)
	}
	rotation, err := p.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: alias.TargetKeyId})
	if !answered(p.t, rotation, err).KeyRotationEnabled {
		p.t.Error("the key is not rotated")
	}
	tags, err := p.kms.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: alias.TargetKeyId})
	want := []kmstypes.Tag{{TagKey: aws.String("stage"), TagValue: aws.String(stage)}}
	if diff := cmp.Diff(want, answered(p.t, tags, err).Tags, cmp.AllowUnexported(kmstypes.Tag{})); diff != "" {
		p.t.Errorf("tags of the key (-want +got):\n%s", diff)
	}
	kept, err := p.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: alias.TargetKeyId})
	text := *answered(p.t, kept, err).Policy
	if slices.ContainsFunc(arns, func(arn string) bool { return !strings.Contains(text, arn) }) {
		p.t.Errorf("key policy %s does not name %q", text, arns)
	}
}
