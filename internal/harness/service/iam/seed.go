package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// Seed is what there is to be from the start. What it names is made to be as it says; everything else is left alone.
type Seed struct {
	Accounts []SeedAccount `json:"accounts"`
}

// SeedAccount is one account of a Seed.
type SeedAccount struct {
	ID       string          `json:"id"`        // 12 digits
	RootKeys []SeedAccessKey `json:"root_keys"` // access keys of the root user
	Policies []SeedPolicy    `json:"policies"`
	Groups   []SeedGroup     `json:"groups"`
	Users    []SeedUser      `json:"users"`
	Roles    []SeedRole      `json:"roles"`
}

// SeedAccessKey is an access key.
type SeedAccessKey struct {
	ID     string `json:"id"` // 16 to 128 letters and digits
	Secret string `json:"secret"`
}

// String keeps the secret out of logs.
func (k SeedAccessKey) String() string { return k.ID }

// GoString keeps the secret out of logs.
func (k SeedAccessKey) GoString() string { return k.ID }

// Document is the text of a policy. In JSON it is the policy itself, or a string that holds it.
type Document string

// UnmarshalJSON implements json.Unmarshaler.
func (d *Document) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '"' {
		*d = Document(raw)
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("decode policy: %w", err)
	}
	*d = Document(text)
	return nil
}

// SeedPolicy is a managed policy with one version.
type SeedPolicy struct {
	Name        string            `json:"name"`
	Path        string            `json:"path"` // default "/"
	ID          string            `json:"id"`   // ANPA...; default one that follows from account and name
	Description string            `json:"description"`
	Document    Document          `json:"document"`
	Tags        map[string]string `json:"tags"`
}

// Attachments are the policies of a user, a group or a role.
type Attachments struct {
	Inline   map[string]Document `json:"inline"`   // by name
	Attached []string            `json:"attached"` // ARNs of managed policies
}

// SeedGroup is a group.
type SeedGroup struct {
	Name string `json:"name"`
	Path string `json:"path"`
	ID   string `json:"id"` // AGPA...
	Attachments
}

// SeedUser is a user.
type SeedUser struct {
	Name       string            `json:"name"`
	Path       string            `json:"path"`
	ID         string            `json:"id"` // AIDA...
	Boundary   string            `json:"boundary"`
	Tags       map[string]string `json:"tags"`
	Groups     []string          `json:"groups"` // names
	AccessKeys []SeedAccessKey   `json:"access_keys"`
	Attachments
}

// SeedRole is a role.
type SeedRole struct {
	Name        string            `json:"name"`
	Path        string            `json:"path"`
	ID          string            `json:"id"` // AROA...
	Trust       Document          `json:"trust"`
	Description string            `json:"description"`
	Boundary    string            `json:"boundary"`
	Tags        map[string]string `json:"tags"`
	Attachments

	MaxSessionSeconds int `json:"max_session_seconds"` // default 3600
}

// Seed lays down seed in one transaction, all of it or nothing. Doing it again changes nothing.
//
// The error names the account and the thing, and is a *wire.Fault inside where the service would refuse the same. An
// entity that exists under another unique id than seed's is refused, an access key of somebody else is a
// *ConflictError.
func (s *Service) Seed(ctx context.Context, seed Seed) error {
	sealed, err := s.sealSeed(seed)
	if err != nil {
		return err
	}
	now := s.cfg.Clock.Now().Truncate(time.Second)
	return s.cfg.State.Update(ctx, func(w store.Writer) error {
		for _, a := range seed.Accounts { // all accounts exist before a trust policy can name one of them
			if err := register(w, a.ID); err != nil {
				return err
			}
		}
		p := planter{Writer: w, now: now, keys: sealed}
		for _, step := range []func(*planter, *SeedAccount) error{
			(*planter).policies, (*planter).groups, (*planter).users, (*planter).roles, (*planter).trusts,
		} {
			for i := range seed.Accounts {
				if err := step(&p, &seed.Accounts[i]); err != nil {
					return fmt.Errorf("seed account %s: %w", seed.Accounts[i].ID, err)
				}
			}
		}
		return nil
	})
}

// sealSeed checks and seals the access keys of seed.
func (s *Service) sealSeed(seed Seed) (map[string]accessKey, error) {
	sealed := map[string]accessKey{}
	for _, a := range seed.Accounts {
		if !accountForm.MatchString(a.ID) {
			return nil, fmt.Errorf("seed account %.40q: want 12 digits", a.ID)
		}
		keys := slices.Clone(a.RootKeys)
		for _, u := range a.Users {
			keys = append(keys, u.AccessKeys...)
		}
		for _, k := range keys {
			switch _, twice := sealed[k.ID]; {
			case !keyIDForm.MatchString(k.ID):
				return nil, fmt.Errorf("seed account %s: access key id: want 16 to 128 letters and digits", a.ID)
			case strings.HasPrefix(k.ID, "ASIA"):
				return nil, fmt.Errorf("seed access key %s: ASIA begins the ids of temporary ones", k.ID)
			case k.Secret == "":
				return nil, fmt.Errorf("seed access key %s: secret is empty", k.ID)
			case twice:
				return nil, fmt.Errorf("seed access key %s: listed twice", k.ID)
			}
			key, err := s.seal(AccessKey{ID: k.ID, Secret: k.Secret, Account: a.ID, Created: s.cfg.Clock.Now()})
			if err != nil {
				return nil, err
			}
			sealed[k.ID] = key
		}
	}
	return sealed, nil
}
