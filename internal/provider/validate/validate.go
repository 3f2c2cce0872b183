// Package validate holds the attribute validators that objects of the provider share.
//
// A validator looks at one configured value, does no I/O, and says in its error what is allowed. Null and unknown
// values pass: the framework or a later step deals with them.
package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// text checks a string value.
type text struct {
	allowed string // what is allowed, as the end of a sentence: "must be ..."
	valid   func(string) bool
	secret  bool // the value may hold a secret and is not repeated
}

var _ validator.String = text{}

func (t text) Description(context.Context) string         { return "must be " + t.allowed }
func (t text) MarkdownDescription(context.Context) string { return "must be " + t.allowed }

func (t text) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	value := req.ConfigValue.ValueString()
	if t.valid(value) {
		return
	}
	found := fmt.Sprintf("%q", value)
	if t.secret {
		found = "The value"
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(),
		fmt.Sprintf("%s is not allowed: %s must be %s.", found, req.Path, t.allowed))
}

// Region accepts the name of an AWS Region of any partition.
func Region() validator.String {
	return text{allowed: `the name of an AWS Region, for example "eu-west-2"`, valid: awsclient.ValidRegion}
}

// pattern reports whether a string matches expr, which is compiled at the first use: a provider is started five times
// for one plan, and these patterns cost more than half of what it does before it is ready.
func pattern(expr string) func(string) bool {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
	return func(s string) bool { return compiled().MatchString(s) }
}

var (
	nameCharacters = pattern(`^[A-Za-z0-9-]{1,32}$`)
	onlyDigits     = pattern(`^[0-9]+$`)
)

// LedgerName accepts what CreateLedger accepts as a name.
//
// Source: QLDB API reference, CreateLedger; QLDB developer guide, "Naming constraints".
func LedgerName() validator.String {
	return text{
		allowed: "1 to 32 letters, digits and hyphens, not only digits, with no hyphen at either end " +
			"and no two in a row",
		valid: func(s string) bool {
			return nameCharacters(s) && !onlyDigits(s) &&
				!strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-") && !strings.Contains(s, "--")
		},
	}
}

// AWSOwnedKey is the word by which QLDB names the key that AWS owns.
const AWSOwnedKey = "AWS_OWNED_KMS_KEY"

var (
	keyID     = `([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})`
	aliasName = `alias/[A-Za-z0-9/_-]{1,250}`
	keyForms  = pattern(`^(` + keyID + `|` + aliasName + `|` +
		`arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/` + keyID + `|` + aliasName + `))$`)
)

// KMSKey accepts every form in which QLDB and KMS accept a key: key id, key ARN, alias name, alias ARN, or the
// AWS owned key's word.
//
// Source: QLDB API reference, CreateLedger, KmsKey; KMS API reference, CreateAlias, AliasName.
func KMSKey() validator.String {
	return text{
		allowed: "a key id, a key ARN, an alias name (alias/...), an alias ARN, or " + AWSOwnedKey,
		valid:   func(s string) bool { return s == AWSOwnedKey || keyForms(s) },
	}
}

// OwnKey accepts every form that names one key: all of KMSKey but the AWS owned key's word, since that key is nobody's
// to take over.
func OwnKey() validator.String {
	return text{allowed: "a key id, a key ARN, an alias name (alias/...) or an alias ARN", valid: keyForms}
}

// URL accepts the base address of a service. A user name or password in it is refused, since addresses are printed.
func URL() validator.String {
	return text{
		allowed: `a URL of http or https with a host, for example "http://127.0.0.1:4566", ` +
			"without credentials, query or fragment",
		secret: true,
		valid:  awsclient.ValidEndpoint,
	}
}

var accountID = pattern(`^[0-9]{12}$`)

// AccountID accepts an AWS account id.
func AccountID() validator.String {
	return text{allowed: "an AWS account id: 12 digits, quoted", valid: accountID}
}

var roleARN = pattern(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,512}$`)

// RoleARN accepts the ARN of an IAM role.
func RoleARN() validator.String {
	return text{
		allowed: `the ARN of an IAM role, for example "arn:aws:iam::111122223333:role/deploy"`,
		valid:   roleARN,
	}
}

var sessionName = pattern(`^[\w+=,.@-]{2,64}$`)

// SessionName accepts what AssumeRole accepts as a session name or a source identity.
//
// Source: STS API reference, AssumeRole, RoleSessionName.
func SessionName() validator.String {
	return text{allowed: "2 to 64 letters, digits or any of _+=,.@-", valid: sessionName}
}

// Duration accepts a duration in Go's notation from least to most.
func Duration(least, most time.Duration) validator.String {
	return text{
		allowed: fmt.Sprintf(`a duration from %s to %s, for example "1h" or "20m"`, brief(least), brief(most)),
		valid: func(s string) bool {
			d, err := time.ParseDuration(s)
			return err == nil && d >= least && d <= most
		},
	}
}

// brief is d without the zero units that Duration.String appends.
func brief(d time.Duration) string {
	s := strings.TrimSuffix(d.String(), "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Timestamp accepts a moment as RFC 3339 writes it.
func Timestamp() validator.String {
	return text{
		allowed: `a moment in RFC 3339, for example "2026-01-05T10:15:00Z"`,
		valid: func(s string) bool {
			_, err := time.Parse(time.RFC3339, s)
			return err == nil
		},
	}
}

// JSONObject accepts a JSON object. The value is not repeated in errors: policies stay out of them.
func JSONObject() validator.String {
	return text{
		allowed: "a JSON object, for example made with jsonencode",
		secret:  true,
		valid: func(s string) bool {
			var object map[string]json.RawMessage
			return json.Unmarshal([]byte(s), &object) == nil && object != nil
		},
	}
}

// TagKey accepts the key of a tag. The prefix that AWS keeps for itself is refused in any case.
//
// Source: QLDB developer guide, "Tagging Amazon QLDB resources".
func TagKey() validator.String {
	return text{
		allowed: `1 to 128 characters that do not start with "aws:"`,
		valid: func(s string) bool {
			n := len([]rune(s))
			return n >= 1 && n <= 128 && !strings.HasPrefix(strings.ToLower(s), "aws:")
		},
	}
}
