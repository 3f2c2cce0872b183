package iam

import (
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// managed is what is stored of a managed policy.
type managed struct {
	Account     string // "aws" for those that AWS manages
	Path        string
	Name        string
	ID          string
	Description string `json:",omitempty"`
	Created     time.Time
	Updated     time.Time
	Default     int       // number of the version that is in force
	Last        int       // number of the latest version there ever was
	Versions    []version // by number
	Tags        []tag     `json:",omitempty"`
}

type version struct {
	Number  int
	Text    string
	Created time.Time
}

func (p *managed) arn() string { return arnOf(p.Account, "policy", p.Path, p.Name) }

func (p *managed) version(number int) (*version, bool) {
	i := slices.IndexFunc(p.Versions, func(v version) bool { return v.Number == number })
	if i < 0 {
		return nil, false
	}
	return &p.Versions[i], true
}

// text is that of the version in force.
func (p *managed) text() string {
	if v, ok := p.version(p.Default); ok {
		return v.Text
	}
	return ""
}

const awsAccount = "aws"

var managedPolicies = store.Table[managed]{Prefix: "iam/policy/"} // by account and name

func policyKey(account, name string) string { return account + "/" + strings.ToLower(name) }

// lookupPolicy finds the managed policy that has arn.
func lookupPolicy(r store.Reader, arn string) (managed, bool, error) {
	account, name, ok := splitPolicy(arn)
	if !ok {
		return managed{}, false, nil
	}
	if account == awsAccount {
		p, found := awsManaged[arn]
		return p, found, nil
	}
	p, found, err := managedPolicies.Get(r, policyKey(account, name))
	return p, found && p.arn() == arn, err
}

// splitPolicy takes the ARN of a managed policy apart.
func splitPolicy(arn string) (account, name string, ok bool) {
	field := strings.SplitN(arn, ":", 6)
	if len(field) != 6 || field[0] != "arn" || field[2] != "iam" || !strings.HasPrefix(field[5], "policy/") {
		return "", "", false
	}
	name = field[5][strings.LastIndexByte(field[5], '/')+1:]
	return field[4], name, nameForm.MatchString(name)
}

// checkPolicyARN refuses what cannot be the ARN of a managed policy that account may use.
func checkPolicyARN(account, arn string) error {
	var c checks
	c.length("policyArn", arn, 20, 2048)
	if err := c.err(); err != nil {
		return err
	}
	if strings.Count(arn, ":") < 5 || !strings.HasPrefix(arn, "arn:") {
		return errARN()
	}
	owner, _, ok := splitPolicy(arn)
	switch {
	case !ok:
		return errInput("ARN %s is not valid.", arn)
	case owner != account && owner != awsAccount:
		return fault(403, "AccessDenied", "Policy is outside your own account.")
	}
	return nil
}

// findPolicy finds a managed policy for an operation that looks at it.
func findPolicy(r store.Reader, account, arn string) (managed, error) {
	if err := checkPolicyARN(account, arn); err != nil {
		return managed{}, err
	}
	p, found, err := lookupPolicy(r, arn)
	if err == nil && !found {
		err = errNoPolicy(arn)
	}
	return p, err
}

// ownPolicy finds a managed policy for an operation that changes it, which AWS's own do not allow.
func ownPolicy(r store.Reader, account, arn string) (managed, error) {
	p, err := findPolicy(r, account, arn)
	if err == nil && p.Account == awsAccount {
		err = fault(403, "AccessDenied", "Policy is outside your own account.")
	}
	return p, err
}

func savePolicy(w store.Writer, p *managed) error {
	return managedPolicies.Put(w, policyKey(p.Account, p.Name), *p)
}

// awsPolicy makes a policy that AWS manages. id is "" where the real one is not known.
func awsPolicy(path, name, id, description, text string) managed {
	at := time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)
	if id == "" {
		id = idFor(policyPrefix, awsAccount+"/"+name)
	}
	return managed{Account: awsAccount, Path: path, Name: name, ID: id, Description: description, Created: at,
		Updated: at, Default: 1, Last: 1, Versions: []version{{Number: 1, Text: text, Created: at}}}
}

// awsManaged are the policies managed by AWS that exist here, by ARN. Their texts are cut down to the services that
// exist here and to what Lambda functions need.
// Source: AWS Managed Policy Reference Guide.
var awsManaged = byARN(
	awsPolicy("/", "AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK",
		"Provides full access to AWS services and resources.", allowing("*")),
	awsPolicy("/", "PowerUserAccess", "ANPAJYRXTHIB4FOVS3ZXS",
		"Provides full access to AWS services and resources, but does not allow management of Users and groups.",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],`+
			`"Resource":"*"},{"Effect":"Allow","Action":["iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole",`+
			`"iam:ListRoles"],"Resource":"*"}]}`),
	awsPolicy("/", "ReadOnlyAccess", "ANPAILL3HVNFSB6DCOWYQ",
		"Provides read-only access to AWS services and resources.",
		allowing("cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*", "cloudtrail:LookupEvents",
			"iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*", "kms:Describe*", "kms:Get*", "kms:List*",
			"qldb:ListLedgers", "qldb:DescribeLedger", "qldb:DescribeJournalS3Export", "qldb:ListJournalS3Exports*",
			"qldb:GetBlock", "qldb:GetDigest", "qldb:GetRevision", "qldb:ListTagsForResource", "sts:GetAccessKeyInfo",
			"sts:GetCallerIdentity")),
	awsPolicy("/", "IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ", "Provides full access to IAM.", allowing("iam:*")),
	awsPolicy("/", "IAMReadOnlyAccess", "ANPAJKSO7NDY4T57MWDSQ", "Provides read only access to IAM.",
		allowing("iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*")),
	awsPolicy("/", "AWSKeyManagementServicePowerUser", "ANPAJNPP7PPPPMJRV2SA4",
		"Provides access to AWS Key Management Service (KMS).",
		allowing("kms:CreateAlias", "kms:CreateKey", "kms:DeleteAlias", "kms:Describe*", "kms:GenerateRandom", "kms:Get*",
			"kms:List*", "kms:TagResource", "kms:UntagResource", "iam:ListGroups", "iam:ListRoles", "iam:ListUsers")),
	awsPolicy("/", "AmazonQLDBFullAccess", "", "Provides full access to Amazon QLDB via the service's API.",
		allowing("qldb:CreateLedger", "qldb:UpdateLedger", "qldb:UpdateLedgerPermissionsMode", "qldb:DeleteLedger",
			"qldb:ListLedgers", "qldb:DescribeLedger", "qldb:ExportJournalToS3", "qldb:ListJournalS3Exports",
			"qldb:ListJournalS3ExportsForLedger", "qldb:DescribeJournalS3Export", "qldb:CancelJournalKinesisStream",
			"qldb:DescribeJournalKinesisStream", "qldb:ListJournalKinesisStreamsForLedger", "qldb:StreamJournalToKinesis",
			"qldb:GetDigest", "qldb:GetRevision", "qldb:GetBlock", "qldb:TagResource", "qldb:UntagResource",
			"qldb:ListTagsForResource", "qldb:SendCommand", "qldb:PartiQLCreateIndex", "qldb:PartiQLDropIndex",
			"qldb:PartiQLCreateTable", "qldb:PartiQLDropTable", "qldb:PartiQLUndropTable", "qldb:PartiQLDelete",
			"qldb:PartiQLInsert", "qldb:PartiQLUpdate", "qldb:PartiQLSelect", "qldb:PartiQLHistoryFunction",
			"qldb:PartiQLRedact")),
	awsPolicy("/", "AmazonQLDBReadOnly", "", "Provides read only access to Amazon QLDB.",
		allowing("qldb:ListLedgers", "qldb:DescribeLedger", "qldb:ListJournalS3Exports",
			"qldb:ListJournalS3ExportsForLedger", "qldb:DescribeJournalS3Export", "qldb:DescribeJournalKinesisStream",
			"qldb:ListJournalKinesisStreamsForLedger", "qldb:ListTagsForResource", "qldb:GetBlock", "qldb:GetDigest",
			"qldb:GetRevision")),
	awsPolicy("/service-role/", "AWSLambdaBasicExecutionRole", "ANPAJNCQGXC42545SKXIK",
		"Provides write permissions to CloudWatch Logs.",
		allowing("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")),
	awsPolicy("/service-role/", "AWSLambdaVPCAccessExecutionRole", "ANPAJVTME3YLVNL72YR2K",
		"Provides minimum permissions for a Lambda function to execute while accessing a resource within a VPC.",
		allowing("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "ec2:CreateNetworkInterface",
			"ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses",
			"ec2:UnassignPrivateIpAddresses")),
)

func allowing(actions ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) +
		`"],"Resource":"*"}]}`
}

func byARN(policies ...managed) map[string]managed {
	m := make(map[string]managed, len(policies))
	for _, p := range policies {
		m[p.arn()] = p
	}
	return m
}
