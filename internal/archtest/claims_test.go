package archtest_test

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// claims is what testdata/claims.txt says: by page, the beginnings of commands and rows with the tests of each.
type claims map[string][]claim

type claim struct {
	begin string
	tests []string
}

func parseClaims(text string) (claims, error) {
	all, page := claims{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		begin, tests, ok := strings.Cut(line, " => ")
		switch {
		case line == "" || strings.HasPrefix(line, "# ") || line == "#":
		case strings.HasPrefix(line, "== "):
			page = strings.TrimPrefix(line, "== ")
		case !ok || page == "":
			return nil, fmt.Errorf("not a claim: %s", line)
		default:
			all[page] = append(all[page], claim{begin, strings.Fields(strings.ReplaceAll(tests, "make ", "make:"))})
		}
	}
	return all, nil
}

// commandsAndRows are the lines of a page that promise something that can be executed: commands of a shell, and rows of
// tables but for the heads.
func commandsAndRows(page string) []string {
	var list []string
	var shell bool
	lines := strings.Split(page, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		head := strings.HasPrefix(line, "|") && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "| ---")
		switch {
		case strings.HasPrefix(line, "```"):
			shell = line == "```sh"
		case shell && line != "" && line[0] != '#', strings.HasPrefix(line, "|") && !head && line[2] != '-':
			list = append(list, line)
		}
	}
	return list
}

var testName = regexp.MustCompile(`^(?:([a-z/.-]+)\.)?(Test\w+)$`)

// exists says whether a test, a script or a target of make is there.
func (t *tree) exists(makefile, name string) bool {
	if target, ok := strings.CutPrefix(name, "make:"); ok {
		return strings.Contains("\n"+makefile, "\n"+target+":")
	}
	if name == "measured" { // on a machine and in a time that the page names
		return true
	}
	found := testName.FindStringSubmatch(name)
	if found == nil {
		_, err := os.Stat(path.Join("../cmd/qldbkms-harness/testdata", name))
		return err == nil && path.Ext(name) == ".txtar"
	}
	return slices.ContainsFunc(t.files, func(f source) bool {
		return f.test && f.dir == path.Join("internal", found[1]) &&
			strings.Contains(f.text, "\nfunc "+found[2]+"(t *testing.T)")
	})
}

// unproved are the commands and rows without a test, the claims that no page makes, and the tests that are not there.
func (t *tree) unproved(makefile string, all claims) []string {
	var list []string
	for page, text := range t.docs {
		if path.Base(page) != "README.md" && path.Dir(page) != "templates/guides" || strings.HasPrefix(page, "internal/") {
			continue
		}
		used := make([]bool, len(all[page]))
		for _, line := range commandsAndRows(text) {
			proved := false
			for i, c := range all[page] {
				if strings.HasPrefix(line, c.begin) {
					used[i], proved = true, true
				}
			}
			if !proved {
				list = append(list, fmt.Sprintf("%s: testdata/claims.txt names no test of: %s", page, line))
			}
		}
		for i, c := range all[page] {
			if !used[i] {
				list = append(list, fmt.Sprintf("%s does not say: %s", page, c.begin))
			}
			for _, name := range c.tests {
				if !t.exists(makefile, name) {
					list = append(list, fmt.Sprintf("%s: there is no %s", page, name))
				}
			}
		}
	}
	return list
}

// Each command and each row of a table in the READMEs and the guides is executed by a test.
func TestClaims(t *testing.T) {
	t.Parallel()
	repo, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/claims.txt")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../../GNUmakefile")
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseClaims(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range repo.unproved(string(makefile), all) {
		t.Error(finding)
	}
}

func TestClaimsCanFail(t *testing.T) {
	t.Parallel()
	page := "```sh\nmake demo # runs\n```\n\n| What | How |\n| --- | --- |\n| fast | very |\n"
	repo, err := load(fstest.MapFS{
		"README.md":   {Data: []byte(page)},
		"a_test.go":   {Data: []byte("package a\n")},
		"guide/x.txt": {Data: []byte("nothing")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ claims, want string }{
		{"== README.md\nmake demo => make demo", "no test of: | fast"},
		{"== README.md\nmake demo => make demo\n| fast => make demo\n| slow => make demo", "does not say: | slow"},
		{"== README.md\nmake demo => make demo\n| fast => wire.TestNone", "there is no wire.TestNone"},
		{"== README.md\nmake demo => none.txtar\n| fast => make demo", "there is no none.txtar"},
		{"== README.md\nmake demo => make none\n| fast => make demo", "there is no make:none"},
	} {
		all, err := parseClaims(c.claims)
		if err != nil {
			t.Fatal(err)
		}
		if got := repo.unproved("demo:\n", all); len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%q finds %q, want one with %q", c.claims, got, c.want)
		}
	}
}
