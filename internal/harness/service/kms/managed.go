package kms

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// managedKey is an AWS managed key: it comes into being in an account when its alias is first used. QLDB has none.
type managedKey struct {
	service  string // of the alias and of kms:ViaService
	protects string
}

// predefined are services whose aliases every account has. Source: KMS developer guide, "AWS managed keys".
var predefined = []managedKey{
	{"acm", "ACM private keys"},
	{"backup", "Backup data"},
	{"dynamodb", "DynamoDB tables"},
	{"ebs", "EBS volumes"},
	{"elasticfilesystem", "EFS filesystems"},
	{"es", "Elasticsearch data"},
	{"kinesis", "Kinesis data"},
	{"lambda", "Lambda environment variables"},
	{"rds", "RDS database volumes"},
	{"redshift", "Redshift clusters"},
	{"s3", "S3 objects"},
	{"secretsmanager", "Secrets Manager data"},
	{"sns", "SNS data"},
	{"sqs", "SQS messages"},
	{"ssm", "SSM parameters"},
}

const managedRotationDays = 365

func (m managedKey) alias() string { return "alias/aws/" + m.service }

// policy lets principals of the account use the key through the service, and look at it directly.
func (m managedKey) policy(k *key) string {
	host := fmt.Sprintf("%s.%s.amazonaws.com", m.service, k.Region)
	return fmt.Sprintf(`{
  "Version" : "2012-10-17",
  "Id" : "auto-%[1]s-1",
  "Statement" : [ {
    "Sid" : "Allow access through %[1]s for all principals in the account that are authorized to use it",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", `+
		`"kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "%[2]s",
        "kms:ViaService" : "%[3]s"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:%[4]s:iam::%[2]s:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  } ]
}`, m.service, k.Account, host, k.Partition)
}

// predefinedAlias is the predefined alias of the caller's account and Region that ref names.
func predefinedAlias(c *wire.Call, ref string) (managedKey, bool) {
	name := strings.TrimPrefix(ref, c.ARN("kms", ""))
	i := slices.IndexFunc(predefined, func(m managedKey) bool { return m.alias() == name })
	if i < 0 {
		return managedKey{}, false
	}
	return predefined[i], true
}

// createManagedKey creates the key behind a predefined alias unless somebody else just did.
func (s *Service) createManagedKey(ctx context.Context, c *wire.Call, m managedKey) error {
	now := s.cfg.Clock.Now()
	k := &key{
		Account: c.Caller.Account, Region: c.Region, Partition: c.Partition, Created: now, AWSManaged: true,
		Description: fmt.Sprintf("Default key that protects my %s when no other key is defined", m.protects),
		Spec:        symmetric, Usage: usageEncrypt, Origin: originKMS,
		Rotation: rotation{
			Enabled: true, PeriodDays: managedRotationDays, Next: now.Add(managedRotationDays * 24 * time.Hour),
		},
	}
	k.Policy = m.policy(k)
	var err error
	if k.ID, err = s.newKeyID(false); err != nil {
		return err
	}
	first, err := s.newMaterial(k)
	if err != nil {
		return err
	}
	k.Materials = []material{first}
	return s.update(ctx, c, func(t *txn) error {
		if err := t.authorize(k, "DescribeKey", nil); err != nil {
			return err
		}
		_, found, err := aliases(k.Account, k.Region).Get(t.r, m.alias())
		if err != nil || found {
			return err
		}
		if err := t.addKey(k); err != nil {
			return err
		}
		if err := t.schedule(k, dueRotation, k.Rotation.Next); err != nil {
			return err
		}
		return t.putAlias(k, alias{Name: m.alias(), TargetID: k.ID, Created: now, Updated: now})
	})
}
