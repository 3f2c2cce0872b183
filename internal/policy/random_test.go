package policy_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// A keyPool is a condition key with operators and values that make sense for it, and a few that do not.
type keyPool struct {
	key       string
	operators []string
	values    []string
}

var (
	textOperators = []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase",
		"StringLike", "StringNotLike"}
	numberOperators = []string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
		"NumericGreaterThan", "NumericGreaterThanEquals"}
	dateOperators = []string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
		"DateGreaterThanEquals"}
	arnOperators = []string{"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"}
	anyOperators = append(append(append(append([]string{"Bool", "IpAddress", "NotIpAddress", "BinaryEquals"},
		textOperators...), numberOperators...), dateOperators...), arnOperators...)
)

var keyPools = []keyPool{
	{"kms:ViaService", textOperators, []string{"qldb.eu-west-2.amazonaws.com", "qldb.us-east-1.amazonaws.com",
		"qldb.*.amazonaws.com", "s3.eu-west-2.amazonaws.com", "*", "?*.eu-west-2.*", "QLDB.eu-west-2.amazonaws.com"}},
	{"kms:EncryptionContext:ledger", textOperators, []string{"orders", "Orders", "ord*", "*s", "o?ders", "x",
		"${aws:username}", "${aws:PrincipalTag/team, 'x'}", ""}},
	{"kms:EncryptionContextKeys", textOperators, []string{"ledger", "Ledger", "l*", "a", "b", "?"}},
	{"kms:GrantOperations", textOperators, []string{"Decrypt", "Encrypt", "De*", "*crypt"}},
	{"kms:CallerAccount", textOperators, []string{account, foreign, "1111*"}},
	{"aws:PrincipalArn", append(arnOperators, textOperators...), []string{reader, writer,
		"arn:aws:iam::111122223333:role/*", "arn:aws:iam::*:role/ledger-*", "arn:aws:*:reader"}},
	{"aws:SourceArn", arnOperators, []string{"arn:aws:qldb:eu-west-2:111122223333:ledger/orders", "arn:aws:*:*:*:*"}},
	{"aws:PrincipalTag/team", append(arnOperators, textOperators...), []string{"a:b:c:d:e:f", "a:*:c:d:e:f*",
		"*:*:*:*:*:*", "a:b:*:f", "a*"}},
	{"aws:PrincipalOrgID", textOperators, []string{"o-1", "o-2", "o-*"}},
	{"aws:PrincipalType", textOperators, []string{"Account", "User", "AssumedRole", "assumedrole"}},
	{"aws:username", textOperators, []string{"alice", "ALICE", "a*"}},
	{"aws:userid", textOperators, []string{"AROANEWROLENEWROLE00:s1", "AROA*:s?", "${aws:username}"}},
	{"aws:SourceIp", []string{"IpAddress", "NotIpAddress"}, []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3",
		"2001:db8::/32", "0.0.0.0/0", "::/0", "nonsense"}},
	{"aws:CurrentTime", dateOperators, []string{"2026-01-01T00:00:00Z", "2026-01-01", "1767225600",
		"2026-06-30T12:00:00+02:00", "2027", "never"}},
	{"aws:MultiFactorAuthAge", numberOperators, []string{"5", "5.0", "7", "-3", "0", "6.5", "many"}},
	{"aws:ViaAWSService", []string{"Bool", "StringEquals"}, []string{"true", "false", "TRUE", "maybe"}},
	{"aws:MultiFactorAuthPresent", []string{"Bool"}, []string{"true", "false"}},
	{"kms:GrantIsForAWSResource", []string{"Bool"}, []string{"true", "false"}},
	{"own:Thing", anyOperators, []string{"5", "true", "a", "A", "10.0.0.1", "2026-01-01", "YQ==", "*"}},
	{"own:Numbers", append(numberOperators, dateOperators...), []string{"5", "5.5", "-7", "2026-01-01", "1767225600",
		"2026-01-01T00:00:01Z", "none"}},
	{"own:Blob", []string{"BinaryEquals"}, []string{"YQ==", "Yg==", "YQ", "QUFBQQ=="}},
}

var principalPool = []string{"*", root, account, reader, writer, "arn:aws:iam::111122223333:user/alice",
	"arn:aws:sts::111122223333:assumed-role/ledger-reader/s1", "arn:aws:sts::111122223333:assumed-role/ledger-reader/s2",
	foreign, "arn:aws:iam::444455556666:role/ext", "AROANEWROLENEWROLE00", "AROAOLDROLEOLDROLE00",
	"arn:aws:sts::111122223333:federated-user/fred"}

var actionPool = []string{"kms:Decrypt", "kms:CreateGrant", "kms:PutKeyPolicy", "kms:ReEncryptFrom"}

func randomCondition(r *rand.Rand, block map[string]map[string][]string) {
	pool := pick(r, keyPools...)
	op := pick(r, pool.operators...)
	multi := pool.key == "kms:EncryptionContextKeys" || pool.key == "kms:GrantOperations"
	switch {
	case r.IntN(8) == 0:
		op = "Null"
	case multi && r.IntN(4) > 0 || r.IntN(8) == 0 || strings.HasPrefix(pool.key, "own:") && r.IntN(2) == 0:
		op = pick(r, "ForAllValues:", "ForAnyValue:") + op
	}
	if op != "Null" && r.IntN(4) == 0 {
		op += "IfExists"
	}
	values := some(r, pool.values...)
	if op == "Null" {
		values = []string{pick(r, "true", "false")}
	}
	if strings.HasPrefix(op, "ForAllValues:") && strings.HasPrefix(pool.key, "kms:EncryptionContext:") {
		return // KMS refuses it
	}
	if block[op] == nil {
		block[op] = map[string][]string{}
	}
	block[op][pick(r, pool.key, pool.key, strings.ToLower(pool.key))] = values[:min(3, len(values))]
}

func randomStatement(r *rand.Rand, withPrincipal bool) map[string]any {
	negated := func(name string) string { return elementName(name, r.IntN(12) == 0) }
	s := map[string]any{
		"Effect": pick(r, "Allow", "Allow", "Allow", "Deny"),
		negated("Action"): pick(r, []string{"kms:*"}, []string{"kms:*"}, []string{"kms:Decrypt"},
			[]string{"kms:Create*", "kms:decrypt"},
			[]string{"*"}, []string{"kms:PutKeyPolicy"}),
		negated("Resource"): pick(r, []string{"*"}, []string{"*"}, []string{keyARN},
			[]string{"arn:aws:kms:*:" + account + ":key/*"}, []string{"arn:aws:kms:*:${aws:PrincipalAccount}:key/*"},
			[]string{"arn:aws:kms:eu-west-2:${aws:PrincipalTag/team}:key/*"}),
	}
	if withPrincipal {
		principals := some(r, principalPool...)
		principals = append(principals[:min(len(principals), 1+r.IntN(4))], pick(r, "*", root, reader))
		s[negated("Principal")] = map[string]any{"AWS": principals}
	}
	block := map[string]map[string][]string{}
	for range r.IntN(4) {
		randomCondition(r, block)
	}
	if len(block) > 0 {
		s["Condition"] = block
	}
	return s
}

func randomPolicy(t *testing.T, r *rand.Rand, key bool, denies bool) *policy.Policy {
	t.Helper()
	var list []any
	for range 1 + r.IntN(4) {
		s := randomStatement(r, key)
		if !denies {
			s["Effect"] = "Allow"
		}
		list = append(list, s)
	}
	parse := policy.ParseIdentity
	if key {
		parse = policy.Parse
	}
	version := policy.Version2012
	if r.IntN(8) == 0 {
		version = policy.Version2008
	}
	text := mustJSON(t, map[string]any{"Version": version, "Statement": list})
	p, err := parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// conditionValues are the values that policies compare each condition key with. sets are the keys with a set operator,
// which are taken to have several values.
func conditionValues(policies ...*policy.Policy) (keys []string, values map[string][]string, sets map[string]bool) {
	values, sets = map[string][]string{}, map[string]bool{}
	for _, p := range policies {
		if p == nil {
			continue
		}
		for _, s := range p.Statements {
			for _, c := range s.Conditions {
				key := strings.ToLower(c.Key)
				if _, seen := values[key]; !seen {
					keys = append(keys, key)
				}
				for _, v := range c.Values {
					values[key] = append(values[key], v.Text)
				}
				sets[key] = sets[key] || c.Operator.Set != policy.OneValue
			}
		}
	}
	return keys, values, sets
}

// near is a value that a policy compares with, or one that is a little different.
func near(r *rand.Rand, v string) string {
	switch r.IntN(9) {
	case 0:
		return strings.ToUpper(v)
	case 1:
		return strings.ToLower(v)
	case 2:
		return strings.NewReplacer("*", pick(r, "", "q", "a:b", "**"), "?", pick(r, "q", ":", "?")).Replace(v)
	case 3:
		return v + pick(r, "q", ".1", "*", "=")
	case 4:
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return strconv.FormatFloat(n+pick(r, -1, 1, 0.5, 1e-9), 'f', -1, 64)
		}
	case 5:
		if d, err := time.Parse(time.RFC3339, v); err == nil {
			return d.Add(pick(r, time.Second, -time.Second, 1, -1)).Format(time.RFC3339Nano)
		}
	case 6:
		return pick(r, "", "q", "true", "10.1.2.4", "10.200.0.1", "2001:db8::1", "9.9.9.9", "2026-03-01", "a", "x", "B")
	}
	return v
}

// randomContext adds to fixed condition keys such as a request for that action can have.
func randomContext(r *rand.Rand, action string, fixed policy.RequestContext, keys []string,
	values map[string][]string, sets map[string]bool) policy.RequestContext {
	c := policy.RequestContext{}
	for key, v := range fixed {
		c[key] = v
	}
	for _, key := range keys {
		if _, given := c[key]; given || r.IntN(3) == 0 || !canHave(key, action) {
			continue
		}
		n := 1
		if key == "kms:encryptioncontextkeys" || key == "kms:grantoperations" || sets[key] && r.IntN(2) == 0 &&
			strings.HasPrefix(key, "own:") {
			n = 1 + r.IntN(3)
		}
		var list []string
		for range n {
			list = append(list, feasibleValue(key, near(r, pick(r, values[key]...)), r))
		}
		c[key] = list
	}
	if len(c["kms:viaservice"]) == 0 && len(c["kms:grantisforawsresource"]) == 1 &&
		c["kms:grantisforawsresource"][0] == "true" {
		c["kms:grantisforawsresource"] = []string{"false"}
	}
	if _, given := fixed["aws:viaawsservice"]; !given && len(c["kms:viaservice"]) > 0 {
		c["aws:viaawsservice"] = []string{"true"}
	}
	return c
}

// canHave says which of the condition keys of the pools a user's request for that action can have.
func canHave(key, action string) bool {
	switch {
	case strings.HasPrefix(key, "kms:encryptioncontext"):
		return action != "kms:PutKeyPolicy"
	case key == "kms:grantoperations", key == "kms:grantisforawsresource":
		return action == "kms:CreateGrant"
	}
	switch key { // the caller determines these, or no user's request has them
	case "kms:calleraccount", "aws:principalarn", "aws:principaltype", "aws:username", "aws:userid", "aws:sourcearn":
		return false
	}
	return true
}

func feasibleValue(key, value string, r *rand.Rand) string {
	switch key {
	case "kms:viaservice":
		service, _, _ := strings.Cut(value, ".")
		return "q"[:r.IntN(2)] + strings.Trim(service, "*?") + "s.eu-west-2.amazonaws.com"
	case "aws:viaawsservice", "aws:multifactorauthpresent", "kms:grantisforawsresource":
		return pick(r, "true", "false")
	}
	return value
}

// describe shows a failed case.
func describe(t *testing.T, r policy.Request) string {
	t.Helper()
	return fmt.Sprintf("caller %+v\naction %s\ncontext %v\npolicies %s\ngrants %+v", r.Caller, r.Action, r.Context,
		mustJSON(t, r.Policies), r.Grants)
}
