package wire

import (
	"bytes"
	"fmt"
	"testing"
)

// What is kept must be what would be derived: for each part of the scope, and after the list was emptied.
func TestSigningKeysAreThoseOfTheScope(t *testing.T) {
	t.Parallel()
	var keys signingKeys
	check := func(secret string, sig signature) {
		t.Helper()
		for range 2 {
			if got, want := keys.of(&sig, secret), sig.signingKey(secret); !bytes.Equal(got, want) {
				t.Errorf("%s %+v: got %x, want %x", secret, sig, got, want)
			}
		}
	}
	base := signature{date: "20261126", region: "us-east-1", service: "kms", terminator: terminator}
	check("one", base)
	check("two", base)
	for _, change := range []func(*signature){
		func(s *signature) { s.date = "20261127" }, func(s *signature) { s.region = "eu-west-1" },
		func(s *signature) { s.service = "qldb" }, func(s *signature) { s.terminator = "other" },
	} {
		sig := base
		change(&sig)
		check("one", sig)
	}
	for i := range maxSigningKeys + 1 {
		keys.of(&base, fmt.Sprint("secret ", i))
		if len(keys.kept) > maxSigningKeys {
			t.Fatalf("%d keys are kept", len(keys.kept))
		}
	}
	check("one", base)
}
