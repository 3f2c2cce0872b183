package preflight

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// nearlyFull is when to warn: what is added next may not fit any more.
const nearlyFull = 28_000

// uniqueID is what KMS shows in place of the ARN of an entity that was deleted.
//
// Source: IAM User Guide, "IAM identifiers", Unique identifiers.
var uniqueID = regexp.MustCompile(`^A(ROA|IDA|NPA|GPA|SCA)[A-Z0-9]{12,}$`)

// read parses the policy. A text with elements that have no meaning is read without them, and with the finding that
// says so; p is nil when there is nothing to judge.
func read(in Input) (p *policy.Policy, list []Finding) {
	p, err := policy.Parse(in.Policy)
	if err == nil {
		return p, nil
	}
	if mended, odd := mend(in.Policy); odd {
		list = append(list, byID("KP-513").finding(hit{
			what: fmt.Sprintf("The policy has an element that means nothing, or one twice: %v.", err),
			fix:  "Write the elements as the IAM policy language spells them, each once.",
		}))
		if p, err = policy.Parse(mended); err == nil {
			return p, list
		}
	}
	return nil, append(list, unreadable(in.Policy, err))
}

// byID is a rule whose findings come from elsewhere than its family.
func byID(id string) rule {
	for _, family := range families() {
		for _, r := range family {
			if r.id == id {
				return r
			}
		}
	}
	return rule{id: id}
}

// unreadable words an error of policy.Parse.
func unreadable(text string, err error) Finding {
	if errors.Is(err, policy.ErrTooLarge) {
		return byID("KP-501").finding(hit{
			what: fmt.Sprintf("The policy has %d bytes; KMS takes %d.", len(text), policy.MaxBytes),
			fix:  "List roles by a pattern under aws:PrincipalArn, or give them access by identity policies.",
		})
	}
	if named, ok := errors.AsType[*policy.PrincipalError](err); ok {
		if uniqueID.MatchString(named.Value) {
			return byID("KP-305").finding(idHit(nil, named.Value))
		}
		return byID("KP-306").finding(hit{
			statement: &policy.Statement{Index: named.Statement - 1, Sid: named.Sid}, principal: named.Value,
			what: fmt.Sprintf("no principal can be %q: %s.", named.Value, named.Reason),
			fix:  "Name an account, a user or a role by its ARN.",
		})
	}
	if errors.Is(err, policy.ErrOverlyPermissive) {
		return byID("KP-402").finding(hit{what: fmt.Sprintf("%v.", strings.TrimSuffix(err.Error(), ".")),
			fix: "A condition key with one value needs no set operator."})
	}
	if written := unknownOperator(text); written != "" {
		fix := "Use an operator of the IAM policy language, such as StringEquals."
		if near := nearest(written, slices.Sorted(maps.Keys(operatorKinds))); near != "" {
			fix = fmt.Sprintf("Write %s.", near)
		}
		return byID("KP-406").finding(hit{as: new(Error), fix: fix,
			what: fmt.Sprintf("KMS knows no condition operator %q and refuses the policy.", written)})
	}
	return byID("KP-502").finding(hit{what: fmt.Sprintf("%v.", err), fix: "Correct the text there."})
}

// elements are the names that have a meaning at the top of a policy and in its statements.
var elements = [2][]string{
	{"Version", "Id", "Statement"},
	{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"},
}

// mend is the policy without unknown elements and with the last of repeated ones, as a lenient reader takes it. odd
// tells whether there were any; without, or if text is not JSON, mended means nothing.
func mend(text string) (mended string, odd bool) {
	var top map[string]any
	if len(text) > policy.MaxBytes || json.Unmarshal([]byte(text), &top) != nil {
		return "", false
	}
	odd = strayed(top, elements[0])
	statements, many := top["Statement"].([]any)
	if !many {
		statements = []any{top["Statement"]}
	}
	for _, s := range statements {
		if members, ok := s.(map[string]any); ok {
			odd = strayed(members, elements[1]) || odd
		}
	}
	odd = repeats(json.NewDecoder(strings.NewReader(text))) || odd
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(top) != nil {
		return "", false
	}
	return b.String(), odd
}

// strayed removes the members that are not known and tells whether there were any.
func strayed(members map[string]any, known []string) bool {
	n := len(members)
	maps.DeleteFunc(members, func(name string, _ any) bool { return !slices.Contains(known, name) })
	return len(members) < n
}

// repeats tells whether some object of valid JSON has a name twice.
func repeats(d *json.Decoder) bool {
	var open []map[string]bool // of each object or array that is open; nil for an array
	name := false              // whether an object's next token is a name
	for {
		t, err := d.Token()
		if err != nil {
			return false
		}
		switch v := t.(type) {
		case json.Delim:
			switch v {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			name = len(open) > 0 && open[len(open)-1] != nil
			continue
		case string:
			if name {
				if open[len(open)-1][v] {
					return true
				}
				open[len(open)-1][v] = true
				name = false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// unknownOperator is the first condition operator that does not exist, or "".
func unknownOperator(text string) string {
	type statement struct{ Condition map[string]json.RawMessage }
	var one struct{ Statement statement }
	var many struct{ Statement []statement }
	switch {
	case json.Unmarshal([]byte(text), &many) == nil:
	case json.Unmarshal([]byte(text), &one) == nil:
		many.Statement = []statement{one.Statement}
	}
	for _, s := range many.Statement {
		for _, written := range slices.Sorted(maps.Keys(s.Condition)) {
			name := strings.TrimPrefix(strings.TrimPrefix(written, "ForAllValues:"), "ForAnyValue:")
			if _, ok := operatorKinds[strings.TrimSuffix(name, "IfExists")]; !ok {
				return written
			}
		}
	}
	return ""
}
