package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
)

// steps are those that send a load.
var steps = []string{"1a", "1b", "2a", "2b", "3a"}

// createRead is scenario 1 of the article.
func createRead(ctx context.Context, w *world, r *recorder) error {
	if err := w.prepare(ctx, r); err != nil {
		return err
	}
	if status, _ := w.ask(ctx, readRequest(1)); status == http.StatusOK {
		return errors.New("table Test already holds records: name another data directory, or run tidy-up first")
	}
	if err := w.checkStack(ctx, r); err != nil {
		return err
	}
	n := w.cfg.Records
	l, err := w.send(ctx, r, loadSpec{
		step: "1a", title: "POST /record", perSecond: w.creates(), ids: n, make: createRequest,
	})
	if err != nil {
		return err
	}
	r.check("1a", l.Failed == 0 && l.Requests == n, fmt.Sprintf(`%d creates are answered 201 "Success"`, n),
		"%d of %d; %s", l.Requests-l.Failed, l.Requests, l.failures())
	l, err = w.send(ctx, r, w.readLoad("1b"))
	if err != nil {
		return err
	}
	last := l.Samples[len(l.Samples)-1].At - l.Samples[0].At
	r.check("1b", l.Failed == 0 && l.Requests == n, fmt.Sprintf("%d reads are answered 200 with their record", n),
		"%d of %d, arriving over %.1f s; %s", l.Requests-l.Failed, l.Requests, last, l.failures())
	if err := w.checkMissing(ctx, r); err != nil {
		return err
	}
	return w.checkTrail(ctx, r)
}

// readLoad is scenario 1's reading of all records, which the other scenarios repeat.
func (w *world) readLoad(step string) loadSpec {
	return loadSpec{
		step: step, title: "GET /record/{id}", perSecond: w.reads(), ids: w.cfg.Records, make: readRequest,
	}
}

// readTime is how long readLoad takes.
func (w *world) readTime() time.Duration {
	return time.Duration(float64(w.cfg.Records) / w.reads() * float64(time.Second))
}

// checkStack compares what Terraform built with the article's stack.
func (w *world) checkStack(ctx context.Context, r *recorder) error {
	_, out, err := w.status(ctx)
	if err != nil {
		return err
	}
	if out == nil || out.EncryptionDescription == nil {
		return fmt.Errorf("ledger %s is not there, or without a key, after terraform apply", ledger)
	}
	arn := aws.ToString(out.EncryptionDescription.KmsKeyArn)
	target, err := w.aliasTarget(ctx)
	if err != nil {
		return err
	}
	rotation, err := w.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &arn})
	if err != nil {
		return fmt.Errorf("look at the rotation of %s: %w", arn, err)
	}
	r.check("1", out.State == types.LedgerStateActive && out.PermissionsMode == types.PermissionsModeStandard &&
		!aws.ToBool(out.DeletionProtection) && target == arn && rotation.KeyRotationEnabled &&
		out.EncryptionDescription.EncryptionStatus == types.EncryptionStatusEnabled,
		"the stack: an ACTIVE ledger in STANDARD mode under the key its alias leads to, which rotates",
		"%s, %s, deletion protection %t, %s, alias leads to its key: %t, rotation: %t", out.State,
		out.PermissionsMode, aws.ToBool(out.DeletionProtection), out.EncryptionDescription.EncryptionStatus,
		target == arn, rotation.KeyRotationEnabled)
	return nil
}

// aliasTarget is the ARN of the key that the stack's alias leads to.
func (w *world) aliasTarget(ctx context.Context) (string, error) {
	out, err := w.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(alias)})
	if err != nil {
		return "", fmt.Errorf("look where %s leads: %w", alias, err)
	}
	return aws.ToString(out.KeyMetadata.Arn), nil
}

func (w *world) checkMissing(ctx context.Context, r *recorder) error {
	id := max(9999, w.cfg.Records+1)
	want := fmt.Sprintf(`{"status":400,"title":"Record Not Found Error","detail":"Record with id %d does not exist"}`, id)
	status, answer, err := w.exchange(ctx, readRequest(id))
	if err != nil {
		return fmt.Errorf("read record %d: %w", id, err)
	}
	r.check("1c", status == http.StatusBadRequest && string(answer) == want,
		fmt.Sprintf("GET /record/%d is answered 400 %s", id, want), "%d %s", status, answer)
	return nil
}

// checkTrail looks for the record that shows how QLDB uses the key.
func (w *world) checkTrail(ctx context.Context, r *recorder) error {
	arn, err := w.aliasTarget(ctx)
	if err != nil {
		return err
	}
	const what = "CloudTrail shows GenerateDataKey by QLDB under the main key: 32 bytes, a key-hierarchy-node-id and " +
		"-version"
	out, err := cloudtrail.NewFromConfig(w.root).LookupEvents(ctx, &cloudtrail.LookupEventsInput{
		LookupAttributes: []trailtypes.LookupAttribute{{
			AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: aws.String("GenerateDataKey"),
		}},
	})
	if err != nil {
		r.check("1d", false, what, "%v", err)
		return nil
	}
	for _, e := range out.Events {
		var event trailEvent
		if err := json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &event); err != nil {
			return fmt.Errorf("read the CloudTrail record %s: %w", aws.ToString(e.EventId), err)
		}
		if event.Request.KeyID != arn {
			continue
		}
		node := event.Request.Context["key-hierarchy-node-id"]
		version := event.Request.Context["key-hierarchy-node-version"]
		r.check("1d", event.Identity.Type == "AWSService" && event.Identity.InvokedBy == "qldb.amazonaws.com" &&
			event.Request.Bytes == 32 && len(node) == 22 && version != "", what,
			"%s, invoked by %s, %d bytes, node %s version %s", event.Identity.Type, event.Identity.InvokedBy,
			event.Request.Bytes, node, version)
		return nil
	}
	r.check("1d", false, what, "%d records of GenerateDataKey, none with key %s", len(out.Events), arn)
	return nil
}

// trailEvent is the part of a CloudTrail record that is looked at.
type trailEvent struct {
	Identity struct {
		Type      string `json:"type"`
		InvokedBy string `json:"invokedBy"`
	} `json:"userIdentity"`
	Request struct {
		KeyID   string            `json:"keyId"`
		Bytes   int               `json:"numberOfBytes"`
		Context map[string]string `json:"encryptionContext"`
	} `json:"requestParameters"`
}
