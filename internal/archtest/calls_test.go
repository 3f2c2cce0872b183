package archtest_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// ban forbids calls of one function or method outside the folders that are there for it.
type ban struct {
	name   string   // of the rule
	calls  []string // "time.Now" for a package's function, ".Sync" for a method of anything
	except []string // folders, or files
	tests  bool     // test files too
	why    string
}

var bans = []ban{
	{
		name: "only store syncs and renames", calls: []string{".Sync", "os.Rename"},
		except: []string{"internal/harness/store", "internal/cmd/bench/stub"},
		why:    "durability has one home",
	},
	{
		name: "time comes in", calls: []string{"time.Now", "time.Since", "time.Until"},
		except: []string{"internal/cmd", "main.go", "internal/acctest", "internal/provider/options.go"},
		why:    "a clock comes in through the constructor",
	},
	{
		name: "no sleeping", calls: []string{"time.Sleep"}, tests: true,
		why: "wait for the event, not for a while",
	},
	{
		name: "skips give their reason", calls: []string{".SkipNow"}, tests: true,
		why: "say why with Skip(reason)",
	},
}

func callRules() []rule {
	var list []rule
	for _, b := range bans {
		call := b.calls[0]
		text := "package wire\nimport \"time\"\nvar _ = time.Now\n" +
			"func f(x interface{ Sync(); SkipNow() }) { " + call + "() }\n"
		if strings.HasPrefix(call, ".") {
			text = strings.Replace(text, call+"() }", "x"+call+"() }", 1)
		}
		if b.name == "time comes in" {
			text = "package wire\nimport \"time\"\nvar _ = time.Now()\n"
		}
		name := "internal/harness/wire/a.go"
		if b.tests {
			name = "internal/harness/wire/a_test.go"
		}
		list = append(list, rule{
			name: b.name, find: b.find, broke: file(name, text), want: b.why,
		})
	}
	return list
}

func (b ban) find(t *tree) []string {
	var found []string
	for _, f := range t.files {
		if f.test && !b.tests || b.excepts(f) {
			continue
		}
		named := importNames(f)
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name := callee(call, named); slices.Contains(b.calls, name) {
				found = append(found, fmt.Sprintf("%s calls %s: %s", t.at(call), name, b.why))
			}
			return true
		})
	}
	return found
}

func (b ban) excepts(f source) bool {
	return slices.ContainsFunc(b.except, func(e string) bool { return f.path == e || within(f.dir, e) })
}

// importNames maps the name a file uses for an import to the import's last element.
func importNames(f source) map[string]string {
	names := map[string]string{}
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		base := p[strings.LastIndex(p, "/")+1:]
		name := base
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = base
	}
	return names
}

// callee is "pkg.Func" for a function of a package and ".Method" for everything else with a selector.
func callee(call *ast.CallExpr, named map[string]string) string {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := sel.X.(*ast.Ident); ok {
		if pkg, ok := named[x.Name]; ok && x.Obj == nil {
			return pkg + "." + sel.Sel.Name
		}
	}
	return "." + sel.Sel.Name
}
