package provider_test

import (
	"bytes"
	"cmp"
	"flag"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

var update = flag.Bool("update", false, "write the golden files")

// shownParts are what a terminal shows of a plan: resources, outputs, the sum.
var shownParts = regexp.MustCompile(
	`(?ms)^  # qldbkms_.*?^    \}$|^Changes to Outputs:\n(?: [^\n]*\n)+|^Plan: .*?$`)

// passing is what differs from run to run, and from engine to engine: OpenTofu shows a write-only attribute in every
// change.
var passing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "01234567-89ab-cdef-0123-456789abcdef"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`), "2026-01-02T03:04:05.678Z"},
	{regexp.MustCompile(`[A-Za-z0-9+/]{43}=`), "HashHashHashHashHashHashHashHashHashHashHas="}, // before ids
	{regexp.MustCompile(`([" ])[0-9A-Za-z]{22}\b`), "${1}IdIdIdIdIdIdIdIdIdIdId"},
	{regexp.MustCompile(`/[0-9A-Za-z]{22}\b`), "/IdIdIdIdIdIdIdIdIdIdId"},
	{regexp.MustCompile(`(sequence_no +=) \d+`), "${1} 5"},
	{regexp.MustCompile(`(?m)^ +~ document_wo +=.*\n`), ""},
	{regexp.MustCompile(`\(\d+ (unchanged attributes? hidden\))`), "(${1}"},
	{regexp.MustCompile(`(?m) +$`), ""},
}

// excerpt is what a terminal shows: the parts of the plan, then the diagnostics, sorted, as their order is that in
// which objects happen to end.
func excerpt(shown string) string {
	for _, p := range passing {
		shown = p.form.ReplaceAllString(shown, p.name)
	}
	var parts, said []string
	for _, part := range shownParts.FindAllString(shown, -1) {
		parts = append(parts, strings.TrimRight(part, "\n")+"\n")
	}
	for _, block := range strings.Split(shown, "╷\n")[1:] {
		if end := strings.Index(block, "╵"); end >= 0 {
			said = append(said, "╷\n"+block[:end]+"╵\n")
		}
	}
	slices.SortFunc(said, func(a, b string) int { return cmp.Compare(address.FindString(a)+a, address.FindString(b)+b) })
	return strings.Join(append(parts, said...), "\n")
}

var address = regexp.MustCompile(`with (data\.)?qldbkms_\S+`)

// A room is a desk over an account with a ledger "orders".
type room struct {
	*acctest.Harness
	t *testing.T
}

// run runs a command with the configuration and returns what the terminal shows.
func (r room) run(d *acctest.Desk, config string, args ...string) string {
	r.t.Helper()
	return d.Run(r.Config("")+config, args...)
}

// applied runs an apply that must end well, at a desk of its own.
func (r room) applied(config string) *acctest.Desk {
	r.t.Helper()
	d := r.Desk()
	if shown := r.run(d, config, "apply", "-auto-approve"); !strings.Contains(shown, "Apply complete!") {
		r.t.Fatalf("apply:\n%s", shown)
	}
	return d
}

// A rival commits something of its own right before each commit of the provider's.
type rival struct {
	next   http.RoundTripper
	commit func()
}

// RoundTrip implements http.RoundTripper.
func (r rival) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Body != nil && q.Header.Get("User-Agent") != "acctest" {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return nil, err
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte("CommitTransaction")) && bytes.Contains(body, []byte(`"TransactionId"`)) {
			r.commit()
		}
	}
	return r.next.RoundTrip(q)
}

// TestTerminal keeps what a person sees, in a terminal of 80 columns, of the objects that hold and read data. Read the
// files.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for name, scene := range terminalScenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := room{acctest.Start(t), t}
			r.Ledger("orders")
			shown := excerpt(scene(r))
			if shown == "" {
				t.Fatal("the terminal shows nothing of the objects")
			}
			for line := range strings.Lines(shown) {
				// Lines that begin with a space are lists and code, which the command line does not break.
				prose := strings.HasPrefix(line, "│") && !strings.HasPrefix(line, "│  ")
				if prose && utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > acctest.Columns {
					t.Errorf("more than %d columns: %s", acctest.Columns, line)
				}
			}
			file := filepath.Join("testdata", "terminal", strings.ReplaceAll(name, " ", "_")+".golden")
			acctest.CompareGolden(t, file, shown, *update)
		})
	}
}
