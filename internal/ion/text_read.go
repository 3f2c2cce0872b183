package ion

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseText reads a stream of values in Ion text, UTF-8. Version markers and symbol tables are obeyed and are not among
// the values. Errors are *SyntaxError and *LimitError. The values keep text alive.
func ParseText(text string, o Options) ([]Value, error) {
	r, err := newTextReader(text, o)
	if err != nil {
		return nil, err
	}
	defer r.release()
	var out []Value
	for {
		if err := r.skipSpace(); err != nil {
			return nil, err
		}
		if r.pos == len(r.in) {
			return out, nil
		}
		start := r.pos
		if marker, err := r.versionMarker(); err != nil {
			return nil, err
		} else if marker {
			continue
		}
		v, err := r.value(0, false)
		switch {
		case err != nil:
			return nil, err
		case isVersionMarker(v):
		case isSymbolTable(v):
			if reason := r.table.define(v, r.opt.Tables); reason != "" {
				r.pos = start
				return nil, r.fault(reason)
			}
		default:
			out = append(out, v)
		}
	}
}

// A textReader reads in, of which texts without escapes become substrings.
type textReader struct {
	budget
	*gathered
	in    string
	pos   int
	table symbolTable
}

func newTextReader(text string, o Options) (*textReader, error) {
	limits, err := newBudget(o, len(text))
	if err != nil {
		return nil, err
	}
	r := &textReader{in: text, budget: limits, gathered: takeGathered()}
	if !utf8.ValidString(text) {
		for r.pos < len(text) {
			c, size := utf8.DecodeRuneInString(text[r.pos:])
			if c == utf8.RuneError && size == 1 {
				break
			}
			r.pos += size
		}
		return nil, r.fault("text that is not UTF-8")
	}
	return r, nil
}

func (r *textReader) fault(reason string) error {
	line, column := lineAndColumn(r.in, r.pos)
	return &SyntaxError{Offset: r.pos, Line: line, Column: column, Reason: reason}
}

// unexpected is the fault of what stands where want should.
func (r *textReader) unexpected(want string) error {
	if r.pos >= len(r.in) {
		return r.fault("end of text instead of " + want)
	}
	c, _ := utf8.DecodeRuneInString(r.in[r.pos:])
	return r.fault(fmt.Sprintf("%q instead of %s", c, want))
}

// peek is the byte i places on, 0 beyond the end.
func (r *textReader) peek(i int) byte {
	if r.pos+i < len(r.in) {
		return r.in[r.pos+i]
	}
	return 0
}

func (r *textReader) at(prefix string) bool { return strings.HasPrefix(r.in[r.pos:], prefix) }

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// skipSpace skips white space and comments.
func (r *textReader) skipSpace() error {
	for r.pos < len(r.in) {
		switch c := r.in[r.pos]; {
		case isSpace(c):
			r.pos++
		case r.at("//"):
			if end := strings.IndexAny(r.in[r.pos:], "\n\r"); end >= 0 {
				r.pos += end
			} else {
				r.pos = len(r.in)
			}
		case r.at("/*"):
			end := strings.Index(r.in[r.pos+2:], "*/")
			if end < 0 {
				return r.fault("comment that does not end")
			}
			r.pos += 2 + end + 2
		default:
			return nil
		}
	}
	return nil
}

// versionMarker obeys a version marker if one stands here: a bare symbol of its form, not an annotation.
func (r *textReader) versionMarker() (bool, error) {
	start := r.pos
	word := r.word()
	if !isVersion(word) {
		r.pos = start
		return false, nil
	}
	if err := r.skipSpace(); err != nil {
		return false, err
	}
	if r.at("::") {
		r.pos = start
		return false, nil
	}
	if word != versionSymbol {
		r.pos = start
		return false, r.fault("version of Ion other than 1.0")
	}
	r.table = symbolTable{}
	return true, nil
}

func (r *textReader) word() string {
	start := r.pos
	for r.pos < len(r.in) && isNameByte(r.in[r.pos]) {
		r.pos++
	}
	return r.in[start:r.pos]
}

// value reads one value with its annotations. Operators are symbols inside an S-expression only.
func (r *textReader) value(depth int, inSexp bool) (Value, error) {
	if err := r.spend(depth); err != nil {
		return Value{}, err
	}
	var names []string
	for {
		if !r.atSymbol() {
			v, err := r.unannotated(depth, inSexp)
			return v.annotated(names), err
		}
		v, err := r.symbolOrKeyword()
		if err != nil || v.kind != SymbolType || v.null {
			return v.annotated(names), err
		}
		if err := r.skipSpace(); err != nil {
			return Value{}, err
		}
		if !r.at("::") {
			return v.annotated(names), nil
		}
		names = append(names, v.text)
		r.pos += 2
		if err := r.skipSpace(); err != nil {
			return Value{}, err
		}
		if err := r.spend(depth); err != nil {
			return Value{}, err
		}
	}
}

// atSymbol says whether a symbol or a keyword begins here.
func (r *textReader) atSymbol() bool {
	c := r.peek(0)
	return c == '\'' && !r.at("'''") || isNameByte(c) && !isDigit(c)
}

func (r *textReader) symbolOrKeyword() (Value, error) {
	if r.peek(0) == '\'' {
		text, err := r.quotedSymbol()
		return Value{kind: SymbolType, text: text}, err
	}
	start := r.pos
	switch word := r.word(); word {
	case "true", "false":
		return Bool(word == "true"), nil
	case "nan":
		return Float(math.NaN()), nil
	case "null":
		return r.null()
	default:
		text, err := r.bareSymbol(word, start)
		return Value{kind: SymbolType, text: text}, err
	}
}

// null reads what follows the word null: the name of a type, if a point stands right here.
func (r *textReader) null() (Value, error) {
	if r.peek(0) != '.' {
		return Null(NullType), nil
	}
	r.pos++
	start := r.pos
	t := slices.Index(typeNames[:], r.word())
	if t < 0 {
		r.pos = start
		return Value{}, r.fault("null of a type that does not exist")
	}
	return Null(Type(t)), nil
}

func (r *textReader) quotedSymbol() (string, error) {
	r.pos++
	return r.quoted("'", false)
}

// bareSymbol is the text of a word, which began at start and may be a symbol number.
func (r *textReader) bareSymbol(word string, start int) (string, error) {
	if word[0] != '$' || !isNumber(word[1:]) {
		return word, nil
	}
	sid, err := strconv.ParseUint(word[1:], 10, 63)
	text, ok := r.table.text(sid)
	if err != nil || !ok {
		r.pos = start
		return "", r.fault("symbol " + word[:min(len(word), 22)] + " has no text here")
	}
	return text, nil
}

func (r *textReader) unannotated(depth int, inSexp bool) (Value, error) {
	c := r.peek(0)
	switch {
	case c == '"':
		r.pos++
		text, err := r.quoted(`"`, false)
		return Value{kind: StringType, text: text}, err
	case c == '\'':
		text, err := r.longString()
		return Value{kind: StringType, text: text}, err
	case r.at("{{"):
		return r.lob()
	case c == '{':
		return r.structure(depth)
	case c == '[':
		return r.list(depth)
	case c == '(':
		return r.sexp(depth)
	case isDigit(c), c == '-' && isDigit(r.peek(1)):
		return r.number()
	case r.at("+inf") && !isNameByte(r.peek(4)):
		r.pos += 4
		return Float(math.Inf(1)), nil
	case r.at("-inf") && !isNameByte(r.peek(4)):
		r.pos += 4
		return Float(math.Inf(-1)), nil
	case inSexp && isOperator(c):
		return r.operator(), nil
	default:
		return Value{}, r.unexpected("a value")
	}
}

func isOperator(c byte) bool { return c != 0 && strings.IndexByte("!#%&*+-./;<=>?@^`|~", c) >= 0 }

func (r *textReader) operator() Value {
	start := r.pos
	for isOperator(r.peek(0)) && !r.at("//") && !r.at("/*") {
		r.pos++
	}
	return Value{kind: SymbolType, text: r.in[start:r.pos]}
}
