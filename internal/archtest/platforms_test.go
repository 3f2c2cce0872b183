package archtest_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestPlatforms holds what README promises, what `make platforms` builds and what a release is made of against each
// other.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	var release struct {
		Builds []struct {
			ID   string
			Goos []string
		}
	}
	if err := yaml.Unmarshal([]byte(readRoot(t, ".goreleaser.yml")), &release); err != nil {
		t.Fatal(err)
	}
	if len(release.Builds) != 2 {
		t.Fatalf("%d builds, want provider and harness", len(release.Builds))
	}
	makefile := readRoot(t, "GNUmakefile")
	readme := strings.Join(strings.Fields(readRoot(t, "README.md")), " ")
	inWords := strings.NewReplacer("linux", "Linux", "darwin", "macOS", "windows", "Windows", "freebsd", "FreeBSD")
	for _, b := range release.Builds {
		list := regexp.MustCompile(`(?m)^` + strings.ToUpper(b.ID) + `_OS *:= (.*)$`).FindStringSubmatch(makefile)
		if list == nil || !slices.Equal(strings.Fields(list[1]), b.Goos) {
			t.Errorf("%s: GNUmakefile builds %q, a release has %q", b.ID, list, b.Goos)
		}
		names, last := b.Goos[:len(b.Goos)-1], b.Goos[len(b.Goos)-1]
		want := inWords.Replace(b.ID + " runs on " + strings.Join(names, ", ") + " and " + last)
		if got := strings.Replace(readme, ", the harness on ", ", the harness runs on ", 1); !strings.Contains(got, want) {
			t.Errorf("README.md does not say %q", want)
		}
	}
}

func readRoot(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
