package engine

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// A Page is a part of a statement's rows.
type Page struct {
	Values  [][]byte // Ion binary, one value each, with its own version marker and symbol table
	Next    string   // token of the next page, "" if this is the last one
	ReadIOs int64    // documents read for this page
}

// results are the rows of a statement, cut into pages.
type results struct {
	limits Config
	pages  []Page
	bytes  int   // of the last page
	read   int64 // documents charged to pages so far
}

// add appends a row; reads is how many documents were read until it was there.
func (r *results) add(v ion.Value, reads int64) {
	row := ion.EncodeBinary(v)
	last := len(r.pages) - 1
	if last < 0 || len(r.pages[last].Values) == r.limits.PageRows || r.bytes+len(row) > r.limits.PageBytes {
		r.pages = append(r.pages, Page{})
		r.bytes = 0
		last++
	}
	p := &r.pages[last]
	p.Values = append(p.Values, row)
	p.ReadIOs += reads - r.read
	r.bytes += len(row)
	r.read = reads
}

// finish charges the last page with what was read after the last row.
func (r *results) finish(reads int64) {
	if len(r.pages) == 0 {
		r.pages = []Page{{}}
	}
	r.pages[len(r.pages)-1].ReadIOs += reads - r.read
	r.read = reads
}

// page takes the next page off r and makes a token for the one after. mu is held.
func (t *Tx) page(r *results) (Page, error) {
	p := r.pages[0]
	if r.pages = r.pages[1:]; len(r.pages) == 0 {
		return p, nil
	}
	var raw [24]byte
	if _, err := io.ReadFull(t.ledger.cfg.Rand, raw[:]); err != nil {
		return Page{}, fmt.Errorf("make page token: %w", err)
	}
	p.Next = base64.StdEncoding.EncodeToString(raw[:])
	t.pages[p.Next] = r
	return p, nil
}

// Fetch returns the page that a token stands for. A token serves once, and only in its transaction.
//
// Errors: *BadRequestError, *ExpiredError, *FailedError, those of ctx.
func (t *Tx) Fetch(ctx context.Context, pageToken string) (Page, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.alive(ctx); err != nil {
		return Page{}, err
	}
	r, ok := t.pages[pageToken]
	if !ok {
		return Page{}, errPageToken
	}
	delete(t.pages, pageToken)
	return t.page(r)
}
