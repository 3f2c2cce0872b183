package preflight

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Access is a key policy in words: who manages the key of a ledger and who reads or writes the ledger.
type Access struct {
	Partition string // "" means that of Region
	Account   string // that owns the key, 12 digits
	Region    string // of the key and the ledger
	Ledger    string // its name; may be ""

	AccountRoot     bool     // identity policies of the account decide too; its root user can always repair the policy
	Administrators  []string // ARNs of roles and users that manage the key, and cannot decrypt
	Users           []string // ARNs of roles and users that read or write the ledger
	ExtraStatements []string // JSON objects, appended as they are
}

// An AccessError says what is wrong with an Access.
type AccessError struct {
	Field string // "administrators", "users", "extra_statements", "account_root", or "" for all of it
	Index int    // in Field, where it is a list
	Err   error
}

// Error names the field and what is wrong.
func (e *AccessError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("make the key policy: %v", e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Field, e.Err)
}

// Unwrap gives what is wrong.
func (e *AccessError) Unwrap() error { return e.Err }

// managing are the actions of who manages a key: all that run it and repair it, none that use it or let others do so.
// kms:PutKeyPolicy is among them: whoever has it can give itself the rest, which CloudTrail shows.
var managing = []string{
	"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
	"kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
	"kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", putKeyPolicy,
	"kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource",
	"kms:UpdateAlias", "kms:UpdateKeyDescription",
}

type (
	written struct {
		Version   string
		ID        string `json:"Id,omitempty"`
		Statement []any
	}
	allowed struct {
		Sid       string
		Effect    string
		Principal map[string]any
		Action    any
		Resource  string
		Condition map[string]map[string]string `json:",omitempty"`
	}
)

// Policy makes the key policy that gives what a says and no more, so that Check finds nothing above a note in it as
// long as there are no extra statements. The same access, in any order, gives the same text.
//
// The error is nil or an *AccessError: for ARNs that are not of roles or users of the account, for statements that are
// no JSON objects, for a policy that KMS would refuse, and for fewer than two administrators without the account's
// root: nobody could repair the key once the one is deleted.
//
// Source: QLDB Developer Guide, "Using customer managed keys", Key policy permissions; KMS Developer Guide, "Default
// key policy".
func Policy(a Access) (string, error) {
	if a.Partition == "" {
		a.Partition = PartitionOf(a.Region)
	}
	administrators, err := a.entities("administrators", a.Administrators)
	if err != nil {
		return "", err
	}
	users, err := a.entities("users", a.Users)
	if err != nil {
		return "", err
	}
	if !a.AccountRoot && len(administrators) < 2 {
		return "", &AccessError{Field: "account_root", Err: fmt.Errorf("without it there must be two administrators, "+
			"not %d: when the last is deleted, nobody can manage the key", len(administrators))}
	}
	doc := written{Version: policy.Version2012}
	if a.Ledger != "" {
		doc.ID = a.Ledger + "-ledger-key"
	}
	for _, s := range a.statements(administrators, users) {
		doc.Statement = append(doc.Statement, s)
	}
	for i, text := range a.ExtraStatements {
		if trimmed := strings.TrimSpace(text); !json.Valid([]byte(text)) || trimmed[0] != '{' {
			return "", &AccessError{Field: "extra_statements", Index: i, Err: fmt.Errorf("element %d is no JSON object", i)}
		}
		doc.Statement = append(doc.Statement, json.RawMessage(text))
	}
	return encode(doc)
}

func encode(doc written) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return "", &AccessError{Err: err}
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if _, err := policy.Parse(text); err != nil {
		return "", &AccessError{Err: err}
	}
	return text, nil
}

func (a Access) statements(administrators, users []string) []allowed {
	viaQLDB := "qldb." + a.Region + ".amazonaws.com" // in every partition
	var list []allowed
	add := func(sid string, who []string, action any, equals map[string]string) {
		s := allowed{Sid: sid, Effect: "Allow", Principal: map[string]any{"AWS": single(who)}, Action: action, Resource: "*"}
		if equals != nil {
			s.Condition = map[string]map[string]string{"StringEquals": equals}
		}
		list = append(list, s)
	}
	if a.AccountRoot {
		add("Account delegation", []string{"arn:" + a.Partition + ":iam::" + a.Account + ":root"}, "kms:*", nil)
	}
	if len(administrators) > 0 {
		add("Key administrators", administrators, managing, nil)
	}
	add("Ledger operators through QLDB", []string{"*"}, []string{createGrant, describeKey},
		map[string]string{"kms:CallerAccount": a.Account, "kms:ViaService": viaQLDB})
	if len(users) > 0 {
		add("Ledger users", users, decrypt, map[string]string{"kms:ViaService": viaQLDB})
	}
	return list
}

// single is a list, or its only element, as KMS returns it.
func single(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

var entityName = regexp.MustCompile(`^(role|user)/[\w+=,.@/-]+$`)

// entities are ARNs in order, each once.
func (a Access) entities(field string, arns []string) ([]string, error) {
	prefix := "arn:" + a.Partition + ":iam::" + a.Account + ":"
	for i, arn := range arns {
		name, ours := strings.CutPrefix(arn, prefix)
		switch {
		case isSession(arn):
			return nil, &AccessError{field, i, fmt.Errorf("%q is a session: give the ARN of its role", arn)}
		case arn == prefix+"root" || arn == a.Account:
			return nil, &AccessError{field, i, fmt.Errorf("%q is the account: use account_root", arn)}
		case !ours || !entityName.MatchString(name) || strings.HasSuffix(name, "/"):
			of := "account " + a.Account
			if a.Account == "" { // not known at validate
				of, prefix = "the key's account", "arn:"+a.Partition+":iam::111122223333:"
			}
			return nil, &AccessError{field, i, fmt.Errorf("%q is not the ARN of a role or user of %s, such as "+
				"%srole/NAME", arn, of, prefix)}
		}
	}
	sorted := slices.Sorted(slices.Values(arns))
	return slices.Compact(sorted), nil
}
