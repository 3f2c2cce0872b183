package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Entities lists the ARNs of the roles and users of the account that the policy names, sorted: those of which IAM can
// say whether they exist. A policy that cannot be read names none.
func Entities(in Input) []string {
	p, err := policy.Parse(in.Policy)
	if err != nil {
		return nil
	}
	var list []string
	for _, named := range p.Principals() {
		_, resource, _ := strings.Cut(named.Value, ":iam::"+in.Account+":")
		if strings.HasPrefix(resource, "role/") || strings.HasPrefix(resource, "user/") {
			list = append(list, named.Value)
		}
	}
	return once(list)
}

// Absent finds the principals of a policy that do not exist, KP-308, by what IAM answered: absent has their ARNs, each
// with the ARN that IAM has under the same name, "" if it knows no such name. By the time of the apply they may exist,
// so it is a warning.
//
// Source: KMS API reference, PutKeyPolicy: each principal "must exist and be visible to AWS KMS". IAM API reference,
// GetRole: a role is asked for by its name, without its path.
func Absent(in Input, absent map[string]string) []Finding {
	p, err := policy.Parse(in.Policy)
	if err != nil {
		return nil
	}
	var list []Finding
	var said []string
	for i := range p.Statements {
		s := &p.Statements[i]
		for _, named := range s.Principal.List {
			actual, gone := absent[named.Value]
			if !gone || slices.Contains(said, named.Value) {
				continue
			}
			said = append(said, named.Value)
			h := hit{statement: s, principal: named.Value,
				what: fmt.Sprintf("%s does not exist, or not yet. KMS refuses a policy that names it.", named.Value),
				fix:  "Correct the name, or refer to the resource that makes it, so that it is made first."}
			if actual != "" {
				h.what = fmt.Sprintf("%s does not exist. KMS refuses a policy that names it.", named.Value)
				h.fix = fmt.Sprintf("Write %s, with its path.", actual)
			}
			list = append(list, byID("KP-308").finding(h))
		}
	}
	return list
}
