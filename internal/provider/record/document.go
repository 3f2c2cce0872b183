package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// maxDocument is what the service takes, in bytes of binary Ion.
//
// Source: QLDB developer guide, "Quotas".
const maxDocument = 128 << 10

// A form is how a document is configured.
type form int

const (
	none form = iota
	asJSON
	asIon
	writeOnly
)

func (f form) path() path.Path {
	return path.Root([]string{"document", "document", "document_ion", "document_wo"}[f])
}

// form says how the document of a configuration is given. known is false while its text is unknown.
func (m model) form() (f form, text string, known bool) {
	switch {
	case !m.Document.IsNull():
		return asJSON, m.Document.ValueString(), !m.Document.IsUnknown()
	case !m.DocumentIon.IsNull():
		return asIon, m.DocumentIon.ValueString(), !m.DocumentIon.IsUnknown()
	case !m.DocumentWO.IsNull():
		return writeOnly, m.DocumentWO.ValueString(), !m.DocumentWO.IsUnknown()
	}
	return none, "", true
}

// What can be wrong with a document. None repeats a part of it: it may hold secrets.
var (
	errNotJSON   = errors.New("it is not one JSON object")
	errNotIon    = errors.New("it is not one Ion value in text")
	errNumber    = errors.New("a number in it is beyond what 64 bits can hold")
	errNotStruct = errors.New("it is not an Ion struct, or null")
	errRepeated  = errors.New("a field is named twice in the same object; JSON readers would see only one of them")
	errTooLarge  = errors.New("it is larger than 128 KB in binary Ion, which is the most the service takes")
	errMerged    = errors.New("it is larger than 128 KB with the fields of others")
)

// parse reads a document as it is configured.
func parse(f form, text string) (ion.Value, error) {
	var v ion.Value
	var err error
	switch f {
	case asJSON:
		if v, err = ion.FromJSON([]byte(text), ion.Options{}); err != nil {
			return v, located(errNotJSON, text, err)
		}
	default: // JSON is Ion, but for the numbers with an exponent both read as floats
		if v, err = ion.ParseOne(text, ion.Options{}); err != nil {
			return v, located(errNotIon, text, err)
		}
	}
	switch {
	case (v.Type() != ion.StructType || v.IsNull()) && f == asJSON:
		return v, errNotJSON
	case v.Type() != ion.StructType || v.IsNull():
		return v, errNotStruct
	case f == asJSON && repeats(v):
		return v, errRepeated
	case len(ion.EncodeBinary(v)) > maxDocument:
		return v, errTooLarge
	}
	return v, nil
}

// located says where a text stops being what it has to be, without what stands there.
func located(wrong error, text string, err error) error {
	if limit, ok := errors.AsType[*ion.LimitError](err); ok {
		return fmt.Errorf("it goes beyond a limit of this provider: %s %d", limit.Limit, limit.Max)
	}
	if wrong == errNotJSON && json.Valid([]byte(text)) {
		return errNumber
	}
	if at, ok := errors.AsType[*ion.SyntaxError](err); ok && at.Line > 0 {
		return fmt.Errorf("%w: see line %d, column %d", wrong, at.Line, at.Column)
	}
	return wrong
}

func repeats(v ion.Value) bool {
	seen := map[string]bool{}
	for _, f := range v.Fields() {
		if seen[f.Name] || repeats(f.Value) {
			return true
		}
		seen[f.Name] = true
	}
	for _, item := range v.Items() {
		if repeats(item) {
			return true
		}
	}
	return false
}

// same says whether two documents mean the same in the given form: as Ion, or as what JSON can show of them.
func same(f form, a, b ion.Value) bool {
	if a.Equal(b) {
		return true
	}
	return f == asJSON && plain(a).Equal(plain(b))
}

// plain is what JSON shows of a document, with numbers by value: a decimal stands as a symbol of its digits.
func plain(v ion.Value) ion.Value {
	shown, err := ion.FromJSON(ion.ToJSON(v), ion.Stored())
	if err != nil {
		return v
	}
	return byValue(shown)
}

func byValue(v ion.Value) ion.Value {
	switch v.Type() {
	case ion.IntType, ion.DecimalType:
		d := v.Decimal()
		return number(d.Coefficient().String(), int64(d.Exponent()))
	case ion.FloatType:
		digits, exponent, _ := strings.Cut(strconv.FormatFloat(v.Float(), 'e', -1, 64), "e")
		whole, fraction, _ := strings.Cut(digits, ".")
		e, _ := strconv.ParseInt(exponent, 10, 64) // FormatFloat always writes one
		return number(whole+fraction, e-int64(len(fraction)))
	case ion.ListType:
		items := make([]ion.Value, v.Len())
		for i, item := range v.Items() {
			items[i] = byValue(item)
		}
		return ion.List(items...)
	case ion.StructType:
		fields := make([]ion.Field, 0, v.Len())
		for _, f := range v.Fields() {
			fields = append(fields, ion.F(f.Name, byValue(f.Value)))
		}
		return ion.Struct(fields...)
	}
	return v
}

// number is coefficient * 10^exponent in one way of writing only.
func number(coefficient string, exponent int64) ion.Value {
	digits := strings.TrimRight(coefficient, "0")
	if digits == "" || digits == "-" {
		return ion.Symbol("0")
	}
	exponent += int64(len(coefficient) - len(digits))
	return ion.Symbol(digits + "e" + strconv.FormatInt(exponent, 10))
}

// project is what of a document a configuration with these fields sees: structs at any depth lose the fields that the
// configuration does not name.
func project(document, named ion.Value) ion.Value {
	if document.Type() != ion.StructType || named.Type() != ion.StructType || document.IsNull() || named.IsNull() {
		return document
	}
	var fields []ion.Field
	for _, f := range document.Fields() {
		if n, ok := named.Field(f.Name); ok {
			fields = append(fields, ion.F(f.Name, project(f.Value, n)))
		}
	}
	return ion.Struct(fields...).WithAnnotations(document.Annotations()...)
}

// merge is a document in which the fields that a configuration names have its values, once each; the others stay.
func merge(document, named ion.Value) ion.Value {
	if document.Type() != ion.StructType || named.Type() != ion.StructType || document.IsNull() || named.IsNull() {
		return named
	}
	var fields []ion.Field
	set := map[string]bool{}
	for _, f := range document.Fields() {
		if n, ok := named.Field(f.Name); ok {
			if set[f.Name] {
				continue
			}
			set[f.Name] = true
			f.Value = merge(f.Value, n)
		}
		fields = append(fields, f)
	}
	for _, f := range named.Fields() {
		if !set[f.Name] {
			fields = append(fields, f)
		}
	}
	return ion.Struct(fields...).WithAnnotations(document.Annotations()...)
}

// show writes a document in the given form. JSON that would lose something is shown nevertheless: the configuration
// asked for JSON.
func show(f form, v ion.Value) string {
	if f == asJSON {
		return string(ion.ToJSON(v))
	}
	return v.String()
}

// lossless says whether JSON shows all of a document, so that it can be written back from there.
func lossless(v ion.Value) bool {
	back, err := ion.FromJSON(ion.ToJSON(v), ion.Stored())
	return err == nil && back.Equal(v) && !repeats(v)
}
