package ion

import (
	"math"
	"slices"
	"sort"
)

// versionMarker opens every binary stream of Ion 1.0.
const versionMarker = "\xe0\x01\x00\xea"

const (
	versionSymbol     = "$ion_1_0"
	symbolTableSymbol = "$ion_symbol_table"
)

// systemSymbols are the symbols every stream knows, in the order of their numbers.
var systemSymbols = [...]string{
	NoText, "$ion", versionSymbol, symbolTableSymbol, "name", "version", "imports", "symbols", "max_id",
	"$ion_shared_symbol_table",
}

// A symbolTable gives symbols their numbers (SIDs): the system's, then those of the imports, then the local ones. The
// zero symbolTable has only the system's.
type symbolTable struct {
	imports []symbolImport
	local   []string // NoText where a number has no text
}

// A symbolImport holds the numbers from start to end, counted from the end of the system's; the first ones have texts.
// The range may be huge: nothing is reserved.
type symbolImport struct {
	start, end uint64
	texts      []string
}

// imported is the count of numbers that imports hold.
func (t *symbolTable) imported() uint64 {
	if len(t.imports) == 0 {
		return 0
	}
	return t.imports[len(t.imports)-1].end
}

// text is the text of symbol number sid (NoText for 0); ok is false if there is none.
func (t *symbolTable) text(sid uint64) (text string, ok bool) {
	if sid < uint64(len(systemSymbols)) {
		return systemSymbols[sid], true
	}
	sid -= uint64(len(systemSymbols))
	texts := t.local
	if imported := t.imported(); sid >= imported {
		sid -= imported
	} else {
		i := sort.Search(len(t.imports), func(i int) bool { return sid < t.imports[i].end })
		sid -= t.imports[i].start
		texts = t.imports[i].texts
	}
	if sid >= uint64(len(texts)) || texts[sid] == NoText {
		return "", false
	}
	return texts[sid], true
}

// isSymbolTable says whether a top-level value declares symbols instead of being one of the stream's values.
func isSymbolTable(v Value) bool {
	names := v.Annotations()
	return v.kind == StructType && !v.null && len(names) > 0 && names[0] == symbolTableSymbol
}

// isVersionMarker says whether a top-level value is a symbol that readers leave out.
func isVersionMarker(v Value) bool {
	return v.kind == SymbolType && !v.null && v.text == versionSymbol && len(v.Annotations()) == 0
}

// define replaces t by what v, a symbol table, declares, or extends it. reason is "" or says why v is none.
func (t *symbolTable) define(v Value, shared []SharedTable) (reason string) {
	var imports, symbols Value
	var hasImports, hasSymbols bool
	for _, f := range v.Fields() {
		switch f.Name {
		case "imports":
			if hasImports {
				return "symbol table with two imports fields"
			}
			imports, hasImports = f.Value, true
		case "symbols":
			if hasSymbols {
				return "symbol table with two symbols fields"
			}
			symbols, hasSymbols = f.Value, true
		}
	}
	if imports.kind != SymbolType || imports.text != symbolTableSymbol || imports.null {
		*t = symbolTable{}
	}
	if imports.kind == ListType {
		for _, item := range imports.Items() {
			if reason := t.include(item, shared); reason != "" {
				return reason
			}
		}
	}
	if symbols.kind == ListType {
		t.local = slices.Grow(t.local, symbols.Len())
		for _, item := range symbols.Items() {
			if item.kind == StringType && !item.null {
				t.local = append(t.local, item.text)
			} else {
				t.local = append(t.local, NoText)
			}
		}
	}
	return ""
}

// include adds one import. As the specification has it, what is not an import of a named table is ignored, a missing
// or senseless version is 1, and max_id may be left out only for a table that is at hand.
func (t *symbolTable) include(item Value, shared []SharedTable) (reason string) {
	name, _ := item.Field("name")
	if item.kind != StructType || name.kind != StringType || name.text == "" || name.text == "$ion" {
		return ""
	}
	version := int64(1)
	if v, _ := item.Field("version"); v.kind == IntType {
		if n, ok := v.Int64(); ok && n > 1 {
			version = n
		}
	}
	known := slices.IndexFunc(shared, func(s SharedTable) bool {
		return s.Name == name.text && int64(s.Version) == version
	})
	start := t.imported()
	entry := symbolImport{start: start}
	if known >= 0 {
		entry.texts = shared[known].Symbols
	}
	if limit, given := item.Field("max_id"); given {
		n, ok := limit.Int64()
		if !ok || n < 0 {
			return "symbol table import whose max_id is not a number of symbols"
		}
		entry.end = start + uint64(n)
		entry.texts = entry.texts[:min(int64(len(entry.texts)), n)]
	} else if known < 0 {
		return "symbol table import without max_id of a table that is not at hand"
	} else {
		entry.end = start + uint64(len(entry.texts))
	}
	if entry.end > math.MaxInt64 {
		return "symbol table with too many symbols"
	}
	t.imports = append(t.imports, entry)
	return ""
}
