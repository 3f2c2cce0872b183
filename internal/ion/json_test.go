package ion_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// TestToJSON has one case for each rule of the cookbook.
func TestToJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"null":                       "null",
		"null.struct":                "null",
		"a::true":                    "true",
		"-18446744073709551616":      "-18446744073709551616",
		"1.50":                       "1.50",
		"-0.0":                       "-0.0",
		"3d40":                       "3e40",
		"1.5e3":                      "1.5e3",
		"nan":                        "null",
		"+inf":                       "null",
		"2007-02-23T12:14Z":          `"2007-02-23T12:14Z"`,
		"'it\\'s'":                   `"it's"`,
		"$0":                         `"$0"`,
		`"é\"\\\n\u2028\x7f"`:        "\"é\\\"\\\\\\u000a\u2028\x7f\"",
		`{{"a\x00\xe9\x7f\""}}`:      `"a\u0000\u00e9\u007f\""`,
		"{{AP8=}}":                   `"AP8="`,
		"(a [1,x::2] ())":            `["a",[1,2],[]]`,
		`{a:1,'b c':{$0:null},a:[]}`: `{"a":1,"b c":{"$0":null},"a":[]}`,
	} {
		got := ion.ToJSON(parse(t, text))
		if string(got) != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if !json.Valid(got) {
			t.Errorf("%s: not JSON: %s", text, got)
		}
	}
}

func TestFromJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`:                 "null",
		` [1, -2, 1.50, 1e2] `: "[1,-2,1.50,1e2]",
		`18446744073709551616`: "18446744073709551616",
		`{"b":{"a b":1},"a":"\u00e9\/\ud83d\ude00","b":2}`: `{b:{'a b':1},a:"é/😀",b:2}`,
		`"2007-02-23T12:14Z"`:                              `"2007-02-23T12:14Z"`,
		`{"null":true,"$1":[]}`:                            `{'null':true,'$1':[]}`,
	} {
		v, err := ion.FromJSON([]byte(text), ion.Options{})
		if err != nil || v.String() != want {
			t.Errorf("%s: got %s, %v, want %s", text, v, err, want)
		}
	}
	for text, want := range map[string]string{
		``:         "ion text, 1:1: not JSON: unexpected end of JSON input",
		`{a:1}`:    "ion text, 1:2: not JSON: invalid character 'a' looking for beginning of object key string",
		`[1,]`:     "ion text, 1:4: not JSON: invalid character ']' looking for beginning of value",
		`1 2`:      "ion text, 1:3: not JSON: invalid character '2' after top-level value",
		`[1e400]`:  "ion text, 1:1: number beyond 64 bits",
		`"\ud800"`: "ion text, 1:2: escape that does not exist",
		"\"\xff\"": "ion text, 1:2: text that is not UTF-8",
		strings.Repeat("[", 130) + strings.Repeat("]", 130): "ion input goes beyond MaxDepth 128",
	} {
		if v, err := ion.FromJSON([]byte(text), ion.Options{}); err == nil || err.Error() != want {
			t.Errorf("%s: got %s, %v, want %s", text, v, err, want)
		}
	}
}
