package harness

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Seed is what there is to be from the start, by account.
//
// Users, roles, groups and policies are made to be as it says each time a harness starts. Keys and ledgers hold data:
// those that are there already are left as they are.
type Seed struct {
	Accounts []SeedAccount `json:"accounts"`
}

// SeedAccount is one account of a Seed.
type SeedAccount struct {
	iam.SeedAccount

	Keys    []SeedKey    `json:"keys"`
	Ledgers []SeedLedger `json:"ledgers"`
}

// SeedKey is a KMS key. It must be there with all that its policy names, or the policy is refused.
type SeedKey struct {
	ID           string            `json:"id"`     // key id
	Region       string            `json:"region"` // default Config.Region
	Spec         string            `json:"spec"`   // default SYMMETRIC_DEFAULT
	Usage        string            `json:"usage"`  // default ENCRYPT_DECRYPT, for SYMMETRIC_DEFAULT only
	MultiRegion  bool              `json:"multi_region"`
	Description  string            `json:"description"`
	Policy       iam.Document      `json:"policy"`        // default: the account may do everything
	Aliases      []string          `json:"aliases"`       // alias/orders
	RotationDays int               `json:"rotation_days"` // 90 to 2560; 0: no automatic rotation
	Tags         map[string]string `json:"tags"`
}

// SeedLedger is a ledger.
type SeedLedger struct {
	Name               string            `json:"name"`
	ID                 string            `json:"id"`               // 22 letters and digits; default drawn at random
	Region             string            `json:"region"`           // default Config.Region
	PermissionsMode    string            `json:"permissions_mode"` // default STANDARD
	DeletionProtection *bool             `json:"deletion_protection"`
	KmsKey             string            `json:"kms_key"` // key id, ARN or alias; default the AWS owned key
	Tags               map[string]string `json:"tags"`
}

// ParseSeed reads a Seed from JSON. Unknown members are refused, so that a misspelt one does not pass for another. The
// error quotes no values: there may be secrets among them.
func ParseSeed(raw []byte) (Seed, error) {
	var seed Seed
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&seed)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			return Seed{}, errors.New("there is more after the JSON object")
		}
		return seed, nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return Seed{}, fmt.Errorf("not JSON at byte %d", syntax.Offset)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return Seed{}, fmt.Errorf("%s: want %s", cmp.Or(wrong.Field, "the whole"), plainly(wrong.Type))
	}
	return Seed{}, err
}

// plainly is a Go type in the words of YAML and JSON.
func plainly(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	default:
		return "a number"
	}
}

// ParseSeedYAML is ParseSeed for YAML: the same members, and policies written as YAML or as strings of JSON.
func ParseSeedYAML(raw []byte) (Seed, error) {
	converted, err := yaml.YAMLToJSON(raw)
	if err != nil {
		if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok { // its text quotes the lines around
			at := syntax.Token.Position
			return Seed{}, fmt.Errorf("not YAML at line %d, column %d: %s", at.Line, at.Column, syntax.Message)
		}
		return Seed{}, errors.New("not YAML")
	}
	return ParseSeed(converted)
}

// plant lays down the Seed: users and roles first, then the keys whose policies name them, then the ledgers.
func (h *Harness) plant(ctx context.Context) error {
	seed := iam.Seed{}
	for _, a := range h.cfg.Seed.Accounts {
		seed.Accounts = append(seed.Accounts, a.SeedAccount)
	}
	if err := h.iam.Seed(ctx, seed); err != nil {
		return err
	}
	for _, a := range h.cfg.Seed.Accounts {
		for _, k := range a.Keys {
			if err := h.kms.Plant(ctx, h.asRoot(a.ID, k.Region), k.planted()); err != nil {
				return fmt.Errorf("seed account %s: %w", a.ID, err)
			}
		}
	}
	for _, a := range h.cfg.Seed.Accounts {
		for _, l := range a.Ledgers {
			if err := h.qldb.Plant(ctx, h.asRoot(a.ID, l.Region), l.ID, l.input()); err != nil {
				return fmt.Errorf("seed account %s: %w", a.ID, err)
			}
		}
	}
	return nil
}

// asRoot is a call of an account's root user.
func (h *Harness) asRoot(account, region string) *wire.Call {
	c := h.internalCall()
	c.Partition, c.Region, c.Caller = "aws", region, iam.Root(account)
	if region == "" {
		c.Region = h.cfg.Region
	}
	return c
}

func (k *SeedKey) planted() kms.Planted {
	in := kms.CreateKeyInput{KeySpec: k.Spec, KeyUsage: k.Usage, MultiRegion: k.MultiRegion, Description: &k.Description}
	if k.Policy != "" {
		text := string(k.Policy)
		in.Policy = &text
	}
	for _, key := range slices.Sorted(maps.Keys(k.Tags)) {
		in.Tags = append(in.Tags, kms.Tag{TagKey: key, TagValue: k.Tags[key]})
	}
	return kms.Planted{ID: k.ID, Key: in, Aliases: k.Aliases, RotationDays: k.RotationDays}
}

func (l *SeedLedger) input() qldb.CreateLedgerInput {
	in := qldb.CreateLedgerInput{
		Name: l.Name, PermissionsMode: l.PermissionsMode, DeletionProtection: l.DeletionProtection,
		Tags: map[string]*string{},
	}
	if in.PermissionsMode == "" {
		in.PermissionsMode = "STANDARD"
	}
	if l.KmsKey != "" {
		in.KmsKey = &l.KmsKey
	}
	for key, value := range l.Tags {
		in.Tags[key] = &value
	}
	return in
}
