package archtest_test

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing/fstest"
)

const (
	maxFileLines     = 400
	maxTestFileLines = 700
	maxFunctionLines = 100
)

func shapeRules() []rule {
	long := "package p\nfunc f() {\n" + strings.Repeat("\t_ = 1\n", maxFunctionLines+1) + "}\n"
	return []rule{
		{
			name: "package comment", find: lacksComment,
			broke: file("internal/policy/parse.go", "package policy\n"), want: "internal/policy has no package comment",
		},
		{
			name: "package comment opens with one thing", find: commentSaysAnd,
			broke: file("internal/policy/parse.go", "// Package policy parses and decides.\npackage policy\n"),
			want:  "internal/policy/parse.go: the first sentence of the package comment says \"and\"",
		},
		{
			name: "package name is its folder", find: foreignName,
			broke: file("internal/harness/wire/a.go", "package net\n"), want: "package net in folder wire",
		},
		{
			name: "no drawer packages", find: drawers,
			broke: file("internal/util/a.go", "package util\n"), want: "internal/util",
		},
		{
			name: "file length", find: longFiles,
			broke: file("main.go", "package main\n"+strings.Repeat("\n", maxFileLines)), want: "main.go has 401 lines",
		},
		{name: "function length", find: longFunctions, broke: file("main.go", long), want: "f has"},
		{
			name: "top level", find: strayFiles,
			broke: fstest.MapFS{"notes.txt": {Data: []byte("x")}}, want: "notes.txt",
		},
	}
}

func lacksComment(t *tree) []string {
	has := map[string]bool{}
	for _, f := range t.files {
		if !f.test {
			has[f.dir] = has[f.dir] || f.ast.Doc != nil
		}
	}
	var found []string
	for dir, ok := range has {
		if !ok {
			found = append(found, dir+" has no package comment")
		}
	}
	slices.Sort(found)
	return found
}

func commentSaysAnd(t *tree) []string {
	var found []string
	for _, f := range t.files {
		if f.test || f.ast.Doc == nil {
			continue
		}
		text := strings.Join(strings.Fields(f.ast.Doc.Text()), " ")
		first, _, _ := strings.Cut(text+" ", ". ")
		if strings.Contains(first, " and ") {
			found = append(found, f.path+": the first sentence of the package comment says \"and\": "+first)
		}
	}
	return found
}

func foreignName(t *tree) []string {
	var found []string
	for _, f := range t.files {
		name, folder := strings.TrimSuffix(f.ast.Name.Name, "_test"), path.Base(f.dir)
		if name != "main" && name != folder {
			found = append(found, fmt.Sprintf("%s: package %s in folder %s", f.path, f.ast.Name.Name, folder))
		}
	}
	return found
}

func drawers(t *tree) []string {
	seen := map[string]bool{}
	var found []string
	for _, f := range t.files {
		switch name := path.Base(f.dir); name {
		case "util", "utils", "common", "types", "helper", "helpers", "shared", "misc":
			if !seen[f.dir] {
				found = append(found, f.dir+" is a drawer: name what is in it")
			}
			seen[f.dir] = true
		}
	}
	return found
}

func longFiles(t *tree) []string {
	var found []string
	for _, f := range t.files {
		limit := maxFileLines
		if f.test {
			limit = maxTestFileLines
		}
		if f.lines > limit {
			found = append(found, fmt.Sprintf("%s has %d lines, at most %d: split it by step", f.path, f.lines, limit))
		}
	}
	return found
}

// longFunctions leaves out tests, schema.go and operations.go files: a literal table may run on.
func longFunctions(t *tree) []string {
	var found []string
	for _, f := range t.files {
		if name := path.Base(f.path); name == "schema.go" || name == "operations.go" || f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := t.fset.Position(fn.End()).Line - t.fset.Position(fn.Pos()).Line + 1
			if n > maxFunctionLines {
				found = append(found,
					fmt.Sprintf("%s: %s has %d lines, at most %d", t.at(fn), fn.Name.Name, n, maxFunctionLines))
			}
		}
	}
	return found
}

// strayFiles keeps the top level to what a reader expects there. Dot-files that tools leave are not looked at.
func strayFiles(t *tree) []string {
	known := []string{
		".", "internal", "examples", "docs", "templates", "build", "main.go", "main_test.go", "go.mod", "go.sum",
		"GNUmakefile", "terraform-registry-manifest.json", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
	}
	var found []string
	for p := range t.all {
		if !strings.Contains(p, "/") && !strings.HasPrefix(p, ".") && !slices.Contains(known, p) {
			found = append(found, p+" does not belong at the top level")
		}
	}
	return found
}
