// Package policy reads the IAM policy language as KMS key policies use it.
//
// Parse turns text into a Policy: strictly, with the byte offset of everything a finding may want to point at, within
// fixed bounds of time and memory whatever the text. Canonical brings a Policy into a form in which two spellings of
// one policy are the same value; Structural, Semantic and EqualText compare by it, Diff says in words what differs.
//
// Decide answers a request as the service would, with the statements and the reason that decided; Refusal words a
// denial. Can answers a request of which not everything is known: always, never, or depends, with an example of either
// outcome; Uses finds statements that are of no use; an Analyst does both for many questions. LockOut is the check that
// KMS makes before it stores a key policy. They take identity policies, trust policies, permissions boundaries, session
// policies and grants beside the key policy; ParseIdentity and ParseTrust read those dialects.
//
// Strict means what KMS would refuse, or silently ignore, is an error here: unknown or wrongly cased elements,
// duplicate members, both or neither of Principal and NotPrincipal, misspelt condition operators, principals that can
// never exist. What KMS stores although it has no effect (unknown actions, unknown condition keys, a statement
// without Action or Resource) is kept as written.
//
// The package is pure: no I/O, no clock. A Policy is not changed after Parse, so it may be shared.
//
// Source: IAM User Guide, "Grammar of the IAM JSON policy language"; KMS Developer Guide, "Key policies in AWS KMS".
package policy

// MaxBytes is the size of the largest key policy, in bytes of its text.
//
// Source: KMS Developer Guide, "Resource quotas".
const MaxBytes = 32768

// The two versions of the language. Policy variables work in Version2012 only.
const (
	Version2008 = "2008-10-17"
	Version2012 = "2012-10-17"
)

// A Policy is one parsed policy. Most are key policies; identity policies have no principals.
type Policy struct {
	Version    string // Version2008, Version2012, or "" when not written; KMS then takes it as Version2008
	ID         string // the Id element, "" when not written
	Statements []Statement
}

// Effect is what a matching statement does.
type Effect string

// The two effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// A Statement is one permission or prohibition. All its elements must match for it to take effect.
type Statement struct {
	Index  int // position in Policy.Statements, from 0
	Offset int // byte offset of its opening brace in the text
	Sid    string
	Effect Effect

	Principal  PrincipalElement
	Action     ListElement
	Resource   ListElement
	Conditions []Condition // all of them must hold
}

// Number is how a message names the statement: counted from 1.
func (s *Statement) Number() int { return s.Index + 1 }

// PrincipalElement is the Principal or NotPrincipal element of a statement. List is never empty after Parse and
// ParseTrust, always after ParseIdentity.
type PrincipalElement struct {
	Not    bool // written as NotPrincipal
	Bare   bool // written as the string "*", which means {"AWS": "*"}
	Offset int  // of the element's value
	List   []Principal
}

// PrincipalType says which kind of identity a principal value names.
type PrincipalType string

// The principal types of the language.
const (
	AWS           PrincipalType = "AWS"
	Service       PrincipalType = "Service"
	Federated     PrincipalType = "Federated"
	CanonicalUser PrincipalType = "CanonicalUser"
)

// A Principal is one value of a Principal or NotPrincipal element: as written, but of type AWS without space around it.
//
// A Value of type AWS is "*", a 12-digit account id, a unique id (AROA..., AIDA...), or the ARN of an account root,
// user, role, assumed role session or federated user.
type Principal struct {
	Type      PrincipalType
	Value     string
	Statement int // Index of its statement
	Offset    int // of the value
}

// ListElement is an Action or Resource element, or its negation.
type ListElement struct {
	Present bool // false: the statement has neither the element nor its negation, so it has no effect
	Not     bool // written as NotAction, NotResource
	Offset  int  // of the element's value
	List    []Value
}

// A Value is one string of a list. Numbers and booleans in conditions are values in their string form.
type Value struct {
	Text   string
	Offset int
}

// A Condition is one operator applied to one condition key. It has at least one value.
type Condition struct {
	Operator Operator
	Key      string // as written; names of condition keys are not case-sensitive
	Offset   int    // of the key
	Values   []Value
}

// Principals returns every AWS principal the policy names in Principal or NotPrincipal elements, in written order and
// with repetitions, except "*": these are the values KMS looks up when the policy is written.
func (p *Policy) Principals() []Principal {
	var named []Principal
	for _, s := range p.Statements {
		for _, principal := range s.Principal.List {
			if principal.Type == AWS && principal.Value != "*" {
				named = append(named, principal)
			}
		}
	}
	return named
}
