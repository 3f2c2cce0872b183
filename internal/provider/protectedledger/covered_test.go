package protectedledger_test

import (
	"bytes"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// KP-103 needs no judgement because nothing can ask for a bypass of the lock-out safety check: no argument of the
// resource, and no call in the code of the provider.
func TestNoBypassOfTheLockoutSafetyCheck(t *testing.T) {
	t.Parallel()
	if !slices.ContainsFunc(preflight.Rules(), func(r preflight.Rule) bool {
		return r.ID == "KP-103" && r.Covered != ""
	}) {
		t.Error("the catalogue does not say that KP-103 is covered")
	}
	b := newBench(t)
	schemas, err := b.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if text := schemas.ResourceSchemas[typeName].ValueType().String(); !strings.Contains(text, "generation") ||
		strings.Contains(text, "bypass") {
		t.Errorf("the arguments are %s", text)
	}
	read := 0
	for _, dir := range []string{"..", "../../awsclient"} {
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(os.DirFS(dir), name)
			if bytes.Contains(text, []byte("BypassPolicyLockoutSafetyCheck")) {
				t.Errorf("%s/%s names BypassPolicyLockoutSafetyCheck", dir, name)
			}
			read++
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 100 {
		t.Errorf("read %d files, want all of the provider", read)
	}
}
