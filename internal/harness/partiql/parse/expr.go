package parse

import (
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

func (p *parser) expr() ast.Expr {
	defer p.deeper()()
	return p.logic("OR", func() ast.Expr { return p.logic("AND", p.not) })
}

func (p *parser) logic(op string, term func() ast.Expr) ast.Expr {
	x := term()
	if !p.isWord(op) {
		return x
	}
	l := &ast.Logic{Pos: p.tok.pos, Or: op == "OR", Terms: []ast.Expr{x}}
	for p.acceptWord(op) {
		l.Terms = append(l.Terms, term())
	}
	return l
}

func (p *parser) not() ast.Expr {
	pos := p.tok.pos
	if p.acceptWord("NOT") {
		defer p.deeper()()
		return &ast.Unary{Pos: pos, Op: ast.Not, X: p.not()}
	}
	return p.predicate()
}

var comparisons = map[string]ast.Op2{
	"=": ast.Equal, "<>": ast.NotEqual, "!=": ast.NotEqual,
	"<": ast.Less, "<=": ast.LessEqual, ">": ast.Greater, ">=": ast.GreaterEqual,
}

func (p *parser) predicate() ast.Expr {
	x := p.sum()
	for p.err == nil {
		pos := p.tok.pos
		if op, ok := comparisons[p.tok.text]; ok && p.tok.kind == mark {
			p.advance()
			x = &ast.Binary{Pos: pos, Op: op, X: x, Y: p.sum()}
			continue
		}
		if p.acceptWord("IS") {
			not := p.acceptWord("NOT")
			x = &ast.Is{Pos: pos, Not: not, X: x, Type: p.typeName()}
			continue
		}
		not := p.isWord("NOT")
		if not {
			p.advance()
		}
		switch {
		case p.acceptWord("BETWEEN"):
			b := &ast.Between{Pos: pos, Not: not, X: x, Low: p.sum()}
			p.word("AND")
			b.High = p.sum()
			x = b
		case p.acceptWord("IN"):
			x = p.in(pos, not, x)
		case p.acceptWord("LIKE"):
			l := &ast.Like{Pos: pos, Not: not, X: x, Pattern: p.sum()}
			if p.acceptWord("ESCAPE") {
				l.Escape = p.sum()
			}
			x = l
		case not:
			p.expected("BETWEEN, IN or LIKE")
		default:
			return x
		}
	}
	return x
}

func (p *parser) in(pos ast.Pos, not bool, x ast.Expr) ast.Expr {
	next := p.peek()
	if !p.isMark("(") || next.kind == word && next.upper == "SELECT" {
		return &ast.In{Pos: pos, Not: not, X: x, Of: p.sum()}
	}
	p.advance()
	in := &ast.In{Pos: pos, Not: not, X: x, List: []ast.Expr{p.expr()}}
	for p.acceptMark(",") {
		in.List = append(in.List, p.expr())
	}
	p.mark(")")
	return in
}

var sums = map[string]ast.Op2{"+": ast.Add, "-": ast.Subtract, "||": ast.Concat}

var products = map[string]ast.Op2{"*": ast.Multiply, "/": ast.Divide, "%": ast.Modulo}

func (p *parser) sum() ast.Expr { return p.chain(sums, p.product) }

func (p *parser) product() ast.Expr { return p.chain(products, p.unary) }

// chain reads operators of one precedence, which bind to the left.
func (p *parser) chain(ops map[string]ast.Op2, operand func() ast.Expr) ast.Expr {
	x := operand()
	for p.tok.kind == mark {
		op, ok := ops[p.tok.text]
		if !ok {
			break
		}
		pos := p.tok.pos
		p.advance()
		x = &ast.Binary{Pos: pos, Op: op, X: x, Y: operand()}
	}
	return x
}

func (p *parser) unary() ast.Expr {
	pos := p.tok.pos
	op := ast.Minus
	switch {
	case p.acceptMark("-"):
	case p.acceptMark("+"):
		op = ast.Plus
	default:
		return p.postfix()
	}
	defer p.deeper()()
	return &ast.Unary{Pos: pos, Op: op, X: p.unary()}
}

// postfix is a primary expression with the steps behind it.
func (p *parser) postfix() ast.Expr {
	root := p.primary()
	var steps []ast.Step
	for p.isMark(".") || p.isMark("[") {
		steps = append(steps, p.step())
	}
	if len(steps) == 0 {
		return root
	}
	return &ast.Path{Root: root, Steps: steps}
}

func (p *parser) step() ast.Step {
	s := ast.Step{Pos: p.tok.pos}
	if p.acceptMark(".") {
		if p.acceptMark("*") {
			s.Kind = ast.ToAllField
			return s
		}
		id := p.anyIdent("a field name")
		s.Pos, s.Field = id.Pos, id.Text
		return s
	}
	p.advance()
	if p.acceptMark("*") {
		s.Kind = ast.ToAllItems
	} else {
		s.Kind = ast.ToIndex
		s.Index = p.expr()
	}
	p.mark("]")
	return s
}

func (p *parser) primary() ast.Expr {
	t := p.tok
	switch t.kind {
	case number:
		v, reason := numberValue(t.text)
		if reason != "" {
			p.failAt(t.pos, "%s", reason)
		}
		p.advance()
		return &ast.Literal{Pos: t.pos, Value: v}
	case str:
		p.advance()
		return &ast.Literal{Pos: t.pos, Value: ion.String(t.text)}
	case ionLit:
		return p.ionLiteral()
	case quoted:
		return p.name(p.anyIdent("a name"))
	case word:
		return p.wordPrimary()
	case mark:
		return p.markPrimary()
	}
	p.expected("an expression")
	return &ast.Missing{}
}

func (p *parser) wordPrimary() ast.Expr {
	t := p.tok
	next := p.peek()
	switch {
	case next.kind == mark && next.text == "(" && (functions[t.upper] || !reserved[t.upper]):
		return p.call()
	case !reserved[t.upper]:
		return p.name(p.anyIdent("a name"))
	}
	p.advance()
	switch t.upper {
	case "TRUE", "FALSE":
		return &ast.Literal{Pos: t.pos, Value: ion.Bool(t.upper == "TRUE")}
	case "NULL":
		return &ast.Literal{Pos: t.pos}
	case "MISSING":
		return &ast.Missing{Pos: t.pos}
	}
	p.failAt(t.pos, "expected an expression, found %s", t)
	return &ast.Missing{}
}

func (p *parser) markPrimary() ast.Expr {
	pos := p.tok.pos
	switch p.tok.text {
	case "?":
		p.advance()
		p.params++
		return &ast.Param{Pos: pos, Index: p.params - 1}
	case "@":
		p.advance()
		n := p.name(p.ident("a name"))
		n.Local = true
		return n
	case "(":
		p.advance()
		return p.parenthesised()
	case "{":
		p.advance()
		return p.structure(pos)
	case "[":
		p.advance()
		return &ast.Collection{Pos: pos, Items: p.list("]")}
	case "<<":
		p.advance()
		return &ast.Collection{Pos: pos, Bag: true, Items: p.list(">>")}
	}
	p.expected("an expression")
	return &ast.Missing{}
}

// parenthesised is an expression or a query with the closing parenthesis.
func (p *parser) parenthesised() ast.Expr {
	x := p.exprOrQuery()
	p.mark(")")
	return x
}

func (p *parser) exprOrQuery() ast.Expr {
	if p.isWord("SELECT") {
		return p.query()
	}
	return p.expr()
}

// list is expressions up to the closing mark, which it takes.
func (p *parser) list(closing string) []ast.Expr {
	if p.acceptMark(closing) {
		return nil
	}
	items := []ast.Expr{p.exprOrQuery()}
	for p.acceptMark(",") {
		items = append(items, p.exprOrQuery())
	}
	p.mark(closing)
	return items
}

func (p *parser) structure(pos ast.Pos) ast.Expr {
	s := &ast.Struct{Pos: pos}
	if p.acceptMark("}") {
		return s
	}
	for {
		name := p.expr()
		p.mark(":")
		s.Fields = append(s.Fields, ast.StructField{Name: name, Value: p.exprOrQuery()})
		if !p.acceptMark(",") {
			break
		}
	}
	p.mark("}")
	return s
}

func (p *parser) name(id ast.Ident) *ast.Name {
	p.names++
	return &ast.Name{Pos: id.Pos, Text: id.Text, Quoted: id.Quoted, Ord: p.names - 1}
}

// ionLiteral reads the current token, which must hold exactly one Ion value.
func (p *parser) ionLiteral() *ast.Literal {
	lit := &ast.Literal{Pos: p.tok.pos}
	v, err := ion.ParseOne(p.tok.text, ion.Options{MaxDepth: maxDepth})
	if err != nil {
		p.failAt(lit.Pos, "Ion literal: %v", err)
		return lit
	}
	lit.Value = v
	p.advance()
	return lit
}
