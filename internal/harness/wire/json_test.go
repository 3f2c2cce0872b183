package wire_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

type embedded struct {
	Inner string `json:"Inner"`
}

type everything struct {
	embedded
	Text     string             `json:"Text"`
	TextPtr  *string            `json:"TextPtr,omitempty"`
	Int      int64              `json:"Int"`
	Small    int8               `json:"Small"`
	Bool     *bool              `json:"Bool"`
	Float    float64            `json:"Float"`
	Blob     []byte             `json:"Blob"`
	List     []string           `json:"List"`
	Structs  []*keyTag          `json:"Structs"`
	Map      map[string]*string `json:"Map"`
	Time     *wire.Time         `json:"Time"`
	Raw      json.RawMessage    `json:"Raw"`
	Any      any                `json:"Any"`
	Label    string             `path:"Label"`
	Skipped  string             `json:"-"`
	Untagged string
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		want everything
	}{
		"no body":         {"", everything{}},
		"blanks":          {" \r\n", everything{}},
		"empty":           {" {} ", everything{}},
		"exact names":     {`{"text":"no","TEXT":"no","Text":"yes","tEXT":"no"}`, everything{Text: "yes"}},
		"wrong case only": {`{"text":"no"}`, everything{}},
		"last wins":       {`{"Text":"first","Text":"last"}`, everything{Text: "last"}},
		"unknown members": {`{"X":{"Y":[1,null,{"Z":1e999}]},"Int":1}`, everything{Int: 1}},
		"null is absent":  {`{"Text":null,"TextPtr":null,"Map":null,"Structs":null,"Time":null,"Blob":null}`, everything{}},
		"outside members": {`{"Label":"no","Skipped":"no","-":"no","Untagged":"yes"}`, everything{Untagged: "yes"}},
		"escapes":         {`{"Text":"\u00fc\ud83d\ude00\n\ufffd"}`, everything{Text: "ü😀\n\ufffd"}},
		"whole numbers":   {`{"Int":-7.0,"Small":1e2,"Float":7}`, everything{Int: -7, Small: 100, Float: 7}},
		"large":           {`{"Int":9223372036854775807}`, everything{Int: 9223372036854775807}},
		"structures": {` { "Structs" : [ {"TagKey" : "a" , "TagValue":"b"} ] , "List" : [ "x" , "" ] } `,
			everything{Structs: []*keyTag{{"a", "b"}}, List: []string{"x", ""}}},
		"map":  {`{"Map":{"a":null,"b":"c"}}`, everything{Map: map[string]*string{"a": nil, "b": aws.String("c")}}},
		"blob": {`{"Blob":"AP8="}`, everything{Blob: []byte{0, 255}}},
		"time": {`{"Time":1568839243.951}`,
			everything{Time: wire.At(time.Date(2019, 9, 18, 20, 40, 43, 951e6, time.UTC))}},
		"raw and any": {`{"Raw":[1, 2],"Any":{"a":true}}`,
			everything{Raw: json.RawMessage("[1, 2]"), Any: map[string]any{"a": true}}},
		"embedded": {`{"Inner":"x"}`, everything{embedded: embedded{"x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got everything
			if err := wire.DecodeJSON([]byte(tc.body), &got); err != nil {
				t.Fatalf("decode: %v", err)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(everything{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	t.Parallel()
	const malformed = "The request body is not a well-formed JSON document."
	for body, want := range map[string]string{
		`{`:                           malformed,
		`{} x`:                        malformed,
		`{}{}`:                        malformed,
		`{"a":1,}`:                    malformed,
		`{'a':1}`:                     malformed,
		`{"Int":01}`:                  malformed,
		`{"X":NaN}`:                   malformed,
		"{\"Text\":\"\xff\"}":         malformed,
		"{\"Text\":\"\x01\"}":         malformed,
		`{"Text":"\ud800"}`:           malformed,
		"\ufeff{}":                    malformed,
		deep(1000):                    malformed,
		deep(1_000_000):               malformed,
		`[]`:                          "Start of structure or map expected.",
		`"x"`:                         "Start of structure or map expected.",
		`null`:                        "Start of structure or map expected.",
		`{"Text":1}`:                  "NUMBER_VALUE can not be converted to a String",
		`{"Text":{}}`:                 "Start of structure or map can not be converted to a String",
		`{"TextPtr":[]}`:              "Start of list can not be converted to a String",
		`{"Int":"1"}`:                 "STRING_VALUE can not be converted to an Integer",
		`{"Int":1.5}`:                 "NUMBER_VALUE can not be converted to an Integer",
		`{"Int":9223372036854775808}`: "NUMBER_VALUE can not be converted to an Integer",
		`{"Small":128}`:               "NUMBER_VALUE can not be converted to an Integer",
		`{"Int":1e999999999}`:         "NUMBER_VALUE can not be converted to an Integer",
		`{"Int":true}`:                "TRUE_VALUE can not be converted to an Integer",
		`{"Bool":"true"}`:             "STRING_VALUE can not be converted to a Boolean",
		`{"Float":"1"}`:               "STRING_VALUE can not be converted to a Double",
		`{"Blob":"A"}`:                "STRING_VALUE can not be converted to a Blob",
		`{"Blob":"AP8"}`:              "STRING_VALUE can not be converted to a Blob",
		`{"Blob":7}`:                  "NUMBER_VALUE can not be converted to a Blob",
		`{"List":"x"}`:                "Expected list or null",
		`{"List":["x",null]}`:         "NULL_VALUE can not be an element of a list",
		`{"Structs":[null]}`:          "NULL_VALUE can not be an element of a list",
		`{"Structs":["x"]}`:           "STRING_VALUE found where a structure or map was expected.",
		`{"Map":[]}`:                  "Start of list found where a structure or map was expected.",
		`{"Time":"2019-09-18"}`:       "STRING_VALUE can not be converted to a Time",
		`{"Time":1e300}`:              "NUMBER_VALUE can not be converted to a Time",
	} {
		err := wire.DecodeJSON([]byte(body), &everything{})
		if err == nil || err.Error() != want {
			t.Errorf("%.40q: got %v, want %s", body, err, want)
		}
	}
}

func deep(n int) string { return `{"X":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }

func TestBracketsInTextAreNotDepth(t *testing.T) {
	t.Parallel()
	var got everything
	text := strings.Repeat(`[\"{`, 500)
	if err := wire.DecodeJSON([]byte(`{"Text":"`+text+`"}`), &got); err != nil {
		t.Errorf("decode: %v", err)
	}
}

// FuzzDecodeJSON checks that nothing panics and that text arrives as encoding/json reads it.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"Text":"x","Structs":[{"TagKey":"a"}],"Map":{"a":null},"Blob":"AP8=","Time":1.5,"Int":7}`))
	f.Add([]byte(`{"Text":"\ud800","List":[null]}`))
	f.Add([]byte(`[{"a":[[]]}]`))
	for _, in := range fuzzed.Inputs(f) {
		f.Add([]byte(in[0]))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got everything
		if err := wire.DecodeJSON(body, &got); err != nil {
			return
		}
		var want map[string]any
		if strings.TrimSpace(string(body)) == "" {
			return
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if text, _ := want["Text"].(string); text != got.Text || !utf8.ValidString(got.Text) {
			t.Errorf("Text: got %q, want %q", got.Text, text)
		}
	})
}
