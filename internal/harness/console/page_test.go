package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/browsertest"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/console"
)

// TestALedgerAndItsKey watches one page, which is never loaded again, through the life of a ledger.
func TestALedgerAndItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := browsertest.Open(t, w.Endpoint()+"/", browsertest.View{})
	page.WaitText("#ledger-list", "No ledger yet")
	page.WaitText("#link", "live")
	page.Screenshot("empty-light-wide")
	if got := page.Text("#ledger-list"); !strings.Contains(got, "qldbkms-harness env --data-dir") {
		t.Errorf("a page without a ledger does not say what to type: %q", got)
	}
	browsertest.Eval[bool](page, "window.loadedOnce = true")

	key := w.key(t, "Protects orders", "alias/orders", "")
	w.ledger(t, "orders", key)
	page.WaitText("article", "orders")
	page.WaitText("article .head", "ENABLED")
	if got := page.Text("article"); !strings.Contains(got, "Nobody has opened it since the harness started") {
		t.Errorf("the page opened the ledger: %q", got)
	}
	w.tables(t, "orders", "Person", "Vehicle")
	page.WaitText("article .chips", "Vehicle")
	digest := must[*qldb.GetDigestOutput](t)(w.qldb.GetDigest(t.Context(), &qldb.GetDigestInput{Name: ptr("orders")}))
	page.WaitText("article", base64(digest.Digest))
	for _, role := range []string{"strand", "index", "catalog"} {
		page.Wait("document.querySelector('svg.picture').textContent.includes('" + role + " node')")
	}
	text := page.Text("article")
	for _, want := range []string{
		key, "Protects orders", "alias/orders", "names this key", "1 grant", "Enabled",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the ledger's card: %s", want, text)
		}
	}
	page.WaitText("#latency-list", "CommitTransaction")
	page.WaitText("#record-list", "CreateLedger")
	page.WaitText("#record-list", "GenerateDataKey")
	page.WaitText("#record-list", "qldb.amazonaws.com")
	page.Screenshot("enabled-light-wide")

	w.disable(t, key)
	page.WaitText("article .head", "KMS_KEY_INACCESSIBLE")
	page.WaitText("article .notice", "enable-key")
	page.WaitText("#announce", "orders: KMS_KEY_INACCESSIBLE.")
	text = page.Text("article")
	for _, hidden := range []string{base64(digest.Digest), "Vehicle"} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q is shown while the key is not to be used: %s", hidden, text)
		}
	}
	page.Wait("document.title.startsWith('(1 inaccessible)')")
	page.Screenshot("impaired-light-wide")

	must[*kms.EnableKeyOutput](t)(w.kms.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &key}))
	w.advance(t, 2*time.Hour)
	page.WaitText("article .head", "ENABLED")
	page.WaitText("article .chips", "Vehicle")
	if !browsertest.Eval[bool](page, "window.loadedOnce === true") {
		t.Error("the page was loaded again")
	}
}

// TestKeyChange shows both keys while a ledger moves, and the alias that moved along without the other ledger.
func TestKeyChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from, to := w.key(t, "old", "alias/orders", ""), w.key(t, "new", "alias/orders-2", "")
	w.ledger(t, "orders", from)
	w.ledger(t, "stays", from)
	w.ledger(t, "owned", "")
	must[*kms.UpdateAliasOutput](t)(w.kms.UpdateAlias(t.Context(),
		&kms.UpdateAliasInput{AliasName: ptr("alias/orders"), TargetKeyId: &to}))
	must[*qldb.UpdateLedgerOutput](t)(w.qldb.UpdateLedger(t.Context(),
		&qldb.UpdateLedgerInput{Name: ptr("orders"), KmsKey: &to}))
	page := browsertest.Open(t, w.Endpoint()+"/", browsertest.View{Dark: true})
	page.WaitText("article[aria-label='Ledger orders'] .head", "UPDATING")
	for _, key := range []string{from, to} {
		page.WaitText("article[aria-label='Ledger orders']", key)
	}
	page.WaitText("article[aria-label='Ledger stays'] .lines", "names another key now")
	page.WaitText("article[aria-label='Ledger owned']", "AWS owned key")
	page.Screenshot("updating-dark-wide")
	page.Resize(browsertest.View{Width: 360, Height: 740})
	page.Screenshot("updating-light-narrow")
	w.advance(t, 2*time.Hour)
	page.WaitText("article[aria-label='Ledger orders'] .head", "ENABLED")
	page.Wait("!document.querySelector(\"article[aria-label='Ledger orders']\").innerText.includes('" + from + "')")
}

// open is a key policy with findings of every kind.
const open = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}`

// TestEveryView looks at each state of the page, narrow and wide, by day and by night.
func TestEveryView(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"empty", "impaired"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if state == "impaired" {
				key := w.key(t, "a key that everybody may use", "alias/wide-open", open)
				w.ledger(t, "a-ledger-with-a-name-of-32-chars", key)
				w.tables(t, "a-ledger-with-a-name-of-32-chars", "ATableWithAQuiteLongNameForItsColumn")
				w.disable(t, key)
			}
			page := browsertest.Open(t, w.Endpoint()+"/", browsertest.View{})
			page.WaitText("#link", "live")
			browsertest.Eval[bool](page, "document.querySelectorAll('details').forEach(d => d.open = true) || true")
			for name, view := range map[string]browsertest.View{
				"light-wide": {}, "dark-wide": {Dark: true},
				"light-narrow": {Width: 360, Height: 740}, "dark-narrow": {Width: 360, Height: 740, Dark: true},
			} {
				page.Resize(view)
				if wide := page.Overflow(); len(wide) > 0 {
					t.Errorf("%s scrolls sideways: %q", name, wide)
				}
				if faint := browsertest.Eval[[]string](page, faintText); len(faint) > 0 {
					t.Errorf("%s has text of too little contrast: %q", name, faint)
				}
				page.Screenshot(state + "-" + name)
			}
			if state == "impaired" && !strings.Contains(page.Text("article .findings"), "KP-") {
				t.Errorf("no findings on an open policy: %q", page.Text("article"))
			}
		})
	}
}

// faintText lists texts whose contrast with what is behind them is below 4.5, the least that WCAG 2.2 asks for (1.4.3).
const faintText = `(() => {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
	const rgba = css => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1)
		return [...canvas.getImageData(0, 0, 1, 1).data] }
	const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
		.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
	const behind = e => { for (; e; e = e.parentElement) {
		const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c } return [255, 255, 255] }
	const faint = []
	for (const e of document.body.querySelectorAll('*')) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue
		let text = getComputedStyle(e), back = behind(e)
		if (e.closest('svg')) {
			const box = e.closest('.box')?.querySelector('rect')
			if (box) back = rgba(getComputedStyle(box).fill)
		}
		const colour = rgba(e.closest('svg') ? text.fill : text.color)
		const [a, b] = [light(colour), light(back)].sort((x, y) => y - x)
		if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(e.textContent.trim() + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2))
	}
	return faint
})()`

// TestKeyboard reaches the ledgers and opens what is closed without a mouse; a poll does not close it again.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger(t, "orders", w.key(t, "", "alias/orders", open))
	page := browsertest.Open(t, w.Endpoint()+"/", browsertest.View{})
	page.WaitText("article .findings", "KP-")
	page.Press("\t")
	page.Wait("document.activeElement.className === 'skip'")
	page.Press("\r")
	page.Wait("document.activeElement.id === 'ledgers'")
	page.Press("\t")
	page.Wait("document.activeElement.localName === 'summary'")
	page.Press("\r")
	page.Wait("document.querySelector('.findings details').open")
	polls := len(w.Recorder().Calls(0))
	must[*kms.ListKeysOutput](t)(w.kms.ListKeys(t.Context(), &kms.ListKeysInput{}))
	page.WaitText("#record-list", "ListKeys")
	if polls == 0 || !browsertest.Eval[bool](page, "document.querySelector('.findings details').open") ||
		!browsertest.Eval[bool](page, "document.activeElement.localName === 'summary'") {
		t.Error("a poll took the reader's place away")
	}
}

// TestState reads what the page asks for: times were measured, and nothing secret is among it.
func TestState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger(t, "orders", w.key(t, "", "alias/orders", ""))
	w.tables(t, "orders", "Person")
	response, err := http.Get(w.Endpoint() + "/_harness/console/state") //nolint:noctx // the test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || !json.Valid(body) || !strings.Contains(string(body), "Person") {
		t.Fatalf("state: got %s, %v", body, err)
	}
	var state console.State
	if err := json.Unmarshal(body, &state); err != nil || len(state.Operations) == 0 {
		t.Fatalf("operations: got %v, %v", state.Operations, err)
	}
	for _, o := range state.Operations {
		if o.Max <= 0 || o.P50 > o.P99 || o.P99 > o.Max || o.Failed != 0 {
			t.Errorf("%s %s: got %+v, want times that were measured", o.Service, o.Name, o)
		}
	}
	for what, secret := range map[string]string{
		"the root secret access key": w.Env()["AWS_SECRET_ACCESS_KEY"], "the root access key": w.Env()["AWS_ACCESS_KEY_ID"],
		"a document": "telltale", "a policy": "kms:ViaService", "a statement": "INSERT",
	} {
		if strings.Contains(string(body), secret) {
			t.Errorf("the console gives away %s", what)
		}
	}
}
