package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/qldbkms/terraform-provider-qldbkms/examples/lambda-app/record"
)

// pendingDays is how long the keys of the stack wait for their deletion.
const pendingDays = 7

// tidyUp removes the stack with Terraform, then what was made beside it.
func tidyUp(ctx context.Context, w *world, r *recorder) error {
	if err := w.prepare(ctx, r); err != nil {
		return err
	}
	state, err := w.tf.outputs(ctx)
	if err != nil {
		return err
	}
	r.event("terraform destroy")
	if err := w.tf.destroy(ctx); err != nil {
		return err
	}
	if err := w.removeSpareKeys(ctx); err != nil {
		return err
	}
	if _, err := w.await(ctx, noLedger); err != nil {
		return err
	}
	r.check("5", true, "the ledger is deleted", "describe-ledger: ResourceNotFoundException")
	keys := append([]string{state.KeyARN}, state.RetainedKeys...)
	keys = append(keys, w.spare[rotateKeyName], w.spare[noAccessKeyName])
	if err := w.checkPending(ctx, r, keys); err != nil {
		return err
	}
	_, err = w.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(alias)})
	_, gone := errors.AsType[*kmstypes.NotFoundException](err)
	r.check("5", gone, "the alias is gone", "describe-key %s: %v", alias, err)
	if err := w.removeRoles(ctx); err != nil {
		return err
	}
	list, err := w.iam.ListRoles(ctx, &iam.ListRolesInput{})
	if err != nil {
		return fmt.Errorf("list the roles: %w", err)
	}
	left := 0
	for _, role := range list.Roles {
		if n := aws.ToString(role.RoleName); n == record.CreateRole().Name || n == record.GetRole().Name {
			left++
		}
	}
	r.check("5", left == 0, "the roles are gone", "%d left", left)
	return nil
}

func (w *world) checkPending(ctx context.Context, r *recorder, keys []string) error {
	pending, days := 0, ""
	for _, key := range keys {
		out, err := w.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
		if err != nil {
			return fmt.Errorf("look at key %s: %w", key, err)
		}
		at := aws.ToTime(out.KeyMetadata.DeletionDate)
		left := at.Sub(w.cfg.Now()).Round(time.Hour)
		if out.KeyMetadata.KeyState == kmstypes.KeyStatePendingDeletion && left == pendingDays*24*time.Hour {
			pending++
		}
		days += fmt.Sprintf(", %s %.0f d", out.KeyMetadata.KeyState, left.Hours()/24)
	}
	r.check("5", pending == len(keys), fmt.Sprintf("all %d keys are PendingDeletion, for %d days", len(keys), pendingDays),
		"%d of %d%s", pending, len(keys), days)
	return nil
}

// removeSpareKeys schedules the deletion of the keys beside the stack, and frees their names.
func (w *world) removeSpareKeys(ctx context.Context) error {
	for name, arn := range w.spare {
		if _, err := w.kms.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: aws.String(alias + "-" + name)}); err != nil {
			return fmt.Errorf("remove the alias of the %s key: %w", name, err)
		}
		if _, err := w.kms.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{
			KeyId: &arn, PendingWindowInDays: aws.Int32(pendingDays),
		}); err != nil {
			return fmt.Errorf("schedule the deletion of the %s key: %w", name, err)
		}
	}
	return nil
}

// removeRoles removes the roles with their policies, and the user.
func (w *world) removeRoles(ctx context.Context) error {
	for _, role := range []string{record.CreateRole().Name, record.GetRole().Name} {
		for _, policy := range []string{"records", "key"} {
			_, err := w.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &policy})
			if _, none := errors.AsType[*iamtypes.NoSuchEntityException](err); err != nil && !none {
				return fmt.Errorf("remove policy %s of role %s: %w", policy, role, err)
			}
		}
		if _, err := w.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &role}); err != nil {
			return fmt.Errorf("remove role %s: %w", role, err)
		}
	}
	if err := w.dropAccessKeys(ctx); err != nil {
		return err
	}
	if _, err := w.iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{
		UserName: aws.String(user), PolicyName: aws.String("functions"),
	}); err != nil {
		return fmt.Errorf("remove the policy of user %s: %w", user, err)
	}
	if _, err := w.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String(user)}); err != nil {
		return fmt.Errorf("remove user %s: %w", user, err)
	}
	return nil
}
