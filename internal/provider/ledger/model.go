package ledger

import (
	"fmt"
	"strings"
	"time"

	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	qldbtypes "github.com/aws/aws-sdk-go-v2/service/qldb/types"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type model struct {
	Name                   types.String      `tfsdk:"name"`
	Region                 types.String      `tfsdk:"region"`
	ARN                    types.String      `tfsdk:"arn"`
	State                  types.String      `tfsdk:"state"`
	CreationTime           types.String      `tfsdk:"creation_time"`
	PermissionsMode        types.String      `tfsdk:"permissions_mode"`
	DeletionProtection     types.Bool        `tfsdk:"deletion_protection"`
	KMSKeyARN              types.String      `tfsdk:"kms_key_arn"`
	EncryptionStatus       types.String      `tfsdk:"encryption_status"`
	InaccessibleKMSKeyTime types.String      `tfsdk:"inaccessible_kms_key_time"`
	Tags                   map[string]string `tfsdk:"tags"`
	Key                    *keyModel         `tfsdk:"key"`
}

type keyModel struct {
	KeyID        types.String `tfsdk:"key_id"`
	AccountID    types.String `tfsdk:"account_id"`
	State        types.String `tfsdk:"state"`
	DeletionDate types.String `tfsdk:"deletion_date"`
	Aliases      []string     `tfsdk:"aliases"`
}

func (m *model) set(region string, l Ledger, r rest, ignored func(tagKey string) bool) {
	m.Region = types.StringValue(region)
	m.ARN = types.StringValue(l.ARN)
	m.State = types.StringValue(string(l.State))
	m.CreationTime = timeValue(&l.Created)
	m.PermissionsMode = types.StringValue(string(l.PermissionsMode))
	m.DeletionProtection = types.BoolValue(l.DeletionProtection)
	m.KMSKeyARN = types.StringValue(l.KeyARN)
	m.EncryptionStatus = types.StringValue(string(l.EncryptionStatus))
	m.InaccessibleKMSKeyTime = timeValue(l.InaccessibleSince)
	if r.tags != nil {
		m.Tags = make(map[string]string, len(r.tags))
		for k, v := range r.tags {
			if !ignored(k) && !strings.HasPrefix(k, "aws:") {
				m.Tags[k] = v
			}
		}
	}
	if k := r.key; k != nil {
		m.Key = &keyModel{
			KeyID:        types.StringPointerValue(k.KeyId),
			AccountID:    types.StringPointerValue(k.AWSAccountId),
			State:        types.StringValue(string(k.KeyState)),
			DeletionDate: timeValue(k.DeletionDate),
			Aliases:      r.aliases,
		}
	}
}

func timeValue(t *time.Time) types.String {
	if t == nil {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339Nano))
}

// warn says when the ledger cannot use its key, or is about to lose it.
func warn(diags *diag.Diagnostics, l Ledger, key *kmstypes.KeyMetadata) {
	impaired := l.EncryptionStatus == qldbtypes.EncryptionStatusKmsKeyInaccessible
	var now string
	switch {
	case key == nil && !impaired, key != nil && key.KeyState == kmstypes.KeyStateEnabled && !impaired:
		return
	case key == nil:
		now = "KMS no longer has it, or does not show it to the caller."
	default:
		now = fmt.Sprintf("KMS says that the key is %s.", key.KeyState)
		if key.DeletionDate != nil {
			now = fmt.Sprintf("KMS says that the key is %s and will be deleted on %s. After that nothing in the ledger can "+
				"ever be read again.", key.KeyState, key.DeletionDate.UTC().Format(time.DateOnly))
		}
	}
	summary := fmt.Sprintf("Ledger %q is losing its KMS key", l.Name)
	if impaired {
		summary = fmt.Sprintf("Ledger %q cannot use its KMS key", l.Name)
		if l.InaccessibleSince != nil {
			now = fmt.Sprintf("Inaccessible since %s. ", l.InaccessibleSince.UTC().Format(time.RFC3339)) + now
		}
	}
	diags.AddWarning(summary, fmt.Sprintf("Key %s: %s\n\n%s", l.KeyARN, now, repair(key)))
}

// repair is what to do about a key in its state.
func repair(key *kmstypes.KeyMetadata) string {
	var state kmstypes.KeyState
	if key != nil {
		state = key.KeyState
	}
	switch state {
	case kmstypes.KeyStatePendingDeletion:
		return "To keep the data, run \"aws kms cancel-key-deletion\", then \"aws kms enable-key\", before that date."
	case kmstypes.KeyStateDisabled:
		return "To give the ledger its key back, run \"aws kms enable-key\"."
	case kmstypes.KeyStatePendingImport:
		return "To give the ledger its key back, import the same key material again."
	default:
		return "Check that the key exists and is enabled, that its policy lets QLDB use it, and that the grant QLDB made " +
			"on it was not revoked."
	}
}
