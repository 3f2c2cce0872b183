package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxFormDepth is how many dots the name of a form parameter may have.
const maxFormDepth = 32

// params are the parameters of a query string or form, in the order they came.
type params []param

type param struct{ name, value string }

// parseParams is url.ParseQuery but that it keeps the order, and refuses what is not UTF-8.
func parseParams(raw string) (params, error) {
	var ps params
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("parse parameters: %w", err)
		}
		if !utf8.ValidString(n) || !utf8.ValidString(v) {
			return nil, errors.New("parse parameters: not UTF-8")
		}
		ps = append(ps, param{n, v})
	}
	return ps, nil
}

// get returns the first value of name, or "".
func (ps params) get(name string) string {
	for _, p := range ps {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

func (ps params) has(name string) bool {
	return slices.ContainsFunc(ps, func(p param) bool { return p.name == name })
}

func (ps params) all(name string) []string {
	var values []string
	for _, p := range ps {
		if p.name == name {
			values = append(values, p.value)
		}
	}
	return values
}

// node is a form parameter in the tree that the dots in the names form: Tags.member.1.Key.
type node struct {
	value    string
	set      bool
	children map[string]*node
}

// decodeForm fills the struct to. Lists are Name.member.N, maps Name.entry.N.key and Name.entry.N.value. The first of
// several parameters with one name counts; unknown ones are ignored.
func decodeForm(ps params, to reflect.Value) error {
	root := &node{}
	for _, p := range ps {
		if strings.Count(p.name, ".") > maxFormDepth {
			return mismatch("Too many levels in a parameter name")
		}
		n := root
		for part := range strings.SplitSeq(p.name, ".") {
			n = n.child(part)
		}
		if !n.set {
			n.value, n.set = p.value, true
		}
	}
	return root.decode(to)
}

func (n *node) child(name string) *node {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	if n.children[name] == nil {
		n.children[name] = &node{}
	}
	return n.children[name]
}

func (n *node) decode(to reflect.Value) error {
	if t, ok := to.Addr().Interface().(*Time); ok {
		at, err := time.Parse(time.RFC3339, n.value)
		if err != nil {
			return mismatch("timestamp must follow ISO8601")
		}
		t.Time = at.UTC()
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		v := reflect.New(to.Type().Elem())
		to.Set(v)
		return n.decode(v.Elem())
	case reflect.Struct:
		return n.decodeStruct(to)
	case reflect.Slice:
		if to.Type().Elem().Kind() == reflect.Uint8 {
			blob, err := base64.StdEncoding.DecodeString(n.value)
			if err != nil {
				return mismatch("STRING_VALUE can not be converted to a Blob")
			}
			to.SetBytes(blob)
			return nil
		}
		return n.decodeList(to)
	case reflect.Map:
		return n.decodeMap(to)
	default:
		return decodeText(n.value, to)
	}
}

func (n *node) decodeStruct(to reflect.Value) error {
	for _, field := range reflect.VisibleFields(to.Type()) {
		name := field.Tag.Get("form")
		if name == "" {
			name = field.Name
		}
		child := n.children[name]
		if child == nil || field.Anonymous || !field.IsExported() {
			continue
		}
		if err := child.decode(to.FieldByIndex(field.Index)); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) decodeList(to reflect.Value) error {
	elems, err := n.numbered("member")
	if err != nil {
		return err
	}
	to.Set(reflect.MakeSlice(to.Type(), len(elems), len(elems)))
	for i, elem := range elems {
		if err := elem.decode(to.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) decodeMap(to reflect.Value) error {
	if to.Type().Key().Kind() != reflect.String {
		return fmt.Errorf("cannot decode a form to %s", to.Type())
	}
	entries, err := n.numbered("entry")
	if err != nil {
		return err
	}
	to.Set(reflect.MakeMap(to.Type()))
	for _, entry := range entries {
		value := reflect.New(to.Type().Elem()).Elem()
		if err := entry.child("value").decode(value); err != nil {
			return err
		}
		to.SetMapIndex(reflect.ValueOf(entry.child("key").value).Convert(to.Type().Key()), value)
	}
	return nil
}

// numbered returns the children of the child called name in the order of their numbers. Gaps close up.
func (n *node) numbered(name string) ([]*node, error) {
	list := n.children[name]
	if list == nil {
		return nil, nil
	}
	numbers := make([]int, 0, len(list.children))
	byNumber := map[int]*node{}
	for text, elem := range list.children {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || byNumber[number] != nil {
			return nil, mismatch("Key %.40s of a list is not a number from 1", text)
		}
		numbers = append(numbers, number)
		byNumber[number] = elem
	}
	slices.Sort(numbers)
	elems := make([]*node, len(numbers))
	for i, number := range numbers {
		elems[i] = byNumber[number]
	}
	return elems, nil
}
