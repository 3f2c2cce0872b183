package policy

import "strings"

// SetOperator says how a condition treats a condition key with several values in the request.
type SetOperator string

// The set operators. OneValue is the absence of one.
const (
	OneValue     SetOperator = ""
	ForAllValues SetOperator = "ForAllValues"
	ForAnyValue  SetOperator = "ForAnyValue"
)

// An Operator is a condition operator taken apart: "ForAnyValue:StringLikeIfExists" has Name "StringLike".
type Operator struct {
	Set      SetOperator
	Name     string // one of the operators of the IAM User Guide, spelt as there
	IfExists bool
}

// String puts the operator together as a policy writes it.
func (o Operator) String() string {
	s := o.Name
	if o.Set != OneValue {
		s = string(o.Set) + ":" + s
	}
	if o.IfExists {
		s += "IfExists"
	}
	return s
}

// operators are the names of the condition operators.
//
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
var operators = [...]string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
	"StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
	"NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan",
	"DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress",
	"NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
}

// parseOperator takes a condition operator apart. Names are case-sensitive: IAM answers "stringEquals" with "Invalid
// Condition type : stringEquals". When ok is false, hint says what was probably meant, or is "".
func parseOperator(written string) (op Operator, hint string, ok bool) {
	name := written
	if set, rest, found := strings.Cut(written, ":"); found {
		switch op.Set = SetOperator(set); op.Set {
		case ForAllValues, ForAnyValue:
			name = rest
		default:
			return op, "a set operator is ForAllValues or ForAnyValue", false
		}
	}
	op.Name, op.IfExists = strings.CutSuffix(name, "IfExists")
	for _, known := range operators {
		if known == op.Name {
			if op.Name == "Null" && op.IfExists {
				return op, "Null tests for existence itself, it takes no IfExists", false
			}
			return op, "", true
		}
	}
	for _, known := range operators {
		if strings.EqualFold(strings.TrimSuffix(strings.ToLower(name), "ifexists"), known) {
			return op, "operator names are case-sensitive, write " + known, false
		}
	}
	return op, "", false
}
