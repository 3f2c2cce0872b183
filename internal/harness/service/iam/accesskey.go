package iam

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// generate makes an access key. Source: IAM User Guide, "Understanding unique ID prefixes".
func (s *Service) generate(account, prefix string) (AccessKey, error) {
	var random [keyIDBytes + secretBytes]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return AccessKey{}, fmt.Errorf("generate access key: %w", err)
	}
	return AccessKey{
		ID:      prefix + base32.StdEncoding.EncodeToString(random[:keyIDBytes]),
		Secret:  base64.StdEncoding.EncodeToString(random[keyIDBytes:]),
		Account: account,
		Created: s.cfg.Clock.Now(),
	}, nil
}

// aad binds a sealed secret to its key and account, so that it cannot be moved to another one in the store.
func aad(account, id string) []byte { return []byte("iam/access-key/" + account + "/" + id) }

func (s *Service) seal(k AccessKey) (accessKey, error) {
	sealed, err := s.cfg.Sealer.Seal([]byte(k.Secret), aad(k.Account, k.ID))
	if err != nil {
		return accessKey{}, fmt.Errorf("seal access key %s: %w", k.ID, err)
	}
	return accessKey{ID: k.ID, Account: k.Account, Sealed: sealed, Created: k.Created}, nil
}

func (s *Service) open(k accessKey) (AccessKey, error) {
	secret, err := s.cfg.Sealer.Open(k.Sealed, aad(k.Account, k.ID))
	if err != nil {
		return AccessKey{}, fmt.Errorf("open access key %s: %w", k.ID, err)
	}
	return AccessKey{ID: k.ID, Secret: string(secret), Account: k.Account, Created: k.Created}, nil
}

// maxKeys is how many access keys a user can have.
// Source: IAM User Guide, "IAM and AWS STS quotas".
const maxKeys = 2

// The states of an access key.
const (
	active   = "Active"
	inactive = "Inactive"
)

func (k *accessKey) status() string {
	if k.Inactive {
		return inactive
	}
	return active
}

type keyInput struct {
	UserName    string
	AccessKeyID string `form:"AccessKeyId"`
	Status      string
}

// Target implements wire.Targeter.
func (in *keyInput) Target() string { return in.UserName }

type newKeyData struct {
	UserName        string    `xml:"UserName"`
	AccessKeyID     string    `xml:"AccessKeyId"`
	Status          string    `xml:"Status"`
	SecretAccessKey string    `xml:"SecretAccessKey"`
	CreateDate      wire.Time `xml:"CreateDate"`
}

type createKeyOutput struct {
	AccessKey newKeyData `xml:"AccessKey"`
}

// keyOwner finds the user that an operation on access keys is about. The root user's keys are not managed here.
func keyOwner(r store.Reader, c *wire.Call, name string) (entity, error) {
	name, err := nameOrCaller(c, name)
	if err != nil {
		return entity{}, err
	}
	return find(r, user, c.Caller.Account, name)
}

func (s *Service) createAccessKey(ctx context.Context, c *wire.Call, in *keyInput) (*createKeyOutput, error) {
	fresh, err := s.generate(c.Caller.Account, "AKIA")
	if err != nil {
		return nil, err
	}
	sealed, err := s.seal(fresh)
	if err != nil {
		return nil, err
	}
	var owner entity
	err = s.cfg.State.Update(ctx, func(w store.Writer) (err error) {
		if owner, err = keyOwner(w, c, in.UserName); err != nil {
			return err
		}
		if len(owner.Keys) >= maxKeys {
			return errQuota("AccessKeysPerUser", maxKeys)
		}
		return owner.addKey(w, sealed)
	})
	if err != nil {
		return nil, err
	}
	return &createKeyOutput{newKeyData{UserName: owner.Name, AccessKeyID: fresh.ID, Status: active,
		SecretAccessKey: fresh.Secret, CreateDate: wire.Time{Time: fresh.Created}}}, nil
}

func (e *entity) addKey(w store.Writer, k accessKey) error {
	k.User = e.ID
	if !slices.Contains(e.Keys, k.ID) {
		e.Keys = append(e.Keys, k.ID)
	}
	if err := accessKeys.Put(w, k.ID, k); err != nil {
		return err
	}
	return save(w, e)
}

type keyData struct {
	UserName    string    `xml:"UserName,omitempty"`
	AccessKeyID string    `xml:"AccessKeyId"`
	Status      string    `xml:"Status"`
	CreateDate  wire.Time `xml:"CreateDate"`
}

type keysOutput struct {
	AccessKeyMetadata list[keyData] `xml:"AccessKeyMetadata"`
	pageOutput
}

// listAccessKeys lists the root user's keys if it asks for its own.
func (s *Service) listAccessKeys(ctx context.Context, c *wire.Call, in *listInput) (*keysOutput, error) {
	var keys []keyData
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		if in.UserName == "" && c.Caller.ARN == Root(c.Caller.Account).ARN {
			return accessKeys.Scan(r, "", "", func(_ string, k accessKey) (bool, error) {
				if k.Account == c.Caller.Account && k.User == "" {
					keys = append(keys, keyData{"", k.ID, k.status(), wire.Time{Time: k.Created}})
				}
				return true, nil
			})
		}
		owner, err := keyOwner(r, c, in.UserName)
		if err != nil {
			return err
		}
		for _, id := range owner.Keys {
			k, found, err := accessKeys.Get(r, id)
			if err != nil {
				return err
			}
			if found {
				keys = append(keys, keyData{owner.Name, k.ID, k.status(), wire.Time{Time: k.Created}})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(keys, func(a, b keyData) int { return strings.Compare(a.AccessKeyID, b.AccessKeyID) })
	out := &keysOutput{}
	out.AccessKeyMetadata, out.pageOutput, err = cut(in.pageInput, keys, func(k keyData) string { return k.AccessKeyID })
	return out, err
}

func errNoKey(id string) error { return errMissing("The Access Key with id %s cannot be found.", id) }

// keyOf finds one of the owner's keys.
func keyOf(r store.Reader, owner *entity, id string) (accessKey, error) {
	var c checks
	c.length("accessKeyId", id, 16, 128)
	if err := c.err(); err != nil {
		return accessKey{}, err
	}
	if !slices.Contains(owner.Keys, id) {
		return accessKey{}, errNoKey(id)
	}
	k, found, err := accessKeys.Get(r, id)
	if err == nil && !found {
		err = errNoKey(id)
	}
	return k, err
}

func (s *Service) updateAccessKey(ctx context.Context, c *wire.Call, in *keyInput) (*wire.Empty, error) {
	var wrong checks
	if wrong.oneOf("status", in.Status, active, inactive); len(wrong) > 0 {
		return nil, wrong.err()
	}
	return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
		owner, err := keyOwner(w, c, in.UserName)
		if err != nil {
			return err
		}
		k, err := keyOf(w, &owner, in.AccessKeyID)
		if err != nil {
			return err
		}
		k.Inactive = in.Status == inactive
		return accessKeys.Put(w, k.ID, k)
	})
}

func (s *Service) deleteAccessKey(ctx context.Context, c *wire.Call, in *keyInput) (*wire.Empty, error) {
	return nil, s.cfg.State.Update(ctx, func(w store.Writer) error {
		owner, err := keyOwner(w, c, in.UserName)
		if err != nil {
			return err
		}
		k, err := keyOf(w, &owner, in.AccessKeyID)
		if err != nil {
			return err
		}
		owner.Keys = slices.DeleteFunc(owner.Keys, func(id string) bool { return id == k.ID })
		if err := accessKeys.Delete(w, k.ID); err != nil {
			return err
		}
		return save(w, &owner)
	})
}

type keyUse struct {
	LastUsedDate *wire.Time `xml:"LastUsedDate"`
	ServiceName  string     `xml:"ServiceName"`
	Region       string     `xml:"Region"`
}

type keyUseOutput struct {
	UserName          string `xml:"UserName"`
	AccessKeyLastUsed keyUse `xml:"AccessKeyLastUsed"`
}

// getAccessKeyLastUsed answers as for a key that was never used: uses are not kept here.
func (s *Service) getAccessKeyLastUsed(ctx context.Context, c *wire.Call, in *keyInput) (*keyUseOutput, error) {
	out := &keyUseOutput{AccessKeyLastUsed: keyUse{ServiceName: "N/A", Region: "N/A"}}
	err := s.cfg.State.View(ctx, func(r store.Reader) error {
		k, found, err := accessKeys.Get(r, in.AccessKeyID)
		if err != nil {
			return err
		}
		owner, known, err := byID(r, k.User)
		if err != nil {
			return err
		}
		if !found || !known || owner.Account != c.Caller.Account {
			return fault(403, "AccessDenied", "User: %s is not authorized to perform: iam:GetAccessKeyLastUsed on "+
				"resource: access key %.128s", c.Caller.ARN, in.AccessKeyID)
		}
		out.UserName = owner.Name
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Lookup implements wire.Credentials: root users', users' and sessions' access keys.
func (s *Service) Lookup(ctx context.Context, id string) (wire.Credential, bool, error) {
	if !keyIDForm.MatchString(id) {
		return wire.Credential{}, false, nil
	}
	var k *accessKey
	var owner *entity
	var session *Session
	var isKey, isSession bool
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		if k, isKey, err = s.knownKeys.Get(accessKeys, r, id); err != nil {
			return err
		}
		if !isKey {
			session, isSession, err = s.knownSessions.Get(sessions, r, id)
			return err
		}
		if k.User == "" {
			return nil
		}
		var found bool
		if owner, found, err = s.recallEntity(r, k.User); err == nil && !found {
			err = fmt.Errorf("access key %s is of a user that is not stored", id)
		}
		return err
	})
	switch {
	case err != nil:
		return wire.Credential{}, false, err
	case isSession:
		c, err := s.openSession(*session)
		return c, err == nil, err
	case !isKey:
		return wire.Credential{}, false, nil
	}
	opened, err := s.open(*k)
	if err != nil {
		return wire.Credential{}, false, err
	}
	caller := Root(k.Account)
	if k.User != "" {
		caller = wire.Caller{Account: owner.Account, ARN: owner.arn(), UserID: owner.ID}
	}
	return wire.Credential{Secret: opened.Secret, Caller: caller, Active: !k.Inactive}, true, nil
}

// accountCreated is when accounts came to be, which nothing depends on.
var accountCreated = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
