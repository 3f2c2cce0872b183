package archtest_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"
)

func textRules() []rule {
	return []rule{
		{
			name: "documents name paths that exist", find: deadPaths,
			broke: fstest.MapFS{"README.md": {Data: []byte("See `internal/gone/x.go`.")}}, want: "internal/gone/x.go",
		},
		{
			name: "no unfinished marks", find: marks,
			broke: file("main.go", "package main\n// TO"+"DO: later\n"), want: "main.go:2",
		},
		{
			name: "line length", find: longLines,
			broke: file("main.go", "package main\n// "+strings.Repeat("x", 130)+"\n"), want: "main.go:2",
		},
	}
}

var pathForm = regexp.MustCompile("`((?:internal|examples|templates|docs)/[A-Za-z0-9_./-]+)`")

func deadPaths(t *tree) []string {
	var found []string
	for doc, text := range t.docs {
		for _, m := range pathForm.FindAllStringSubmatch(text, -1) {
			if !t.all[strings.TrimSuffix(m[1], "/")] {
				found = append(found, fmt.Sprintf("%s names %s, which is not there", doc, m[1]))
			}
		}
	}
	slices.Sort(found)
	return found
}

var markForm = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

func marks(t *tree) []string {
	return lines(t, func(line string) bool { return markForm.MatchString(line) }, "finish it or file it")
}

func longLines(t *tree) []string {
	return lines(t, func(line string) bool {
		return len([]rune(line)) > 120 && !strings.Contains(line, "`")
	}, "over 120 columns")
}

func lines(t *tree, bad func(string) bool, why string) []string {
	var found []string
	for _, f := range t.files {
		n := 0
		for line := range strings.Lines(f.text) {
			n++
			if bad(strings.TrimRight(line, "\n")) {
				found = append(found, fmt.Sprintf("%s:%d %s", f.path, n, why))
			}
		}
	}
	return found
}
