package protectedledger_test

import (
	"os"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// What the README shows of a refused change of key is what a terminal shows, and it counts the rules there are.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile("testdata/terminal_swap.golden")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), string(shown)) {
		t.Errorf("the README does not show testdata/terminal_swap.golden:\n%s", shown)
	}
	if n := len(preflight.Rules()); n != 83 || !strings.Contains(string(readme), "83 rules") {
		t.Errorf("there are %d rules; the README tells of 83", n)
	}
}
