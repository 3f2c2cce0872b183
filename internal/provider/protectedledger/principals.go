package protectedledger

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// iamPatience is how long a plan waits for IAM: where it cannot be reached, which is so in many closed networks, or
// does not answer whoever plans, KMS tells during the apply.
const iamPatience = 5 * time.Second

// askPrincipals asks IAM which roles and users do not exist that the policy of an owned key names; see facts.Absent. It
// is asked only when the policy is to be written.
func askPrincipals(
	ctx context.Context, clients *awsclient.Clients, cfg model, st *model, f facts,
) map[string]string {
	if cfg.Key == nil || clients.IAM == nil || f.Account == "" || policyStands(cfg, st) {
		return nil
	}
	p := withDefaults(cfg, f)
	text, _ := effectivePolicy(*p.Key, p.setting(f, ""))
	arns := preflight.Entities(preflight.Input{Policy: text.ValueString(), Account: f.Account})
	ctx, cancel := context.WithTimeout(ctx, iamPatience)
	defer cancel()
	actual, absent := make([]string, len(arns)), make([]bool, len(arns))
	side(len(arns), func(i int) { actual[i], absent[i] = isAbsent(ctx, clients.IAM, arns[i]) })
	list := map[string]string{}
	for i, arn := range arns {
		if absent[i] {
			list[arn] = actual[i]
		}
	}
	return list
}

// isAbsent says whether IAM is known not to have the role or user, and which ARN it has under the same name, "" for
// none.
func isAbsent(ctx context.Context, client *iam.Client, arn string) (actual string, absent bool) {
	name := aws.String(arn[strings.LastIndexByte(arn, '/')+1:])
	var err error
	if strings.Contains(arn, ":user/") {
		var out *iam.GetUserOutput
		if out, err = client.GetUser(ctx, &iam.GetUserInput{UserName: name}); err == nil && out.User != nil {
			actual = aws.ToString(out.User.Arn)
		}
	} else {
		var out *iam.GetRoleOutput
		if out, err = client.GetRole(ctx, &iam.GetRoleInput{RoleName: name}); err == nil && out.Role != nil {
			actual = aws.ToString(out.Role.Arn)
		}
	}
	var none *iamtypes.NoSuchEntityException
	return actual, errors.As(err, &none) || err == nil && actual != "" && actual != arn
}
