package protectedledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A ledgerInfo is what DescribeLedger tells.
type ledgerInfo struct {
	ARN          string
	State        string
	Mode         string
	Protected    bool
	Created      *time.Time
	KeyARN       string // AWS_OWNED_KMS_KEY for a ledger that never had another key, too
	Described    bool   // the service gave an encryption description
	Status       string
	Inaccessible *time.Time
}

// findLedger describes the ledger. A ledger in state DELETED is not found.
func (c *calls) findLedger(ctx context.Context) (ledgerInfo, error) {
	return findLedger(ctx, c.qldb, c.name)
}

func findLedger(ctx context.Context, client *qldb.Client, name string) (ledgerInfo, error) {
	out, err := client.DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: aws.String(name)})
	if err != nil {
		return ledgerInfo{}, err
	}
	if out.State == qldbtypes.LedgerStateDeleted {
		return ledgerInfo{}, fmt.Errorf("describe ledger %s: %w", name, &qldbtypes.ResourceNotFoundException{
			Message: aws.String("state " + deleted), ResourceName: aws.String(name),
		})
	}
	info := ledgerInfo{
		ARN: aws.ToString(out.Arn), State: string(out.State), Mode: string(out.PermissionsMode),
		Protected: aws.ToBool(out.DeletionProtection), Created: out.CreationDateTime,
	}
	info.encryption(out.EncryptionDescription)
	return info, nil
}

func (l *ledgerInfo) encryption(d *qldbtypes.LedgerEncryptionDescription) {
	l.KeyARN, l.Status, l.Inaccessible, l.Described = awsOwned, enabled, nil, d != nil
	if d != nil {
		l.KeyARN, l.Status = aws.ToString(d.KmsKeyArn), string(d.EncryptionStatus)
		l.Inaccessible = d.InaccessibleKmsKeyDateTime
	}
}

// show puts what the service reports into the model.
func (l ledgerInfo) show(m *model) {
	m.ARN, m.State = types.StringValue(l.ARN), types.StringValue(l.State)
	m.CreationTime = timeValue(l.Created)
	m.KMSKeyARN, m.EncryptionStatus = types.StringValue(l.KeyARN), types.StringValue(l.Status)
	m.InaccessibleTime = timeValue(l.Inaccessible)
}

func timeValue(t *time.Time) types.String {
	if t == nil {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339Nano))
}

// requestTag marks a ledger with a digest of what was asked for. An answer that was lost, or a provider that was killed
// before it could save, leaves a ledger that can be told from somebody else's by this tag.
func requestTag(p model) string {
	tags, _ := stringMap(p.TagsAll)
	key := p.KMSKey.ValueString()
	if p.Key != nil {
		key = fmt.Sprintf("generation %d", p.Key.Generation.ValueInt64())
	}
	text, err := json.Marshal([]any{
		p.Name.ValueString(), p.Region.ValueString(), p.PermissionsMode.ValueString(),
		p.DeletionProtection.ValueBool(), key, tags,
	})
	if err != nil {
		return "" // strings and maps of strings always encode
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// createLedger asks for the ledger. keyARN is "" for the AWS owned key by default. When the answer is lost the ledger
// is looked up and taken if it is the one asked for.
func (c *calls) createLedger(ctx context.Context, p model, keyARN string, newKey bool) (ledgerInfo, error) {
	tags, _ := stringMap(p.TagsAll)
	in := &qldb.CreateLedgerInput{
		Name:               aws.String(c.name),
		PermissionsMode:    qldbtypes.PermissionsMode(p.PermissionsMode.ValueString()),
		DeletionProtection: aws.Bool(p.DeletionProtection.ValueBool()),
		Tags:               map[string]*string{tagRequest: aws.String(requestTag(p))},
	}
	for k, v := range tags {
		in.Tags[k] = aws.String(v)
	}
	if keyARN != "" {
		in.KmsKey = aws.String(keyARN)
	}
	var out *qldb.CreateLedgerOutput
	err := retry(ctx, c.opts, func(err error) time.Duration {
		if newKey && isNewKeyRefused(err) {
			return newKeyPatience
		}
		return 0
	}, func(ctx context.Context) (err error) {
		out, err = c.qldb.CreateLedger(ctx, in)
		return err
	})
	switch {
	case isAmbiguous(err) || isLedgerTaken(err):
		look, cancel := lastLook(ctx)
		defer cancel()
		if info, found := c.madeBefore(look, p, keyARN); found {
			return info, nil
		}
		return ledgerInfo{}, err
	case err != nil:
		return ledgerInfo{}, err
	}
	info := ledgerInfo{
		ARN: aws.ToString(out.Arn), State: string(out.State), Mode: string(out.PermissionsMode),
		Protected: aws.ToBool(out.DeletionProtection), Created: out.CreationDateTime, KeyARN: awsOwned, Status: enabled,
	}
	if out.KmsKeyArn != nil {
		info.KeyARN = aws.ToString(out.KmsKeyArn)
	}
	return info, nil
}

// madeBefore looks for a ledger that an earlier try of the same request made.
func (c *calls) madeBefore(ctx context.Context, p model, keyARN string) (ledgerInfo, bool) {
	info, err := c.findLedger(ctx)
	if err != nil || info.State == deleting {
		return info, false
	}
	return info, c.isOurs(ctx, p, info, keyARN)
}

// isOurs says whether info is the ledger that p asks for, by its request tag, and under the key p asks for.
func (c *calls) isOurs(ctx context.Context, p model, info ledgerInfo, keyARN string) bool {
	if p.Key != nil && keyARN != "" && info.KeyARN != keyARN {
		return false
	}
	tags, err := c.ledgerTags(ctx, info.ARN)
	return err == nil && tags[tagRequest] == requestTag(p)
}

// updateLedger changes protection, key, or both; nil means "leave as it is".
func (c *calls) updateLedger(ctx context.Context, protect *bool, key *string, newKey bool) (ledgerInfo, error) {
	var info ledgerInfo
	err := retry(ctx, c.opts, func(err error) time.Duration {
		if newKey && isNewKeyRefused(err) {
			return newKeyPatience
		}
		return 0
	}, func(ctx context.Context) error {
		out, err := c.qldb.UpdateLedger(ctx, &qldb.UpdateLedgerInput{
			Name: aws.String(c.name), DeletionProtection: protect, KmsKey: key,
		})
		if err != nil {
			return err
		}
		info = ledgerInfo{
			ARN: aws.ToString(out.Arn), State: string(out.State), Protected: aws.ToBool(out.DeletionProtection),
			Created: out.CreationDateTime,
		}
		info.encryption(out.EncryptionDescription)
		return nil
	})
	return info, err
}

func (c *calls) setMode(ctx context.Context, mode string) error {
	_, err := c.qldb.UpdateLedgerPermissionsMode(ctx, &qldb.UpdateLedgerPermissionsModeInput{
		Name: aws.String(c.name), PermissionsMode: qldbtypes.PermissionsMode(mode),
	})
	return err
}

// errImpaired ends a wait for a ledger whose key cannot be used.
var errImpaired = errors.New("the ledger cannot use its key")

// awaitReady waits until the ledger is ACTIVE and, with all data under its key, ENABLED. keyARN is the key it must
// have, "" for any. A ledger that is being repaired may be inaccessible at first.
func (c *calls) awaitReady(ctx context.Context, keyARN string, repairing bool) (ledgerInfo, error) {
	return await(ctx, c.opts, wait[ledgerInfo]{
		For:    fmt.Sprintf("ledger %q to be %s and %s", c.name, active, enabled),
		Find:   c.findLedger,
		Status: func(l ledgerInfo) string { return l.State + ", encryption " + l.Status },
		Done: func(l ledgerInfo) bool {
			return l.State == active && l.Status == enabled && (keyARN == "" || l.KeyARN == keyARN)
		},
		Failed: func(l ledgerInfo) error {
			switch {
			case l.State == deleting:
				return errVanished
			case l.Status == inaccessible && !repairing:
				return errImpaired
			}
			return nil
		},
		Limit: c.left(),
	})
}
