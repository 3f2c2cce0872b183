// Package sts serves the AWS Security Token Service.
//
// It tells a caller who it is, and makes temporary credentials of roles and users that a Directory knows and keeps.
package sts

import (
	"context"
	"errors"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Config is what an issuing Service needs. All fields are required.
type Config struct {
	Directory Directory
	Clock     clock.Clock
}

// A Directory knows who there is and keeps temporary credentials. service/iam has all of it.
type Directory interface {
	// Principal is what authorisation needs to know about a caller.
	Principal(ctx context.Context, c wire.Caller) (Principal, error)
	// Role finds the role with that ARN, in any account.
	Role(ctx context.Context, arn string) (role Role, found bool, err error)
	// CheckPolicy refuses a text that cannot be a session policy. The error is the fault to answer.
	CheckPolicy(text string) error
	// HasPolicy tells whether account may use the managed policy with that ARN.
	HasPolicy(ctx context.Context, account, arn string) (bool, error)
	// Issue makes credentials for a session. The answer's Caller holds the access key id.
	Issue(ctx context.Context, s Session) (wire.Credential, error)
}

// Principal is a caller as a Directory knows it; service/iam says what the fields mean.
type Principal struct {
	Caller         policy.Caller
	Policies       policy.Policies
	Context        policy.RequestContext
	ID             string
	IssuerARN      string
	Tags           map[string]string
	Transitive     []string
	SourceIdentity string
	Temporary      bool
	Issued         time.Time
	RoleSession    bool
}

// Role is a role as a Directory knows it.
type Role struct {
	ARN, ID, Name string
	Trust         *policy.Policy
	MaxSession    time.Duration
	Tags          map[string]string
}

// Session is what temporary credentials stand for; service/iam says what the fields mean.
type Session struct {
	AccessKeyID    string
	Account        string
	ARN            string
	UserID         string
	RoleID         string
	RoleARN        string
	UserARN        string
	UserUID        string
	Policies       []string
	PolicyARNs     []string
	Limited        bool
	Tags           map[string]string
	Transitive     []string
	SourceIdentity string
	Issued         time.Time
	Expires        time.Time
	Sealed         []byte
}

// Service is STS for all accounts and Regions. It keeps nothing.
type Service struct{ cfg Config }

// New returns a Service that tells callers who they are and issues nothing.
func New() *Service { return &Service{} }

// NewIssuer returns a Service that also issues temporary credentials.
func NewIssuer(cfg Config) (*Service, error) {
	if cfg.Directory == nil || cfg.Clock == nil {
		return nil, errors.New("sts: Config needs Directory and Clock")
	}
	return &Service{cfg: cfg}, nil
}

// Wire is the service for the wire. It decides itself who may assume a role, as the role's trust policy does.
// Source: AWS Security Token Service API reference, version 2011-06-15.
func (s *Service) Wire() wire.Service {
	w := wire.Service{
		SigningName:  "sts",
		Protocol:     wire.Query,
		Version:      "2011-06-15",
		XMLNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Operations: wire.Table{
			"GetCallerIdentity":  wire.Op("sts:GetCallerIdentity", wire.Read, s.getCallerIdentity),
			"AssumeRole":         wire.Op("sts:AssumeRole", wire.Write, s.assumeRole),
			"GetSessionToken":    wire.Op("sts:GetSessionToken", wire.Write, s.getSessionToken),
			"GetFederationToken": wire.Op("sts:GetFederationToken", wire.Write, s.getFederationToken),
		},
	}
	if s.cfg.Directory == nil {
		w.Operations = wire.Table{"GetCallerIdentity": w.Operations["GetCallerIdentity"]}
	}
	return w
}

type callerIdentity struct {
	Arn     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string `xml:"Account"`
}

// getCallerIdentity needs no permission: no policy can deny it.
func (s *Service) getCallerIdentity(_ context.Context, c *wire.Call, _ *wire.Empty) (*callerIdentity, error) {
	return &callerIdentity{Arn: c.Caller.ARN, UserID: c.Caller.UserID, Account: c.Caller.Account}, nil
}
