package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"unicode"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// document is a policy text as answers carry it: encoded as RFC 3986 says.
type document string

// MarshalText implements encoding.TextMarshaler.
func (d document) MarshalText() ([]byte, error) {
	return []byte(strings.ReplaceAll(url.QueryEscape(string(d)), "+", "%20")), nil
}

const (
	syntaxErrors = "Syntax errors in policy."
	notJSON      = "This policy contains invalid Json"
	oldVersion   = "Policy document must be version 2012-10-17 or greater."
)

// wordings begin the texts that the service itself has for what package policy refuses.
var wordings = []string{
	"Policy document should not specify a principal.",
	"Has prohibited field Resource.",
	"Policy statement must contain ",
	"Statement IDs (SID) ",
	"Actions/Condition",
	"Vendor ",
	"Resource ",
}

// malformed is the service's fault for what Parse, ParseIdentity and ParseTrust refuse.
func malformed(err error) error {
	var syntax *policy.SyntaxError
	var principal *policy.PrincipalError
	switch {
	case errors.As(err, &principal):
		return errPrincipal(principal.Value)
	case errors.As(err, &syntax):
		for _, words := range wordings {
			if strings.HasPrefix(syntax.Msg, words) {
				return errMalformed(syntax.Msg)
			}
		}
	}
	return errMalformed(syntaxErrors)
}

func errPrincipal(value string) error {
	return errMalformed(fmt.Sprintf(`Invalid principal in policy: "AWS":"%s"`, value))
}

// checkIdentity refuses a text that cannot be attached to a user, a group or a role.
func checkIdentity(text string) error {
	if err := checkText(text); err != nil {
		return err
	}
	p, err := policy.ParseIdentity(text)
	if err != nil {
		return malformed(err)
	}
	if p.Version != policy.Version2012 {
		return errMalformed(oldVersion)
	}
	return nil
}

// checkText refuses a text that no policy member takes.
func checkText(text string) error {
	var c checks
	c.length("policyDocument", text, 1, policy.MaxIdentityBytes)
	return c.err()
}

// size is the length of a policy as quotas count it: without white space.
// Source: IAM User Guide, "IAM and AWS STS quotas".
func size(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// checkTrust refuses a text that cannot be a role's trust policy. It returns the unique ids that the ARNs in it stand
// for: a user or role that is deleted and made anew is another one and not trusted.
// Source: IAM User Guide, "AWS JSON policy elements: Principal".
func checkTrust(r store.Reader, text string) (map[string]string, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	if !json.Valid([]byte(text)) {
		return nil, errMalformed(notJSON)
	}
	p, err := policy.ParseTrust(text)
	if err != nil {
		return nil, malformed(err)
	}
	if n := size(text); n > maxTrustSize {
		return nil, errQuota("ACLSizePerRole", maxTrustSize)
	}
	trusted := map[string]string{}
	for _, principal := range p.Principals() {
		id, known, err := resolve(r, principal.Value)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, errPrincipal(principal.Value)
		}
		if id != "" {
			trusted[principal.Value] = id
		}
	}
	return trusted, nil
}

// trustNow is the text of e's trust policy as it is shown and applied: an ARN whose user or role is not the one that
// was meant has become its unique id.
func trustNow(r store.Reader, e *entity) (string, error) {
	gone := map[string]string{}
	for arn, id := range e.Trusted {
		now, _, err := resolve(r, arn)
		if err != nil {
			return "", err
		}
		if now != id {
			gone[arn] = id
		}
	}
	if len(gone) == 0 {
		return e.Trust, nil
	}
	return Substitute(e.Trust, gone)
}

// Substitute returns the trust or key policy text with other values in the place of AWS principals.
func Substitute(text string, values map[string]string) (string, error) {
	p, err := policy.ParseTrust(text)
	if err != nil {
		if p, err = policy.Parse(text); err != nil {
			return "", fmt.Errorf("substitute principals: %w", err)
		}
	}
	return policy.Substitute(p, text, values)
}

// parsed keeps what texts were parsed to. A text never means anything else, so nothing needs to be forgotten when a
// policy changes.
type parsed struct {
	mu    sync.Mutex
	trust map[string]*policy.Policy
	other map[string]*policy.Policy
}

const maxParsed = 2000

func (p *parsed) identityPolicy(text string) (*policy.Policy, error) {
	return p.get(&p.other, text, policy.ParseIdentity)
}

func (p *parsed) trustPolicy(text string) (*policy.Policy, error) {
	return p.get(&p.trust, text, policy.ParseTrust)
}

func (p *parsed) get(
	cache *map[string]*policy.Policy, text string, parse func(string) (*policy.Policy, error),
) (*policy.Policy, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := (*cache)[text]; known != nil {
		return known, nil
	}
	made, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse stored policy: %w", err)
	}
	if *cache == nil || len(*cache) >= maxParsed {
		*cache = map[string]*policy.Policy{}
	}
	(*cache)[text] = made
	return made, nil
}
