package preflight

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// access are the rules about what QLDB needs: for who makes the ledger, kms:CreateGrant and kms:DescribeKey; for who
// reads or writes it, kms:Decrypt; each through QLDB, in the name of the user.
//
// Source: QLDB Developer Guide, "Using customer managed keys", Key policy permissions.
func access() []rule {
	return []rule{
		{"KP-201", Error, "QLDB cannot be given the use of the key", "", (*judge).noGrant},
		{"KP-202", Error, "kms:ViaService names another Region", "", (*judge).otherRegion},
		{"KP-203", Error, "kms:ViaService is malformed", "", (*judge).malformedService},
		{"KP-204", Error, "kms:CallerAccount is not the account of the key", "", (*judge).otherAccount},
		{"KP-205", Error, "A reader cannot decrypt", needsReaders, (*judge).readers},
		{"KP-206", Error, "A writer cannot decrypt", needsWriters, (*judge).writers},
		{"KP-207", Error, "A key change takes access away", "the policies of both keys", nil},
		{"KP-208", Error, "A condition on the encryption context shuts QLDB out", "", (*judge).encryptionContext},
		{"KP-209", Error, "Grants for AWS services are forbidden", "", (*judge).grantsForbidden},
		{"KP-210", Warning, "Grants can be made for anyone", "", (*judge).freeGrants},
		{"KP-211", Warning, "The grant that QLDB asks for is not allowed", "", (*judge).narrowGrants},
		{"KP-212", Warning, "A service principal where the user is asked", "", (*judge).servicePrincipal},
		{"KP-213", Error, "aws:CalledVia never names QLDB", "", (*judge).calledVia},
		{"KP-214", Error, "A network condition denies QLDB's calls", "", (*judge).network},
		{"KP-215", Note, "Decrypting is not bound to QLDB", "", (*judge).directDecrypt},
		{"KP-216", Warning, "Nobody can remove grants", "", (*judge).noCleanUp},
		{"KP-217", Error, "A Deny statement shadows access that is needed", "", (*judge).shadowed},
	}
}

func (j *judge) noGrant() []hit {
	who := callers(j.Callers)
	var list []hit
	for _, c := range who {
		for _, a := range []string{createGrant, describeKey} {
			if h := j.short(c, a, "A ledger cannot be created with the key, nor moved to it."); h != nil {
				list = append(list, *h)
			}
		}
	}
	if len(who) > 0 || slices.ContainsFunc(j.people(), func(c policy.Caller) bool {
		return j.through(c, createGrant).level > refused && j.through(c, describeKey).level > refused
	}) {
		return list
	}
	if slices.ContainsFunc(j.people(), func(c policy.Caller) bool {
		return j.takenAway(c, createGrant) || j.takenAway(c, describeKey)
	}) {
		return nil // said of the Deny statement
	}
	return []hit{{action: createGrant,
		what: "No principal of account " + j.Account + " may call kms:CreateGrant and kms:DescribeKey through QLDB. A " +
			"ledger cannot be created with the key, nor moved to it.",
		fix: fmt.Sprintf("Allow both to {\"AWS\":\"*\"} with StringEquals kms:ViaService %q and kms:CallerAccount %q.",
			j.qldb, j.Account)}}
}

// short says that a caller lacks an action through QLDB; nil if it has it. What a Deny statement takes away is another
// rule's.
func (j *judge) short(c policy.Caller, action, so string) *hit {
	name := nameOf(c)
	h := hit{principal: name, action: action, fix: fmt.Sprintf("Allow %s to %s with StringEquals kms:ViaService %q.",
		action, lasting(c), j.qldb)}
	switch s := j.through(c, action); {
	case s.level == granted || j.takenAway(c, action):
		return nil
	case s.level == byIdentity:
		h.as = new(Note)
		h.what = fmt.Sprintf("%s may call %s through QLDB only if an identity policy allows it too; the key policy "+
			"leaves it to account %s.", name, action, j.Account)
		if s.example != "" {
			h.witness = s.example
			h.what = fmt.Sprintf("%s may call %s through QLDB if an identity policy allows it; the key policy leaves it to "+
				"account %s, and allows it by itself only where conditions hold.", name, action, j.Account)
		}
	case s.level == conditional:
		h.as, h.witness = new(Warning), s.example
		h.what = fmt.Sprintf("%s may call %s through QLDB only where the conditions hold.", name, action)
	default:
		h.what = fmt.Sprintf("%s cannot call %s through QLDB: %s. %s", name, action, s.reason, so)
	}
	return &h
}

func (j *judge) readers() []hit { return j.decrypting(j.Readers, "reads") }
func (j *judge) writers() []hit { return j.decrypting(j.Writers, "writes") }

func (j *judge) decrypting(arns []string, calls string) []hit {
	var list []hit
	for _, c := range callers(arns) {
		if h := j.short(c, decrypt, "Its "+calls+" fail."); h != nil {
			list = append(list, *h)
		}
	}
	return list
}

var serviceName = regexp.MustCompile(`^[a-z0-9-]+\.([a-z0-9-]+)\.amazonaws\.com$`)

func (j *judge) otherRegion() []hit {
	var list []hit
	for s := range j.all() {
		values := viaService(s)
		if len(values) == 0 || slices.ContainsFunc(values, func(v string) bool {
			m := serviceName.FindStringSubmatch(v)
			return m == nil || m[1] == j.Region
		}) {
			continue
		}
		list = append(list, hit{statement: s,
			what: fmt.Sprintf("it demands kms:ViaService %s; services call keys of their own Region only, here %s.",
				quoted(values), j.Region),
			fix: fmt.Sprintf("Write %q.", j.qldb)})
	}
	return list
}

func (j *judge) malformedService() []hit {
	var list []hit
	for s := range j.all() {
		for _, c := range conditionsOn(s, "kms:ViaService") {
			if c.Operator.Name == "Null" {
				continue
			}
			for _, v := range c.Values {
				like := strings.HasSuffix(c.Operator.Name, "Like") && strings.ContainsAny(v.Text, "*?")
				if like || serviceName.MatchString(v.Text) || strings.Contains(v.Text, "${") {
					continue
				}
				list = append(list, hit{statement: s,
					what: fmt.Sprintf("kms:ViaService is never %q.", v.Text), fix: fmt.Sprintf("Write %q.", j.qldb)})
			}
		}
	}
	return list
}

func (j *judge) otherAccount() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		ours := slices.ContainsFunc(s.Principal.List, func(p policy.Principal) bool {
			return p.Value == "*" || accountOf(p.Value) == j.Account
		})
		for _, c := range conditionsOn(s, "kms:CallerAccount") {
			if !ours || !narrows(c) || slices.ContainsFunc(texts(c.Values), func(v string) bool {
				return glob(v, j.Account) || strings.Contains(v, "${")
			}) {
				continue
			}
			h := hit{statement: s, fix: fmt.Sprintf("Write %q, in quotation marks.", j.Account),
				what: fmt.Sprintf("it demands kms:CallerAccount %s, so that callers of account %s are refused.",
					quoted(texts(c.Values)), j.Account)}
			if slices.ContainsFunc(texts(c.Values), func(v string) bool { return accountOf(v) == "" }) {
				h.what += " An account id has 12 digits; a number loses leading zeros."
			}
			list = append(list, h)
		}
	}
	return list
}

func (j *judge) encryptionContext() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		if !coversAny(s, decrypt, createGrant) || !forQLDB(s) && (len(viaService(s)) > 0 || !j.wanting()) {
			continue
		}
		for _, c := range s.Conditions {
			name, one := cutFold(c.Key, "kms:EncryptionContext:")
			keys := strings.EqualFold(c.Key, "kms:EncryptionContextKeys") && !slices.ContainsFunc(ledgerContext,
				func(k string) bool { return slices.Contains(texts(c.Values), k) })
			fixed := one && !(contains(ledgerContext, name) && (texts(c.Values)[0] == "*" || c.Operator.Name == "Null"))
			if !keys && !fixed || c.Operator.IfExists || negated(c.Operator.Name) {
				continue
			}
			list = append(list, hit{statement: s,
				what: fmt.Sprintf("it demands %s %s; the encryption context of QLDB has only %s, with values that are not "+
					"known in advance.", c.Key, quoted(texts(c.Values)), strings.Join(ledgerContext, " and ")),
				fix: "Remove the condition; bind the statement to QLDB by kms:ViaService."})
		}
	}
	return list
}

// wanting tells whether somebody lacks what they need through QLDB.
func (j *judge) wanting() bool {
	lacks := func(who []policy.Caller, action string) bool {
		return slices.ContainsFunc(who, func(c policy.Caller) bool { return j.through(c, action).level < byIdentity })
	}
	return lacks(callers(j.Callers), createGrant) || lacks(callers(j.Readers), decrypt) ||
		lacks(callers(j.Writers), decrypt)
}

func (j *judge) servicePrincipal() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		if s.Principal.Not || !coversAny(s, createGrant, describeKey, decrypt) {
			continue
		}
		for _, p := range s.Principal.List {
			if p.Type == policy.Service && strings.HasPrefix(p.Value, "qldb.") {
				list = append(list, hit{statement: s, principal: p.Value,
					what: "QLDB asks for these in the name of its user; the statement never applies.",
					fix:  fmt.Sprintf("Name the users, with StringEquals kms:ViaService %q.", j.qldb)})
			}
		}
	}
	return list
}

func (j *judge) calledVia() []hit {
	var list []hit
	for s := range j.all() {
		for _, c := range conditionsOn(s, "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast") {
			if slices.ContainsFunc(texts(c.Values), func(v string) bool { return strings.HasPrefix(v, "qldb.") }) {
				list = append(list, hit{statement: s, what: fmt.Sprintf("%s never names QLDB.", c.Key),
					fix: fmt.Sprintf("Use StringEquals kms:ViaService %q.", j.qldb)})
			}
		}
	}
	return list
}

// network looks for Deny statements that apply to requests without an address: QLDB's are such.
func (j *judge) network() []hit {
	var list []hit
	for s := range j.each(policy.Deny) {
		if !coversAny(s, decrypt, createGrant) || slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool {
			return strings.EqualFold(c.Key, "aws:ViaAWSService") && isFalse(c) ||
				strings.EqualFold(c.Key, "kms:ViaService") && c.Operator.Name == "Null" && isTrue(c)
		}) {
			continue
		}
		for _, c := range conditionsOn(s, ofNetwork...) {
			if negated(c.Operator.Name) || c.Operator.IfExists || c.Operator.Name == "Null" && isTrue(c) {
				list = append(list, hit{statement: s,
					what: fmt.Sprintf("QLDB's calls come from AWS, without %s of the user; the statement denies them.", c.Key),
					fix:  `Add Bool aws:ViaAWSService "false".`})
			}
		}
	}
	return list
}

func (j *judge) directDecrypt() []hit {
	var list []hit
	for s := range j.each(policy.Allow) {
		if !covers(s, decrypt) || len(viaService(s)) > 0 || !slices.ContainsFunc(s.Principal.List,
			func(p policy.Principal) bool { return !j.isRoot(p) && p.Type == policy.AWS }) {
			continue
		}
		list = append(list, hit{statement: s, action: decrypt,
			what: "it allows kms:Decrypt also outside of QLDB, to whoever has a stolen ciphertext.",
			fix:  fmt.Sprintf("Add StringEquals kms:ViaService %q.", j.qldb)})
	}
	return list
}

func (j *judge) noCleanUp() []hit {
	who := callers(j.Callers)
	if len(who) == 0 {
		who = j.people()
	}
	missing := j.missing(who, []string{"kms:RevokeGrant", "kms:ListGrants"})
	if missing == nil || !j.managed() {
		return nil
	}
	return []hit{{action: missing[0],
		what: fmt.Sprintf("No administrator may call %s; a grant that a lost ledger leaves cannot be removed.",
			strings.Join(missing, ", ")),
		fix: "Allow them to the key's administrators."}}
}
