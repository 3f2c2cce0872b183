package kms

import (
	"regexp"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

var keyIDForm = regexp.MustCompile(`^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`)

// key finds the key that ref names: a key id or key ARN, and where the operation takes them (useAlias) an alias name
// or alias ARN. A bare id or name belongs to the caller's account. The error is a NotFoundException in the words of
// the service. Of another account's keys nobody learns which there are: one that is not there is an
// AccessDeniedException, like one that is.
func (t *txn) key(ref string, useAlias bool) (*key, error) {
	account, id := t.c.Caller.Account, ref
	if strings.HasPrefix(ref, "arn:") {
		var err error
		if account, id, err = splitARN(t.c, ref); err != nil {
			return nil, err
		}
	}
	isAlias := strings.HasPrefix(id, "alias/")
	if isAlias && !useAlias || !isAlias && !keyIDForm.MatchString(id) {
		return nil, wire.Faultf("NotFoundException", "Invalid keyId '%s'", ref)
	}
	find := t.keyByID
	if isAlias {
		find = t.keyOfAlias
	}
	if t.askedFor = ""; isAlias {
		t.askedFor = id
	}
	k, err := find(account, id)
	if account != t.c.Caller.Account && hasCode(err, "NotFoundException") {
		return nil, errHidden(t.c, t.c.Operation)
	}
	return k, err
}

// splitARN is the account of a key ARN or alias ARN of the call's Region, and the key id or alias name.
func splitARN(c *wire.Call, arn string) (account, id string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "kms" || parts[1] != c.Partition {
		return "", "", wire.Faultf("NotFoundException", "Invalid arn %s", arn)
	}
	if parts[3] != c.Region {
		return "", "", wire.Faultf("NotFoundException", "Invalid arn %s", parts[3])
	}
	if id, isKey := strings.CutPrefix(parts[5], "key/"); isKey {
		return parts[4], id, nil
	}
	if !strings.HasPrefix(parts[5], "alias/") {
		return "", "", wire.Faultf("NotFoundException", "Invalid arn %s", arn)
	}
	return parts[4], parts[5], nil
}

func (t *txn) keyByID(account, id string) (*key, error) {
	k, found, err := t.keyNamed(account, id)
	if err != nil {
		return nil, err
	}
	if !found || k.gone(t.now) {
		at := key{ID: id, Account: account, Region: t.c.Region, Partition: t.c.Partition}
		return nil, wire.Faultf("NotFoundException", "Key '%s' does not exist", at.arn())
	}
	return k, nil
}

// keyNamed returns a key of one's own to change in a transaction, and a shared one in a view.
func (t *txn) keyNamed(account, id string) (*key, bool, error) {
	if t.w == nil {
		return t.s.known.Get(keys(account, t.c.Region), t.r, id)
	}
	k, found, err := keys(account, t.c.Region).Get(t.r, id)
	return &k, found, err
}

func (t *txn) keyOfAlias(account, name string) (*key, error) {
	a, found, err := aliases(account, t.c.Region).Get(t.r, name)
	if err != nil {
		return nil, err
	}
	if !found {
		at := key{Account: account, Region: t.c.Region, Partition: t.c.Partition}
		return nil, errAliasNotFound(at.aliasARN(name))
	}
	return t.keyByID(account, a.TargetID)
}

// putKey writes k back.
func (t *txn) putKey(k *key) error { return keys(k.Account, k.Region).Put(t.w, k.ID, *k) }

// target finds the key that ref, a key id or ARN, names for operation: it resolves, authorises and checks the state.
// keys are condition keys that follow from the input.
func (t *txn) target(ref, operation string, keys ...policy.RequestContext) (*key, error) {
	k, err := t.key(ref, false)
	if err != nil {
		return nil, err
	}
	if err := t.authorize(k, operation, nil, keys...); err != nil {
		return nil, err
	}
	return k, t.require(k, operation)
}
