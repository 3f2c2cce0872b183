package policy

import "strings"

// checkPrincipals refuses principals that no key policy can name. The error is nil or lacks line and column.
//
// Source: IAM User Guide, "AWS JSON policy elements: Principal".
func checkPrincipals(p *Policy) *PrincipalError {
	for i := range p.Statements {
		s := &p.Statements[i]
		if len(s.Principal.List) == 0 {
			return &PrincipalError{Statement: s.Number(), Sid: s.Sid, Offset: s.Principal.Offset,
				Reason: "it names nobody"}
		}
		for _, principal := range s.Principal.List {
			reason := principalFault(principal)
			if s.Principal.Bare && principal.Value != "*" {
				reason = `it is "*" or an object such as {"AWS": "arn:..."}`
			}
			if reason != "" {
				return &PrincipalError{Statement: s.Number(), Sid: s.Sid, Value: principal.Value,
					Offset: principal.Offset, Reason: reason}
			}
		}
	}
	return nil
}

const noWildcard = `the only wildcard is the whole value "*"; for a pattern, use the condition key aws:PrincipalArn`

// principalFault says what is wrong with one value, "" if nothing.
func principalFault(p Principal) string {
	switch value := p.Value; {
	case value == "":
		return "it is empty"
	case p.Type == AWS:
		return awsFault(value)
	case strings.ContainsAny(value, "*?"):
		return noWildcard
	case p.Type == Service && !isServiceName(value):
		return "a service principal looks like qldb.amazonaws.com"
	case p.Type == Federated && !isIdentityProvider(value):
		return "a federated principal is the name or the ARN of an identity provider"
	case p.Type == CanonicalUser && !isCanonicalID(value):
		return "a canonical user id is 64 hexadecimal digits"
	}
	return ""
}

func awsFault(value string) string {
	switch {
	case value == "*", isAccountID(value), isUniqueID(value):
		return ""
	case strings.ContainsAny(value, "*?"):
		return noWildcard
	case !strings.HasPrefix(value, "arn:"):
		return "it is neither an ARN, nor an account id of 12 digits, nor a unique id"
	}
	field := strings.SplitN(value, ":", 6)
	switch {
	case len(field) != 6 || field[1] != "aws" && !strings.HasPrefix(field[1], "aws-"):
		return "it is not an ARN: arn:partition:service::account:resource"
	case field[3] != "":
		return "the ARN of an identity has no Region"
	case !isAccountID(field[4]):
		return "the account in the ARN is not 12 digits"
	}
	kind, name, _ := strings.Cut(field[5], "/")
	switch field[2] + ":" + kind {
	case "iam:root":
		if field[5] == "root" {
			return ""
		}
	case "iam:user", "iam:role", "sts:federated-user":
		if isName(name) {
			return ""
		}
	case "sts:assumed-role":
		if role, session, ok := strings.Cut(name, "/"); ok && isName(role) && isName(session) {
			return ""
		}
		return "the ARN of a session is assumed-role/ROLE/SESSION"
	case "iam:group":
		return "an IAM group is not a principal"
	}
	return "it is not the ARN of an account root, user, role, role session or federated user"
}

// isName tells whether s, the part of an ARN after the type, can be a path with a name.
func isName(s string) bool {
	return s != "" && !strings.HasSuffix(s, "/") && !strings.ContainsAny(s, " \t\r\n")
}

func isAccountID(s string) bool {
	return len(s) == 12 && only(s, "0123456789")
}

// isUniqueID tells whether s is the id of a role or a user. KMS shows it in place of the ARN of an entity that was
// deleted, so stored policies contain it.
//
// Source: IAM User Guide, "IAM identifiers", Unique identifiers.
func isUniqueID(s string) bool {
	return len(s) >= 16 && (strings.HasPrefix(s, "AROA") || strings.HasPrefix(s, "AIDA")) &&
		only(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
}

func isServiceName(s string) bool {
	return strings.Contains(s, ".") && only(s, "abcdefghijklmnopqrstuvwxyz0123456789-.") &&
		!strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".") && !strings.Contains(s, "..")
}

func isIdentityProvider(s string) bool {
	if strings.HasPrefix(s, "arn:") {
		field := strings.SplitN(s, ":", 6)
		return len(field) == 6 && field[2] == "iam" && isAccountID(field[4]) &&
			(strings.HasPrefix(field[5], "saml-provider/") || strings.HasPrefix(field[5], "oidc-provider/"))
	}
	return strings.Contains(s, ".") && !strings.ContainsAny(s, " \t\r\n")
}

func isCanonicalID(s string) bool {
	return len(s) == 64 && only(s, "0123456789abcdef")
}

// only tells whether every byte of s is one of set.
func only(s, set string) bool {
	for i := range len(s) {
		if strings.IndexByte(set, s[i]) < 0 {
			return false
		}
	}
	return true
}
