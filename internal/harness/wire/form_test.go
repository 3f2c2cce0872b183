package wire_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/fuzzed"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func TestDecodeForm(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		form string
		want roleInput
	}{
		"nothing":    {"", roleInput{}},
		"text":       {"RoleName=a+b%26c%C3%BC", roleInput{Name: "a b&cü"}},
		"exact case": {"rolename=no&ROLENAME=no", roleInput{}},
		"first wins": {"RoleName=first&RoleName=last", roleInput{Name: "first"}},
		"number":     {"MaxItems=7", roleInput{Max: aws.Int32(7)}},
		"list": {"Tags.member.2.Key=c&Tags.member.10.Key=d&Tags.member.1.Key=a&Tags.member.1.Value=b",
			roleInput{Tags: []formTag{{"a", "b"}, {"c", ""}, {"d", ""}}}},
		"sparse list": {"Tags.member.999999999.Key=a", roleInput{Tags: []formTag{{"a", ""}}}},
		"empty list":  {"Tags=", roleInput{Tags: []formTag{}}},
		"map": {"Attrs.entry.1.key=a&Attrs.entry.1.value=b&Attrs.entry.2.key=c",
			roleInput{Attrs: map[string]string{"a": "b", "c": ""}}},
		"time":    {"Since=2026-01-05T10%3A15%3A00Z", roleInput{Since: &wire.Time{Time: start}}},
		"unknown": {"X.Y.Z=1&.=&..=&=&&Action=A", roleInput{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got roleInput
			if err := wire.DecodeForm(tc.form, &got); err != nil {
				t.Fatalf("decode: %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeFormNestedStruct(t *testing.T) {
	t.Parallel()
	var got roleInput
	if err := wire.DecodeForm("Deep.On=true", &got); err != nil || !got.Deep.On {
		t.Errorf("got %v, %v, want Deep.On", got, err)
	}
}

func TestDecodeFormRefuses(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"MaxItems=x", "MaxItems=3000000000", "MaxItems=1.5", "Tags.member.0.Key=a",
		"Tags.member.x.Key=a", "Tags.member.1.Key=a&Tags.member.01.Key=b", "Since=yesterday", "Deep.On=1",
		"RoleName=%zz", "RoleName=%ff", strings.Repeat("a.", 100) + "=1"} {
		if err := wire.DecodeForm(form, &roleInput{}); err == nil {
			t.Errorf("%.40s: got nil, want an error", form)
		}
	}
}

func TestTimeText(t *testing.T) {
	t.Parallel()
	at := wire.Time{Time: time.Date(2026, 1, 5, 11, 15, 0, 123e6, time.FixedZone("CET", 3600))}
	text, err := at.MarshalText()
	if got, want := string(text), "2026-01-05T10:15:00Z"; err != nil || got != want {
		t.Errorf("XML: got %q, %v, want %q", got, err, want)
	}
	raw, err := at.MarshalJSON()
	if got, want := string(raw), "1767608100.123"; err != nil || got != want {
		t.Errorf("JSON: got %q, %v, want %q", got, err, want)
	}
}

// FuzzDecodeForm checks that nothing panics and that a name arrives as net/url reads it.
func FuzzDecodeForm(f *testing.F) {
	f.Add("RoleName=a&Tags.member.1.Key=b&Tags.member.1.Value=c&MaxItems=7&Attrs.entry.1.key=k&Deep.On=true")
	f.Add("Tags.member.-1=&Tags..=&RoleName=%&Since=x")
	for _, in := range fuzzed.Inputs(f) {
		f.Add(in[0])
	}
	f.Fuzz(func(t *testing.T, form string) {
		var got roleInput
		if err := wire.DecodeForm(form, &got); err != nil {
			return
		}
		if values, err := url.ParseQuery(form); err == nil && values.Get("RoleName") != got.Name {
			t.Errorf("RoleName: got %q, want %q", got.Name, values.Get("RoleName"))
		}
	})
}
