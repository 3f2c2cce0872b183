package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// principals are the rules about who is named, and who is let in without being named.
//
// Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal"; KMS Developer Guide, "Allowing
// users in other accounts to use a KMS key".
func principals() []rule {
	return []rule{
		{"KP-301", Error, "The key is open to every AWS account", "", (*judge).public},
		{"KP-302", Error, "Allow with NotPrincipal lets everyone else in", "", (*judge).allowNot},
		{"KP-303", Warning, "Another account decides who uses the key", "", (*judge).foreignRoot},
		{"KP-304", Warning, "Other accounts cannot administer a key", "", (*judge).foreignAdministration},
		{"KP-305", Error, "A principal was deleted", "", (*judge).deleted},
		{"KP-306", Error, "A principal cannot exist", "", (*judge).nothing},
		{"KP-307", Error, "An ARN of another partition", "", (*judge).otherPartition},
		{"KP-308", Warning, "A principal does not exist yet", "an answer of IAM", nil},
		{"KP-309", Note, "A role or user will be pinned", "", (*judge).pinned},
		{"KP-310", Warning, "A principal is named twice", "", (*judge).twice},
		{"KP-311", Warning, "A session where a role is meant", "", (*judge).session},
		{"KP-312", Error, "Deny with an incomplete NotPrincipal", "", (*judge).denyNot},
	}
}

// nothing is for rules that fire while the policy is read.
func (j *judge) nothing() []hit { return nil }

// restricting are the condition keys that tell callers of other accounts apart. Which service they call through does
// not: other accounts use QLDB too.
var restricting = []string{
	"kms:CallerAccount", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceAccount",
	"aws:SourceArn", "aws:PrincipalArn",
}

func restricts(c policy.Condition) bool {
	if !contains(restricting, c.Key) || negated(c.Operator.Name) || c.Operator.IfExists || c.Operator.Name == "Null" ||
		c.Operator.Set == policy.ForAllValues {
		return false
	}
	for _, v := range texts(c.Values) {
		open := strings.Trim(v, "*?") == ""
		if strings.EqualFold(c.Key, "aws:PrincipalArn") || strings.EqualFold(c.Key, "aws:SourceArn") {
			open = strings.ContainsAny(accountOf(v), "*?") || accountOf(v) == ""
		}
		if open {
			return false
		}
	}
	return true
}

func (j *judge) public() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		if everyone(s) && s.Action.Present && s.Resource.Present && !slices.ContainsFunc(s.Conditions, restricts) {
			list = append(list, hit{statement: s, principal: "*",
				what: "it allows every principal of this account, and those of all others that their own account lets.",
				fix:  fmt.Sprintf("Name principals, or add StringEquals kms:CallerAccount %q.", j.Account)})
		}
	}
	return list
}

func (j *judge) allowNot() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		if s.Principal.Not {
			list = append(list, hit{statement: s, what: "it allows everyone, in all accounts, but those listed.",
				fix: "Name in Principal who may; deny the others in a statement of its own if need be."})
		}
	}
	return list
}

// foreign gives, of each Allow statement, the AWS principals of other accounts.
func (j *judge) foreign(yield func(*policy.Statement, policy.Principal)) {
	for s := range j.each(policy.Allow) {
		for _, p := range s.Principal.List {
			if account := accountOf(p.Value); p.Type == policy.AWS && !s.Principal.Not && account != "" &&
				account != j.Account {
				yield(s, p)
			}
		}
	}
}

func (j *judge) foreignRoot() []hit {
	var list []hit
	j.foreign(func(s *policy.Statement, p policy.Principal) {
		account := accountOf(p.Value)
		if (p.Value == account || strings.HasSuffix(p.Value, ":root")) && !slices.Contains(j.Trusted, account) {
			list = append(list, hit{statement: s, principal: p.Value,
				what: fmt.Sprintf("account %s decides by itself which of its principals use the key.", account),
				fix:  "Name the roles of that account, or list the account as trusted."})
		}
	})
	return list
}

func (j *judge) foreignAdministration() []hit {
	var list []hit
	j.foreign(func(s *policy.Statement, p policy.Principal) {
		for _, a := range s.Action.List {
			all := a.Text == "*" || strings.EqualFold(a.Text, "kms:*")
			known := expand(a.Text)
			useful := slices.ContainsFunc(known, func(k string) bool { return slices.Contains(abroad, k) })
			if s.Action.Not || len(known) == 0 || useful && !all {
				continue
			}
			list = append(list, hit{statement: s, principal: p.Value, action: a.Text,
				what: fmt.Sprintf("KMS lets no other account administer a key: %s has no such effect for %s.", a.Text, p.Value),
				fix:  "Give other accounts the actions that use the key, one by one, and keep administration here."})
			return
		}
	})
	return list
}

func idHit(s *policy.Statement, id string) hit {
	return hit{statement: s, principal: id,
		what: fmt.Sprintf("%s is the id of a role or user that was deleted. One of the same name is not let in, and the "+
			"policy cannot be written again.", id),
		fix: "Write the ARN of the role or user, and apply."}
}

func (j *judge) deleted() []hit {
	var list []hit
	for s := range j.all() {
		for _, p := range s.Principal.List {
			if uniqueID.MatchString(p.Value) {
				list = append(list, idHit(s, p.Value))
			}
		}
	}
	return list
}

func (j *judge) otherPartition() []hit {
	var list []hit
	for s := range j.all() {
		var values []string
		for _, p := range s.Principal.List {
			values = append(values, p.Value)
		}
		values = append(values, texts(s.Resource.List)...)
		for _, c := range s.Conditions {
			values = append(values, texts(c.Values)...)
		}
		for _, v := range values {
			field := strings.SplitN(v, ":", 3)
			if len(field) == 3 && field[0] == "arn" && !glob(field[1], j.Partition) && !strings.Contains(field[1], "${") {
				list = append(list, hit{statement: s, principal: v,
					what: fmt.Sprintf("%s is of partition %q, the key of %q.", v, field[1], j.Partition),
					fix:  fmt.Sprintf("Begin it with arn:%s:, as the key's.", j.Partition)})
			}
		}
	}
	return list
}

// isEntity tells whether a principal is a role or a user, which KMS stores by its unique id.
func isEntity(value string) bool {
	field := strings.SplitN(value, ":", 6)
	return len(field) == 6 && field[2] == "iam" && !strings.HasPrefix(field[5], "root")
}

func (j *judge) pinned() []hit {
	var list []hit
	for s := range j.all() {
		for _, p := range s.Principal.List {
			if p.Type == policy.AWS && isEntity(p.Value) {
				list = append(list, hit{statement: s, principal: p.Value,
					what: fmt.Sprintf("KMS stores the unique id of %s: made anew under the same name, it is not let in.", p.Value),
					fix:  "Refer to the resource that makes it, or match its ARN by ArnLike aws:PrincipalArn."})
			}
		}
	}
	return list
}

func (j *judge) twice() []hit {
	var list []hit
	for s := range j.all() {
		seen := map[string]bool{}
		for _, p := range s.Principal.List {
			value := p.Value
			if account := accountOf(value); account == value && account != "" {
				value = "arn:" + j.Partition + ":iam::" + account + ":root"
			}
			if seen[string(p.Type)+value] {
				list = append(list, hit{statement: s, principal: p.Value,
					what: fmt.Sprintf("it names %s twice, perhaps in two spellings; KMS returns it once.", p.Value),
					fix:  "Name it once."})
			}
			seen[string(p.Type)+value] = true
		}
	}
	return list
}

func isSession(arn string) bool {
	return strings.HasPrefix(arn, "arn:") && strings.Contains(arn, ":sts::") && strings.Contains(arn, ":assumed-role/")
}

func (j *judge) session() []hit {
	var list []hit
	tell := func(s *policy.Statement, arn string) {
		list = append(list, hit{statement: s, principal: arn,
			what: fmt.Sprintf("%s is one session; the next session of the role has another name.", arn),
			fix:  "Name the role, by its IAM ARN."})
	}
	for s := range j.each(policy.Allow) {
		for _, p := range s.Principal.List {
			if isSession(p.Value) {
				tell(s, p.Value)
			}
		}
	}
	for _, arn := range slices.Concat(j.Readers, j.Writers) {
		if isSession(arn) {
			tell(nil, arn)
		}
	}
	return list
}

func (j *judge) denyNot() []hit {
	var list []hit
	for s := range j.each(policy.Deny) {
		if !s.Principal.Not {
			continue
		}
		var root, role, session bool
		for _, p := range s.Principal.List {
			root = root || j.isRoot(p)
			role = role || strings.Contains(p.Value, ":role/")
			session = session || isSession(p.Value)
		}
		if root && role == session {
			continue
		}
		list = append(list, hit{statement: s,
			what: "it denies those too that it means to spare: AWS may look at account, role and session one by one.",
			fix:  `Deny {"AWS":"*"} with ArnNotEquals aws:PrincipalArn instead, or list account, role and session.`})
	}
	return list
}
