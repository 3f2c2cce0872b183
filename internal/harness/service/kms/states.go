package kms

import (
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// keyState is the KeyState of the API. PendingReplicaDeletion cannot arise, as keys have no replicas.
type keyState int

const (
	stateEnabled keyState = iota
	stateDisabled
	statePendingDeletion
	statePendingImport
	stateUnavailable
	stateCreating
	stateUpdating
	states // how many there are
)

var stateNames = [states]string{
	"Enabled", "Disabled", "PendingDeletion", "PendingImport", "Unavailable", "Creating", "Updating",
}

// stateWords complete "<arn> is ...".
var stateWords = [states]string{
	"enabled", "disabled", "pending deletion", "pending import", "unavailable", "creating", "updating",
}

// verdict is what an operation does with a key in a state.
type verdict int

const (
	fine     verdict = iota + 1
	disabled         // DisabledException
	invalid          // KMSInvalidStateException that names the state
	notYet           // KMSInvalidStateException: not pending deletion
	byOrigin         // UnsupportedOperationException: only keys of another origin get into this state
)

// rules say for every operation on one key what it does in each state:
// Enabled, Disabled, PendingDeletion, PendingImport, Unavailable, Creating, Updating.
// Where an operation also depends on origin, spec or usage, it checks that after the state.
//
// Source: KMS developer guide, "Key states of AWS KMS keys". Where the guide allows DisabledException or
// KMSInvalidStateException for a key that is pending deletion, the table has the latter. GetPublicKey works on a
// disabled key of the live service, whatever the guide says.
var rules = map[string][states]verdict{
	"CancelKeyDeletion":                   {notYet, notYet, fine, notYet, notYet, notYet, notYet},
	"CreateAlias":                         {fine, fine, invalid, fine, fine, fine, fine},
	"CreateGrant":                         {fine, disabled, invalid, invalid, fine, invalid, fine},
	"Decapsulate":                         {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"Decrypt":                             {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"DeleteAlias":                         {fine, fine, fine, fine, fine, fine, fine},
	"DeleteImportedKeyMaterial":           {fine, fine, fine, fine, byOrigin, invalid, invalid},
	"DeriveSharedSecret":                  {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"DescribeKey":                         {fine, fine, fine, fine, fine, fine, fine},
	"DisableKey":                          {fine, fine, invalid, invalid, fine, invalid, invalid},
	"DisableKeyRotation":                  {fine, disabled, invalid, byOrigin, byOrigin, invalid, fine},
	"EnableKey":                           {fine, fine, invalid, invalid, fine, invalid, invalid},
	"EnableKeyRotation":                   {fine, disabled, invalid, byOrigin, byOrigin, invalid, fine},
	"Encapsulate":                         {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"Encrypt":                             {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"GenerateDataKey":                     {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"GenerateDataKeyPair":                 {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"GenerateDataKeyPairWithoutPlaintext": {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"GenerateDataKeyWithoutPlaintext":     {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"GenerateMac":                         {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"GetKeyLastUsage":                     {fine, fine, fine, fine, fine, fine, fine},
	"GetKeyPolicy":                        {fine, fine, fine, fine, fine, fine, fine},
	"GetKeyRotationStatus":                {fine, fine, fine, fine, byOrigin, fine, fine},
	"GetParametersForImport":              {fine, fine, invalid, fine, byOrigin, invalid, invalid},
	"GetPublicKey":                        {fine, fine, invalid, invalid, invalid, invalid, fine},
	"ImportKeyMaterial":                   {fine, fine, invalid, fine, byOrigin, invalid, fine},
	"ListAliases":                         {fine, fine, fine, fine, fine, fine, fine},
	"ListGrants":                          {fine, fine, fine, fine, fine, fine, fine},
	"ListKeyPolicies":                     {fine, fine, fine, fine, fine, fine, fine},
	"ListKeyRotations":                    {fine, fine, fine, fine, fine, fine, fine},
	"ListResourceTags":                    {fine, fine, fine, fine, fine, fine, fine},
	"PutKeyPolicy":                        {fine, fine, fine, fine, fine, fine, fine},
	"ReEncrypt":                           {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"ReEncryptFrom":                       {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"ReEncryptTo":                         {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"ReplicateKey":                        {fine, disabled, invalid, invalid, invalid, invalid, invalid},
	"RetireGrant":                         {fine, fine, fine, fine, fine, fine, fine},
	"RevokeGrant":                         {fine, fine, fine, fine, fine, fine, fine},
	"RotateKeyOnDemand":                   {fine, disabled, invalid, invalid, byOrigin, invalid, invalid},
	"ScheduleKeyDeletion":                 {fine, fine, invalid, fine, fine, fine, invalid},
	"Sign":                                {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"TagResource":                         {fine, fine, invalid, fine, fine, fine, fine},
	"UntagResource":                       {fine, fine, invalid, fine, fine, fine, fine},
	"UpdateAlias":                         {fine, fine, invalid, fine, fine, fine, fine}, // of the new target
	"UpdateKeyDescription":                {fine, fine, invalid, fine, fine, fine, fine},
	"UpdatePrimaryRegion":                 {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"Verify":                              {fine, disabled, invalid, invalid, invalid, invalid, fine},
	"VerifyMac":                           {fine, disabled, invalid, invalid, invalid, invalid, fine},
}

// gone says that the waiting period of a scheduled deletion is over: the key no longer exists, even while Tick has
// not yet removed it.
func (k *key) gone(now time.Time) bool { return !k.DeleteAt.IsZero() && !now.Before(k.DeleteAt) }

// state is the key's KeyState at t.now. A state that is listed later than another wins over it: a key pending
// deletion in a disconnected key store is PendingDeletion, a disabled one there is Unavailable until the store is
// back, and Disabled again then.
func (t *txn) state(k *key) (keyState, error) {
	switch {
	case !k.DeleteAt.IsZero():
		return statePendingDeletion, nil
	case t.now.Before(k.ReadyAt):
		return stateCreating, nil
	}
	if k.StoreID != "" {
		connected, err := t.storeConnected(k.StoreID)
		if err != nil {
			return 0, err
		}
		if !connected {
			return stateUnavailable, nil
		}
	}
	switch {
	case k.Origin == originExternal && !k.complete(t.now):
		return statePendingImport, nil
	case k.Disabled:
		return stateDisabled, nil
	}
	return stateEnabled, nil
}

// require refuses operation unless the key's state allows it.
func (t *txn) require(k *key, operation string) error {
	state, err := t.state(k)
	if err != nil {
		return err
	}
	return allows(k, state, operation)
}

// allows applies the rules. An operation that is not in the table is a mistake of ours, not of the caller.
func allows(k *key, state keyState, operation string) error {
	row, known := rules[operation]
	if !known {
		return fmt.Errorf("no key state rules for operation %q", operation)
	}
	switch row[state] {
	case fine:
		return nil
	case disabled:
		return wire.Faultf("DisabledException", "%s is disabled.", k.arn())
	case notYet:
		return errKeyState(k, "not pending deletion")
	case byOrigin:
		return errOrigin(k)
	default:
		return errKeyState(k, stateWords[state])
	}
}
