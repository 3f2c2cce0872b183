package fuzzed_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
)

// What is written reads back, each input once, the short ones first; the file is plain ASCII.
func TestReadAndWrite(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "fuzzed.txt")
	input := func(target string, arguments ...string) fuzzed.Input {
		return fuzzed.Input{Target: target, Arguments: arguments}
	}
	list := []fuzzed.Input{
		input("FuzzB", "a b\"c\n", "\xff\x00é"), input("FuzzB", "", ""), input("FuzzA", "x"), input("FuzzB", "", ""),
	}
	if err := fuzzed.Write(name, list); err != nil {
		t.Fatal(err)
	}
	got, err := fuzzed.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]fuzzed.Input{list[2], list[1], list[0]}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	raw, err := os.ReadFile(name)
	if err != nil || strings.ContainsFunc(string(raw), func(r rune) bool { return r > 126 }) {
		t.Errorf("got %q, %v", raw, err)
	}
	if err := os.WriteFile(name, []byte("FuzzA \"x\" y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := fuzzed.Read(name); err == nil || !strings.Contains(err.Error(), ":1: argument 2 is no string literal") {
		t.Errorf("got error %v", err)
	}
}
