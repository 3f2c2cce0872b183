// Package sts serves the AWS Security Token Service.
//
// It tells a caller who it is. Roles cannot be assumed yet.
package sts

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Service is STS for all accounts and Regions. It keeps nothing.
type Service struct{}

// New returns a Service.
func New() *Service { return &Service{} }

// Wire is the service for the wire.
// Source: AWS Security Token Service API reference, version 2011-06-15.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		SigningName:  "sts",
		Protocol:     wire.Query,
		Version:      "2011-06-15",
		XMLNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Operations: wire.Table{
			"GetCallerIdentity": wire.Op("sts:GetCallerIdentity", wire.Read, s.getCallerIdentity),
		},
	}
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
