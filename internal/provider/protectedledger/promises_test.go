package protectedledger_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	failures = 16 // rows of the failure matrix
	rules    = 12
)

var promiseRow = regexp.MustCompile(`^(R?)([0-9]+) [^|]+(?:\|.*)?\| *([^|]+)$`)

// TestPromises makes sure that every row of testdata/promises.txt is there, in order, and that its tests exist.
func TestPromises(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/promises.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row := promiseRow.FindStringSubmatch(line)
		if row == nil {
			t.Errorf("not a row: %s", line)
			continue
		}
		if seen[row[1]]++; row[2] != strconv.Itoa(seen[row[1]]) {
			t.Errorf("%s%s where %s%d is due: %s", row[1], row[2], row[1], seen[row[1]], line)
		}
		for name := range strings.SplitSeq(row[3], ", ") {
			if !testExists(t, name) {
				t.Errorf("%s%s: there is no %s", row[1], row[2], name)
			}
		}
	}
	if seen[""] != failures || seen["R"] != rules {
		t.Errorf("%d failures and %d rules, want %d and %d", seen[""], seen["R"], failures, rules)
	}
	for _, missing := range []string{"TestNone", "TestCreateWaitCutOff/none", "provider.TestNone"} {
		if testExists(t, missing) {
			t.Errorf("%s is said to exist", missing)
		}
	}
}

// testExists finds a test by FOLDER.TestName/subtest; folder and subtest may be missing.
func testExists(t *testing.T, name string) bool {
	t.Helper()
	dir := "."
	if at := strings.LastIndex(name, ".Test"); at >= 0 {
		dir, name = filepath.Join("..", "..", name[:at]), name[at+1:]
	}
	name, sub, _ := strings.Cut(name, "/")
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("tests of %s: %v", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, body, found := strings.Cut(string(text), "\nfunc "+name+"(t *testing.T) {\n")
		body, _, _ = strings.Cut(body, "\n}\n")
		if found {
			return sub == "" || strings.Contains(body, strconv.Quote(sub))
		}
	}
	return false
}
