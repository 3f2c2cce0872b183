package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// A judge holds one readable policy while the rules look at it.
type judge struct {
	Input
	policy  *policy.Policy
	analyst *policy.Analyst
	key     string // ARN, with an id of zeros while the key does not exist
	qldb    string // the name of QLDB in kms:ViaService
	root    string // ARN of the account's root user
	named   []policy.Caller
	asked   map[question]standing // what was found out already
	used    []policy.Use          // likewise, of the Allow statements
	bare    []policy.Use          // likewise, as if they had no conditions

	allowing *judge // see lenient
}

type question struct {
	caller  string
	action  string
	through bool
}

// A standing is what the key policy says to a caller about an action.
type standing struct {
	level   level
	example string            // for conditional: a request that is refused; for byIdentity: one allowed even without
	reason  policy.Reason     // for refused
	denying []policy.Deciding // for refused by a Deny statement
}

type level int

const (
	refused     level = iota // whatever the caller's own policies say
	conditional              // only under conditions that not every such call meets
	byIdentity               // if an identity policy of the caller allows it too
	granted                  // by the key policy alone
)

func newJudge(in Input, p *policy.Policy) *judge {
	j := &judge{
		Input: in, policy: p, analyst: policy.NewAnalyst(), key: in.KeyARN, qldb: "qldb." + in.Region + ".amazonaws.com",
		root: "arn:" + in.Partition + ":iam::" + in.Account + ":root", asked: map[question]standing{},
	}
	if j.key == "" {
		j.key = Unmade(in)
	}
	seen := map[string]bool{}
	for _, name := range p.Principals() {
		value := name.Value
		if value == in.Account || value == j.root || seen[value] {
			continue
		}
		seen[value] = true
		if c, err := policy.NewCaller(value, ""); err == nil {
			j.named = append(j.named, c)
		}
	}
	return j
}

// someone is a role of the account that no policy names.
func (j *judge) someone() policy.Caller {
	c, _ := policy.NewCaller("arn:"+j.Partition+":iam::"+j.Account+":role/any-other-role", "")
	return c
}

func (j *judge) rootUser() policy.Caller {
	c, _ := policy.NewCaller(j.root, "")
	return c
}

// people are all that may have a say in the account: its root user, one who is not named, and those named.
func (j *judge) people() []policy.Caller {
	return append([]policy.Caller{j.rootUser(), j.someone()}, j.named...)
}

// callers makes callers of ARNs; what is none is left to other rules.
func callers(arns []string) []policy.Caller {
	var list []policy.Caller
	for _, arn := range arns {
		if c, err := policy.NewCaller(arn, ""); err == nil {
			list = append(list, c)
		}
	}
	return list
}

// nameOf is the ARN of a caller; of a role with any session, the role's.
func nameOf(c policy.Caller) string {
	if c.RoleARN != "" && c.ARN == "" {
		return c.RoleARN
	}
	return c.ARN
}

// lasting is the ARN to write into a policy for a caller: a session passes, its role stays.
func lasting(c policy.Caller) string {
	if c.RoleARN != "" {
		return c.RoleARN
	}
	return c.ARN
}

var allowAll = func() *policy.Policy {
	p, err := policy.ParseIdentity(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	if err != nil {
		panic(err) // our own text
	}
	return p
}()

// direct says how the caller stands who calls KMS itself.
func (j *judge) direct(c policy.Caller, action string) standing {
	return j.ask(c, action, false)
}

// through says how the caller stands when QLDB calls KMS on its behalf.
func (j *judge) through(c policy.Caller, action string) standing {
	return j.ask(c, action, true)
}

func (j *judge) ask(c policy.Caller, action string, through bool) standing {
	q := question{nameOf(c), action, through}
	if s, known := j.asked[q]; known {
		return s
	}
	r := policy.Request{
		Caller: c, Action: action, Resource: j.key, Context: j.context(c, action, through),
		Policies: policy.Policies{Key: j.policy},
	}
	least := j.analyst.Can(r, policy.Assumptions{})
	r.Policies.Identity = []*policy.Policy{allowAll}
	most := j.analyst.Can(r, policy.Assumptions{})
	var s standing
	switch {
	case most.Verdict == policy.Never:
		s = standing{level: refused, reason: most.Reason, denying: most.Statements}
	case least.Verdict == policy.Always:
		s.level = granted
	case most.Verdict == policy.Always:
		s = standing{level: byIdentity, example: words(least.Allowed)}
	default:
		s = standing{level: conditional, example: words(most.Denied)}
	}
	j.asked[q] = s
	return s
}

// ofNetwork are the condition keys that QLDB's calls for a user do not have: they come from addresses of AWS, and QLDB
// is not among the services that aws:CalledVia names.
//
// Source: IAM User Guide, "AWS global condition context keys".
var ofNetwork = []string{"aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp"}

// context is what every request has that the caller makes for the action, directly or through QLDB.
func (j *judge) context(c policy.Caller, action string, through bool) policy.RequestContext {
	if !through {
		return policy.RequestContext{
			"kms:ViaService": {}, "aws:ViaAWSService": {"false"}, "kms:BypassPolicyLockoutSafetyCheck": {"false"},
		}
	}
	ctx := policy.RequestContext{
		"kms:ViaService": {j.qldb}, "kms:CallerAccount": {c.Account}, "aws:ViaAWSService": {"true"}, "aws:CalledVia": {},
	}
	switch action {
	case createGrant:
		ctx["kms:GrantIsForAWSResource"] = []string{"true"}
		ctx["kms:GranteePrincipal"] = []string{j.qldb}
		ctx["kms:GrantOperations"] = grantedToQLDB
	case decrypt:
		ctx["kms:EncryptionContextKeys"] = ledgerContext
	}
	j.addAbsent(ctx, action == decrypt)
	return ctx
}

// addAbsent adds what no call of QLDB has: a network address, and names in the encryption context but its own, which
// it has where sealed is true.
func (j *judge) addAbsent(ctx policy.RequestContext, sealed bool) {
	for _, key := range ofNetwork {
		ctx[key] = nil
	}
	for i := range j.policy.Statements {
		for _, cond := range j.policy.Statements[i].Conditions {
			name, ok := cutFold(cond.Key, "kms:EncryptionContext:")
			if ok && !(sealed && contains(ledgerContext, name)) {
				ctx[cond.Key] = nil
			}
		}
	}
}

// ledgerContext are the names in the encryption context of QLDB. Their values are not known in advance.
//
// Source: AWS Database Blog, "Working with customer managed keys in Amazon QLDB", CloudTrail record of Decrypt.
var ledgerContext = []string{"key-hierarchy-node-id", "key-hierarchy-node-version"}

// words says what a request has that an answer hinges on, as "no aws:PrincipalOrgID; aws:SourceIp is 10.0.0.1".
func words(w *policy.Witness) string {
	if w == nil {
		return ""
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(w.Context)) {
		if values := w.Context[key]; len(values) == 0 {
			parts = append(parts, "a call without "+key)
		} else {
			parts = append(parts, fmt.Sprintf("a call with %s %s", key, quoted(values)))
		}
	}
	return strings.Join(parts, ", ")
}

// quoted lists at most three values.
func quoted(values []string) string {
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprintf("%q", v))
	}
	if more := len(list) - 3; more > 0 {
		list = append(list[:3], fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}

func contains(list []string, s string) bool {
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, s) })
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}
