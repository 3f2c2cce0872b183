package preflight

import (
	"iter"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// each gives the statements with an effect.
func (j *judge) each(effect policy.Effect) iter.Seq[*policy.Statement] {
	return func(yield func(*policy.Statement) bool) {
		for i := range j.policy.Statements {
			if s := &j.policy.Statements[i]; s.Effect == effect && !yield(s) {
				return
			}
		}
	}
}

// all gives every statement.
func (j *judge) all() iter.Seq[*policy.Statement] {
	return func(yield func(*policy.Statement) bool) {
		for i := range j.policy.Statements {
			if !yield(&j.policy.Statements[i]) {
				return
			}
		}
	}
}

// covers tells whether the actions of a statement include one.
func covers(s *policy.Statement, action string) bool {
	if !s.Action.Present {
		return false
	}
	listed := slices.ContainsFunc(s.Action.List, func(v policy.Value) bool { return globFold(v.Text, action) })
	return listed != s.Action.Not
}

func coversAny(s *policy.Statement, actions ...string) bool {
	return slices.ContainsFunc(actions, func(a string) bool { return covers(s, a) })
}

// everyone tells whether a statement is for all principals of all accounts.
func everyone(s *policy.Statement) bool {
	return !s.Principal.Not && slices.ContainsFunc(s.Principal.List, func(p policy.Principal) bool {
		return p.Value == "*"
	})
}

// isRoot tells whether a principal is the key's account.
func (j *judge) isRoot(p policy.Principal) bool { return p.Value == j.root || p.Value == j.Account }

// accountOf is the account that a principal of type AWS belongs to, or "".
func accountOf(value string) string {
	if len(value) == 12 && strings.Trim(value, "0123456789") == "" {
		return value
	}
	if field := strings.SplitN(value, ":", 6); len(field) == 6 && field[0] == "arn" {
		return field[4]
	}
	return ""
}

// conditionsOn lists the conditions of a statement on one of the keys.
func conditionsOn(s *policy.Statement, keys ...string) []policy.Condition {
	var list []policy.Condition
	for _, c := range s.Conditions {
		if contains(keys, c.Key) {
			list = append(list, c)
		}
	}
	return list
}

// narrows tells whether a condition holds only for what it lists: not for others, not for requests without the key.
func narrows(c policy.Condition) bool {
	return !negated(c.Operator.Name) && !c.Operator.IfExists && c.Operator.Set != policy.ForAllValues &&
		c.Operator.Name != "Null"
}

func isTrue(c policy.Condition) bool {
	return slices.ContainsFunc(c.Values, func(v policy.Value) bool { return strings.EqualFold(v.Text, "true") })
}

func isFalse(c policy.Condition) bool {
	return slices.ContainsFunc(c.Values, func(v policy.Value) bool { return strings.EqualFold(v.Text, "false") })
}

func texts(values []policy.Value) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.Text
	}
	return list
}

// viaService lists what a statement demands of kms:ViaService, nil if it demands nothing.
func viaService(s *policy.Statement) []string {
	var list []string
	for _, c := range conditionsOn(s, "kms:ViaService") {
		if narrows(c) {
			list = append(list, texts(c.Values)...)
		}
	}
	return list
}

// forQLDB tells whether a statement is meant for calls through QLDB.
func forQLDB(s *policy.Statement) bool {
	return slices.ContainsFunc(viaService(s), func(v string) bool { return strings.HasPrefix(v, "qldb.") })
}
