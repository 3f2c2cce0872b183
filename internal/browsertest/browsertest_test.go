package browsertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/browsertest"
)

func serve(t *testing.T, page string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'self' 'unsafe-inline'")
			fmt.Fprint(w, page)
		case "/favicon.ico":
			w.WriteHeader(http.StatusNoContent)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestProblemsAreHeard(t *testing.T) {
	t.Parallel()
	url := serve(t, `<!doctype html><title>x</title><script>
		console.error("one", 2); setTimeout(() => { throw new Error("nobody") })
		fetch("/gone"); fetch("http://127.0.0.1:1/").catch(() => {}); document.title = "ran"</script>`)
	page := browsertest.Open(t, url, browsertest.View{})
	var all []string
	want := []string{`console: "one" 2`, "Error: nobody", "answered 404: GET " + url + "/gone", "127.0.0.1:1"}
	page.Wait(`document.title === "ran"`)
	missing := ""
	for range 500 {
		all = append(all, page.Problems()...)
		text := strings.Join(all, "\n")
		missing = ""
		for _, w := range want {
			if !strings.Contains(text, w) {
				missing = w
			}
		}
		if missing == "" {
			return
		}
		browsertest.Eval[bool](page, "new Promise(done => setTimeout(() => done(true), 20))")
	}
	t.Errorf("no %q among %q", missing, all)
}

func TestViews(t *testing.T) {
	t.Parallel()
	url := serve(t, `<!doctype html><title>x</title><style>body{margin:0} #wide{width:500px}</style>
		<p id=wide>text &lt;b&gt;</p><button onclick="this.textContent='pressed'">press</button>`)
	page := browsertest.Open(t, url, browsertest.View{Width: 600, Height: 400, Dark: true})
	if got := page.Text("p"); got != "text <b>" {
		t.Errorf("text of the paragraph: got %q", got)
	}
	if got := page.Overflow(); len(got) != 0 {
		t.Errorf("at 600 px: got %q, want nothing wider than the page", got)
	}
	if !browsertest.Eval[bool](page, `matchMedia("(prefers-color-scheme: dark)").matches`) {
		t.Error("the page is not looked at in the dark")
	}
	page.Resize(browsertest.View{Width: 360, Height: 700})
	if got := page.Overflow(); len(got) < 2 || got[1] != "p#wide" {
		t.Errorf("at 360 px: got %q, want p#wide wider than the page", got)
	}
	if browsertest.Eval[bool](page, `matchMedia("(prefers-color-scheme: dark)").matches`) {
		t.Error("the page is still looked at in the dark")
	}
	page.Press("\t")
	page.Press("\r")
	page.WaitText("button", "pressed")
	page.Screenshot("browsertest")
}
