package kms_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	ownerAccount   = "111122223333"
	foreignAccount = "444455556666"
	keyID          = "6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01"
	otherKeyID     = "6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a02"
)

var start = time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC)

// world is a Service on a clock that stands still, with its state in a directory of the test.
type world struct {
	*kms.Service
	clock *clock.Movable
}

func newWorld(t *testing.T) world {
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
	s, err := kms.New(kms.Config{
		Authority: newChecked(t), State: state, Sealer: state.Sealer(), Clock: c, Rand: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return world{Service: s, clock: c}
}

func (w world) addKey(t *testing.T, id, spec, usage string) string {
	t.Helper()
	arn, err := w.AddKey(t.Context(), as(ownerAccount), id, spec, usage)
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

func (w world) change(t *testing.T, id, how string) {
	t.Helper()
	if err := w.ChangeKey(t.Context(), as(ownerAccount), id, how); err != nil {
		t.Fatal(err)
	}
}

// as is a call by the root of an account.
func as(account string) *wire.Call {
	return &wire.Call{
		Service: "kms", Partition: "aws", Region: "eu-west-2", Time: start,
		Caller: wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root"},
	}
}

func ptr[T any](v T) *T { return &v }

// wantFault checks code and words of a service fault.
func wantFault(t *testing.T, err error, code, message string) {
	t.Helper()
	var f *wire.Fault
	if !errors.As(err, &f) {
		t.Fatalf("got error %v, want %s", err, code)
	}
	if f.Code != code || f.Message != message {
		t.Fatalf("got %s: %q, want %s: %q", f.Code, f.Message, code, message)
	}
}

// faultCode is the code of a service fault, or "".
func faultCode(err error) string {
	var f *wire.Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}
