package record_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

var update = flag.Bool("update", false, "write the golden files")

// What differs from run to run.
var passing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`request id [0-9A-Za-z-]+`), "request id <request id>"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`), "<time>"},
	{regexp.MustCompile(`[A-Za-z0-9+/]{43}=`), "<hash>"}, // before ids: a part of a hash may look like one
	{regexp.MustCompile(`\b[0-9A-Za-z]{22}\b`), "<id>"},
}

// TestTexts compares what users read with golden files. Read the files.
func TestTexts(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := scene(newBench(t))
			for _, d := range said {
				if n := len([]rune(d.Summary)); n > 70 {
					t.Errorf("summary of %d characters: %s", n, d.Summary)
				}
			}
			got := said.String()
			for _, p := range passing {
				got = p.form.ReplaceAllString(got, p.name)
			}
			acctest.CompareGolden(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".golden"), got, *update)
		})
	}
}

// forge is a server whose proofs are of something else.
type forge struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f forge) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.next.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/revision") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	body = bytes.ReplaceAll(body, []byte("1N4"), []byte("1N5"))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Set("X-Amz-Crc32", "")
	return resp, err
}

// apply creates a record in a context of the test.
func (b bench) apply(config obj, st *acctest.Object, between func()) (*acctest.Object, acctest.Diagnostics) {
	return b.Core().Apply(b.t.Context(), typeName, config, st, between)
}

func (b bench) created() *acctest.Object {
	b.t.Helper()
	st, said := b.apply(car(nil), nil, nil)
	if len(said) > 0 {
		b.t.Fatal(said)
	}
	return st
}

var scenes = map[string]func(bench) acctest.Diagnostics{
	"exists": func(b bench) acctest.Diagnostics {
		b.run("CREATE INDEX ON Vehicle (VIN)")
		b.created()
		_, said := b.apply(car(obj{"key_fields": []any{"VIN"}}), nil, nil)
		return said
	},
	"exists twice": func(b bench) acctest.Diagnostics {
		b.run("CREATE INDEX ON Vehicle (VIN)")
		b.created()
		b.created()
		_, said := b.apply(car(obj{"key_fields": []any{"VIN"}, "if_exists": "adopt"}), nil, nil)
		return said
	},
	"no index": func(b bench) acctest.Diagnostics {
		_, said := b.apply(car(obj{"key_fields": []any{"VIN", "Doors"}}), nil, nil)
		return said
	},
	"changed since the plan": func(b bench) acctest.Diagnostics {
		meddle := func() { b.run("UPDATE Vehicle SET Doors = 9") }
		_, said := b.apply(car(obj{"document": `{"VIN": "2"}`}), b.created(), meddle)
		return said
	},
	"deleted since the plan": func(b bench) acctest.Diagnostics {
		_, said := b.apply(car(obj{"document": `{"VIN": "2"}`}), b.created(), func() { b.run("DELETE FROM Vehicle") })
		return said
	},
	"destroy": func(b bench) acctest.Diagnostics {
		_, said := b.apply(nil, b.created(), nil)
		return said
	},
	"no table": func(b bench) acctest.Diagnostics {
		_, said := b.apply(car(obj{"table": "Car"}), nil, nil)
		return said
	},
	"no ledger": func(b bench) acctest.Diagnostics {
		_, said := b.apply(car(obj{"ledger": "audit"}), nil, nil)
		return said
	},
	"ledger is creating": func(b bench) acctest.Diagnostics {
		h := acctest.Start(b.t, acctest.WithTiming(acctest.Timing{LedgerCreate: time.Hour}))
		if _, err := h.QLDB().CreateLedger(b.t.Context(), &qldb.CreateLedgerInput{
			Name: aws.String("orders"), PermissionsMode: "STANDARD",
		}); err != nil {
			b.t.Fatal(err)
		}
		ctx, stop := context.WithCancel(b.t.Context())
		c, done := h.Core(), make(chan acctest.Diagnostics)
		go func() {
			_, said := c.Apply(ctx, typeName, car(nil), nil, nil)
			done <- said
		}()
		h.Await(func() bool { return len(h.Calls()) > 5 })
		stop()
		return <-done
	},
	"statements refused": func(b bench) acctest.Diagnostics {
		b.Fault(acctest.Fault{
			Operation: "SendCommand", Kind: "error", Code: "AccessDeniedException", Message: "not allowed here",
		})
		_, said := b.apply(car(nil), nil, nil)
		return said
	},
	"not read back": func(b bench) acctest.Diagnostics {
		b.Fault(acctest.Fault{
			Operation: "SendCommand", Kind: "error", Code: "AccessDeniedException", Message: "not allowed here", Skip: 5,
		})
		_, said := b.apply(car(nil), nil, nil)
		return said
	},
	"not verified": func(b bench) acctest.Diagnostics {
		b.Fault(acctest.Fault{
			Operation: "GetDigest", Kind: "error", Code: "AccessDeniedException", Message: "not allowed here",
		})
		_, said := b.apply(car(obj{"verify": true}), nil, nil)
		return said
	},
	"not proven": func(b bench) acctest.Diagnostics {
		b.Transport = forge{b.Transport}
		_, said := b.apply(car(obj{"verify": true}), nil, nil)
		return said
	},
	"import id": func(b bench) acctest.Diagnostics {
		_, said := b.Core().Import(b.t.Context(), typeName, "Vehicle/8F0TPCmdNQ6JTRpiLj2TmW")
		return said
	},
	"document is no JSON": func(b bench) acctest.Diagnostics {
		return b.Core().Validate(b.t.Context(), typeName, car(obj{"document": `{VIN: "1N4"}`}))
	},
	"key field is missing": func(b bench) acctest.Diagnostics {
		return b.Core().Validate(b.t.Context(), typeName, car(obj{"key_fields": []any{"VIN", "Color"}}))
	},
}
