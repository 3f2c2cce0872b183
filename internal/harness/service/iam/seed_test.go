package iam_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const seedText = `{"accounts": [{
	"id": "111122223333",
	"root_keys": [{"id": "AKIAROOTROOTROOTROOT", "secret": "rootsecret"}],
	"policies": [{"name": "ledger", "document":
		{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "qldb:*", "Resource": "*"}]}}],
	"groups": [{"name": "readers", "attached": ["arn:aws:iam::111122223333:policy/ledger"]}],
	"users": [{"name": "alice", "id": "AIDAALICEALICEALICEAL", "groups": ["readers"], "tags": {"team": "a"},
		"boundary": "arn:aws:iam::aws:policy/PowerUserAccess",
		"access_keys": [{"id": "AKIAALICEALICEALICEA", "secret": "alicesecret"}]}],
	"roles": [{"name": "ledger-reader", "id": "AROAREADERREADERREADE", "max_session_seconds": 7200,
		"trust": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
			"Principal": {"AWS": ["arn:aws:iam::111122223333:role/ledger-writer", "arn:aws:iam::111122223333:user/alice"]}}]},
		"inline": {"read": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}},
		{"name": "ledger-writer",
		"trust": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
			"Principal": {"AWS": "111122223333"}}]}}]}]}`

func readSeed(t *testing.T, text string) iam.Seed {
	t.Helper()
	var seed iam.Seed
	if err := json.Unmarshal([]byte(text), &seed); err != nil {
		t.Fatalf("read seed: %v", err)
	}
	return seed
}

// contents is everything that is stored, secrets left out: they are sealed anew each time.
func contents(t *testing.T, state *local.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := state.View(t.Context(), func(r store.Reader) error {
		return r.Scan("iam/", "", func(key string, value []byte) (bool, error) {
			if !strings.HasPrefix(key, "iam/access-key/") {
				all[key] = string(value)
			}
			return true, nil
		})
	})
	if err != nil {
		t.Fatalf("read store: %v", err)
	}
	return all
}

func TestSeed(t *testing.T) {
	t.Parallel()
	service, state := open(t, t.TempDir())
	text := strings.Replace(seedText, `"Statement\":[]`,
		`"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"kms:ListKeys\",\"Resource\":\"*\"}]`, 1)
	seed := readSeed(t, text)
	if err := service.Seed(t.Context(), seed); err != nil {
		t.Fatalf("Seed: %v", err)
	}
	first := contents(t, state)
	if err := service.Seed(t.Context(), seed); err != nil {
		t.Fatalf("Seed again: %v", err)
	}
	if diff := cmp.Diff(first, contents(t, state)); diff != "" {
		t.Errorf("seeding again changed (-first +second):\n%s", diff)
	}
	alice := wire.Caller{Account: account, ARN: "arn:aws:iam::111122223333:user/alice", UserID: "AIDAALICEALICEALICEAL"}
	for id, want := range map[string]wire.Caller{
		"AKIAROOTROOTROOTROOT": iam.Root(account),
		"AKIAALICEALICEALICEA": alice,
	} {
		c, found, err := service.Lookup(t.Context(), id)
		if err != nil || !found || c.Caller != want || !c.Active {
			t.Errorf("Lookup %s: %v, %t, %v, want %v", id, c.Caller, found, err, want)
		}
	}
	p, err := service.Principal(t.Context(), alice)
	if err != nil || !decides(p, "qldb:ListLedgers") || decides(p, "kms:ListKeys") || p.Policies.Boundary == nil {
		t.Errorf("alice: %+v, %v", p, err)
	}
	role, found, err := service.Role(t.Context(), "arn:aws:iam::111122223333:role/ledger-reader")
	if err != nil || !found || role.ID != "AROAREADERREADERREADE" || role.MaxSession.Seconds() != 7200 {
		t.Errorf("role %+v, %t, %v", role, found, err)
	}

	// What the seed no longer says is gone from what it names.
	seed.Accounts[0].Users[0].Groups = nil
	seed.Accounts[0].Users[0].Boundary = ""
	if err := service.Seed(t.Context(), seed); err != nil {
		t.Fatalf("Seed with less: %v", err)
	}
	p, err = service.Principal(t.Context(), alice)
	if err != nil || decides(p, "qldb:ListLedgers") || p.Policies.Boundary != nil {
		t.Errorf("alice without her group: %+v, %v", p, err)
	}
}

// TestSeedRefusals changes one thing about a good seed each time; nothing of a refused one may stay.
func TestSeedRefusals(t *testing.T) {
	t.Parallel()
	good := strings.Replace(seedText, `"inline": {"read": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}`,
		`"path": "/"`, 1)
	service, state := open(t, t.TempDir())
	for _, change := range [][3]string{
		{`"id": "111122223333"`, `"id": "1"`, "want 12 digits"},
		{"AROAREADERREADERREADE", "AIDAREADERREADERREADE", "want AROA"},
		{"AKIAALICEALICEALICEA", "AKIAROOTROOTROOTROOT", "listed twice"},
		{"AKIAALICEALICEALICEA", "ASIAALICEALICEALICEA", "ASIA"},
		{`"secret": "alicesecret"`, `"secret": ""`, "secret is empty"},
		{`"groups": ["readers"]`, `"groups": ["writers"]`, "The group with name writers cannot be found."},
		{"user/alice", "user/bob", "Invalid principal in policy"},
		{"policy/ledger", "policy/none", "does not exist or is not attachable"},
		{"PowerUserAccess", "None", "does not exist or is not attachable"},
		{`"qldb:*"`, `"*:*:*"`, "can contain only one colon"},
		{`"max_session_seconds": 7200`, `"max_session_seconds": 1`, "greater than or equal to 3600"},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if text == good {
			t.Fatalf("%q is not in the seed", change[0])
		}
		err := service.Seed(t.Context(), readSeed(t, text))
		if err == nil || !strings.Contains(err.Error(), change[2]) {
			t.Errorf("%s: got %v, want %s", change[1], err, change[2])
		}
		if left := contents(t, state); len(left) != 0 {
			t.Fatalf("%s: the refused seed left %d entries", change[1], len(left))
		}
	}
	if err := service.Seed(t.Context(), readSeed(t, good)); err != nil {
		t.Fatalf("the good seed: %v", err)
	}
	other := strings.ReplaceAll(good, "AIDAALICEALICEALICEAL", "AIDABBBBBBBBBBBBBBBBB")
	if err := service.Seed(t.Context(), readSeed(t, other)); err == nil {
		t.Error("a seed with another id for alice is taken")
	}
	var conflict *iam.ConflictError
	theft := strings.Replace(strings.Replace(good, "AKIAROOTROOTROOTROOT", "AKIAALICEALICEALICEA", 1),
		`"access_keys": [{"id": "AKIAALICEALICEALICEA"`, `"access_keys": [{"id": "AKIABBBBBBBBBBBBBBBB"`, 1)
	if err := service.Seed(t.Context(), readSeed(t, theft)); !errors.As(err, &conflict) {
		t.Errorf("a seed that gives alice's key to root: %v, want a ConflictError", err)
	}
	if text := fmt.Sprintf("%+v %#v", readSeed(t, good), readSeed(t, good)); strings.Contains(text, "alicesecret") {
		t.Error("printing a seed shows a secret")
	}
}
