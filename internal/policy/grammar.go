package policy

import "strings"

// MaxIdentityBytes bounds the text of an identity or trust policy. IAM's quotas, which leave white space out, are
// lower; they depend on what the policy is attached to.
//
// Source: IAM API reference, CreatePolicy, PolicyDocument.
const MaxIdentityBytes = 131072

// grammar is the dialect of one kind of policy.
type grammar int8

const (
	keyGrammar grammar = iota
	identityGrammar
	trustGrammar
)

// ParseIdentity reads a policy that is attached to a user, a group or a role: an identity policy, a permissions
// boundary, a session policy or a service control policy. It has no principals, and IAM, unlike KMS, refuses what has
// no effect: statements without Action or Resource, actions without a service.
//
// The error is nil, ErrTooLarge (wrapped) or a *SyntaxError, whose Msg is IAM's own text where that is known.
//
// Source: IAM User Guide, "Grammar of the IAM JSON policy language".
func ParseIdentity(text string) (*Policy, error) {
	return parse(text, MaxIdentityBytes, identityGrammar)
}

// ParseTrust reads the trust policy of a role: who may assume it. It has principals and no resources.
//
// The error is that of Parse. Whether principals exist is not known here: see Principals.
//
// Source: IAM User Guide, "Roles terms and concepts", Trust policy.
func ParseTrust(text string) (*Policy, error) { return parse(text, MaxIdentityBytes, trustGrammar) }

// check refuses statements that the grammar has no place for. sids are those of the statements before s.
func (r *reader) check(s *Statement, sids map[string]bool) error {
	switch named := s.Principal.Offset != 0; { // the value of a member never stands at 0
	case r.grammar == identityGrammar && named:
		return syntaxError(r.text, s.Principal.Offset, "Policy document should not specify a principal.")
	case r.grammar != identityGrammar && !named:
		return r.errorf(s.Offset, "Principal is missing")
	case r.grammar == keyGrammar:
		return nil
	case r.grammar == trustGrammar && s.Resource.Present:
		return syntaxError(r.text, s.Resource.Offset, "Has prohibited field Resource.")
	case !s.Action.Present:
		return syntaxError(r.text, s.Offset, "Policy statement must contain actions.")
	case r.grammar == identityGrammar && !s.Resource.Present:
		return syntaxError(r.text, s.Offset, "Policy statement must contain resources.")
	case !isSid(s.Sid):
		return syntaxError(r.text, s.Offset, "Statement IDs (SID) must be alpha-numeric. Check that your input "+
			"satisfies the regular expression [0-9A-Za-z]*")
	case s.Sid != "" && sids[s.Sid]:
		return syntaxError(r.text, s.Offset, "Statement IDs (SID) in a single policy must be unique.")
	}
	sids[s.Sid] = true
	for _, a := range s.Action.List {
		if fault := actionFault(a.Text); fault != "" {
			return syntaxError(r.text, a.Offset, fault)
		}
	}
	for _, resource := range s.Resource.List {
		if !isResource(resource.Text) {
			msg := "Resource " + clip(resource.Text) + ` must be in ARN format or "*".`
			return syntaxError(r.text, resource.Offset, msg)
		}
	}
	return nil
}

// isSid tells whether IAM takes s as a Sid. KMS takes any text.
//
// Source: IAM User Guide, "IAM JSON policy elements: Sid".
func isSid(s string) bool {
	return only(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
}

// actionFault says what is wrong with an action of an identity or trust policy, "" if nothing.
func actionFault(text string) string {
	service, name, colon := strings.Cut(text, ":")
	switch {
	case text == "*":
		return ""
	case !colon:
		return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	case strings.Contains(name, ":"):
		return "Actions/Condition can contain only one colon."
	case service == "" || service != "*" &&
		!only(service, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"):
		return "Vendor " + clip(service) + " is not valid"
	}
	return ""
}

// isResource tells whether IAM takes text as a resource: "*", or six fields of which the first is "arn". A pattern may
// leave fields to its last wildcard.
func isResource(text string) bool {
	return text == "*" || strings.HasPrefix(text, "arn:") &&
		(strings.Count(text, ":") >= arnFields-1 || strings.HasSuffix(text, "*"))
}
