package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxJSONDepth is how deep arrays and objects may nest, unknown members included.
const maxJSONDepth = 100

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// decodeJSON fills the struct to from one JSON object. It differs from encoding/json where a service does: names
// match exactly, a member that is null counts as absent, null in a list is refused, text that is not UTF-8 is
// refused and not replaced. Of members with one name the last counts. No body is an empty object.
func decodeJSON(body []byte, to reflect.Value) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if !utf8.Valid(body) || tooDeep(body) || !json.Valid(body) {
		return mismatch("The request body is not a well-formed JSON document.")
	}
	body = bytes.TrimSpace(body)
	if body[0] != '{' {
		return mismatch("Start of structure or map expected.")
	}
	return decodeValue(body, to)
}

// tooDeep looks at the brackets outside strings; it need not understand the rest.
func tooDeep(body []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxJSONDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// decodeValue sets to from raw, one valid JSON value without blanks around it.
func decodeValue(raw []byte, to reflect.Value) error {
	if raw[0] == 'n' {
		to.SetZero()
		return nil
	}
	if to.CanAddr() && reflect.PointerTo(to.Type()).Implements(unmarshaler) {
		if err := to.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(raw); err != nil {
			return mismatch("%s can not be converted to a %s", kindOf(raw), to.Type().Name())
		}
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		v := reflect.New(to.Type().Elem())
		to.Set(v)
		return decodeValue(raw, v.Elem())
	case reflect.Struct:
		return decodeStruct(raw, to)
	case reflect.Map:
		return decodeMap(raw, to)
	case reflect.Slice:
		if to.Type().Elem().Kind() == reflect.Uint8 {
			return decodeBlob(raw, to)
		}
		return decodeList(raw, to)
	default:
		return decodeScalar(raw, to)
	}
}

func decodeStruct(raw []byte, to reflect.Value) error {
	if raw[0] != '{' {
		return notMap(raw)
	}
	fields := jsonFields(to.Type())
	for name, value := range jsonMembers(raw) {
		index, known := fields[name]
		if !known {
			continue
		}
		field := to.FieldByIndex(index)
		field.SetZero()
		if err := decodeValue(value, field); err != nil {
			return err
		}
	}
	return nil
}

func notMap(raw []byte) error {
	return mismatch("%s found where a structure or map was expected.", kindOf(raw))
}

// fieldsOf keeps, by type, what jsonFields returned.
var fieldsOf sync.Map

// jsonFields is the fields of a struct that come from JSON, by their names there.
func jsonFields(t reflect.Type) map[string][]int {
	if kept, found := fieldsOf.Load(t); found {
		return kept.(map[string][]int)
	}
	fields := map[string][]int{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		outside := field.Tag.Get("path") != "" || field.Tag.Get("query") != ""
		if name != "-" && !outside && !field.Anonymous && field.IsExported() {
			fields[name] = field.Index
		}
	}
	fieldsOf.Store(t, fields)
	return fields
}

func decodeMap(raw []byte, to reflect.Value) error {
	if raw[0] != '{' {
		return notMap(raw)
	}
	if to.Type().Key().Kind() != reflect.String {
		return fmt.Errorf("cannot decode JSON to %s", to.Type())
	}
	to.Set(reflect.MakeMap(to.Type()))
	for name, raw := range jsonMembers(raw) {
		value := reflect.New(to.Type().Elem()).Elem()
		if err := decodeValue(raw, value); err != nil {
			return err
		}
		to.SetMapIndex(reflect.ValueOf(name).Convert(to.Type().Key()), value)
	}
	return nil
}

func decodeList(raw []byte, to reflect.Value) error {
	if raw[0] != '[' {
		return mismatch("Expected list or null")
	}
	elems := slices.Collect(jsonElements(raw))
	to.Set(reflect.MakeSlice(to.Type(), len(elems), len(elems)))
	for i, elem := range elems {
		if elem[0] == 'n' {
			return mismatch("NULL_VALUE can not be an element of a list")
		}
		if err := decodeValue(elem, to.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeBlob(raw []byte, to reflect.Value) error {
	text, err := decodeString(raw, "Blob")
	if err != nil {
		return err
	}
	blob, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return mismatch("STRING_VALUE can not be converted to a Blob")
	}
	to.SetBytes(blob)
	return nil
}

func decodeScalar(raw []byte, to reflect.Value) error {
	switch to.Kind() {
	case reflect.String:
		text, err := decodeString(raw, "String")
		if err != nil {
			return err
		}
		to.SetString(text)
		return nil
	case reflect.Bool:
		if raw[0] != 't' && raw[0] != 'f' {
			return mismatch("%s can not be converted to a Boolean", kindOf(raw))
		}
		to.SetBool(raw[0] == 't')
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, ok := integer(raw)
		if !ok || to.OverflowInt(n) {
			return mismatch("%s can not be converted to an Integer", kindOf(raw))
		}
		to.SetInt(n)
		return nil
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || to.OverflowFloat(f) {
			return mismatch("%s can not be converted to a Double", kindOf(raw))
		}
		to.SetFloat(f)
		return nil
	case reflect.Interface:
		return json.Unmarshal(raw, to.Addr().Interface())
	}
	return fmt.Errorf("cannot decode JSON to %s", to.Type())
}

// decodeString refuses half a surrogate pair, which encoding/json would replace: text must arrive unchanged or not.
func decodeString(raw []byte, wanted string) (string, error) {
	if raw[0] == '"' && !bytes.ContainsRune(raw, '\\') {
		return string(raw[1 : len(raw)-1]), nil // valid JSON and UTF-8: nothing in it stands for anything else
	}
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return "", mismatch("%s can not be converted to a %s", kindOf(raw), wanted)
	}
	lower := bytes.ToLower(raw)
	if strings.ContainsRune(text, utf8.RuneError) && bytes.Contains(lower, []byte(`\ud`)) &&
		strings.Count(text, "\ufffd") > bytes.Count(raw, []byte("\ufffd"))+bytes.Count(lower, []byte(`\ufffd`)) {
		return "", mismatch("The request body is not a well-formed JSON document.")
	}
	return text, nil
}

// integer reads 7, 7.0 and 7e0, but neither 7.5 nor "7".
func integer(raw []byte) (int64, bool) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// kindOf names the kind of a JSON value as the services do in their texts.
func kindOf(raw []byte) string {
	switch raw[0] {
	case '{':
		return "Start of structure or map"
	case '[':
		return "Start of list"
	case '"':
		return "STRING_VALUE"
	case 't':
		return "TRUE_VALUE"
	case 'f':
		return "FALSE_VALUE"
	case 'n':
		return "NULL_VALUE"
	}
	return "NUMBER_VALUE"
}
