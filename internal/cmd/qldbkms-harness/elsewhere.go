package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/outbound"
)

// The time that uploads may take. Those that fail are tried again.
const (
	s3Timeout      = 30 * time.Second
	kinesisTimeout = 10 * time.Second
)

// secretPrefixes begin the names of the variables with the credentials for services elsewhere. The command that run
// runs does not get them.
var secretPrefixes = []string{"QLDBKMS_KMS_", "QLDBKMS_S3_", "QLDBKMS_KINESIS_"}

// granteeForm is the ARN of a principal that a grant may name.
var granteeForm = regexp.MustCompile(`^arn:aws[a-z-]*:(iam::[0-9]{12}:(root|(role|user)/.+)|sts::[0-9]{12}:assumed-role/.+)$`)

// elsewhere are the flags about services of others.
type elsewhere struct {
	kms, s3, kinesis outbound.Service
	grantee          string
	plain            bool
}

func (e *elsewhere) add(f *pflag.FlagSet) {
	e.kms = outbound.Service{Name: "KMS"}
	e.s3 = outbound.Service{Name: "S3", Timeout: s3Timeout}
	e.kinesis = outbound.Service{Name: "Kinesis", Timeout: kinesisTimeout}
	for _, s := range []struct {
		*outbound.Service
		instead string
	}{
		{&e.kms, "another KMS protects the ledgers instead of this server's own"},
		{&e.s3, "journal exports go to this S3 instead of files"},
		{&e.kinesis, "journal streams go to this Kinesis instead of files"},
	} {
		name := strings.ToLower(s.Name)
		f.StringVar(&s.Endpoint, name+"-endpoint", "",
			`URL, or "`+outbound.Amazon+`" for Amazon's own: `+s.instead)
		f.StringVar(&s.Profile, name+"-profile", "", fmt.Sprintf("profile of the shared AWS configuration to call %s with; "+
			"else QLDBKMS_%[2]s_ACCESS_KEY_ID, _SECRET_ACCESS_KEY, _SESSION_TOKEN, else the AWS SDK's standard chain",
			s.Name, strings.ToUpper(s.Name)))
	}
	f.StringVar(&e.grantee, "kms-grantee", "",
		"ARN of the principal of the KMS credentials, a role's with its path; default: what GetCallerIdentity says")
	f.DurationVar(&e.kms.Timeout, "kms-timeout", outbound.DefaultTimeout, "how long a call of that KMS may take")
	f.BoolVar(&e.plain, "allow-plain-http", false,
		"let these endpoints be http URLs of other machines: keys and data then travel in the clear")
}

// apply puts the services that have an endpoint into cfg.
func (e *elsewhere) apply(cfg *harness.Config) error {
	for _, s := range []struct {
		*outbound.Service
		into **outbound.Service
	}{{&e.kms, &cfg.KMS}, {&e.s3, &cfg.S3}, {&e.kinesis, &cfg.Kinesis}} {
		name := strings.ToLower(s.Name)
		if s.Endpoint == "" {
			if s.Profile != "" {
				return fmt.Errorf("--%s-profile is of no use without --%[1]s-endpoint", name)
			}
			continue
		}
		prefix := "QLDBKMS_" + strings.ToUpper(s.Name) + "_"
		s.AllowPlainHTTP = e.plain
		if s.Profile == "" {
			s.AccessKeyID, s.SecretAccessKey = os.Getenv(prefix+"ACCESS_KEY_ID"), os.Getenv(prefix+"SECRET_ACCESS_KEY")
			s.SessionToken = os.Getenv(prefix + "SESSION_TOKEN")
		}
		*s.into = s.Service
	}
	if e.grantee != "" && cfg.KMS == nil {
		return fmt.Errorf("--kms-grantee is of no use without --kms-endpoint")
	}
	if e.grantee != "" && !granteeForm.MatchString(e.grantee) {
		return fmt.Errorf("--kms-grantee %q: want the ARN of a role, a user or an account's root, such as "+
			"arn:aws:iam::111122223333:role/ledgers", e.grantee)
	}
	cfg.KMSGrantee = e.grantee
	if cfg.KMS == nil && cfg.S3 == nil && cfg.Kinesis == nil {
		return nil
	}
	// A profile may have to ask STS or SSO for credentials. AWS_ENDPOINT_URL, in a shell that uses a harness, would
	// lead those calls to it.
	return os.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
}
