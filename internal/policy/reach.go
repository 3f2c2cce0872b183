package policy

import "strings"

// A level is one of the identities of a caller. A role session has three: the account, the role, the session.
type level int8

const (
	everyone level = iota // named by "*"
	ofAccount
	ofEntity // the user, the role or the service
	ofSession
	levels
)

// levels are those on which a NotPrincipal element must list the caller to spare it from a Deny.
//
// Source: IAM User Guide, "AWS JSON policy elements: NotPrincipal", Specifying NotPrincipal with Deny: the account,
// the role and the session may be validated one after the other.
func (c *Caller) levels() []level {
	switch c.Kind {
	case RootUser:
		return []level{ofAccount}
	case User:
		return []level{ofAccount, ofEntity}
	case RoleSession:
		return []level{ofAccount, ofEntity, ofSession}
	case FederatedUser:
		return []level{ofAccount, ofSession}
	}
	return []level{ofEntity}
}

// strength of an Allow that names the caller on level l.
func (c *Caller) strength(l level) strength {
	switch {
	case l == ofAccount && c.Kind != RootUser:
		return delegated
	case l == ofEntity && c.isSession():
		return limited
	}
	return direct
}

// named says on which level p names the caller.
func (c *Caller) named(p Principal) (level, truth) {
	switch p.Type {
	case AWS:
		return c.namedAWS(p.Value)
	case Service:
		return ofEntity, truthOf(c.isService(p.Value))
	}
	return everyone, no // identity providers and canonical users make no requests of their own here
}

func (c *Caller) namedAWS(value string) (level, truth) {
	switch {
	case value == "*":
		return everyone, yes
	case c.Account == "":
		return everyone, no
	case isAccountID(value):
		return ofAccount, truthOf(value == c.Account)
	case isUniqueID(value):
		if !c.isUser() && !c.isSession() || c.isUser() != strings.HasPrefix(value, "AIDA") {
			return ofEntity, no
		}
		if c.ID == "" {
			return ofEntity, maybe
		}
		return ofEntity, truthOf(value == c.ID)
	case strings.HasSuffix(value, ":root"):
		return ofAccount, truthOf(value == c.rootARN())
	case value == c.arn() && c.Kind != RootUser:
		if c.Kind == FederatedUser {
			return ofSession, yes
		}
		return ofEntity, yes
	case c.isSession() && c.ARN != "":
		return ofSession, truthOf(value == c.ARN)
	case c.isSession():
		return ofSession, c.mayBeSession(value)
	}
	return everyone, no
}

func (c *Caller) rootARN() string {
	partition, _, _ := strings.Cut(strings.TrimPrefix(c.arn(), "arn:"), ":")
	return "arn:" + partition + ":iam::" + c.Account + ":root"
}

// mayBeSession tells whether value is some session of the caller's role.
func (c *Caller) mayBeSession(value string) truth {
	if !strings.Contains(value, ":assumed-role/") {
		return no
	}
	prefix := strings.TrimSuffix(c.rootARN(), ":iam::"+c.Account+":root") + ":sts::" + c.Account + ":assumed-role/" +
		lastSegment(c.RoleARN) + "/"
	if strings.HasPrefix(value, prefix) {
		return maybe
	}
	return no
}

// reach says how strongly the Principal or NotPrincipal element of a statement with that effect reaches c.
func (c *Caller) reach(e *PrincipalElement, effect Effect) reach {
	if !e.Not {
		var r reach
		for _, p := range e.List {
			l, t := c.named(p)
			r = r.widest(when(t, c.strength(l)))
		}
		return r
	}
	var listed [levels]truth
	any := no
	for _, p := range e.List {
		l, t := c.named(p)
		listed[l] = max(listed[l], t)
		any = max(any, t)
	}
	if effect == Allow {
		return when(any.not(), direct)
	}
	all := yes
	for _, l := range c.levels() {
		all = min(all, max(listed[l], listed[everyone]))
	}
	return when(all.not(), direct)
}
