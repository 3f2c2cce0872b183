package parse

import (
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

// query reads a SELECT, the current word.
func (p *parser) query() *ast.Select {
	defer p.deeper()()
	outer := p.aggregates
	defer func() { p.aggregates = outer }()
	p.aggregates = 0

	s := &ast.Select{Pos: p.tok.pos}
	p.advance()
	switch {
	case p.acceptMark("*"):
		s.Star = true
	case p.acceptWord("VALUE"):
		s.Value = p.expr()
	default:
		s.Items = append(s.Items, p.item())
		for p.acceptMark(",") {
			s.Items = append(s.Items, p.item())
		}
	}
	p.word("FROM")
	s.From = p.sources()
	s.Where = p.where()
	return s
}

func (p *parser) item() ast.Item {
	it := ast.Item{Expr: p.expr()}
	if path, ok := it.Expr.(*ast.Path); ok {
		if last := len(path.Steps) - 1; path.Steps[last].Kind == ast.ToAllField {
			it.All = true
			it.Expr = path.Root
			if last > 0 {
				it.Expr = &ast.Path{Root: path.Root, Steps: path.Steps[:last]}
			}
			return it
		}
	}
	it.Alias = p.alias()
	return it
}

// alias is what follows AS, or a name that stands alone; nil if neither is there.
func (p *parser) alias() *ast.Ident {
	if p.acceptWord("AS") {
		return new(p.anyIdent("an alias"))
	}
	if p.isName() {
		return new(p.anyIdent("an alias"))
	}
	return nil
}

func (p *parser) sources() []ast.Source {
	list := []ast.Source{p.source()}
	for p.acceptMark(",") {
		list = append(list, p.source())
	}
	return list
}

func (p *parser) source() ast.Source {
	defer p.deeper()()
	left := p.oneSource()
	for p.err == nil {
		switch {
		case p.acceptWord("CROSS"):
			p.word("JOIN")
			left = &ast.Join{Left: left, Right: p.oneSource()}
		case p.isWord("INNER") || p.isWord("JOIN"):
			p.acceptWord("INNER")
			p.word("JOIN")
			j := &ast.Join{Left: left, Right: p.oneSource()}
			p.word("ON")
			j.On = p.expr()
			left = j
		default:
			return left
		}
	}
	return left
}

func (p *parser) oneSource() ast.Source {
	f := &ast.From{Pos: p.tok.pos}
	switch next := p.peek(); {
	case p.isMark("(") && !(next.kind == word && next.upper == "SELECT"):
		p.advance()
		inner := p.source()
		p.mark(")")
		single, ok := inner.(*ast.From)
		if !ok || single.As != nil || single.At != nil || single.By != nil {
			return inner
		}
		f = single
	case p.tok.kind == word && strings.EqualFold(p.tok.text, "history") && next.kind == mark && next.text == "(":
		f.Expr = p.history()
	default:
		f.Expr = p.postfix()
	}
	f.As = p.alias()
	if p.acceptWord("AT") {
		f.At = new(p.ident("an alias"))
	}
	if p.acceptWord("BY") {
		f.By = new(p.ident("an alias"))
	}
	return f
}

func (p *parser) history() *ast.History {
	h := &ast.History{Pos: p.tok.pos}
	p.advance()
	p.mark("(")
	if p.tok.kind == str {
		h.ByID = true
		h.Table = ast.Ident{Pos: p.tok.pos, Text: p.tok.text, Quoted: true}
		p.advance()
	} else {
		h.Table = p.ident("a table name or 'table-id'")
	}
	if p.acceptMark(",") {
		h.Start = p.expr()
		if p.acceptMark(",") {
			h.End = p.expr()
		}
	}
	p.mark(")")
	return h
}
