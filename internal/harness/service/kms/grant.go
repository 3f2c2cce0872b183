package kms

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

const maxGrantsPerKey = 50_000

var (
	grantOperations = []string{
		"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
		"Sign", "Verify", "GetPublicKey", "CreateGrant", "RetireGrant", "DescribeKey", "GenerateDataKeyPair",
		"GenerateDataKeyPairWithoutPlaintext", "GenerateMac", "VerifyMac", "DeriveSharedSecret", "Encapsulate",
		"Decapsulate",
	}
	grantNameForm   = regexp.MustCompile(`^[a-zA-Z0-9:/_-]+$`)
	serviceHostForm = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$`)
	principalForm   = regexp.MustCompile(`^arn:aws[a-z-]*:(iam::\d{12}:(root|(user|role)/.+)|` +
		`sts::\d{12}:(assumed-role/[^/]+/[^/]+|federated-user/.+))$`)
)

// CreateGrantInput is the input of CreateGrant.
type CreateGrantInput struct {
	KeyID                    *string           `json:"KeyId"`
	Operations               []string          `json:"Operations"`
	GranteePrincipal         *string           `json:"GranteePrincipal"` // this one or the next
	GranteeServicePrincipal  *string           `json:"GranteeServicePrincipal"`
	RetiringPrincipal        *string           `json:"RetiringPrincipal"` // at most one of these two
	RetiringServicePrincipal *string           `json:"RetiringServicePrincipal"`
	Constraints              *GrantConstraints `json:"Constraints"`
	Name                     *string           `json:"Name"` // makes a repeat idempotent
	GrantTokens              []string          `json:"GrantTokens"`
	DryRun                   bool              `json:"DryRun"`
}

// GrantConstraints narrow a grant; at most one of the two kinds of encryption context is set.
type GrantConstraints struct {
	EncryptionContextEquals map[string]string `json:"EncryptionContextEquals,omitempty"`
	EncryptionContextSubset map[string]string `json:"EncryptionContextSubset,omitempty"`
	SourceARN               *string           `json:"SourceArn,omitempty"`
}

// CreateGrantOutput is the output of CreateGrant.
type CreateGrantOutput struct {
	GrantID    string `json:"GrantId"`
	GrantToken string `json:"GrantToken"`
}

// CreateGrant lets a principal use a key without any policy. A repeat with the same Name and everything else the
// same returns the grant that is there, with a new token.
//
// Source: KMS API reference, CreateGrant.
func (s *Service) CreateGrant(ctx context.Context, c *wire.Call, in *CreateGrantInput) (*CreateGrantOutput, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	id, err := s.random(32)
	if err != nil {
		return nil, err
	}
	out := &CreateGrantOutput{}
	return out, s.update(ctx, c, func(t *txn) error {
		k, err := t.key(*in.KeyID, false)
		if err != nil {
			return err
		}
		g := in.grant(t, hex.EncodeToString(id))
		if err := t.authorizeGrant(k, &g); err != nil {
			return err
		}
		if err := t.require(k, "CreateGrant"); err != nil {
			return err
		}
		if err := t.checkGrant(k, &g, in.GrantTokens); err != nil {
			return err
		}
		if g.PrincipalIDs, err = t.bindPrincipals(in); err != nil {
			return err
		}
		if err := errDryRun(in.DryRun); err != nil {
			return err
		}
		if g, err = t.addGrant(k, g); err != nil {
			return err
		}
		out.GrantID = g.ID
		out.GrantToken, err = s.grantToken(k, g.ID)
		return err
	})
}

func (in *CreateGrantInput) validate() error {
	var v constraints
	v.keyID("keyId", in.KeyID, true)
	v.given("operations", in.Operations != nil)
	for _, o := range in.Operations {
		if !slices.Contains(grantOperations, o) {
			v.add("Value '[%s]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: "+
				"[Member must satisfy enum value set: [%s]]", strings.Join(in.Operations, ", "),
				strings.Join(grantOperations, ", "))
			break
		}
	}
	v.optional("granteePrincipal", in.GranteePrincipal, 1, 256)
	v.optional("granteeServicePrincipal", in.GranteeServicePrincipal, 1, 256)
	v.optional("retiringPrincipal", in.RetiringPrincipal, 1, 256)
	v.optional("retiringServicePrincipal", in.RetiringServicePrincipal, 1, 256)
	v.optional("name", in.Name, 1, 256)
	if in.Name != nil && *in.Name != "" && !grantNameForm.MatchString(*in.Name) {
		v.add("Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: %s",
			*in.Name, grantNameForm)
	}
	v.grantTokens(in.GrantTokens)
	if err := v.err(); err != nil {
		return err
	}
	return in.checkPrincipals()
}

func (in *CreateGrantInput) checkPrincipals() error {
	switch {
	case (in.GranteePrincipal == nil) == (in.GranteeServicePrincipal == nil):
		return errValidation("Specify exactly one of GranteePrincipal and GranteeServicePrincipal.")
	case in.RetiringPrincipal != nil && in.RetiringServicePrincipal != nil:
		return errValidation("Specify at most one of RetiringPrincipal and RetiringServicePrincipal.")
	}
	for _, name := range []*string{in.GranteePrincipal, in.RetiringPrincipal} {
		if name != nil && !principalForm.MatchString(*name) && !serviceHostForm.MatchString(*name) {
			return wire.Faultf("InvalidArnException", "%s is not the ARN of a principal.", *name)
		}
	}
	for _, name := range []*string{in.GranteeServicePrincipal, in.RetiringServicePrincipal} {
		if name != nil && !serviceHostForm.MatchString(*name) {
			return errValidation("%s is not a service principal.", *name)
		}
	}
	if in.GranteeServicePrincipal == nil {
		return nil
	}
	if in.Constraints == nil || in.Constraints.SourceARN == nil {
		return errValidation("A grant to a GranteeServicePrincipal needs a SourceArn constraint.")
	}
	if in.RetiringPrincipal == nil && in.RetiringServicePrincipal == nil {
		return errValidation("A grant to a GranteeServicePrincipal needs a retiring principal.")
	}
	return nil
}

// bindPrincipals finds who the grant is for and who may retire it, and refuses those that do not exist. An account, a
// service and a session of a role that is there do.
//
// Source: KMS API reference, CreateGrant, GranteePrincipal.
func (t *txn) bindPrincipals(in *CreateGrantInput) (map[string]string, error) {
	var names []string
	for _, name := range []*string{in.GranteePrincipal, in.RetiringPrincipal} {
		if name != nil && principalForm.MatchString(*name) {
			names = append(names, *name)
		}
	}
	ids, missing, err := t.s.cfg.Authority.Bind(t.ctx, names)
	if err == nil && len(missing) > 0 {
		err = wire.Faultf("InvalidArnException", "ARN does not refer to a valid principal: %s", missing[0])
	}
	return ids, err
}

// grant is what in asks for, under this id.
func (in *CreateGrantInput) grant(t *txn, id string) grant {
	g := grant{
		ID: id, Name: text(in.Name), Created: t.now,
		Grantee:  text(in.GranteePrincipal) + text(in.GranteeServicePrincipal),
		Retiring: text(in.RetiringPrincipal) + text(in.RetiringServicePrincipal),
		Issuer:   fmt.Sprintf("arn:%s:iam::%s:root", t.c.Partition, t.c.Caller.Account), Operations: in.Operations,
		GranteeIsService:  in.GranteeServicePrincipal != nil,
		RetiringIsService: in.RetiringServicePrincipal != nil,
	}
	if in.Constraints != nil {
		g.EncryptionContextEquals = stated(in.Constraints.EncryptionContextEquals)
		g.EncryptionContextSubset = stated(in.Constraints.EncryptionContextSubset)
		g.SourceARN = text(in.Constraints.SourceARN)
	}
	return g
}

// stated is ec, or nil if it has no pairs: the AWS provider sends both constraints, the one it was not given empty.
//
// Source: hashicorp/terraform-provider-aws, internal/service/kms/grant.go, expandGrantConstraints.
func stated(ec map[string]string) map[string]string {
	if len(ec) == 0 {
		return nil
	}
	return ec
}

// authorizeGrant is authorize for CreateGrant. Who may create grants by a grant alone may pass on no more than that
// grant has: its operations, under its constraints.
//
// Source: KMS developer guide, "Grants in AWS KMS", "Creating grants".
func (t *txn) authorizeGrant(k *key, child *grant) error {
	context := child.EncryptionContextEquals
	if context == nil {
		context = child.EncryptionContextSubset
	}
	by, err := t.decide(k, "CreateGrant", context, child.conditionKeys())
	if err != nil || len(by) == 0 || slices.ContainsFunc(by, func(g grant) bool { return g.binds(child) }) {
		return err
	}
	return errDenied(t.c, "CreateGrant", k.arn())
}

// conditionKeys are those of the request that creates g.
//
// Source: KMS Developer Guide, "Condition keys for AWS KMS".
func (g *grant) conditionKeys() policy.RequestContext {
	keys := policy.RequestContext{
		"kms:GranteePrincipal": {g.Grantee}, "kms:GrantOperations": g.Operations,
	}
	if g.Retiring != "" {
		keys["kms:RetiringPrincipal"] = []string{g.Retiring}
	}
	switch {
	case g.EncryptionContextEquals != nil:
		keys["kms:GrantConstraintType"] = []string{"EncryptionContextEquals"}
	case g.EncryptionContextSubset != nil:
		keys["kms:GrantConstraintType"] = []string{"EncryptionContextSubset"}
	}
	return keys
}

// binds says that child allows nothing that g does not.
func (g *grant) binds(child *grant) bool {
	for _, o := range child.Operations {
		if !slices.Contains(g.Operations, o) {
			return false
		}
	}
	switch {
	case g.EncryptionContextEquals != nil:
		return child.EncryptionContextEquals != nil && g.matches(child.EncryptionContextEquals)
	case child.EncryptionContextEquals != nil:
		return g.matches(child.EncryptionContextEquals)
	default:
		return g.matches(child.EncryptionContextSubset)
	}
}

// checkGrant refuses a grant that the key cannot have.
func (t *txn) checkGrant(k *key, g *grant, tokens []string) error {
	if g.EncryptionContextEquals != nil && g.EncryptionContextSubset != nil {
		return errValidation("More than one constraint supplied")
	}
	for _, ec := range []map[string]string{g.EncryptionContextEquals, g.EncryptionContextSubset} {
		if ec != nil && k.Spec != symmetric {
			return errValidation("An encryption context constraint is valid only for symmetric encryption KMS keys.")
		}
		if err := checkConstraint(ec); err != nil {
			return err
		}
	}
	var cannot []string
	for _, o := range g.Operations {
		if !slices.Contains(k.grantable(), o) {
			cannot = append(cannot, o)
		}
	}
	if len(cannot) > 0 {
		return errValidation("Grant operations [%s] are not valid for KMS key %s with key usage %s.",
			strings.Join(cannot, ", "), k.arn(), k.Usage)
	}
	return t.checkGrantTokens(tokens)
}

// checkConstraint applies the limits of one encryption context in a grant.
// Source: KMS API reference, GrantConstraints.
func checkConstraint(ec map[string]string) error {
	if len(ec) > 8 {
		return errValidation("An encryption context constraint has at most 8 pairs.")
	}
	for name, value := range ec {
		if len(name) > 384 || len(value) > 384 {
			return errValidation("A name or value of an encryption context constraint has at most 384 characters.")
		}
	}
	return nil
}

// grantable are the operations that a grant on k can allow. Source: KMS API reference, CreateGrant, Operations.
func (k *key) grantable() []string {
	operations := []string{"CreateGrant", "RetireGrant", "DescribeKey"}
	if k.family() == familyAsymmetric {
		operations = append(operations, "GetPublicKey")
	}
	switch k.Usage {
	case usageEncrypt:
		operations = append(operations, "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo")
		if k.Spec == symmetric {
			operations = append(operations, "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
				"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext")
		}
	case usageSign:
		operations = append(operations, "Sign", "Verify")
	case usageMAC:
		operations = append(operations, "GenerateMac", "VerifyMac")
	case usageAgree:
		operations = append(operations, "DeriveSharedSecret")
	case usageEncapsulate:
		operations = append(operations, "Encapsulate", "Decapsulate")
	}
	return operations
}

// addGrant stores g, or returns the grant of the same name that says the same.
func (t *txn) addGrant(k *key, g grant) (grant, error) {
	same, found, have := grant{}, false, 0
	err := grants(k.Account, k.Region, k.ID).Scan(t.r, "", "", func(_ string, old grant) (bool, error) {
		have++
		if found = g.Name != "" && old.says(&g); found {
			same = old
		}
		return !found, nil
	})
	if err != nil || found {
		return same, err
	}
	if have >= maxGrantsPerKey {
		return grant{}, errLimit("The KMS key %s cannot have more than %d grants.", k.arn(), maxGrantsPerKey)
	}
	if g.Retiring != "" {
		r := retirable{Account: k.Account, KeyID: k.ID, GrantID: g.ID}
		if err := retirables(k.Region, g.retires()).Put(t.w, r.name(&g), r); err != nil {
			return grant{}, err
		}
	}
	return g, grants(k.Account, k.Region, k.ID).Put(t.w, g.ID, g)
}

// says tells whether two grants are the same but for id and time.
func (g *grant) says(other *grant) bool {
	return g.Name == other.Name && g.Grantee == other.Grantee && g.Retiring == other.Retiring &&
		g.Issuer == other.Issuer && g.SourceARN == other.SourceARN &&
		g.GranteeIsService == other.GranteeIsService && g.RetiringIsService == other.RetiringIsService &&
		slices.Equal(slices.Sorted(slices.Values(g.Operations)), slices.Sorted(slices.Values(other.Operations))) &&
		maps.Equal(g.PrincipalIDs, other.PrincipalIDs) &&
		maps.Equal(g.EncryptionContextEquals, other.EncryptionContextEquals) &&
		maps.Equal(g.EncryptionContextSubset, other.EncryptionContextSubset)
}

// retires is who may retire the grant: a unique id where it is bound to one, since names change hands.
func (g *grant) retires() string {
	if id, bound := g.PrincipalIDs[g.Retiring]; bound {
		return id
	}
	return g.Retiring
}

// dropGrant removes a grant and its place among the retirable ones.
func (t *txn) dropGrant(k *key, g *grant) error {
	if g.Retiring != "" {
		r := retirable{Account: k.Account, KeyID: k.ID, GrantID: g.ID}
		if err := retirables(k.Region, g.retires()).Delete(t.w, r.name(g)); err != nil {
			return err
		}
	}
	return grants(k.Account, k.Region, k.ID).Delete(t.w, g.ID)
}

func (t *txn) deleteGrantsOf(k *key) error {
	all, err := t.grantsOf(k)
	if err != nil {
		return err
	}
	for i := range all {
		if err := t.dropGrant(k, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) grantsOf(k *key) ([]grant, error) {
	var all []grant
	err := grants(k.Account, k.Region, k.ID).Scan(t.r, "", "", func(_ string, g grant) (bool, error) {
		all = append(all, g)
		return true, nil
	})
	return all, err
}
