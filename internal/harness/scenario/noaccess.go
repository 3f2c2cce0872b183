package scenario

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"

	"github.com/qldbkms/terraform-provider-qldbkms/examples/lambda-app/record"
)

// refusedAnswer is what the functions answer without kms:Decrypt.
//
// Source: "Protecting Data in QLDB Ledger", scenario 4.
var refusedAnswer = regexp.MustCompile(`^\{"status":500,"title":"AccessDeniedException","detail":"The user does not ` +
	`have permissions to use the customer managed KMS key of the ledger \(KMS Request ID: [0-9a-f-]{36}\) : The ` +
	`ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not ` +
	`allowed to access\."\}$`)

// noAccess is scenario 4 of the article.
func noAccess(ctx context.Context, w *world, r *recorder) error {
	if err := w.fill(ctx, r); err != nil {
		return err
	}
	state, err := w.tf.outputs(ctx)
	if err != nil {
		return err
	}
	if err := w.checkWarned(ctx, r, state); err != nil {
		return err
	}
	key := w.spare[noAccessKeyName]
	r.event("update-ledger")
	out, err := w.qldb.UpdateLedger(ctx, &qldb.UpdateLedgerInput{Name: aws.String(ledger), KmsKey: &key})
	if err != nil {
		return fmt.Errorf("move ledger %s to the no-access key: %w", ledger, err)
	}
	status, failure := w.ask(ctx, readRequest(1))
	r.check("4a", out.EncryptionDescription != nil &&
		out.EncryptionDescription.EncryptionStatus == types.EncryptionStatusUpdating,
		"update-ledger with the no-access key is accepted", "%s", out.EncryptionDescription.EncryptionStatus)
	r.check("4a", failure == "", "reads work while UPDATING, because the former key still opens the ledger",
		"%d %s", status, failure)
	after, err := w.await(ctx, string(types.EncryptionStatusEnabled))
	if err != nil {
		return err
	}
	kept, err := w.keep(ctx) // the administrator reads
	if err == nil {
		err = w.prove(ctx, kept)
	}
	r.check("4a", aws.ToString(after.EncryptionDescription.KmsKeyArn) == key && err == nil,
		"then ENABLED: the service has access, and the administrator", "%s, under the no-access key: %t, %s",
		after.EncryptionDescription.EncryptionStatus, aws.ToString(after.EncryptionDescription.KmsKeyArn) == key,
		verdict(err))
	if err := w.checkRefused(ctx, r); err != nil {
		return err
	}
	if err := w.grantAccess(ctx, r, key); err != nil {
		return err
	}
	return w.bringBack(ctx, r, state)
}

// checkWarned plans a key without the statement for the functions, as one would with Terraform.
func (w *world) checkWarned(ctx context.Context, r *recorder, now state) error {
	text, code, err := w.tf.plan(ctx, generationVar(now.KeyGeneration+1), "-var=record_roles=[]")
	if err != nil {
		return err
	}
	removed := strings.Contains(text, `statement 3 ("Allow access to create and get record roles") removed`)
	named := strings.Contains(text, "KP-207")
	seen := "nothing about them"
	switch {
	case named && code == 1:
		seen = "the plan is refused: KP-207, a key change takes access away"
	case named:
		seen = "KP-207, a key change takes access away"
	case removed:
		seen = "the statement that lets them decrypt is listed as removed"
	}
	r.check("4", named || removed, "terraform plan says that the functions lose access with such a key", "%s", seen)
	return nil
}

// checkRefused asks both functions.
func (w *world) checkRefused(ctx context.Context, r *recorder) error {
	for _, q := range []request{readRequest(1), createRequest(w.cfg.Records + 1)} {
		status, answer, err := w.exchange(ctx, q)
		if err != nil {
			return fmt.Errorf("%s %s: %w", q.method, q.path, err)
		}
		r.check("4b", status == http.StatusInternalServerError && refusedAnswer.Match(answer),
			q.method+" is answered 500: the user does not have permissions to use the key, in the article's words",
			"%d %s", status, answer)
	}
	return nil
}

// grantAccess lets the role decrypt by its own policy.
func (w *world) grantAccess(ctx context.Context, r *recorder, key string) error {
	role := record.GetRole().Name
	r.event("put-role-policy: kms:Decrypt")
	if _, err := w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: aws.String("key"), PolicyDocument: aws.String(fmt.Sprintf(
			`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": %q}}`, key)),
	}); err != nil {
		return fmt.Errorf("let role %s decrypt: %w", role, err)
	}
	status, failure := w.ask(ctx, readRequest(1))
	r.check("4c", failure == "", "GET works again once its role may decrypt", "%d %s", status, failure)
	return nil
}

// bringBack lets Terraform undo what was done by hand.
func (w *world) bringBack(ctx context.Context, r *recorder, before state) error {
	r.event("terraform apply")
	err := w.tf.apply(ctx, before.KeyGeneration)
	if err != nil {
		r.check("4c", false, "terraform apply brings the ledger back under its own key", "%v", err)
		return nil
	}
	after, err := w.await(ctx, string(types.EncryptionStatusEnabled))
	if err != nil {
		return err
	}
	status, failure := w.ask(ctx, readRequest(1))
	r.check("4c", aws.ToString(after.EncryptionDescription.KmsKeyArn) == before.KeyARN && failure == "",
		"terraform apply brings the ledger back under its own key", "under its own key: %t; GET: %d %s",
		aws.ToString(after.EncryptionDescription.KmsKeyArn) == before.KeyARN, status, failure)
	return nil
}
