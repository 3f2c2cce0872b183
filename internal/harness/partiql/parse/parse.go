// Package parse turns the text of a PartiQL statement into its tree.
//
// It accepts QLDB's dialect only; everything else the language has is a syntax
// error. It never panics and bounds the length and the nesting of what it reads.
//
// Source: Amazon QLDB Developer Guide, "Amazon QLDB PartiQL reference".
package parse

import (
	"fmt"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

const (
	// MaxLength is how long a statement may be, in characters.
	//
	// Source: Amazon QLDB Developer Guide, "Quotas and limits".
	MaxLength = 100_000

	// maxDepth is how deep expressions, queries and sources may nest.
	maxDepth = 200
)

// Statement parses one statement. The error is an *ast.Error of kind Syntax or Refused.
func Statement(text string) (*ast.Tree, error) {
	if n := utf8.RuneCountInString(text); n > MaxLength {
		return nil, &ast.Error{Kind: ast.Refused, Reason: fmt.Sprintf(
			"Exceeded statement length limit: statement has %d characters, the limit is %d.", n, MaxLength)}
	}
	p := &parser{tokens: lex(text)}
	p.tok = p.tokens[0]
	statement := p.statement()
	p.acceptMark(";")
	if p.tok.kind != end {
		p.expected("end of statement")
	}
	if p.err != nil {
		return nil, p.err
	}
	return &ast.Tree{Statement: statement, Params: p.params, Names: p.names}, nil
}

// A parser keeps the first error and then stands at the end of the statement, so that every
// loop and every rule ends there; what the rules return then is dropped.
type parser struct {
	tokens []token
	at     int
	tok    token // tokens[at], or an end after an error
	err    *ast.Error
	depth  int

	params, names int
	aggregates    int // of the query being read
}

func (p *parser) advance() {
	if p.at+1 < len(p.tokens) {
		p.at++
	}
	if p.err == nil {
		p.tok = p.tokens[p.at]
	}
}

// peek is the token after p.tok.
func (p *parser) peek() token {
	if p.err != nil || p.at+1 >= len(p.tokens) {
		return token{}
	}
	return p.tokens[p.at+1]
}

func (p *parser) fail(e *ast.Error) {
	if p.err == nil {
		p.err = e
	}
	p.at = len(p.tokens) - 1
	p.tok = token{kind: end, pos: p.err.Pos}
}

func (p *parser) failAt(pos ast.Pos, format string, args ...any) {
	p.fail(&ast.Error{Kind: ast.Syntax, Pos: pos, Reason: fmt.Sprintf(format, args...)})
}

func (p *parser) expected(what string) {
	if p.tok.kind == bad {
		p.failAt(p.tok.pos, "%s", p.tok.text)
		return
	}
	p.failAt(p.tok.pos, "expected %s, found %s", what, p.tok)
}

// deeper counts one level of nesting; call the result when leaving it.
func (p *parser) deeper() func() {
	p.depth++
	if p.depth > maxDepth {
		p.failAt(p.tok.pos, "nested deeper than %d levels", maxDepth)
	}
	return func() { p.depth-- }
}

func (p *parser) isMark(text string) bool { return p.tok.kind == mark && p.tok.text == text }

func (p *parser) acceptMark(text string) bool {
	if !p.isMark(text) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) mark(text string) {
	if !p.acceptMark(text) {
		p.expected(text)
	}
}

// isWord says whether the current token is the keyword upper.
func (p *parser) isWord(upper string) bool { return p.tok.kind == word && p.tok.upper == upper }

func (p *parser) acceptWord(upper string) bool {
	if !p.isWord(upper) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) word(upper string) {
	if !p.acceptWord(upper) {
		p.expected(upper)
	}
}

// isName says whether the current token can be a name as it stands.
func (p *parser) isName() bool {
	return p.tok.kind == quoted || p.tok.kind == word && !reserved[p.tok.upper]
}

func (p *parser) ident(what string) ast.Ident {
	if !p.isName() {
		p.expected(what)
		return ast.Ident{}
	}
	return p.anyIdent(what)
}

// anyIdent also takes a reserved word, where one cannot mean anything else.
func (p *parser) anyIdent(what string) ast.Ident {
	if p.tok.kind != quoted && p.tok.kind != word {
		p.expected(what)
		return ast.Ident{}
	}
	id := ast.Ident{Pos: p.tok.pos, Text: p.tok.text, Quoted: p.tok.kind == quoted}
	p.advance()
	return id
}

// id is the id of a table or an index, which is always in double quotes.
func (p *parser) id(what string) ast.Ident {
	if p.tok.kind != quoted {
		p.expected(what)
		return ast.Ident{}
	}
	return p.anyIdent(what)
}
