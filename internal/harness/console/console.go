// Package console is the web page of the harness.
//
// It shows what the harness holds: ledgers and the keys that protect them, the findings on their key policies, the
// calls that were made, how long they took. It changes nothing and opens nothing: a ledger that nobody has read since
// the start stays closed, a key is not asked. The page, its style and its scripts are compiled in; it loads nothing
// from elsewhere, keeps no cookie, and asks for a State once a second.
//
// Names, aliases and policies come from whoever calls the APIs. The page puts them in place as text, never as markup,
// and its Content-Security-Policy, with Trusted Types, makes the browser refuse the rest. Whom the page may be shown
// to is decided by the caller.
package console

import (
	"context"
	"embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"path"
	"strings"
)

// Path is where everything but the page itself lives; the page is at /.
const Path = "/_harness/console/"

//go:embed page
var files embed.FS

// contentTypes are named here, as those of the machine may differ.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// headers go with every answer. Nothing here may be framed, kept or read by another page.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cache-Control":                "no-store",
}

// Console serves the page, as an http.Handler.
type Console struct {
	look func(context.Context) (State, error)
	log  *slog.Logger
}

// New returns a Console that shows what look returns. look is called for every poll of every open page.
func New(look func(context.Context) (State, error), log *slog.Logger) *Console {
	return &Console{look: look, log: log}
}

// Serves says that r is for a Console: an unsigned GET of / or anything under Path. A GET of / with a query or a
// signature is a call of an AWS Query API.
func Serves(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, Path) {
		return true
	}
	return r.URL.Path == "/" && r.URL.RawQuery == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Authorization") == "" && r.Header.Get("X-Amz-Target") == ""
}

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "The console only shows: send GET.", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, Path)
	switch {
	case r.URL.Path == "/":
		name = "index.html"
	case name == "state":
		c.serveState(w, r)
		return
	}
	raw, err := files.ReadFile(path.Join("page", path.Base(name)))
	if err != nil || strings.Contains(name, "/") {
		http.Error(w, "The console has no such file.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
	c.write(w, raw)
}

// serveState answers with a State, or {"error": TEXT} and status 500.
func (c *Console) serveState(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	state, err := c.look(r.Context())
	var raw []byte
	if err == nil {
		raw, err = json.Marshal(state)
	}
	if err != nil {
		if r.Context().Err() != nil {
			return
		}
		c.log.Error("the console could not look", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		raw, _ = json.Marshal(map[string]string{"error": err.Error()}) // strings always encode
	}
	c.write(w, raw)
}

func (c *Console) write(w http.ResponseWriter, raw []byte) {
	if _, err := w.Write(raw); err != nil {
		c.log.Debug("a page of the console was not sent", "error", err)
	}
}
