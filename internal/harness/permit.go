package harness

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/authorize"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/session"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// permit decides whether a call may go on, before it has any effect. KMS and STS ask by themselves, as soon as they
// have found the key or the role: its policy counts.
func (h *Harness) permit(ctx context.Context, c *wire.Call, in any) error {
	var resource string
	var keys policy.RequestContext
	var err error
	switch c.Service {
	case "kms", "sts":
		return nil
	case "cloudtrail":
		resource = "*"
	case "iam":
		resource, keys, err = h.iam.Resource(ctx, c, in)
	case "qldb":
		command, isCommand := in.(*session.SendCommandInput)
		if !isCommand {
			resource, keys, err = h.qldb.Resource(ctx, c, in)
			break
		}
		name := h.session.LedgerOf(c, command)
		if name == "" {
			return nil // there is no such session
		}
		resource, keys, err = h.qldb.LedgerResource(ctx, c, name)
	default:
		err = fmt.Errorf("nothing says what calls of %s act on", c.Service)
	}
	if err != nil {
		return fmt.Errorf("find what %s acts on: %w", c.Action, err)
	}
	c.Touch(resource)
	if err := h.authority.Allow(ctx, c, c.Action, resource, keys); err != nil {
		return err
	}
	return h.permitPassing(ctx, c, in)
}

// permitPassing refuses to hand a service a role that the caller may not pass on.
//
// Source: IAM User Guide, "Granting a user permissions to pass a role to an AWS service".
func (h *Harness) permitPassing(ctx context.Context, c *wire.Call, in any) error {
	role, service := "", "qldb.amazonaws.com"
	switch in := in.(type) {
	case *qldb.ExportJournalToS3Input:
		role = in.RoleArn
	case *qldb.StreamJournalToKinesisInput:
		role = in.RoleArn
	}
	if c.Service == "iam" {
		var err error
		service = "ec2.amazonaws.com"
		if role, err = h.iam.PassedRole(ctx, c, in); err != nil {
			return fmt.Errorf("find the role that %s passes: %w", c.Operation, err)
		}
	}
	if role == "" {
		return nil
	}
	return h.authority.Allow(ctx, c, "iam:PassRole", role,
		policy.RequestContext{"iam:PassedToService": {service}})
}

// statementDenied is the literal text of the service. It does not say which permission is missing, nor whether there is
// a table of the name. Who may do to all tables what the statement does gets the error of the statement itself, as the
// integration tests of Amazon's Go driver do, whose ledgers are in STANDARD mode.
//
// Source: Amazon QLDB Developer Guide, "Getting started with the standard permissions mode"; README of
// AWS-South-Wales-User-Group/qldb-access-control-demo; amazon-qldb-driver-go, statement_execution_test.go.
const statementDenied = "Access denied. Unable to run the statement due to insufficient permissions or an improper " +
	"variable reference"

// tagsNeedStandard is why a table is not created with tags. The words are ours.
//
// Source: Amazon QLDB Developer Guide, "Managing tables", "Tagging tables".
const tagsNeedStandard = "Tables can be created with tags only in ledgers with the permissions mode STANDARD"

// addTags adds a condition key per tag.
func addTags(keys policy.RequestContext, prefix string, tags map[string]string) {
	for name, value := range tags {
		keys[prefix+name] = []string{value}
	}
}

// permitStatement decides about one need of a statement, in ledgers whose mode asks for it.
//
// Source: Amazon QLDB Developer Guide, "Getting started with the standard permissions mode".
func (h *Harness) permitStatement(ctx context.Context, c *wire.Call, l session.Ledger, need engine.Need) error {
	if l.Mode == session.AllowAll {
		if need.Action == "qldb:TagResource" {
			return wire.Faultf("BadRequestException", tagsNeedStandard)
		}
		return nil
	}
	resource, keys := l.ARN, policy.RequestContext{}
	var tags map[string]string
	var err error
	switch need.Object {
	case engine.TableObject:
		resource += "/table/" + need.TableID
		tags, err = h.qldb.TableTags(ctx, l.ID, need.TableID, need.Tags)
	case engine.AnyTable:
		resource += "/table/*"
		addTags(keys, "aws:RequestTag/", need.Tags)
		if len(need.Tags) > 0 {
			keys["aws:TagKeys"] = slices.Sorted(maps.Keys(need.Tags))
		}
	case engine.CatalogObject:
		resource += "/" + qldb.Catalog
		tags, err = h.qldb.TableTags(ctx, l.ID, qldb.Catalog, nil)
	}
	if err != nil {
		return err
	}
	addTags(keys, "aws:ResourceTag/", tags)
	switch need.Action {
	case "qldb:PartiQLDropIndex": // has no other form than WITH (purge = true)
		keys["qldb:Purge"] = []string{"true"}
	case "qldb:PartiQLDropTable":
		keys["qldb:Purge"] = []string{"false"}
	}
	err = h.authority.Allow(ctx, c, need.Action, resource, keys)
	if authorize.IsRefusal(err) {
		return wire.Faultf("AccessDeniedException", statementDenied)
	}
	return err
}
