package iam_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const account = "111122223333"

var _ wire.Credentials = (*iam.Service)(nil)

func open(t *testing.T, dir string) (*iam.Service, *local.Store) {
	t.Helper()
	s, err := local.Open(t.Context(), dir, local.Options{NoSync: true, Rand: rand.Reader})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the second Close of a test that closed it does nothing
	service, err := iam.New(iam.Config{State: s, Sealer: s.Sealer(), Rand: rand.Reader,
		Clock: clock.NewFrozen(time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC))})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return service, s
}

func TestEnsureRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	service, state := open(t, dir)
	key, created, err := service.EnsureRoot(t.Context(), account)
	if err != nil || !created {
		t.Fatalf("EnsureRoot: created %t, %v", created, err)
	}
	if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(key.ID) || len(key.Secret) != 40 {
		t.Errorf("key %s with a secret of %d characters, want the AWS forms", key.ID, len(key.Secret))
	}
	other, created, err := service.EnsureRoot(t.Context(), "444455556666")
	if err != nil || !created || other.ID == key.ID || other.Secret == key.Secret {
		t.Errorf("other account: got the same key or %v", err)
	}
	if err := state.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}

	service, _ = open(t, dir)
	again, created, err := service.EnsureRoot(t.Context(), account)
	if err != nil || created {
		t.Fatalf("after a restart: created %t, %v", created, err)
	}
	if again.ID != key.ID || again.Secret != key.Secret || again.Account != account {
		t.Error("after a restart the key is another one")
	}
	got, found, err := service.Lookup(t.Context(), key.ID)
	want := wire.Credential{Secret: key.Secret, Active: true, Caller: wire.Caller{Account: account, UserID: account,
		ARN: "arn:aws:iam::111122223333:root"}}
	if err != nil || !found || got != want {
		t.Errorf("Lookup: got %v, %t, %v, want %v", got, found, err, want)
	}
}

func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	service, state := open(t, dir)
	key, _, err := service.EnsureRoot(t.Context(), account)
	if err != nil {
		t.Fatalf("EnsureRoot: %v", err)
	}
	for _, text := range []string{fmt.Sprint(key), fmt.Sprintf("%+v %#v", key, key)} {
		if bytes.Contains([]byte(text), []byte(key.Secret)) {
			t.Error("printing an AccessKey shows its secret")
		}
	}
	cred, _, err := service.Lookup(t.Context(), key.ID)
	if err != nil || bytes.Contains(fmt.Appendf(nil, "%v %+v %#v", cred, cred, cred), []byte(key.Secret)) {
		t.Errorf("printing a Credential shows its secret, or %v", err)
	}
	if err := state.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		files++
		if bytes.Contains(raw, []byte(key.Secret)) {
			t.Errorf("%s holds the secret in clear", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("looked at %d files, %v", files, err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	service, _ := open(t, t.TempDir())
	const id = "AKIALEDGERADMIN00001"
	for _, secret := range []string{"first", "second"} {
		if err := service.Import(t.Context(), account, id, secret); err != nil {
			t.Fatalf("Import: %v", err)
		}
		c, found, err := service.Lookup(t.Context(), id)
		if err != nil || !found || c.Secret != secret || c.Caller != iam.Root(account) {
			t.Errorf("got %v, %t, %v, want the imported key", c, found, err)
		}
	}
	err := service.Import(t.Context(), "444455556666", id, "x")
	var conflict *iam.ConflictError
	if !errors.As(err, &conflict) || conflict.ID != id {
		t.Errorf("other account: got %v, want a ConflictError", err)
	}
	if c, _, _ := service.Lookup(t.Context(), id); c.Secret != "second" {
		t.Error("a refused import changed the key")
	}
	if _, created, err := service.EnsureRoot(t.Context(), account); err != nil || !created {
		t.Errorf("EnsureRoot beside an imported key: created %t, %v", created, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	service, _ := open(t, t.TempDir())
	for _, args := range [][3]string{
		{"12345", "AKIALEDGERADMIN00001", "secret"},
		{account, "short", "secret"},
		{account, "AKIA/../../../../x", "secret"},
		{account, "AKIALEDGERADMIN00001", ""},
	} {
		if err := service.Import(t.Context(), args[0], args[1], args[2]); err == nil {
			t.Errorf("Import took %q", args)
		}
	}
	if _, _, err := service.EnsureRoot(t.Context(), "root"); err == nil {
		t.Error("EnsureRoot took an account that is none")
	}
	for _, id := range []string{"", "AKIAUNKNOWN000000001", "../" + account} {
		if _, found, err := service.Lookup(t.Context(), id); found || err != nil {
			t.Errorf("Lookup %q: got %t, %v, want not found", id, found, err)
		}
	}
	if _, err := iam.New(iam.Config{}); err == nil {
		t.Error("New took an empty Config")
	}
}

// TestMovedSecret puts one key's stored record in the place of another's: opening it must fail.
func TestMovedSecret(t *testing.T) {
	t.Parallel()
	service, state := open(t, t.TempDir())
	const mine, theirs = "AKIALEDGERADMIN00001", "AKIALEDGERADMIN00002"
	for _, id := range []string{mine, theirs} {
		if err := service.Import(t.Context(), account, id, "secret of "+id); err != nil {
			t.Fatalf("Import: %v", err)
		}
	}
	err := state.Update(t.Context(), func(w store.Writer) error {
		record, _, err := w.Get("iam/access-key/" + mine)
		if err != nil {
			return err
		}
		return w.Put("iam/access-key/"+theirs, bytes.ReplaceAll(record, []byte(mine), []byte(theirs)))
	})
	if err != nil {
		t.Fatalf("move: %v", err)
	}
	if c, found, err := service.Lookup(t.Context(), theirs); err == nil || c.Secret != "" {
		t.Errorf("got %v, %t, nil, want an error", c, found)
	}
}
