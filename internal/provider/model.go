package provider

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// model is the provider block. It has plain types because it is only read when every value in it is known.
type model struct {
	Region                    *string      `tfsdk:"region"`
	Endpoints                 *endpoints   `tfsdk:"endpoints"`
	UseFIPSEndpoint           *bool        `tfsdk:"use_fips_endpoint"`
	AccessKey                 *string      `tfsdk:"access_key"`
	SecretKey                 *string      `tfsdk:"secret_key"`
	Token                     *string      `tfsdk:"token"`
	Profile                   *string      `tfsdk:"profile"`
	SharedConfigFiles         []string     `tfsdk:"shared_config_files"`
	SharedCredentialsFiles    []string     `tfsdk:"shared_credentials_files"`
	AssumeRole                []assumeRole `tfsdk:"assume_role"`
	SkipCredentialsValidation *bool        `tfsdk:"skip_credentials_validation"`
	AllowedAccountIDs         []string     `tfsdk:"allowed_account_ids"`
	SkipRequestingAccountID   *bool        `tfsdk:"skip_requesting_account_id"`
	DefaultTags               *defaultTags `tfsdk:"default_tags"`
	IgnoreTags                *ignoreTags  `tfsdk:"ignore_tags"`
	MaxRetries                *int64       `tfsdk:"max_retries"`
	RetryMode                 *string      `tfsdk:"retry_mode"`
}

type endpoints struct {
	KMS         *string `tfsdk:"kms"`
	QLDB        *string `tfsdk:"qldb"`
	QLDBSession *string `tfsdk:"qldb_session"`
	STS         *string `tfsdk:"sts"`
	IAM         *string `tfsdk:"iam"`
	CloudTrail  *string `tfsdk:"cloudtrail"`
}

type assumeRole struct {
	RoleARN           string            `tfsdk:"role_arn"`
	SessionName       *string           `tfsdk:"session_name"`
	ExternalID        *string           `tfsdk:"external_id"`
	Duration          *string           `tfsdk:"duration"`
	Policy            *string           `tfsdk:"policy"`
	PolicyARNs        []string          `tfsdk:"policy_arns"`
	SourceIdentity    *string           `tfsdk:"source_identity"`
	Tags              map[string]string `tfsdk:"tags"`
	TransitiveTagKeys []string          `tfsdk:"transitive_tag_keys"`
}

type defaultTags struct {
	Tags map[string]string `tfsdk:"tags"`
}

type ignoreTags struct {
	Keys        []string `tfsdk:"keys"`
	KeyPrefixes []string `tfsdk:"key_prefixes"`
}

// config is the block as awsclient takes it.
func (m model) config() awsclient.Config {
	c := awsclient.Config{
		Region:                 aws.ToString(m.Region),
		Profile:                aws.ToString(m.Profile),
		AccessKey:              aws.ToString(m.AccessKey),
		SecretKey:              aws.ToString(m.SecretKey),
		Token:                  aws.ToString(m.Token),
		SharedConfigFiles:      m.SharedConfigFiles,
		SharedCredentialsFiles: m.SharedCredentialsFiles,
		RetryMode:              aws.RetryMode(aws.ToString(m.RetryMode)),
		UseFIPSEndpoint:        aws.ToBool(m.UseFIPSEndpoint),
		AllowedAccountIDs:      m.AllowedAccountIDs,
		SkipCallerIdentity:     aws.ToBool(m.SkipRequestingAccountID),
	}
	if m.MaxRetries != nil {
		c.MaxRetries = aws.Int(int(*m.MaxRetries))
	}
	for _, r := range m.AssumeRole {
		c.AssumeRoles = append(c.AssumeRoles, r.config())
	}
	if e := m.Endpoints; e != nil {
		c.Endpoints = awsclient.Endpoints{
			KMS: aws.ToString(e.KMS), QLDB: aws.ToString(e.QLDB), QLDBSession: aws.ToString(e.QLDBSession),
			STS: aws.ToString(e.STS), IAM: aws.ToString(e.IAM), CloudTrail: aws.ToString(e.CloudTrail),
		}
	}
	if m.DefaultTags != nil {
		c.DefaultTags = m.DefaultTags.Tags
	}
	if m.IgnoreTags != nil {
		c.IgnoredTagKeys, c.IgnoredTagPrefixes = m.IgnoreTags.Keys, m.IgnoreTags.KeyPrefixes
	}
	return c
}

func (r assumeRole) config() awsclient.AssumeRole {
	// The attribute's validator has parsed the duration before; null is the SDK's default.
	duration, _ := time.ParseDuration(aws.ToString(r.Duration))
	return awsclient.AssumeRole{
		RoleARN:           r.RoleARN,
		SessionName:       aws.ToString(r.SessionName),
		ExternalID:        aws.ToString(r.ExternalID),
		Duration:          duration,
		Policy:            aws.ToString(r.Policy),
		PolicyARNs:        r.PolicyARNs,
		SourceIdentity:    aws.ToString(r.SourceIdentity),
		Tags:              r.Tags,
		TransitiveTagKeys: r.TransitiveTagKeys,
	}
}

// ValidateConfig refuses arguments that contradict each other. Unknown ones are left to Configure.
func (p *qldbkms) ValidateConfig(
	ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse,
) {
	var skip types.Bool
	var allowed types.Set
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("skip_requesting_account_id"), &skip)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("allowed_account_ids"), &allowed)...)
	if skip.ValueBool() && !allowed.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("skip_requesting_account_id"),
			"allowed_account_ids needs the account id",
			"skip_requesting_account_id = true forbids asking STS whose the credentials are, so allowed_account_ids "+
				"could not be checked. Remove one of the two.")
	}
}
