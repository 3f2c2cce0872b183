package kms

// Target implements wire.Targeter: the key, alias or principal that a call names.

func (in *KeyInput) Target() string                  { return text(in.KeyID) }
func (in *CreateAliasInput) Target() string          { return text(in.AliasName) }
func (in *CreateGrantInput) Target() string          { return text(in.KeyID) }
func (in *DeleteAliasInput) Target() string          { return text(in.AliasName) }
func (in *DescribeKeyInput) Target() string          { return text(in.KeyID) }
func (in *EnableKeyRotationInput) Target() string    { return text(in.KeyID) }
func (in *GetKeyPolicyInput) Target() string         { return text(in.KeyID) }
func (in *ListAliasesInput) Target() string          { return text(in.KeyID) }
func (in *ListGrantsInput) Target() string           { return text(in.KeyID) }
func (in *ListKeyPoliciesInput) Target() string      { return text(in.KeyID) }
func (in *ListKeyRotationsInput) Target() string     { return text(in.KeyID) }
func (in *ListResourceTagsInput) Target() string     { return text(in.KeyID) }
func (in *ListRetirableGrantsInput) Target() string  { return text(in.RetiringPrincipal) }
func (in *PutKeyPolicyInput) Target() string         { return text(in.KeyID) }
func (in *ReplicateKeyInput) Target() string         { return text(in.KeyID) }
func (in *RetireGrantInput) Target() string          { return text(in.KeyID) }
func (in *RevokeGrantInput) Target() string          { return text(in.KeyID) }
func (in *ScheduleKeyDeletionInput) Target() string  { return text(in.KeyID) }
func (in *TagResourceInput) Target() string          { return text(in.KeyID) }
func (in *UntagResourceInput) Target() string        { return text(in.KeyID) }
func (in *UpdateAliasInput) Target() string          { return text(in.AliasName) }
func (in *UpdateKeyDescriptionInput) Target() string { return text(in.KeyID) }
func (in *UpdatePrimaryRegionInput) Target() string  { return text(in.KeyID) }
