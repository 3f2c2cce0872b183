package cloudtrail

import (
	"encoding"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// style is how a service spells the members of its inputs and outputs in records.
type style struct {
	name func(string) string // of a member, from that in the API
	time func(wire.Time) any // a moment
	zero bool                // numbers and booleans that are zero are there: outputs
}

// camel begins every name with a small letter and writes dates in words, as KMS, IAM and STS do.
var camel = style{
	name: func(name string) string {
		if name == "AWSAccountId" {
			return name
		}
		first, size := utf8.DecodeRuneInString(name)
		return string(unicode.ToLower(first)) + name[size:]
	},
	time: func(t wire.Time) any { return inWords(t.Time) },
}

// asSent keeps the names of the API and its numbers for dates, as QLDB does.
//
// Source: Amazon QLDB Developer Guide, "Understanding QLDB log file entries".
var asSent = style{name: func(name string) string { return name }, time: func(t wire.Time) any { return t }}

func styleOf(service string) style {
	if service == "qldb" {
		return asSent
	}
	return camel
}

// inWords is a date as in the members of KMS, such as "Jan 5, 2026, 10:15:00 AM".
func inWords(t time.Time) string { return t.UTC().Format("Jan 2, 2006, 3:04:05 PM") }

// secretMembers are never recorded, whatever service has them, in small letters. Blobs are left out besides: keys,
// plaintexts, ciphertexts, messages and signatures are blobs in all of these APIs.
//
// AssumeRole's session token is in the records of AWS. It is left out here: a record opens no door.
var secretMembers = map[string]bool{
	"secretaccesskey": true, "sessiontoken": true, "password": true, "keystorepassword": true,
	"xksproxyauthenticationcredential": true, "granttoken": true, "granttokens": true, "tokencode": true,
}

// members is an input or output as a record shows it. nil: it has no members that are set.
func (s style) members(v any) map[string]any {
	if v == nil {
		return nil
	}
	shown, set := s.show(reflect.ValueOf(v))
	m, _ := shown.(map[string]any)
	if !set {
		return nil
	}
	return m
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// show is v as a record shows it; set is false when it is left out.
func (s style) show(v reflect.Value) (shown any, set bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, false
		}
		return s.pointed(v.Elem())
	case reflect.Struct:
		return s.structure(v)
	case reflect.Map:
		return s.mapping(v)
	case reflect.Slice:
		return s.list(v)
	}
	if v.Type().Implements(textMarshaler) && v.CanInterface() {
		return text(v)
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), v.Len() > 0
	case reflect.Bool:
		return v.Bool(), v.Bool() || s.zero
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), v.Int() != 0 || s.zero
	case reflect.Float32, reflect.Float64:
		return v.Float(), v.Float() != 0 || s.zero
	}
	return nil, false
}

// pointed is what a pointer that is not nil points to, or what is in a list or map: it was sent, also when it is zero.
func (s style) pointed(v reflect.Value) (any, bool) {
	s.zero = s.zero || v.Kind() != reflect.Struct
	shown, set := s.show(v)
	if v.Kind() == reflect.String {
		return shown, true
	}
	return shown, set
}

func text(v reflect.Value) (any, bool) {
	b, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	return string(b), err == nil && len(b) > 0
}

func (s style) structure(v reflect.Value) (any, bool) {
	if t, ok := v.Interface().(wire.Time); ok {
		return s.time(t), !t.IsZero()
	}
	if list, ok := onlyMembers(v); ok {
		return s.show(list)
	}
	m := map[string]any{}
	s.addFields(m, v)
	return m, len(m) > 0
}

// onlyMembers is the list in a structure that is nothing else: IAM's lists are such.
func onlyMembers(v reflect.Value) (reflect.Value, bool) {
	if v.NumField() == 1 && v.Type().Field(0).Tag.Get("xml") == "member" {
		return v.Field(0), true
	}
	return reflect.Value{}, false
}

func (s style) addFields(m map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := memberName(field)
		switch {
		case field.Anonymous && v.Field(i).Kind() == reflect.Struct:
			s.addFields(m, v.Field(i))
			continue
		case !field.IsExported() || name == "" || secretMembers[strings.ToLower(name)]:
			continue
		}
		if shown, set := s.show(v.Field(i)); set {
			m[s.name(name)] = shown
		}
	}
}

// memberName is the name of a member in the API, from the tags that package wire goes by.
func memberName(field reflect.StructField) string {
	if field.Tag.Get("path") != "" || field.Tag.Get("query") != "" {
		return field.Name
	}
	for _, key := range []string{"json", "xml", "form"} {
		name, _, _ := strings.Cut(field.Tag.Get(key), ",")
		name, _, _ = strings.Cut(name, ">")
		switch name {
		case "":
			continue
		case "-":
			return ""
		}
		return name
	}
	return field.Name
}

func (s style) mapping(v reflect.Value) (any, bool) {
	m := map[string]any{}
	for _, key := range v.MapKeys() {
		if shown, set := s.pointed(v.MapIndex(key)); set {
			m[key.String()] = shown
		}
	}
	return m, len(m) > 0
}

func (s style) list(v reflect.Value) (any, bool) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return nil, false
	}
	list := []any{}
	for i := range v.Len() {
		if shown, set := s.pointed(v.Index(i)); set {
			list = append(list, shown)
		}
	}
	return list, len(list) > 0
}
