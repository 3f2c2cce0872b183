package functions_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// probe reads "key: text" lines of the checker's own test data.
func probe(t *testing.T, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if key, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok && !strings.HasPrefix(line, "#") {
			fields[key] = text
		}
	}
	return fields
}

const (
	testdata     = "../../verify/testdata"
	fromTheCloud = testdata + "/good/service-revision.txt" // what Amazon's own ledger answered
)

func arguments(p map[string]string) []string {
	return []string{p["revision"], p["proof"], p["digest"], p["tip"]}
}

func TestVerifyProof(t *testing.T) {
	t.Parallel()
	good := arguments(probe(t, fromTheCloud))
	with := func(at int, old, text string) []string {
		changed := append([]string(nil), good...)
		if changed[at] = strings.Replace(changed[at], old, text, 1); changed[at] == good[at] {
			t.Fatalf("nothing changed by %q", old)
		}
		return changed
	}
	swapped := append([]string(nil), good...)
	swapped[0], swapped[1] = good[1], good[0]
	check(t, "verify_proof", []row{
		{name: "good", arguments: good, want: true},
		{name: "fields in another order", arguments: with(0, `{VIN:"1N4AL11D75C109151",LicensePlateNumber:"LEWISR261LL"`,
			`{LicensePlateNumber:"LEWISR261LL", VIN:"1N4AL11D75C109151"`), want: true},
		{
			name: "data changed", arguments: with(0, "90.25", "9.25"),
			says: `revision JUJgkIcNbhS2goq8RqLuZ4 version 3 is not proven: its data or metadata are not those that were ` +
				`committed. Step "revision hash" failed: got `,
		},
		{name: "field smuggled in", arguments: with(0, "hash:", "paid:true,hash:"), says: "unknown or repeated fields"},
		{name: "revision is not Ion", arguments: with(0, "{VIN:", "{VIN"), says: "revision is not Ion: line 1, column 129"},
		{name: "proof one short", arguments: with(1, "{{eRSwnmAM7WWANWDd5iGOyK+T4tDXyzUq6HZ/0fgLHos=}},", ""), blames: 2,
			says: `Step "digest" failed: got `},
		{name: "proof of nothing", arguments: []string{good[0], "[]", good[2], good[3]}, blames: 1,
			says: `Step "proof length" failed: got 0, want `},
		{name: "proof is not Ion", arguments: with(1, "[", ""), blames: 1, says: "proof is not Ion: line 1, column "},
		{name: "digest changed", arguments: with(2, "6", "7"), blames: 2, says: `Step "digest" failed: got 6m6BMX`},
		{name: "digest cut", arguments: with(2, "Gk=", ""), blames: 2, says: "digest is not base64"},
		{name: "tip before", arguments: with(3, "123", "99"), blames: 3, says: `Step "address" failed: got `},
		{name: "tip of another strand", arguments: with(3, "Km", "Kn"), blames: 3, says: `Step "address" failed: got `},
		{name: "tip is a number", arguments: with(3, good[3], "123"), blames: 3, says: "block address is not a plain struct"},
		{name: "arguments swapped", arguments: swapped, says: "revision is not a plain struct"},
	})
}

// Whatever the checker refuses, the function refuses, and names the step.
func TestVerifyProofProbes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(testdata + "/probes/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		p := probe(t, file)
		if p["revision"] == "" {
			continue // of a block
		}
		checked++
		got, failed := call(t, "verify_proof", arguments(p)...)
		switch {
		case p["step"] == "":
			if got != true {
				t.Errorf("%s: got %v, %v, want true", file, got, failed)
			}
		case failed == nil:
			t.Errorf("%s: got %v, want an error", file, got)
		case p["step"] != "format" && !strings.Contains(failed.Text, `Step "`+p["step"]+`" failed`):
			t.Errorf("%s: does not name step %q: %s", file, p["step"], failed.Text)
		}
	}
	if checked < 20 {
		t.Errorf("got %d probes, want 20 or more", checked)
	}
}
