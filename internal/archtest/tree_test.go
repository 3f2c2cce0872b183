package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/qldbkms/terraform-provider-qldbkms/"

// tree is the repository as the rules see it.
type tree struct {
	files []source
	docs  map[string]string // path -> text of each Markdown file
	all   map[string]bool   // every path, folders included
	fset  *token.FileSet
}

// source is one Go file.
type source struct {
	path, dir string // slash-separated, relative to the root
	test      bool
	lines     int
	text      string
	ast       *ast.File
}

// ours are the imports of f inside the module, relative to its root.
func (f source) ours() []string {
	var list []string
	for _, imported := range f.imports() {
		if rest, ok := strings.CutPrefix(imported, module); ok {
			list = append(list, rest)
		}
	}
	return list
}

func (f source) imports() []string {
	var list []string
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			list = append(list, p)
		}
	}
	return list
}

// load reads every Go and Markdown file below root; nested modules and generated folders are left out.
func load(root fs.FS) (*tree, error) {
	t := &tree{docs: map[string]string{}, all: map[string]bool{}, fset: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		t.all[p] = true
		if d.IsDir() {
			switch {
			case p == ".git", p == "build", p == "internal/tools", d.Name() == "testdata", d.Name() == ".terraform":
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(p) {
		case ".md", ".tmpl":
			raw, err := fs.ReadFile(root, p)
			t.docs[p] = string(raw)
			return err
		case ".go":
			return t.add(root, p)
		}
		return nil
	})
	return t, err
}

func (t *tree) add(root fs.FS, p string) error {
	raw, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(t.fset, p, raw, parser.ParseComments)
	if err != nil {
		return err
	}
	t.files = append(t.files, source{
		path: p, dir: path.Dir(p), test: strings.HasSuffix(p, "_test.go"),
		lines: strings.Count(string(raw), "\n"), text: string(raw), ast: parsed,
	})
	return nil
}

// at names the place of a node for a message.
func (t *tree) at(n ast.Node) string {
	pos := t.fset.Position(n.Pos())
	return pos.Filename + ":" + strconv.Itoa(pos.Line)
}

// rule finds what breaks it, one line each.
type rule struct {
	name  string
	find  func(*tree) []string
	broke fstest.MapFS // a tree that breaks the rule
	want  string       // what the only finding on that tree contains
}

func rules() []rule {
	return append(append(append(importRules(), shapeRules()...), callRules()...), textRules()...)
}

func TestRepository(t *testing.T) {
	t.Parallel()
	repo, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, finding := range r.find(repo) {
				t.Error(finding)
			}
		})
	}
}

func TestEachRuleCanFail(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			broken, err := load(r.broke)
			if err != nil {
				t.Fatal(err)
			}
			got := r.find(broken)
			if len(got) != 1 || !strings.Contains(got[0], r.want) {
				t.Errorf("findings on a tree that breaks the rule: got %q, want one with %q", got, r.want)
			}
		})
	}
}

// file makes a one-file tree.
func file(path, text string) fstest.MapFS {
	return fstest.MapFS{path: &fstest.MapFile{Data: []byte(text)}}
}
