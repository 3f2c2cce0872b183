package record_test

import (
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/record"
)

func parse(t *testing.T, text string) ion.Value {
	t.Helper()
	v, err := ion.ParseOne(text, ion.Options{})
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return v
}

func TestSame(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b      string
		json, ion bool
	}{
		{`{a: 1, b: [2]}`, `{b: [2], a: 1}`, true, true},
		{`{a: 1}`, `{a: 1.0}`, true, false},
		{`{a: 1.50}`, `{a: 1.5}`, true, false},
		{`{a: 100}`, `{a: 1e2}`, true, false},
		{`{a: 0.1}`, `{a: 1e-1}`, true, false},
		{`{a: -0.0}`, `{a: 0}`, true, false},
		{`{a: 123456789012345678901234567890}`, `{a: 123456789012345678901234567891}`, false, false},
		{`{a: 10}`, `{a: 1}`, false, false},
		{`{a: 1}`, `{a: "1"}`, false, false},
		{`{a: "0"}`, `{a: 0}`, false, false},
		{`{a: 2007T}`, `{a: "2007T"}`, true, false},
		{`{a: sym}`, `{a: "sym"}`, true, false},
		{`{a: null}`, `{a: null.string}`, true, false},
		{`{a: null}`, `{}`, false, false},
		{`{a: [1, 2]}`, `{a: [2, 1]}`, false, false},
		{`{a: {b: 1.0}}`, `{a: {b: 1}}`, true, false},
	} {
		a, b := parse(t, test.a), parse(t, test.b)
		if got := record.SameJSON(a, b); got != test.json {
			t.Errorf("%s and %s as JSON: got %v", test.a, test.b, got)
		}
		if got := record.SameIon(a, b); got != test.ion {
			t.Errorf("%s and %s as Ion: got %v", test.a, test.b, got)
		}
	}
}

func TestSubset(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ document, named, projected, merged string }{
		{`{a: 1, b: 2}`, `{a: 3}`, `{a: 1}`, `{a: 3, b: 2}`},
		{`{a: {x: 1, y: 2}, b: 2}`, `{a: {x: 9}}`, `{a: {x: 1}}`, `{a: {x: 9, y: 2}, b: 2}`},
		{`{a: [1, {x: 1}]}`, `{a: [{x: 2}]}`, `{a: [1, {x: 1}]}`, `{a: [{x: 2}]}`},
		{`{a: 1}`, `{b: {c: 1}}`, `{}`, `{a: 1, b: {c: 1}}`},
		{`{a: 1}`, `{a: {c: 1}}`, `{a: 1}`, `{a: {c: 1}}`},
		{`{a: {c: 1}}`, `{a: null}`, `{a: {c: 1}}`, `{a: null}`},
		{`note::{a: x::1}`, `{a: 2}`, `note::{a: x::1}`, `note::{a: 2}`},
		{`{a: 1, a: 2, b: 3, b: 4}`, `{a: 9}`, `{a: 1, a: 2}`, `{a: 9, b: 3, b: 4}`},
		{`{a: null.struct}`, `{a: {b: 1}}`, `{a: null.struct}`, `{a: {b: 1}}`},
	} {
		document, named := parse(t, test.document), parse(t, test.named)
		if got := record.Project(document, named); !got.Equal(parse(t, test.projected)) {
			t.Errorf("project %s on %s: got %s, want %s", test.document, test.named, got, test.projected)
		}
		if got := record.Merge(document, named); !got.Equal(parse(t, test.merged)) {
			t.Errorf("merge %s with %s: got %s, want %s", test.document, test.named, got, test.merged)
		}
	}
}

func TestLossless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{a: 1, b: 1.50, c: "x", d: [true, null], e: {}}`: true,
		`{a: 2007T}`: false, `{a: x}`: false, `{a: {{AAAA}}}`: false, `{a: y::1}`: false, `{a: 1, a: 2}`: false,
		`{a: null.int}`: false, `{a: (1)}`: false,
	} {
		if got := record.Lossless(parse(t, text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}
