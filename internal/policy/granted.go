package policy

import (
	"slices"
	"strings"
)

const encryptionContextPrefix = "kms:encryptioncontext:"

// grantReach says how g reaches the caller for an action in lower case, its constraints left aside.
func (r *Request) grantReach(g *Grant, action string) reach {
	if !strings.HasPrefix(action, "kms:") {
		return reach{}
	}
	operation := strings.TrimPrefix(action, "kms:")
	var how reach
	for _, o := range g.Operations {
		if strings.EqualFold(o, operation) {
			how = r.Caller.grantee(g.Grantee)
		}
	}
	if operation == "retiregrant" && g.Retiring != "" {
		how = how.widest(r.Caller.grantee(g.Retiring))
	}
	return how
}

// grantee says how strongly a grant to name reaches c. A grant to an account reaches those of its principals whose
// identity policies allow; all others need nothing else.
func (c *Caller) grantee(name string) reach {
	if name == "*" {
		return reach{} // no grant is for everybody
	}
	p := Principal{Type: AWS, Value: name}
	if !strings.HasPrefix(name, "arn:") {
		p.Type = Service
	}
	l, t := c.named(p)
	how := c.strength(l)
	if how != delegated {
		how = direct
	}
	return when(t, how)
}

// constraints lists the condition keys that must have given values for g to apply, in lower case.
//
// Source: KMS API reference, GrantConstraints: they bind no DescribeKey and no RetireGrant.
func (g *Grant) constraints(action string) (want map[string]string, exact bool) {
	if action == "kms:describekey" || action == "kms:retiregrant" {
		return nil, false
	}
	pairs := g.EncryptionContextSubset
	if exact = g.EncryptionContextEquals != nil; exact {
		pairs = g.EncryptionContextEquals
	}
	want = make(map[string]string, len(pairs))
	for name, value := range pairs {
		want[encryptionContextPrefix+strings.ToLower(name)] = value
	}
	return want, exact
}

// meets tells whether the encryption context among the facts satisfies the constraints of g.
func (e *env) meets(g *Grant, action string) bool {
	want, exact := g.constraints(action)
	for key, value := range want {
		differs := func(got string) bool { return got != value }
		if got := e.facts[key]; len(got) == 0 || slices.ContainsFunc(got, differs) {
			return false
		}
	}
	if exact {
		for key, values := range e.facts {
			if _, wanted := want[key]; !wanted && strings.HasPrefix(key, encryptionContextPrefix) && len(values) > 0 {
				return false
			}
		}
	}
	return true
}
