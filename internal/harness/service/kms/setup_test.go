package kms_test

import (
	"crypto/rand"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files of testdata")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make it with -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// create makes a key in the owner's account.
func (w world) create(t *testing.T, in kms.CreateKeyInput) *kms.KeyMetadata {
	t.Helper()
	out, err := w.CreateKey(t.Context(), as(ownerAccount), &in)
	if err != nil {
		t.Fatalf("CreateKey: %v", err)
	}
	return out.KeyMetadata
}

// describe is the owner's view of a key.
func (w world) describe(t *testing.T, ref string) *kms.KeyMetadata {
	t.Helper()
	out, err := w.DescribeKey(t.Context(), as(ownerAccount), &kms.DescribeKeyInput{KeyID: &ref})
	if err != nil {
		t.Fatalf("DescribeKey %s: %v", ref, err)
	}
	return out.KeyMetadata
}

func (w world) alias(t *testing.T, name, key string) {
	t.Helper()
	in := &kms.CreateAliasInput{AliasName: &name, TargetKeyID: &key}
	if _, err := w.CreateAlias(t.Context(), as(ownerAccount), in); err != nil {
		t.Fatalf("CreateAlias %s: %v", name, err)
	}
}

func (w world) tick(t *testing.T) time.Time {
	t.Helper()
	next, err := w.Tick(t.Context())
	if err != nil {
		t.Fatalf("Tick: %v", err)
	}
	return next
}

const day = 24 * time.Hour

// must fails the test if a call that has no interesting answer was refused.
func must[Out any](t *testing.T) func(Out, error) Out {
	return func(out Out, err error) Out {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func empty(t *testing.T) func(*wire.Empty, error) *wire.Empty { return must[*wire.Empty](t) }

// fault is code and words of a service fault, or what else err is.
func fault(err error) string {
	var f *wire.Fault
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &f) && f.Message == "":
		return f.Code
	case errors.As(err, &f):
		return f.Code + ": " + f.Message
	}
	return "not a fault: " + err.Error()
}

// hide replaces what is random in a text by its name.
func hide(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

// code is the code of a service fault, or "".
func code(err error) string {
	var f *wire.Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

// newWorldOf is newWorld with another configuration.
func newWorldOf(t *testing.T, change func(*kms.Config)) world {
	t.Helper()
	c := clock.NewFrozen(start)
	state, err := local.Open(t.Context(), t.TempDir(), local.Options{NoSync: true, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := state.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := kms.Config{Authority: newChecked(t), State: state, Sealer: state.Sealer(), Clock: c, Rand: rand.Reader}
	change(&cfg)
	s, err := kms.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return world{Service: s, clock: c}
}
