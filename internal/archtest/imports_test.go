package archtest_test

import (
	"fmt"
	"slices"
	"strings"
)

// row is one line of the import table. A package below from may import of ours only what may lists (itself and its
// subpackages always); anything outside the module is free unless never names it. The first row that fits is used.
type row struct {
	from  string
	may   []string
	never []string // imports outside the module; those that end with "/" are prefixes
	why   string
}

// impure are the packages that reach outside the process.
var impure = []string{"net", "net/http", "os", "os/exec"}

var table = []row{
	{from: "internal/policy", never: impure, why: "pure: it answers to vectors made elsewhere"},
	{from: "internal/ion", never: impure, why: "pure: it answers to vectors made elsewhere"},
	{from: "internal/awsclient", why: "SDK clients know nothing of what is built on them"},
	{
		from: "internal/verify", may: []string{"internal/ion"},
		why: "the checker shares nothing with the maker but the data format",
	},
	{
		from: "internal/preflight", may: []string{"internal/policy"},
		never: append([]string{"github.com/hashicorp/", "github.com/aws/"}, impure...), why: "plan-time checks do no I/O",
	},
	{
		from: "internal/provider", may: []string{
			"internal/preflight", "internal/awsclient", "internal/policy", "internal/verify", "internal/ion",
		},
		why: "provider and harness meet only over HTTP, so that a wrong belief cannot hide on both sides",
	},
	{from: "internal/harness/clock", why: "time stands below everything"},
	{
		from: "internal/harness/fault", may: []string{"internal/harness/wire"},
		why: "it makes wire's failures on demand",
	},
	{from: "internal/harness/store/upstream/stub", why: "a server for tests shares nothing with what calls it"},
	{
		from: "internal/harness/store", never: []string{"net/http"},
		why: "the seams and their implementations know no service",
	},
	{from: "internal/harness/wire", why: "it frames calls; each service hands in its own table"},
	{
		from: "internal/harness/envelope", may: []string{"internal/harness/store"},
		why: "it declares the KeyWrapper it needs and never sees KMS",
	},
	{
		from: "internal/harness/console", may: []string{"internal/harness/wire", "internal/preflight"},
		why: "it shows what it is handed, judged by the rules of the plan; it reaches for nothing",
	},
	{
		from: "internal/harness/service", may: []string{
			"internal/harness/wire", "internal/harness/engine", "internal/harness/journal", "internal/policy",
			"internal/ion", "internal/harness/store", "internal/harness/envelope", "internal/harness/clock",
		},
		why: "a service never imports another service: it declares an interface",
	},
	{
		from: "internal/harness/engine", may: []string{
			"internal/harness/partiql", "internal/harness/journal", "internal/harness/merkle", "internal/ion",
			"internal/harness/store",
		},
		never: []string{"net/http"}, why: "transactions know neither services nor protocols",
	},
	{
		from: "internal/harness/journal", may: []string{"internal/ion", "internal/harness/merkle"},
		never: impure, why: "formats and hashes are pure; the store writes them",
	},
	{
		from: "internal/harness/merkle", may: []string{"internal/ion"},
		never: impure, why: "the maker of proofs shares nothing with their checker but the data format",
	},
	{
		from: "internal/harness/outbound", never: []string{"net/http"},
		why: "settings for calling others know nothing of what is called",
	},
	{
		from: "internal/harness/remotekms", may: []string{
			"internal/harness/service/qldb", "internal/harness/wire", "internal/policy",
		},
		why: "it is the KMS that QLDB sees, in place of service/kms, which it never meets",
	},
	{from: "internal/harness/partiql", may: []string{"internal/ion"}, why: "eval declares the Source it reads"},
	{
		from: "internal/harness/scenario", may: []string{
			"internal/harness", "internal/verify", "examples/lambda-app", "examples/scenarios",
		},
		why: "it plays the customer of a whole harness, and checks proofs as one",
	},
	{
		from: "internal/harness", may: []string{"internal/harness", "internal/policy", "internal/ion"},
		why: "it assembles what is below",
	},
	{
		from: "internal/acctest", may: []string{"internal/harness", "internal/provider"},
		why: "the one door from provider tests to the harness",
	},
	{
		from: "internal/comparison", may: []string{"internal/policy", "internal/preflight", "internal/harness"},
		why: "tests only: the plan's verdicts held against what the harness does",
	},
	{from: "internal/archtest", why: "it reads the tree, it does not import it"},
	{from: "internal/browsertest", why: "it looks at any page, whoever made it"},
	{from: "internal/fuzzed", why: "it keeps inputs, whatever reads them"},
	{from: "internal/cmd/fuzz", may: []string{"internal/fuzzed"}, why: "it runs tests from outside"},
	{
		from: "internal/cmd/qldbkms-harness", may: []string{"internal/harness"},
		why: "the harness never sees the provider",
	},
	{from: "internal/cmd/schemajson", may: []string{"internal/provider"}, why: "prints the provider's schema"},
	{from: "internal/cmd/bench/stub", why: "a yardstick shares nothing with what it measures"},
	{from: "internal/cmd/bench/donothing", why: "a yardstick shares nothing with what it measures"},
	{
		from: "internal/cmd/bench", may: []string{"internal/ion", "internal/policy"},
		why: "measures the built programs from outside, but for one hash and one analysis",
	},
	{from: "examples/lambda-app", why: "an application knows the driver, not what serves it"},
	{from: "examples/scenarios", why: "configurations, as files"},
	{from: ".", may: []string{"internal/provider"}, why: "main serves the provider"},
}

// testMay is what test files may import beyond their package's row.
var testMay = map[string][]string{
	"internal/provider": {"internal/acctest", "internal/provider"},
	"internal/harness/service": {
		"internal/harness/service", "internal/harness/fault", "internal/harness/authorize",
	},
	"examples/lambda-app":      {"internal/acctest"},
	"internal/harness/fault":   {"internal/harness/clock"},
	"internal/harness/wire":    {"internal/harness/fault", "internal/harness/clock"},
	"internal/harness":         {"internal/verify", "internal/browsertest"},
	"internal/harness/console": {"internal/harness"},
	"internal/cmd":             {"internal/harness", "internal/provider", "internal/browsertest"},
}

func importRules() []rule {
	return []rule{
		{
			name: "import table", find: breaksTable,
			broke: file("internal/provider/table/resource.go",
				"package table\nimport _ \""+module+"internal/harness/wire\"\n"),
			want: "internal/provider/table/resource.go imports internal/harness/wire",
		},
		{
			name: "services stay apart", find: servicesMeet,
			broke: file("internal/harness/service/qldb/keys.go",
				"package qldb\nimport _ \""+module+"internal/harness/service/kms\"\n"),
			want: "internal/harness/service/qldb/keys.go imports internal/harness/service/kms",
		},
		{
			name: "shipped code imports no test library", find: shipsTests,
			broke: file("internal/provider/wait.go", "package provider\nimport _ \"testing\"\n"),
			want:  "internal/provider/wait.go imports testing",
		},
	}
}

func within(dir, prefix string) bool {
	return dir == prefix || strings.HasPrefix(dir, prefix+"/") && prefix != "."
}

func breaksTable(t *tree) []string {
	var found []string
	for _, f := range t.files {
		at := slices.IndexFunc(table, func(r row) bool { return within(f.dir, r.from) })
		if at < 0 {
			found = append(found, fmt.Sprintf("%s has no row in the import table", f.path))
			continue
		}
		r := table[at]
		for _, imported := range f.ours() {
			if !allowed(f, r, imported) {
				found = append(found, fmt.Sprintf("%s imports %s: %s", f.path, imported, r.why))
			}
		}
		for _, imported := range f.imports() {
			for _, no := range r.never {
				if !f.test && (imported == no || strings.HasSuffix(no, "/") && strings.HasPrefix(imported, no)) {
					found = append(found, fmt.Sprintf("%s imports %s: %s", f.path, imported, r.why))
				}
			}
		}
	}
	return found
}

func allowed(f source, r row, imported string) bool {
	may := append([]string{r.from}, r.may...)
	if f.test {
		may = append(may, f.dir, "internal/fuzzed")
		for from, more := range testMay {
			if within(f.dir, from) {
				may = append(may, more...)
			}
		}
	}
	return slices.ContainsFunc(may, func(m string) bool { return within(imported, m) })
}

func servicesMeet(t *tree) []string {
	const services = "internal/harness/service/"
	var found []string
	for _, f := range t.files {
		rest, ok := strings.CutPrefix(f.dir, services)
		if !ok || f.test {
			continue
		}
		own := services + strings.SplitN(rest, "/", 2)[0]
		for _, imported := range f.ours() {
			if strings.HasPrefix(imported, services) && !within(imported, own) {
				found = append(found, fmt.Sprintf("%s imports %s: declare an interface instead", f.path, imported))
			}
		}
	}
	return found
}

func shipsTests(t *tree) []string {
	var found []string
	for _, f := range t.files {
		if f.test || within(f.dir, "internal/acctest") || within(f.dir, "internal/archtest") ||
			within(f.dir, "internal/browsertest") || within(f.dir, "internal/fuzzed") {
			continue
		}
		for _, imported := range f.imports() {
			if imported == "testing" || strings.HasPrefix(imported, "github.com/hashicorp/terraform-plugin-testing") {
				found = append(found, f.path+" imports "+imported)
			}
		}
	}
	return found
}
