package ion

import "fmt"

func (r *textReader) sexp(depth int) (Value, error) {
	r.pos++
	start := len(r.items)
	for {
		if err := r.skipSpace(); err != nil {
			return Value{}, err
		}
		if r.peek(0) == ')' {
			r.pos++
			return sequence(SexpType, r.popItems(start)), nil
		}
		v, err := r.value(depth+1, true)
		if err != nil {
			return Value{}, err
		}
		r.items = append(r.items, v)
	}
}

func (r *textReader) list(depth int) (Value, error) {
	r.pos++
	start := len(r.items)
	for {
		if err := r.skipSpace(); err != nil {
			return Value{}, err
		}
		if r.peek(0) == ']' {
			break
		}
		v, err := r.value(depth+1, false)
		if err != nil {
			return Value{}, err
		}
		r.items = append(r.items, v)
		if err := r.comma(']'); err != nil {
			return Value{}, err
		}
	}
	r.pos++
	return sequence(ListType, r.popItems(start)), nil
}

// comma reads a comma, which may be missing only at the end of the container.
func (r *textReader) comma(end byte) error {
	if err := r.skipSpace(); err != nil {
		return err
	}
	switch r.peek(0) {
	case ',':
		r.pos++
	case end:
	default:
		return r.unexpected(fmt.Sprintf("',' or '%c'", end))
	}
	return nil
}

func (r *textReader) structure(depth int) (Value, error) {
	r.pos++
	start := len(r.fields)
	for {
		if err := r.skipSpace(); err != nil {
			return Value{}, err
		}
		if r.peek(0) == '}' {
			break
		}
		f, err := r.field(depth)
		if err != nil {
			return Value{}, err
		}
		r.fields = append(r.fields, f)
		if err := r.comma('}'); err != nil {
			return Value{}, err
		}
	}
	r.pos++
	return structValue(r.popFields(start)), nil
}

func (r *textReader) field(depth int) (f Field, err error) {
	if f.Name, err = r.fieldName(); err != nil {
		return f, err
	}
	if err := r.skipSpace(); err != nil {
		return f, err
	}
	if r.peek(0) != ':' {
		return f, r.unexpected("':'")
	}
	r.pos++
	if err := r.skipSpace(); err != nil {
		return f, err
	}
	f.Value, err = r.value(depth+1, false)
	return f, err
}

// fieldName reads a symbol or a string, but no keyword.
func (r *textReader) fieldName() (string, error) {
	switch {
	case r.peek(0) == '"':
		r.pos++
		return r.quoted(`"`, false)
	case r.at("'''"):
		return r.longString()
	case !r.atSymbol():
		return "", r.unexpected("a field name")
	}
	start := r.pos
	v, err := r.symbolOrKeyword()
	if err == nil && v.kind != SymbolType || v.null {
		r.pos = start
		err = r.fault("keyword as a field name")
	}
	return v.text, err
}
