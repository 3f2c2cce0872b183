package kms

import (
	"maps"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// authorize refuses the call unless the caller may run operation on k. The account that owns the key may; everybody
// else, a service that calls for itself among them, needs a grant that lists operation and whose constraints match
// encryptionContext (which may be nil).
func (t *txn) authorize(k *key, operation string, encryptionContext map[string]string) error {
	if t.owns(k) && (!k.AWSManaged || readsOnly(operation)) {
		return nil
	}
	g, err := t.grantFor(k, operation, encryptionContext)
	if err != nil || g != nil {
		return err
	}
	if t.c.Caller.Service == "" && t.c.Caller.Account != k.Account {
		return errHidden(t.c, operation)
	}
	return errDenied(t.c, operation, k.arn())
}

// owns says that the caller acts for the key's account, not for an AWS service's own sake.
func (t *txn) owns(k *key) bool { return t.c.Caller.Service == "" && t.c.Caller.Account == k.Account }

// readsOnly says that operation is among those an account may do with an AWS managed key: such a key belongs to the
// service that it is for.
//
// Source: KMS developer guide, "AWS managed keys": kms:Describe*, kms:Get*, kms:List*, kms:RevokeGrant.
func readsOnly(operation string) bool {
	return strings.HasPrefix(operation, "Describe") || strings.HasPrefix(operation, "Get") ||
		strings.HasPrefix(operation, "List") || operation == "RevokeGrant"
}

// authorizeAccount refuses an operation that acts on no key, such as CreateKey, to a service that calls for itself:
// grants cannot allow it.
func authorizeAccount(c *wire.Call, operation string) error {
	if c.Caller.Service != "" {
		return errDenied(c, operation, "*")
	}
	return nil
}

// grantFor finds a grant on k that allows operation to the caller, or nil.
func (t *txn) grantFor(k *key, operation string, ec map[string]string) (*grant, error) {
	var match *grant
	err := grants(k.Account, k.Region, k.ID).Scan(t.r, "", "", func(_ string, g grant) (bool, error) {
		if g.grantee(t.c.Caller) && slices.Contains(g.Operations, operation) && g.matches(operation, ec) {
			match = &g
		}
		return match == nil, nil
	})
	return match, err
}

// grantee says that the grant is for caller. A grant to a role is for each of its sessions.
func (g *grant) grantee(caller wire.Caller) bool { return isPrincipal(g.Grantee, caller) }

func isPrincipal(name string, caller wire.Caller) bool {
	if caller.Service != "" {
		return name == caller.Service
	}
	return name != "" && (name == caller.ARN || name == roleOfSession(caller.ARN))
}

// roleOfSession is the ARN, without a path, of the role whose session arn is, or "".
func roleOfSession(arn string) string {
	before, session, isSession := strings.Cut(arn, ":assumed-role/")
	role, _, named := strings.Cut(session, "/")
	if !isSession || !named {
		return ""
	}
	return strings.Replace(before, ":sts:", ":iam:", 1) + ":role/" + role
}

// matches applies the encryption context constraint. Names are compared without regard to case, unlike in the
// encryption context itself.
//
// Source: KMS API reference, GrantConstraints. The constraint does not bind DescribeKey and RetireGrant.
func (g *grant) matches(operation string, ec map[string]string) bool {
	if operation == "DescribeKey" || operation == "RetireGrant" {
		return true
	}
	have := foldNames(ec)
	switch {
	case g.EncryptionContextEquals != nil:
		return maps.Equal(foldNames(g.EncryptionContextEquals), have)
	case g.EncryptionContextSubset != nil:
		for name, value := range foldNames(g.EncryptionContextSubset) {
			if got, found := have[name]; !found || got != value {
				return false
			}
		}
	}
	return true
}

func foldNames(ec map[string]string) map[string]string {
	folded := make(map[string]string, len(ec))
	for name, value := range ec {
		folded[strings.ToLower(name)] = value
	}
	return folded
}
