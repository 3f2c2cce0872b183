package archtest_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestShippedPrograms looks at everything that is linked into each program.
func TestShippedPrograms(t *testing.T) {
	t.Parallel()
	for program, never := range map[string][]string{
		".": {
			module + "internal/harness", "github.com/hashicorp/terraform-plugin-testing",
			"github.com/hashicorp/terraform-plugin-sdk", "github.com/chromedp/chromedp",
		},
		"./internal/cmd/qldbkms-harness": {
			module + "internal/provider", "github.com/hashicorp/terraform-plugin-framework",
			"github.com/rogpeppe/go-internal/testscript", "github.com/chromedp/chromedp",
		},
	} {
		list := exec.CommandContext(t.Context(), "go", "list", "-deps", program)
		list.Dir = "../.."
		out, err := list.Output()
		if err != nil {
			t.Fatalf("list what %s is made of: %v", program, err)
		}
		for linked := range strings.Lines(string(out)) {
			linked = strings.TrimSpace(linked)
			for _, no := range never {
				if linked == no || strings.HasPrefix(linked, no+"/") {
					t.Errorf("%s is linked into %s", linked, program)
				}
			}
		}
	}
}
