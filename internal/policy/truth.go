package policy

// truth is a statement's answer when not everything about the request is known. It is Kleene's logic: and is the
// least, or the greatest.
type truth int8

const (
	no truth = iota
	maybe
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth { return yes - t }

// strength is how an Allow statement of a resource policy reaches the caller; the stronger, the less else is needed.
//
// Source: IAM User Guide, "Policy evaluation logic", Evaluating identity-based policies with resource-based policies,
// the table of principals and implicit denies; KMS Developer Guide, "Default key policy", Allows access to the account.
type strength int8

const (
	noStrength strength = iota
	delegated           // through the account: the caller's identity policies must allow too
	limited             // through the role: permissions boundary and session policy must allow too
	direct              // by name, through "*", or as the root user of the account
)

// reach is the strength of a statement between two bounds, which differ where the caller is not fully known.
type reach struct{ low, high strength }

func (r reach) widest(other reach) reach {
	return reach{max(r.low, other.low), max(r.high, other.high)}
}

func exactly(s strength) reach { return reach{s, s} }

// when is a reach of s that applies as far as t is true.
func when(t truth, s strength) reach {
	switch t {
	case yes:
		return exactly(s)
	case maybe:
		return reach{noStrength, s}
	}
	return reach{}
}
