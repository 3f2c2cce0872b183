package verify_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

// A probe is what an auditor would hand in, with the step that must fail, as in testdata: lines "key: text", the first
// of them "# description".
type probe struct {
	about    string
	step     string // "" if the probe is good, "format" for a *FormatError
	revision string // this or block
	block    string
	proof    string
	digest   string
	tip      string
}

func (p *probe) fields() []struct {
	key  string
	text *string
} {
	return []struct {
		key  string
		text *string
	}{
		{"# ", &p.about}, {"step: ", &p.step}, {"revision: ", &p.revision}, {"block: ", &p.block},
		{"proof: ", &p.proof}, {"digest: ", &p.digest}, {"tip: ", &p.tip},
	}
}

func (p *probe) String() string {
	var b strings.Builder
	for _, f := range p.fields() {
		if *f.text != "" {
			fmt.Fprintf(&b, "%s%s\n", f.key, *f.text)
		}
	}
	return b.String()
}

func readProbe(t testing.TB, name string) probe {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var p probe
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
next:
	for lines.Scan() {
		for _, f := range p.fields() {
			if text, ok := strings.CutPrefix(lines.Text(), f.key); ok {
				*f.text = text
				continue next
			}
		}
		t.Fatalf("%s: unknown line %q", name, lines.Text())
	}
	return p
}

// goodProbes are proofs of the real service, and those that the maker's tests wrote.
func goodProbes(t testing.TB) map[string]probe {
	t.Helper()
	probes := map[string]probe{}
	for _, pattern := range []string{"testdata/good/*.txt", "../harness/journal/testdata/proofs/*.txt"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no good probes in %s: %v", pattern, err)
		}
		for _, name := range names {
			probes[strings.TrimSuffix(filepath.Base(name), ".txt")] = readProbe(t, name)
		}
	}
	return probes
}

// check does what an auditor does.
func (p *probe) check() error {
	proof, err := verify.ParseProof([]byte(p.proof))
	if err != nil {
		return err
	}
	digest, err := verify.ParseDigest(p.digest)
	if err != nil {
		return err
	}
	tip, err := verify.ParseAddress([]byte(p.tip))
	if err != nil {
		return err
	}
	if p.block != "" {
		b, err := verify.ParseBlock([]byte(p.block))
		if err != nil {
			return err
		}
		return verify.BlockInclusion(b, proof, digest, tip)
	}
	r, err := verify.ParseRevision([]byte(p.revision))
	if err != nil {
		return err
	}
	return verify.Inclusion(r, proof, digest, tip)
}

func TestGood(t *testing.T) {
	t.Parallel()
	for name, p := range goodProbes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := p.check(); err != nil {
				t.Errorf("%s: got %v, want it to be proven", p.about, err)
			}
		})
	}
}
