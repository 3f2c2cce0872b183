package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// ScreenshotDir names the environment variable with the directory that Screenshot writes to.
const ScreenshotDir = "QLDBKMS_SCREENSHOTS"

// A View is what a page is looked at with.
type View struct {
	Width, Height int // of the viewport, in CSS pixels; 0 means 1280 by 900
	Dark          bool
	ReducedMotion bool
}

// A Page is a tab. It belongs to the goroutine of its test.
type Page struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
	urls     map[network.RequestID]string
}

// Open starts a browser of the test's own and opens url in it, see Browser.Open.
func Open(t testing.TB, url string, view View) *Page {
	t.Helper()
	return Start(t).Open(url, view)
}

// Open opens url in a new tab and returns when it is loaded. When the test ends and the tab has problems that Problems
// did not hand out, the test fails.
func (b *Browser) Open(url string, view View) *Page {
	b.t.Helper()
	p := &Page{t: b.t, urls: map[network.RequestID]string{}}
	p.ctx, _ = chromedp.NewContext(b.ctx, chromedp.WithListener(p.heard))
	// The first call makes the tab, and must not be bounded: the tab would end with the bound.
	p.must("open a tab", chromedp.Do(p.ctx))
	p.t.Cleanup(func() {
		for _, problem := range p.Problems() {
			p.t.Errorf("%s: %s", url, problem)
		}
		if p.t.Failed() {
			p.Screenshot("failed-" + strings.ReplaceAll(p.t.Name(), "/", "-"))
		}
		if err := chromedp.Cancel(p.ctx); err != nil {
			p.t.Logf("close the tab of %s: %v", url, err)
		}
	})
	p.Resize(view)
	p.do("open "+url, chromedp.Navigate(url))
	return p
}

// Resize looks at the page with another view.
func (p *Page) Resize(view View) {
	p.t.Helper()
	if view.Width == 0 {
		view.Width, view.Height = 1280, 900
	}
	scheme, motion := "light", "no-preference"
	if view.Dark {
		scheme = "dark"
	}
	if view.ReducedMotion {
		motion = "reduce"
	}
	p.do("set the viewport", chromedp.EmulateViewport(int64(view.Width), int64(view.Height)))
	p.do("set the colour scheme", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion},
			},
		})
		return err
	}))
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.do("reload", chromedp.Reload())
}

// Eval is the value of a JavaScript expression. A promise is waited for. The page's Content-Security-Policy does not
// apply to it.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	p.must("evaluate "+expression, err)
	return v
}

// Wait returns when a JavaScript expression is true. What it was waiting for is in the failure, with the page's text.
func (p *Page) Wait(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	// The loop runs in the page, through the debugger: no predicate is compiled there, which a strict policy forbids.
	loop := `new Promise((done, broken) => { const look = () => {
		try { if (` + expression + `) { done(true); return } } catch (e) { broken(e); return }
		setTimeout(look, 20) }; look() })`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](loop, chromedp.EvalAwaitPromise)); err != nil {
		p.t.Fatalf("wait for %s: %v\nthe page says:\n%s", expression, err, p.Text("body"))
	}
}

// WaitText returns when the text of the first element that selector finds contains want.
func (p *Page) WaitText(selector, want string) {
	p.t.Helper()
	p.Wait(fmt.Sprintf("(document.querySelector(%s)?.innerText ?? '').includes(%s)", quote(selector), quote(want)))
}

// Text is what a person reads in the first element that selector finds, or "" where there is none.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return Eval[string](p, fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quote(selector)))
}

// Press sends keys to what has the focus; those without a letter are in chromedp's package kb.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do("press "+keys, chromedp.KeyEvent(keys))
}

// Click clicks the first element that selector finds.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Problems are what went wrong on the page since the last call: errors on the console, exceptions nobody caught,
// requests that failed or were answered with an error.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	problems := p.problems
	p.problems = nil
	return problems
}

// Overflow are the elements that make the page wider than its viewport, as "tag#id.class", at most five. The page
// scrolls sideways when there is one.
func (p *Page) Overflow() []string {
	p.t.Helper()
	return Eval[[]string](p, `(() => {
		const root = document.scrollingElement, wide = root.clientWidth
		if (root.scrollWidth <= wide) return []
		const found = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > wide + 0.5)
		return ['page ' + root.scrollWidth + ' > ' + wide, ...found.slice(0, 4).map(e =>
			e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + (e.classList.length ? '.' + [...e.classList].join('.') : ''))]
	})()`)
}

// Screenshot writes the whole page as NAME.png to the directory that ScreenshotDir names, for looking at. Without the
// variable it does nothing.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	dir := os.Getenv(ScreenshotDir)
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), image, 0o644)
	}
	if err != nil {
		p.t.Errorf("screenshot %s: %v", name, err)
	}
}

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(what, chromedp.Do(ctx, steps...))
}

func (p *Page) must(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// heard runs for every event of the tab, on the goroutine that reads them.
func (p *Page) heard(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	add := func(format string, args ...any) { p.problems = append(p.problems, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			add("console: %s", arguments(e.Args))
		}
	case *runtime.EventExceptionThrown:
		d := e.ExceptionDetails
		text := d.Text
		if d.Exception != nil {
			text += " " + d.Exception.Description
		}
		add("exception: %s (%s:%d)", text, d.URL, d.LineNumber+1)
	case *log.EventEntryAdded:
		// The network's entries come again, with more to them, as events of their own.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			add("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		p.urls[e.RequestID] = e.Request.Method + " " + e.Request.URL
	case *network.EventLoadingFailed:
		if !e.Canceled || e.BlockedReason != "" {
			add("request failed: %s: %s %s", p.urls[e.RequestID], e.ErrorText, e.BlockedReason)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			add("request answered %d: %s", e.Response.Status, p.urls[e.RequestID])
		}
	}
}

func arguments(args []*runtime.RemoteObject) string {
	texts := slices.Collect(func(yield func(string) bool) {
		for _, a := range args {
			text := a.Description
			if len(a.Value) > 0 {
				text = string(a.Value)
			}
			if !yield(text) {
				return
			}
		}
	})
	return strings.Join(texts, " ")
}

// quote makes a JavaScript string literal.
func quote(s string) string {
	raw, err := json.Marshal(s)
	if err != nil { // strings always encode
		panic(err)
	}
	return string(raw)
}
