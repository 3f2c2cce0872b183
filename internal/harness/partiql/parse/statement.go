package parse

import (
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

func (p *parser) statement() ast.Statement {
	pos := p.tok.pos
	if p.tok.kind == word {
		switch p.tok.upper {
		case "SELECT":
			return p.query()
		case "INSERT":
			return p.insert(pos)
		case "UPDATE":
			return p.update(pos)
		case "FROM":
			return p.fromDo(pos)
		case "DELETE":
			return p.delete(pos)
		case "CREATE":
			return p.create(pos)
		case "DROP":
			return p.drop(pos)
		case "UNDROP":
			p.advance()
			p.word("TABLE")
			return &ast.UndropTable{Pos: pos, ID: p.id("a table id in double quotes")}
		case "EXEC":
			return p.exec(pos)
		}
	}
	p.expected("a statement")
	return nil
}

func (p *parser) create(pos ast.Pos) ast.Statement {
	p.advance()
	if p.acceptWord("INDEX") {
		p.word("ON")
		s := &ast.CreateIndex{Pos: pos, Table: p.ident("a table name")}
		p.mark("(")
		s.Field = p.ident("a field name")
		p.mark(")")
		return s
	}
	p.word("TABLE")
	s := &ast.CreateTable{Pos: pos, Name: p.ident("a table name")}
	if p.acceptWord("WITH") {
		p.mark("(")
		p.option("aws_tags")
		if p.tok.kind != ionLit {
			p.expected("an Ion literal")
			return s
		}
		s.Tags = p.ionLiteral()
		p.mark(")")
	}
	return s
}

func (p *parser) drop(pos ast.Pos) ast.Statement {
	p.advance()
	if p.acceptWord("TABLE") {
		return &ast.DropTable{Pos: pos, Name: p.ident("a table name")}
	}
	p.word("INDEX")
	s := &ast.DropIndex{Pos: pos, ID: p.id("an index id in double quotes")}
	p.word("ON")
	s.Table = p.ident("a table name")
	p.word("WITH")
	p.mark("(")
	p.option("purge")
	p.word("TRUE")
	p.mark(")")
	return s
}

// option reads name and =. Options are the only words whose case matters.
func (p *parser) option(name string) {
	if p.tok.kind != word || p.tok.text != name {
		p.expected(name)
	}
	p.advance()
	p.mark("=")
}

func (p *parser) exec(pos ast.Pos) ast.Statement {
	p.advance()
	name := p.ident("a procedure name")
	if p.err == nil && !strings.EqualFold(name.Text, "REDACT_REVISION") {
		p.fail(&ast.Error{Kind: ast.Semantic, Pos: name.Pos, Reason: "No such procedure '" + name.Text + "'"})
	}
	s := &ast.Redact{Pos: pos, BlockAddress: p.expr()}
	p.mark(",")
	s.TableID = p.expr()
	p.mark(",")
	s.DocumentID = p.expr()
	return s
}

func (p *parser) insert(pos ast.Pos) ast.Statement {
	p.advance()
	p.word("INTO")
	s := &ast.Insert{Pos: pos, Table: p.ident("a table name")}
	p.acceptWord("VALUE")
	s.Value = p.expr()
	return s
}

func (p *parser) update(pos ast.Pos) ast.Statement {
	p.advance()
	s := &ast.Change{Pos: pos, Verb: ast.Update, From: []ast.Source{p.changed()}}
	s.Ops = p.ops()
	s.Where = p.where()
	return s
}

func (p *parser) delete(pos ast.Pos) ast.Statement {
	p.advance()
	p.word("FROM")
	s := &ast.Change{Pos: pos, Verb: ast.Delete, From: []ast.Source{p.changed()}}
	s.Where = p.where()
	return s
}

func (p *parser) fromDo(pos ast.Pos) ast.Statement {
	p.advance()
	s := &ast.Change{Pos: pos, Verb: ast.FromDo, From: p.sources()}
	s.Where = p.where()
	s.Ops = p.ops()
	return s
}

// changed is the table of an UPDATE or a DELETE with its aliases.
func (p *parser) changed() *ast.From {
	table := p.ident("a table name")
	f := &ast.From{Pos: table.Pos, Expr: p.name(table)}
	f.As = p.alias()
	if p.acceptWord("BY") {
		f.By = new(p.ident("an alias"))
	}
	return f
}

func (p *parser) ops() []ast.Op {
	var ops []ast.Op
	for p.err == nil {
		pos := p.tok.pos
		switch {
		case p.acceptWord("SET"):
			ops = p.assignments(ops, pos)
		case p.acceptWord("REMOVE"):
			ops = append(ops, ast.Op{Pos: pos, Kind: ast.Remove, Target: p.target()})
		case p.acceptWord("INSERT"):
			p.word("INTO")
			op := ast.Op{Pos: pos, Kind: ast.InsertInto, Target: p.target()}
			p.word("VALUE")
			op.Value = p.expr()
			if p.acceptWord("AT") {
				op.At = p.expr()
			}
			ops = append(ops, op)
		case len(ops) == 0:
			p.expected("SET, INSERT or REMOVE")
		default:
			return ops
		}
	}
	return ops
}

func (p *parser) assignments(ops []ast.Op, pos ast.Pos) []ast.Op {
	for {
		op := ast.Op{Pos: pos, Kind: ast.Set, Target: p.target()}
		p.mark("=")
		op.Value = p.expr()
		ops = append(ops, op)
		if !p.isMark(",") {
			return ops
		}
		p.advance()
	}
}

// target is the place an Op changes.
func (p *parser) target() *ast.Path {
	local := p.acceptMark("@")
	name := p.name(p.ident("a path"))
	name.Local = local
	path := &ast.Path{Root: name}
	for p.isMark(".") || p.isMark("[") {
		step := p.step()
		if step.Kind == ast.ToAllField || step.Kind == ast.ToAllItems {
			p.failAt(step.Pos, "a wildcard cannot be changed")
		}
		path.Steps = append(path.Steps, step)
	}
	return path
}

// where is the condition after WHERE, nil if there is none.
func (p *parser) where() ast.Expr {
	if !p.acceptWord("WHERE") {
		return nil
	}
	return p.expr()
}
