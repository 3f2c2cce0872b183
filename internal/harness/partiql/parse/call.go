package parse

import (
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

// call reads a function's name, the current word, and its arguments.
func (p *parser) call() ast.Expr {
	name := p.tok
	p.advance()
	p.mark("(")
	switch name.upper {
	case "COUNT", "SUM", "AVG", "MIN", "MAX":
		return p.aggregate(name)
	case "CAST":
		c := &ast.Cast{Pos: name.pos, X: p.expr()}
		p.word("AS")
		c.Type = p.typeName()
		p.mark(")")
		return c
	case "EXISTS":
		return &ast.Call{Pos: name.pos, Func: "EXISTS", Args: []ast.Expr{p.parenthesised()}}
	}
	c := &ast.Call{Pos: name.pos, Func: name.upper}
	if !functions[name.upper] {
		c.Func = name.text // as written, for the error that names it
	}
	switch name.upper {
	case "TRIM":
		p.trim(c)
	case "SUBSTRING":
		p.substring(c)
	case "EXTRACT":
		c.Part = p.part("timezone_hour", "timezone_minute")
		p.word("FROM")
		c.Args = []ast.Expr{p.expr()}
		p.mark(")")
	case "DATE_ADD", "DATE_DIFF":
		c.Part = p.part()
		p.mark(",")
		c.Args = p.list(")")
	default:
		c.Args = p.list(")")
	}
	return c
}

func (p *parser) aggregate(name token) ast.Expr {
	a := &ast.Aggregate{Pos: name.pos, Func: name.upper, Ord: p.aggregates}
	p.aggregates++
	if name.upper == "COUNT" && p.acceptMark("*") {
		p.mark(")")
		return a
	}
	p.acceptWord("ALL")
	a.X = p.parenthesised()
	return a
}

// trim reads [[LEADING|TRAILING|BOTH] [chars] FROM] s with the closing parenthesis. Args are s and chars.
func (p *parser) trim(c *ast.Call) {
	c.Part = "both"
	side := p.isWord("LEADING") || p.isWord("TRAILING") || p.isWord("BOTH")
	if side {
		c.Part = strings.ToLower(p.tok.text)
		p.advance()
	}
	if side && p.acceptWord("FROM") {
		c.Args = []ast.Expr{p.expr()}
		p.mark(")")
		return
	}
	first := p.expr()
	switch {
	case p.acceptWord("FROM"):
		c.Args = []ast.Expr{p.expr(), first}
	case side:
		p.expected("FROM")
	default:
		c.Args = []ast.Expr{first}
	}
	p.mark(")")
}

func (p *parser) substring(c *ast.Call) {
	c.Args = []ast.Expr{p.expr()}
	second, third := p.acceptMark, p.acceptMark
	from, length := ",", ","
	if p.isWord("FROM") {
		second, third = p.acceptWord, p.acceptWord
		from, length = "FROM", "FOR"
	}
	if !second(from) {
		p.expected("a start")
	}
	c.Args = append(c.Args, p.expr())
	if third(length) {
		c.Args = append(c.Args, p.expr())
	}
	p.mark(")")
}

// part is one of the parts of a timestamp, or of also, in lower case.
func (p *parser) part(also ...string) string {
	if p.tok.kind == word {
		for _, part := range append(also, "year", "month", "day", "hour", "minute", "second") {
			if strings.EqualFold(p.tok.text, part) {
				p.advance()
				return part
			}
		}
	}
	p.expected("a part of a timestamp")
	return ""
}

var typeNames = map[string]ast.Type{
	"NULL": ast.NullType, "MISSING": ast.MissingType,
	"BOOL": ast.BoolType, "BOOLEAN": ast.BoolType,
	"INT": ast.IntType, "INTEGER": ast.IntType, "SMALLINT": ast.IntType,
	"FLOAT": ast.FloatType, "REAL": ast.FloatType, "DOUBLE": ast.FloatType,
	"DECIMAL": ast.DecimalType, "DEC": ast.DecimalType, "NUMERIC": ast.DecimalType,
	"STRING": ast.StringType, "CHAR": ast.StringType, "CHARACTER": ast.StringType, "VARCHAR": ast.StringType,
	"SYMBOL": ast.SymbolType, "TIMESTAMP": ast.TimestampType, "CLOB": ast.ClobType, "BLOB": ast.BlobType,
	"LIST": ast.ListType, "SEXP": ast.SexpType, "STRUCT": ast.StructType, "TUPLE": ast.StructType, "BAG": ast.BagType,
}

func (p *parser) typeName() ast.Type {
	t, ok := typeNames[p.tok.upper]
	if p.tok.kind != word || !ok {
		p.expected("a type")
		return 0
	}
	double := p.tok.upper == "DOUBLE"
	p.advance()
	if double {
		p.word("PRECISION")
	}
	return t
}
