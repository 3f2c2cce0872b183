package qldb

import (
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// work is something Tick has to look at: a ledger, a loose grant, an export, or a stream that ended.
type work struct {
	Place  Place
	Ledger string `json:",omitempty"` // name of the ledger
	Grant  string `json:",omitempty"` // name in the table of loose grants
	Export string `json:",omitempty"` // name in the table of exports of Place
	Stream string `json:",omitempty"` // name in the table of streams of Place
}

// due is the index of all work by the moment it is due, so that Tick reads only what is due.
// A name is the moment in a fixed width, a slash, and what the work is about.
var due = store.Table[work]{Prefix: "qldb/due/"}

const dueLayout = "20060102T150405.000000000"

func dueName(at time.Time, w work) string {
	place := w.Place.Account + "/" + w.Place.Region + "/"
	subject := "ledger/" + place + w.Ledger
	switch {
	case w.Grant != "":
		subject = "grant/" + w.Grant
	case w.Export != "":
		subject = "export/" + place + w.Export
	case w.Stream != "":
		subject = "stream/" + place + w.Stream
	}
	return at.UTC().Format(dueLayout) + "/" + subject
}

// schedule enters wk at a moment; the zero moment is none.
func schedule(w store.Writer, at time.Time, wk work) error {
	if at.IsZero() {
		return nil
	}
	return due.Put(w, dueName(at, wk), wk)
}

func unschedule(w store.Writer, at time.Time, wk work) error {
	if at.IsZero() {
		return nil
	}
	return due.Delete(w, dueName(at, wk))
}

// dueAt returns the work of mine that is due at now and the moment of the first that is not, which is zero if there is
// none.
func dueAt(r store.Reader, now time.Time, mine func(work) bool) (ready []work, next time.Time, err error) {
	err = due.Scan(r, "", "", func(name string, wk work) (bool, error) {
		at, err := time.Parse(dueLayout, name[:len(dueLayout)])
		if err != nil {
			return false, err
		}
		if !mine(wk) {
			return true, nil
		}
		if at.After(now) {
			next = at
			return false, nil
		}
		ready = append(ready, wk)
		return true, nil
	})
	return ready, next, err
}
