package protectedledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/protectedledger"
)

const (
	keyOne = "arn:aws:kms:eu-west-2:111122223333:key/11111111-1111-4111-8111-111111111111"
	keyTwo = "arn:aws:kms:eu-west-2:111122223333:key/22222222-2222-4222-8222-222222222222"
)

func str(s string) types.String { return types.StringValue(s) }

func mapOf(pairs ...string) types.Map {
	m := map[string]attr.Value{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = str(pairs[i+1])
	}
	return types.MapValueMust(types.StringType, m)
}

func usable(arn string) *protectedledger.KeyFact {
	return &protectedledger.KeyFact{Key: preflight.Key{
		ARN: arn, Region: "eu-west-2", Partition: "aws", State: "Enabled", Spec: "SYMMETRIC_DEFAULT",
		Usage: "ENCRYPT_DECRYPT", Manager: "CUSTOMER", Origin: "AWS_KMS",
	}}
}

func knownFacts() protectedledger.Facts {
	return protectedledger.Facts{
		Region: "eu-west-2", Partition: "aws", Account: "111122223333",
		Now:     time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC),
		TagsAll: func(tags map[string]string) map[string]string { return tags },
	}
}

// written is the smallest configuration; what is left out is null.
func written(key *protectedledger.KeyModel) protectedledger.Model {
	return protectedledger.Model{
		Name: str("orders"), Key: key, Tags: types.MapNull(types.StringType), TagsAll: types.MapNull(types.StringType),
	}
}

// standing is the state of a healthy ledger under an own key of generation 1.
func standing() *protectedledger.Model {
	m := written(nil)
	m.Region, m.PermissionsMode, m.DeletionProtection = str("eu-west-2"), str("STANDARD"), types.BoolValue(true)
	m.WaitForKeyChange, m.TagsAll = types.BoolValue(true), mapOf()
	m.ARN, m.State = str("arn:aws:qldb:eu-west-2:111122223333:ledger/orders"), str("ACTIVE")
	m.CreationTime, m.KMSKeyARN, m.EncryptionStatus = str("2025-01-01T00:00:00Z"), str(keyOne), str("ENABLED")
	m.Key = &protectedledger.KeyModel{
		Generation: types.Int64Value(1), Alias: str("alias/qldb-orders"), Description: str("Protects QLDB ledger orders"),
		Rotation: types.BoolValue(true), RotationPeriod: types.Int64Value(365), OldKey: str("retain"),
		OnDestroy: str("schedule_deletion"), DeletionWindow: types.Int64Value(30), Enabled: types.BoolValue(true),
		ARN: str(keyOne), KeyID: str("11111111-1111-4111-8111-111111111111"), State: str("Enabled"),
		PolicyDocument: str(policy.Default("aws", "111122223333")),
	}
	return &m
}

// shown lists the computed attributes of a plan; "?" is known after apply, "-" is null.
func shown(m protectedledger.Model) map[string]string {
	out := map[string]string{}
	add := func(name string, v types.String) {
		switch {
		case v.IsUnknown():
			out[name] = "?"
		case v.IsNull():
			out[name] = "-"
		default:
			out[name] = v.ValueString()
		}
	}
	add("region", m.Region)
	add("arn", m.ARN)
	add("state", m.State)
	add("creation_time", m.CreationTime)
	add("kms_key_arn", m.KMSKeyARN)
	add("encryption_status", m.EncryptionStatus)
	add("inaccessible_kms_key_time", m.InaccessibleTime)
	if m.TagsAll.IsUnknown() {
		out["tags_all"] = "?"
	}
	if m.RetainedUnknown {
		out["retained_keys"] = "?"
	}
	for _, key := range m.Retained {
		add("retained_keys "+key.ARN.ValueString(), key.State)
	}
	if m.ChangeUnknown {
		out["key_change"] = "?"
	}
	if k := m.Key; k != nil {
		add("key.arn", k.ARN)
		add("key.key_id", k.KeyID)
		add("key.state", k.State)
		add("key.alias", k.Alias)
		add("key.description", k.Description)
		if k.PolicyDocument.IsUnknown() {
			out["key.policy_document"] = "?"
		}
	}
	if c := m.Change; c != nil {
		for name, v := range map[string]types.String{
			"from": c.From, "to": c.To, "reason": c.Reason, "old_key_action": c.OldKeyAction, "alias_from": c.AliasFrom,
			"alias_to": c.AliasTo, "status": c.Status, "requested_at": c.RequestedAt, "finished_at": c.FinishedAt,
		} {
			add("key_change."+name, v)
		}
	}
	return out
}

// Every case names only what differs from the state, so that "everything else stays" is part of it.
func TestPlanDrivers(t *testing.T) {
	t.Parallel()
	type model = protectedledger.Model
	type facts = protectedledger.Facts
	swapped := map[string]string{
		"kms_key_arn": "?", "encryption_status": "?", "retained_keys " + keyOne: "Enabled",
		"key.arn": "?", "key.key_id": "?", "key.state": "?",
		"key_change.from": keyOne, "key_change.to": "?", "key_change.reason": "generation raised from 1 to 2",
		"key_change.old_key_action": "retain", "key_change.status": "?", "key_change.requested_at": "?",
		"key_change.finished_at": "?", "key_change.alias_to": "?",
		"key_change.alias_from": "alias/qldb-orders -> key/11111111-1111-4111-8111-111111111111",
	}
	for _, c := range []struct {
		name   string
		change func(cfg, st *model, f *facts)
		want   map[string]string // differences from the state
		finds  string            // in a summary or detail
	}{
		{name: "nothing", change: func(*model, *model, *facts) {}},
		{
			name:   "generation",
			change: func(cfg, _ *model, _ *facts) { cfg.Key.Generation = types.Int64Value(2) }, want: swapped,
			finds: "will move to another KMS key",
		},
		{
			name: "generation, old key to go",
			change: func(cfg, _ *model, _ *facts) {
				cfg.Key.Generation, cfg.Key.OldKey = types.Int64Value(2), str("schedule_deletion")
			},
			want: with2(with2(swapped, "retained_keys "+keyOne, "PendingDeletion"), "key_change.old_key_action",
				"schedule_deletion"),
			finds: "not before 2025-03-31",
		},
		{
			name: "generation, not waiting",
			change: func(cfg, _ *model, _ *facts) {
				cfg.Key.Generation, cfg.WaitForKeyChange = types.Int64Value(2), types.BoolValue(false)
			},
			want:  with2(with2(swapped, "retained_keys "+keyOne, "?"), "inaccessible_kms_key_time", "?"),
			finds: "does not wait",
		},
		{
			name:   "generation not known",
			change: func(cfg, _ *model, _ *facts) { cfg.Key.Generation = types.Int64Unknown() },
			want: map[string]string{
				"kms_key_arn": "?", "encryption_status": "?", "retained_keys": "?",
				"key.arn": "?", "key.key_id": "?", "key.state": "?", "key_change": "?",
			},
		},
		{
			name: "lower generation", finds: "No key of that generation",
			change: func(_, st *model, _ *facts) { st.Key.Generation = types.Int64Value(2) },
			want:   with2(swapped, "key_change.reason", "generation set back from 2 to 1"),
		},
		{
			name:   "other kms_key",
			change: func(cfg, _ *model, f *facts) { cfg.Key, cfg.KMSKey, f.Target = nil, str(keyTwo), usable(keyTwo) },
			want: map[string]string{
				"kms_key_arn": keyTwo, "encryption_status": "?", "retained_keys " + keyOne: "Enabled",
				"key.arn": "", "key.key_id": "", "key.state": "", "key.alias": "", "key.description": "",
				"key_change.from": keyOne, "key_change.to": keyTwo, "key_change.old_key_action": "retain",
				"key_change.reason": "from the ledger's own key to a referenced key", "key_change.status": "?",
				"key_change.requested_at": "?", "key_change.finished_at": "?", "key_change.alias_to": "-",
				"key_change.alias_from": "alias/qldb-orders -> key/11111111-1111-4111-8111-111111111111",
			}, finds: "alias/qldb-orders is removed after the change",
		},
		{
			name:   "kms_key not known",
			change: func(cfg, st *model, _ *facts) { cfg.Key, st.Key, cfg.KMSKey = nil, nil, types.StringUnknown() },
			want: map[string]string{
				"kms_key_arn": "?", "encryption_status": "?", "key_change": "?",
			},
		},
		{
			name:   "key not known",
			change: func(cfg, _ *model, _ *facts) { cfg.Key, cfg.KeyUnknown = nil, true },
			want: map[string]string{
				"kms_key_arn": "?", "encryption_status": "?", "key_change": "?",
				"retained_keys": "?", "key.arn": "", "key.key_id": "", "key.state": "", "key.alias": "", "key.description": "",
			},
		},
		{
			name: "alias not resolved",
			change: func(cfg, st *model, f *facts) {
				cfg.Key, st.Key, cfg.KMSKey, st.KMSKey = nil, nil, str("alias/a"), str("alias/a")
				f.Target = &protectedledger.KeyFact{Unknown: "AccessDeniedException"}
			},
		},
		{
			name:   "swap running",
			change: func(_, st *model, _ *facts) { st.EncryptionStatus = str("UPDATING") },
			want:   map[string]string{"encryption_status": "ENABLED"},
		},
		{
			name: "swap running, not waited for",
			change: func(cfg, st *model, _ *facts) {
				st.EncryptionStatus, cfg.WaitForKeyChange = str("UPDATING"), types.BoolValue(false)
			},
		},
		{
			name: "swap running, waiting not known",
			change: func(cfg, st *model, _ *facts) {
				st.EncryptionStatus, cfg.WaitForKeyChange = str("UPDATING"), types.BoolUnknown()
			},
			want: map[string]string{"encryption_status": "?", "inaccessible_kms_key_time": "?"},
		},
		{
			name:   "creation running",
			change: func(_, st *model, _ *facts) { st.State = str("CREATING") },
			want:   map[string]string{"state": "ACTIVE"},
		},
		{
			name: "key disabled", finds: "will be enabled",
			change: func(_, st *model, _ *facts) {
				st.Key.State, st.Key.Enabled = str("Disabled"), types.BoolValue(false)
				st.EncryptionStatus = str("KMS_KEY_INACCESSIBLE")
				st.InaccessibleTime = str("2025-02-01T00:00:00Z")
			},
			want: map[string]string{
				"key.state": "Enabled", "encryption_status": "?", "inaccessible_kms_key_time": "-",
			},
		},
		{
			name: "key pending deletion", finds: "will be cancelled",
			change: func(_, st *model, _ *facts) { st.Key.State = str("PendingDeletion") },
			want:   map[string]string{"key.state": "Enabled"},
		},
		{
			name:   "key unavailable",
			change: func(_, st *model, _ *facts) { st.Key.State = str("Unavailable") },
		},
		{
			name: "ledger gone", finds: "will be created anew",
			change: func(_, st *model, _ *facts) {
				null := types.StringNull()
				st.ARN, st.CreationTime, st.KMSKeyARN, st.EncryptionStatus = null, null, null, null
				st.State = str("DELETED")
			},
			want: map[string]string{
				"arn": "?", "creation_time": "?", "state": "?", "encryption_status": "?", "inaccessible_kms_key_time": "?",
				"kms_key_arn": keyOne,
			},
		},
		{
			name:   "policy not known",
			change: func(cfg, _ *model, _ *facts) { cfg.Key.Policy = types.StringUnknown() },
			want:   map[string]string{"key.policy_document": "?"},
		},
		{
			name: "tags not known",
			change: func(cfg, _ *model, _ *facts) {
				cfg.Tags = types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringUnknown()})
			},
			want: map[string]string{"tags_all": "?"},
		},
		{
			name: "provider not known", change: func(_, _ *model, f *facts) { *f = facts{} },
		},
		{
			name: "name not known", finds: "a value known after apply",
			change: func(cfg, _ *model, _ *facts) { cfg.Name = types.StringUnknown() },
			want: map[string]string{
				"arn": "?", "creation_time": "?", "state": "?", "encryption_status": "?", "inaccessible_kms_key_time": "?",
				"key.alias": "?", "key.description": "?",
			},
		},
		{
			name:   "being deleted",
			change: func(_, st *model, _ *facts) { st.State = str("DELETING") }, finds: "is being deleted",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, st, f := written(&protectedledger.KeyModel{}), standing(), knownFacts()
			c.change(&cfg, st, &f)
			got, list := protectedledger.Plan(cfg, st, f)
			want := shown(*st)
			for k, v := range c.want {
				if v == "" {
					delete(want, k)
				} else {
					want[k] = v
				}
			}
			if diff := cmp.Diff(want, shown(got)); diff != "" {
				t.Errorf("planned attributes (-want +got):\n%s", diff)
			}
			if c.finds != "" && !strings.Contains(findings(list), c.finds) {
				t.Errorf("findings do not say %q:\n%s", c.finds, findings(list))
			}
		})
	}
}

func with2(m map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

func findings(list []protectedledger.Finding) string {
	var b strings.Builder
	for _, f := range list {
		kind := "WARNING"
		if f.Error {
			kind = "ERROR"
		}
		b.WriteString(kind + ": " + f.Summary + " (" + f.Path.String() + ")\n\n" + f.Detail + "\n\n")
	}
	return b.String()
}

// A plan of what the plan before it planned finds nothing to do, whatever was open.
func TestPlanIsStable(t *testing.T) {
	t.Parallel()
	cfg, f := written(&protectedledger.KeyModel{}), knownFacts()
	first, _ := protectedledger.Plan(cfg, standing(), f)
	second, list := protectedledger.Plan(cfg, &first, f)
	if diff := cmp.Diff(shown(first), shown(second)); diff != "" || len(list) != 0 {
		t.Errorf("second plan differs:\n%s\n%s", diff, findings(list))
	}
}

func TestUnusableKeys(t *testing.T) {
	t.Parallel()
	for rule, spoil := range map[string]func(*protectedledger.KeyFact){
		"KP-601: Key " + keyTwo + " has key spec RSA_2048": func(k *protectedledger.KeyFact) { k.Spec = "RSA_2048" },
		"key usage SIGN_VERIFY":                            func(k *protectedledger.KeyFact) { k.Usage = "SIGN_VERIFY" },
		"managed by AWS for another service":               func(k *protectedledger.KeyFact) { k.Manager = "AWS" },
		"KP-609: Key " + keyTwo + " is in state Disabled":  func(k *protectedledger.KeyFact) { k.State = "Disabled" },
		"cancel-key-deletion":                              func(k *protectedledger.KeyFact) { k.State = "PendingDeletion" },
		"Import its key material":                          func(k *protectedledger.KeyFact) { k.State = "PendingImport" },
		"KP-610: Key " + keyTwo + " is in us-east-1":       func(k *protectedledger.KeyFact) { k.Region = "us-east-1" },
	} {
		f := knownFacts()
		f.Target = usable(keyTwo)
		spoil(f.Target)
		cfg := written(nil)
		cfg.KMSKey = str("alias/two")
		for what, st := range map[string]*protectedledger.Model{"create": nil, "swap": standing()} {
			_, list := protectedledger.Plan(cfg, st, f)
			if text := findings(list); !strings.Contains(text, "ERROR") || !strings.Contains(text, rule) {
				t.Errorf("%s finds no error that says %q:\n%s", what, rule, text)
			}
		}
	}
}

// A key that KMS does not find: what is no ARN was looked for in the own account only.
func TestKeyNotFound(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]bool{
		"alias/two": true, "22222222-2222-4222-8222-222222222222": true, keyTwo: false,
		"arn:aws:kms:eu-west-2:444455556666:alias/two": false,
	} {
		kind := "ERROR" // but an alias may be made by the same apply
		if strings.Contains(name, "alias/") {
			kind = "WARNING"
		}
		f := knownFacts()
		f.Target = &protectedledger.KeyFact{Missing: true}
		cfg := written(nil)
		cfg.KMSKey = str(name)
		_, list := protectedledger.Plan(cfg, nil, f)
		text := findings(list)
		if !strings.Contains(text, kind+": KMS key not found") || strings.Contains(text, "KP-614") != rule {
			t.Errorf("%s: want KP-614: %t; got:\n%s", name, rule, text)
		}
	}
}

// A key of another account can have no alias of this one, and its policy could not be written from here.
func TestAdoptOfAnotherAccount(t *testing.T) {
	t.Parallel()
	for arn, refused := range map[string]bool{
		keyTwo: false, strings.Replace(keyTwo, "111122223333", "444455556666", 1): true,
	} {
		f := knownFacts()
		f.Adopt = usable(arn)
		_, list := protectedledger.Plan(written(&protectedledger.KeyModel{Adopt: str(arn)}), nil, f)
		text := findings(list)
		if strings.Contains(text, "KP-611: alias/qldb-orders is an alias of account 111122223333") != refused ||
			strings.Contains(text, "ERROR") != refused {
			t.Errorf("%s: want it refused: %t; got:\n%s", arn, refused, text)
		}
	}
}

func TestContradictions(t *testing.T) {
	t.Parallel()
	type key = protectedledger.KeyModel
	for want, spoil := range map[string]func(*protectedledger.Model, *key){
		"WARNING: Ledger without statement permissions": func(m *protectedledger.Model, _ *key) {
			m.PermissionsMode = str("ALLOW_ALL")
		},
		"ERROR: Reserved tag key": func(m *protectedledger.Model, _ *key) { m.Tags = mapOf("qldbkms:ledger", "x") },
		"ERROR: Key in another Region": func(m *protectedledger.Model, _ *key) {
			m.Key, m.KMSKey, m.Region = nil, str(keyOne), str("us-east-1")
		},
		"ERROR: Reserved alias":        func(_ *protectedledger.Model, k *key) { k.Alias = str("alias/aws/qldb") },
		"Aliases below alias/qldbkms/": func(_ *protectedledger.Model, k *key) { k.Alias = str("alias/qldbkms/x") },
		"ERROR: A key in use would be": func(_ *protectedledger.Model, k *key) { k.Enabled = types.BoolValue(false) },
		"WARNING: Key does not " +
			"rotate": func(_ *protectedledger.Model, k *key) { k.Rotation = types.BoolValue(false) },
		"WARNING: Short time to " +
			"notice": func(_ *protectedledger.Model, k *key) { k.DeletionWindow = types.Int64Value(7) },
		"ERROR: Rotation period without": func(_ *protectedledger.Model, k *key) {
			k.Rotation, k.RotationPeriod = types.BoolValue(false), types.Int64Value(90)
		},
	} {
		k := &key{}
		cfg := written(k)
		if found := protectedledger.Contradicts(cfg); len(found) != 0 {
			t.Fatalf("the smallest configuration finds:\n%s", findings(found))
		}
		spoil(&cfg, k)
		if text := findings(protectedledger.Contradicts(cfg)); !strings.Contains(text, want) {
			t.Errorf("got:\n%s\nwant %q", text, want)
		}
	}
}
