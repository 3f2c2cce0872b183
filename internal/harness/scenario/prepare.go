package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/qldbkms/terraform-provider-qldbkms/examples/lambda-app/record"
	"github.com/qldbkms/terraform-provider-qldbkms/examples/scenarios"
)

// user is who may assume the roles: the account root may not.
const user = "qldb-kms-functions"

// assumePolicy lets user assume the roles of the functions.
const assumePolicy = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
  "Resource": "arn:aws:iam::` + account + `:role/qldb-kms-*"}}`

// The keys beside the stack: what they are for, which is also how their aliases end.
const (
	rotateKeyName   = "rotate"
	noAccessKeyName = "no-access"
)

// prepare builds what is not there yet: roles, keys beside the stack, the stack, the functions. The roles come first:
// KMS refuses a key policy that names a role nobody knows.
func (w *world) prepare(ctx context.Context, r *recorder) error {
	if w.app != "" {
		return nil
	}
	functions, err := w.makeRoles(ctx)
	if err != nil {
		return err
	}
	w.spare = map[string]string{}
	for name, policy := range map[string]string{
		rotateKeyName: scenarios.RotatePolicy, noAccessKeyName: scenarios.NoAccessPolicy,
	} {
		if w.spare[name], err = w.makeKey(ctx, name, policy); err != nil {
			return err
		}
	}
	state, err := w.tf.outputs(ctx)
	if err != nil {
		return err
	}
	r.event("terraform apply")
	if err := w.tf.apply(ctx, max(state.KeyGeneration, 1)); err != nil {
		return err
	}
	return w.serve(functions)
}

// makeRoles makes the roles of the functions, with the user who may assume them.
func (w *world) makeRoles(ctx context.Context) (aws.Config, error) {
	for _, role := range []record.Role{record.CreateRole(), record.GetRole()} {
		_, err := w.iam.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: &role.Name, AssumeRolePolicyDocument: &role.Trust,
		})
		if err != nil && !isThere(err) {
			return aws.Config{}, fmt.Errorf("make role %s: %w", role.Name, err)
		}
		if _, err := w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &role.Name, PolicyName: aws.String("records"), PolicyDocument: &role.Policy,
		}); err != nil {
			return aws.Config{}, fmt.Errorf("give role %s its policy: %w", role.Name, err)
		}
	}
	if _, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(user)}); err != nil && !isThere(err) {
		return aws.Config{}, fmt.Errorf("make user %s: %w", user, err)
	}
	if _, err := w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String(user), PolicyName: aws.String("functions"), PolicyDocument: aws.String(assumePolicy),
	}); err != nil {
		return aws.Config{}, fmt.Errorf("give user %s its policy: %w", user, err)
	}
	if err := w.dropAccessKeys(ctx); err != nil {
		return aws.Config{}, err
	}
	made, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(user)})
	if err != nil {
		return aws.Config{}, fmt.Errorf("make an access key of user %s: %w", user, err)
	}
	cfg := w.root.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(
		aws.ToString(made.AccessKey.AccessKeyId), aws.ToString(made.AccessKey.SecretAccessKey), "")
	return cfg, nil
}

// dropAccessKeys deletes the access keys of an earlier run, of which a user may have two.
func (w *world) dropAccessKeys(ctx context.Context) error {
	list, err := w.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String(user)})
	if err != nil {
		return fmt.Errorf("list the access keys of user %s: %w", user, err)
	}
	for _, key := range list.AccessKeyMetadata {
		if _, err := w.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{
			UserName: aws.String(user), AccessKeyId: key.AccessKeyId,
		}); err != nil {
			return fmt.Errorf("delete access key %s: %w", aws.ToString(key.AccessKeyId), err)
		}
	}
	return nil
}

func isThere(err error) bool {
	_, there := errors.AsType[*iamtypes.EntityAlreadyExistsException](err)
	return there
}

// assume is cfg with the rights of a role.
func assume(cfg aws.Config, role record.Role) aws.Config {
	assumed := cfg.Copy()
	assumed.Credentials = aws.NewCredentialsCache(
		stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), roleARN(role.Name)))
	return assumed
}

func roleARN(name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// makeKey makes a key of the operator's own, or finds the one of an earlier run by its alias.
func (w *world) makeKey(ctx context.Context, name, policy string) (arn string, err error) {
	found, err := w.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(alias + "-" + name)})
	if err == nil {
		return aws.ToString(found.KeyMetadata.Arn), nil
	}
	if _, none := errors.AsType[*kmstypes.NotFoundException](err); !none {
		return "", fmt.Errorf("look for the %s key: %w", name, err)
	}
	made, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{
		Policy: &policy, Description: aws.String("QLDB Ledger " + name + " CMK"),
	})
	if err != nil {
		return "", fmt.Errorf("make the %s key: %w", name, err)
	}
	if _, err := w.kms.CreateAlias(ctx, &kms.CreateAliasInput{
		AliasName: aws.String(alias + "-" + name), TargetKeyId: made.KeyMetadata.KeyId,
	}); err != nil {
		return "", fmt.Errorf("name the %s key: %w", name, err)
	}
	return aws.ToString(made.KeyMetadata.Arn), nil
}

// fill prepares and makes sure that all records are there, as fast as they can be created.
func (w *world) fill(ctx context.Context, r *recorder) error {
	if err := w.prepare(ctx, r); err != nil {
		return err
	}
	status, _ := w.ask(ctx, readRequest(w.cfg.Records))
	if status == http.StatusOK {
		return nil
	}
	if status != http.StatusBadRequest {
		return fmt.Errorf("read record %d: status %d", w.cfg.Records, status)
	}
	r.event("create %d records", w.cfg.Records)
	for id := range w.cfg.Records {
		if status, _ := w.ask(ctx, readRequest(id+1)); status == http.StatusOK {
			continue // an earlier run was cut off, or had fewer
		}
		if _, failure := w.ask(ctx, createRequest(id+1)); failure != "" {
			return fmt.Errorf("create record %d: %s", id+1, failure)
		}
	}
	return nil
}
