package policy

import (
	"fmt"
	"slices"
	"strings"
)

// CallerKind is the kind of identity that makes a request.
type CallerKind string

// The kinds of caller.
const (
	RootUser      CallerKind = "root user"
	User          CallerKind = "user"
	RoleSession   CallerKind = "role session"
	FederatedUser CallerKind = "federated user"
	AWSService    CallerKind = "service" // an AWS service that calls for itself, not for a user
	Anonymous     CallerKind = "anonymous"
)

// A Caller is the identity that makes a request. Make one with NewCaller, NewSession or NewService; the zero Caller
// is nobody that any policy knows.
type Caller struct {
	Kind    CallerKind
	Account string // 12 digits; "" for a service and for an anonymous caller

	// ARN is what GetCallerIdentity shows, for a service its host name. It is "" for a session of which only the role
	// is known, which Can takes and Decide treats as some session that no policy names.
	ARN string

	RoleARN string   // of a role session: the ARN of the role, with its path
	ID      string   // unique id of the user or the role (AIDA..., AROA...), "" when not known
	Names   []string // of a service: more host names it answers to, such as that of its Region
}

// NewCaller makes the caller that has arn: of a root user, a user, a federated user, a role session or a role. A role
// stands for its sessions, with a session name that is not known. The ARN of a session does not say the path of its
// role, so it is taken to be "/": with a path, use NewSession.
//
// id is the unique id of the user or the role, or "".
func NewCaller(arn, id string) (Caller, error) {
	p := Principal{Type: AWS, Value: arn}
	if reason := principalFault(p); reason != "" || !strings.HasPrefix(arn, "arn:") {
		return Caller{}, fmt.Errorf("make caller of %s: not the ARN of an identity", quote(arn))
	}
	field := strings.SplitN(arn, ":", 6)
	c := Caller{Account: field[4], ARN: arn, ID: id}
	switch kind, name, _ := strings.Cut(field[5], "/"); kind {
	case "root":
		c.Kind = RootUser
	case "user":
		c.Kind = User
	case "federated-user":
		c.Kind = FederatedUser
	case "role":
		c.Kind, c.RoleARN, c.ARN = RoleSession, arn, ""
	default: // assumed-role
		role, _, _ := strings.Cut(name, "/")
		c.Kind = RoleSession
		c.RoleARN = "arn:" + field[1] + ":iam::" + c.Account + ":role/" + role
	}
	return c, nil
}

// NewSession makes the caller that is the named session of a role. roleID is the unique id of the role, or "".
func NewSession(roleARN, session, roleID string) (Caller, error) {
	c, err := NewCaller(roleARN, roleID)
	if err != nil || c.Kind != RoleSession || c.ARN != "" || session == "" {
		return Caller{}, fmt.Errorf("make session %s of %s: not a name and the ARN of a role",
			quote(session), quote(roleARN))
	}
	field := strings.SplitN(roleARN, ":", 6)
	c.ARN = "arn:" + field[1] + ":sts::" + c.Account + ":assumed-role/" + lastSegment(roleARN) + "/" + session
	return c, nil
}

// NewService makes the caller that is an AWS service acting for itself, such as "qldb.amazonaws.com".
func NewService(host string, others ...string) Caller {
	return Caller{Kind: AWSService, ARN: host, Names: others}
}

func lastSegment(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func (c *Caller) isUser() bool    { return c.Kind == User }
func (c *Caller) isSession() bool { return c.Kind == RoleSession }

// isService tells whether the caller is the service with that host name.
func (c *Caller) isService(host string) bool {
	return c.Kind == AWSService && host != "" && (host == c.ARN || slices.Contains(c.Names, host))
}

// arn is the caller's own ARN as aws:PrincipalArn shows it: for a session, that of its role.
func (c *Caller) arn() string {
	switch c.Kind {
	case RoleSession:
		return c.RoleARN
	case RootUser, User, FederatedUser:
		return c.ARN
	}
	return ""
}

// principalTypes are the values of aws:PrincipalType.
//
// Source: IAM User Guide, "AWS global condition context keys", aws:PrincipalType; "IAM policy elements: Variables and
// tags", Where you can use principal key values.
var principalTypes = map[CallerKind]string{
	RootUser: "Account", User: "User", RoleSession: "AssumedRole", FederatedUser: "FederatedUser",
	Anonymous: "Anonymous",
}

// facts are the condition keys that follow from who the caller is, names in lower case.
func (c *Caller) facts() map[string]string {
	f := map[string]string{"aws:principalisawsservice": "false"}
	set := func(key, value string) {
		if value != "" {
			f[key] = value
		}
	}
	set("aws:principalarn", c.arn())
	set("aws:principalaccount", c.Account)
	set("aws:principaltype", principalTypes[c.Kind])
	switch c.Kind {
	case RootUser:
		set("aws:userid", c.Account)
	case User:
		set("aws:userid", c.ID)
		set("aws:username", lastSegment(c.ARN))
	case RoleSession:
		if c.ID != "" && c.ARN != "" {
			set("aws:userid", c.ID+":"+lastSegment(c.ARN))
		}
	case FederatedUser:
		set("aws:userid", c.Account+":"+lastSegment(c.ARN))
	case AWSService:
		f["aws:principalisawsservice"] = "true"
		set("aws:principalservicename", c.ARN)
	}
	return f
}
