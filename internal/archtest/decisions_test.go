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

var (
	goTest   = regexp.MustCompile(`^([a-z/-]+)\.((?:Test|Fuzz)\w+)$`)
	question = regexp.MustCompile(`^Q?(\d+): `)
)

// undecided are the rows of a table as in testdata/decisions.txt without a test or a reason, the tests that are not
// there, and the numbers that a section leaves out. checklist is the text of the tests in JavaScript.
func (t *tree) undecided(table, checklist string) []string {
	var list []string
	section, last := "", 0
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		row, tests, ok := strings.Cut(line, " => ")
		switch {
		case line == "" || line[0] == '#':
			continue
		case strings.HasPrefix(line, "== "):
			section, last = line[3:], 0
			continue
		case !ok || section == "":
			list = append(list, "not a row: "+line)
			continue
		}
		if n := question.FindStringSubmatch(row); n != nil {
			last++
			if n[1] != fmt.Sprint(last) {
				list = append(list, fmt.Sprintf("%s: row %d is missing before %q", section, last, row))
			}
		}
		for name := range strings.SplitSeq(tests, "; ") {
			if !t.holds(name, checklist) {
				list = append(list, fmt.Sprintf("%s: %s: there is no %s", section, row, name))
			}
		}
	}
	return list
}

// holds says whether name is a test that is there, or a reason.
func (t *tree) holds(name, checklist string) bool {
	if reason, ok := strings.CutPrefix(name, "-- "); ok {
		return reason != ""
	}
	if node, ok := strings.CutPrefix(name, "node: "); ok {
		return strings.Contains(checklist, "\ntest(\""+node+"\", async ")
	}
	found := goTest.FindStringSubmatch(name)
	return found != nil && slices.ContainsFunc(t.files, func(f source) bool {
		return f.test && f.dir == path.Join("internal", found[1]) && strings.Contains(f.text, "\nfunc "+found[2]+"(")
	})
}

// Each row of the drivers' suites, and each decision, names tests that are there.
func TestDecisions(t *testing.T) {
	t.Parallel()
	repo, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("testdata/decisions.txt")
	if err != nil {
		t.Fatal(err)
	}
	checklist, err := os.ReadFile("../cmd/qldbkms-harness/testdata/node/checklist.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(table), " => "); n < 100 {
		t.Errorf("got %d rows, want the whole table", n)
	}
	for _, finding := range repo.undecided(string(table), string(checklist)) {
		t.Error(finding)
	}
	if n := strings.Count(string(table), "node: "); n < strings.Count(string(checklist), "\ntest(") {
		t.Errorf("the table names %d tests of the checklist, fewer than it has", n)
	}
}

func TestDecisionsCanFail(t *testing.T) {
	t.Parallel()
	repo, err := load(fstest.MapFS{"internal/a/x_test.go": {Data: []byte("package a\n\nfunc TestX(t *testing.T) {}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	const checklist = "\ntest(\"works\", async () => {});\n"
	for _, c := range []struct{ table, want string }{
		{"== S\nrow => a.TestX; node: works; -- why", ""},
		{"== S\nrow => a.TestY", "there is no a.TestY"},
		{"== S\nrow => b.TestX", "there is no b.TestX"},
		{"== S\nrow => node: fails", "there is no node: fails"},
		{"== S\nrow", "not a row: row"},
		{"row => a.TestX", "not a row: row"},
		{"== S\nrow => -- ", "there is no --"},
		{"== S\nQ1: a => a.TestX\nQ3: b => a.TestX", "row 2 is missing"},
	} {
		got := strings.Join(repo.undecided(c.table, checklist), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.table, got, c.want)
		}
	}
}
