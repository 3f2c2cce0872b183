package iam

import (
	"context"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// linkable are the services that have roles linked to them here: the role's name, and whether there may be several.
// Source: IAM User Guide, "AWS services that work with IAM".
var linkable = map[string]struct {
	name   string
	suffix bool
}{
	"autoscaling.amazonaws.com":             {"AWSServiceRoleForAutoScaling", true},
	"cloudtrail.amazonaws.com":              {"AWSServiceRoleForCloudTrail", false},
	"config.amazonaws.com":                  {"AWSServiceRoleForConfig", false},
	"ecs.amazonaws.com":                     {"AWSServiceRoleForECS", false},
	"eks.amazonaws.com":                     {"AWSServiceRoleForAmazonEKS", false},
	"elasticache.amazonaws.com":             {"AWSServiceRoleForElastiCache", false},
	"elasticloadbalancing.amazonaws.com":    {"AWSServiceRoleForElasticLoadBalancing", false},
	"es.amazonaws.com":                      {"AWSServiceRoleForAmazonElasticsearchService", false},
	"guardduty.amazonaws.com":               {"AWSServiceRoleForAmazonGuardDuty", false},
	"opensearchservice.amazonaws.com":       {"AWSServiceRoleForAmazonOpenSearchService", false},
	"organizations.amazonaws.com":           {"AWSServiceRoleForOrganizations", false},
	"rds.amazonaws.com":                     {"AWSServiceRoleForRDS", false},
	"spot.amazonaws.com":                    {"AWSServiceRoleForEC2Spot", false},
	"ssm.amazonaws.com":                     {"AWSServiceRoleForAmazonSSM", false},
	"support.amazonaws.com":                 {"AWSServiceRoleForSupport", false},
	"trustedadvisor.amazonaws.com":          {"AWSServiceRoleForTrustedAdvisor", false},
	"application-autoscaling.amazonaws.com": {"AWSServiceRoleForApplicationAutoScaling", true},
}

type createLinkedInput struct {
	AWSServiceName string
	Description    string
	CustomSuffix   string
}

// Target implements wire.Targeter.
func (in *createLinkedInput) Target() string { return in.AWSServiceName }

// roleName is the name the role will have.
func (in *createLinkedInput) roleName() string {
	name := linkable[in.AWSServiceName].name
	if in.CustomSuffix != "" {
		name += "_" + in.CustomSuffix
	}
	return name
}

// createServiceLinkedRole refuses services without such a role, as QLDB is one.
func (s *Service) createServiceLinkedRole(
	ctx context.Context, c *wire.Call, in *createLinkedInput,
) (*roleOutput, error) {
	var missing checks
	if missing.length("awsServiceName", in.AWSServiceName, 1, 128); len(missing) > 0 {
		return nil, missing.err()
	}
	service, ok := linkable[in.AWSServiceName]
	if !ok {
		return nil, errInput("Service %s does not support service-linked roles.", in.AWSServiceName)
	}
	if in.CustomSuffix != "" && !service.suffix {
		return nil, errInput("Custom suffix is not allowed for %s", in.AWSServiceName)
	}
	e, err := s.newEntity(role, c.Caller.Account, in.roleName(), "/aws-service-role/"+in.AWSServiceName+"/", nil)
	if err != nil {
		return nil, err
	}
	e.Service, e.Description, e.MaxSession = in.AWSServiceName, in.Description, usualSession
	e.Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["` + in.AWSServiceName +
		`"]},"Action":["sts:AssumeRole"]}]}`
	err = s.cfg.State.Update(ctx, func(w store.Writer) error {
		if _, taken, err := lookup(w, role, e.Account, e.Name); err != nil || taken {
			if taken {
				err = errInput("Service role name %s has been taken in this account, please try a different suffix.", e.Name)
			}
			return err
		}
		return insert(w, &e)
	})
	if err != nil {
		return nil, err
	}
	return &roleOutput{shownRole(&e, e.Trust)}, nil
}

type deletionOutput struct {
	DeletionTaskID string `xml:"DeletionTaskId"`
}

// deleteServiceLinkedRole deletes at once; the task it names is one that is done.
func (s *Service) deleteServiceLinkedRole(
	ctx context.Context, c *wire.Call, in *entityInput,
) (*deletionOutput, error) {
	var gone entity
	err := s.cfg.State.Update(ctx, func(w store.Writer) (err error) {
		if gone, err = find(w, role, c.Caller.Account, in.RoleName); err != nil {
			return err
		}
		if gone.Service == "" {
			return errInput("Role %s is not a service-linked role.", gone.Name)
		}
		return remove(w, &gone)
	})
	if err != nil {
		return nil, err
	}
	return &deletionOutput{"task" + strings.TrimSuffix(gone.Path, "/") + "/" + gone.Name + "/" + c.RequestID}, nil
}

type deletionInput struct {
	DeletionTaskID string `form:"DeletionTaskId"`
}

type deletionStatusOutput struct {
	Status string `xml:"Status"`
}

func (s *Service) getDeletionStatus(
	_ context.Context, _ *wire.Call, in *deletionInput,
) (*deletionStatusOutput, error) {
	if strings.Count(in.DeletionTaskID, "/") != 4 ||
		!strings.HasPrefix(in.DeletionTaskID, "task/aws-service-role/") {
		return nil, errMissing("The deletion task %.200s cannot be found.", in.DeletionTaskID)
	}
	return &deletionStatusOutput{Status: "SUCCEEDED"}, nil
}
