package cloudtrail

import (
	"context"
	"fmt"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// identity is who made a call.
//
// Source: CloudTrail User Guide, "CloudTrail userIdentity element".
type identity struct {
	Type           string          `json:"type,omitempty"`
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	AccessKeyID    string          `json:"accessKeyId,omitempty"`
	UserName       string          `json:"userName,omitempty"`
	SessionContext *sessionContext `json:"sessionContext,omitempty"`
	InvokedBy      string          `json:"invokedBy,omitempty"`
}

// sessionContext is how temporary credentials were got.
type sessionContext struct {
	SessionIssuer *sessionIssuer    `json:"sessionIssuer,omitempty"` // of roles and federated users
	Attributes    sessionAttributes `json:"attributes"`
}

type sessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName,omitempty"`
}

type sessionAttributes struct {
	CreationDate     string `json:"creationDate"`
	MFAAuthenticated string `json:"mfaAuthenticated"` // nobody has a device here
}

// The values of Type.
const (
	typeRoot      = "Root"
	typeUser      = "IAMUser"
	typeRole      = "AssumedRole"
	typeFederated = "FederatedUser"
	typeService   = "AWSService"
	typeAccount   = "AWSAccount" // somebody of another account
)

// identify says who made c.
func (s *Service) identify(c *wire.Call) (identity, error) {
	if c.Caller.Service != "" {
		return identity{Type: typeService}, nil
	}
	who := identity{
		PrincipalID: c.Caller.UserID, ARN: c.Caller.ARN, AccountID: c.Caller.Account, AccessKeyID: c.Caller.AccessKeyID,
	}
	_, _, resource := splitARN(c.Caller.ARN)
	kind, _, _ := strings.Cut(resource, "/")
	switch kind {
	case "root":
		who.Type = typeRoot
	case "user":
		who.Type, who.UserName = typeUser, lastPart(resource)
	case "assumed-role":
		who.Type = typeRole
	case "federated-user":
		who.Type = typeFederated
	default:
		return identity{}, fmt.Errorf("%q is no caller", c.Caller.ARN)
	}
	if s.cfg.Identities == nil {
		return who, nil
	}
	// The call is over, so its context says nothing about whether to look this up.
	session, found, err := s.cfg.Identities.Session(context.Background(), c.Caller)
	if err != nil {
		return identity{}, fmt.Errorf("session of %s: %w", c.Caller.ARN, err)
	}
	if found {
		who.SessionContext = who.context(session)
	}
	return who, nil
}

func (who *identity) context(session Session) *sessionContext {
	shown := &sessionContext{
		Attributes: sessionAttributes{CreationDate: wholeSeconds(session.Issued), MFAAuthenticated: "false"},
	}
	if who.Type != typeRole && who.Type != typeFederated {
		return shown
	}
	_, account, resource := splitARN(session.IssuerARN)
	issuer := &sessionIssuer{Type: "Role", PrincipalID: session.IssuerID, ARN: session.IssuerARN, AccountID: account}
	if who.Type == typeFederated {
		issuer.Type = typeUser
	}
	if resource == "root" {
		issuer.Type = typeRoot
	} else {
		issuer.UserName = lastPart(resource)
	}
	shown.SessionIssuer = issuer
	return shown
}

// abroad is who, as the record in another account shows it.
//
// Source: IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail", the record of AssumeRole in the
// account of the role.
func (who identity) abroad() identity {
	return identity{
		Type: typeAccount, PrincipalID: who.PrincipalID, AccountID: who.AccountID, InvokedBy: who.InvokedBy,
	}
}

// username is by what LookupEvents finds the caller, empty for services.
func (who identity) username() string {
	switch who.Type {
	case typeRoot:
		return "root"
	case typeUser:
		return who.UserName
	case typeRole, typeFederated:
		return lastPart(who.ARN)
	}
	return ""
}

// invokedBy is the service that made c, for itself or for its caller: qldb.amazonaws.com for what calls itself
// qldb.eu-west-2.amazonaws.com.
func invokedBy(c *wire.Call) string {
	host := c.Caller.Service
	if host == "" {
		host = c.ViaService
	}
	name, _, _ := strings.Cut(host, ".")
	if name == "" {
		return ""
	}
	return name + ".amazonaws.com"
}

// splitARN takes an ARN apart as far as records go by it.
func splitARN(arn string) (service, account, resource string) {
	field := strings.SplitN(arn, ":", 6)
	if len(field) != 6 {
		return "", "", ""
	}
	return field[2], field[4], field[5]
}

// lastPart is what comes after the last slash.
func lastPart(text string) string { return text[strings.LastIndexByte(text, '/')+1:] }
