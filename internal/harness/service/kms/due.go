package kms

import (
	"fmt"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// dueKind is what happens to a key at a moment.
type dueKind string

const (
	dueDeletion dueKind = "delete"
	dueRotation dueKind = "rotate"
	dueExpiry   dueKind = "expire" // of imported material
)

// due is an entry of the time-table of all keys of all accounts and Regions. Its name starts with the moment, so
// what is due next comes first and nothing has to look at every key.
type due struct {
	At      time.Time
	Kind    dueKind
	Account string
	Region  string
	KeyID   string
}

var dueTable = store.Table[due]{Prefix: "kms/due/"}

// sortable formats t in a fixed width, so that names that start with it sort by time.
func sortable(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func (d due) name() string {
	return fmt.Sprintf("%s/%s/%s/%s/%s", sortable(d.At), d.Account, d.Region, d.KeyID, d.Kind)
}

func (k *key) due(kind dueKind, at time.Time) due {
	return due{At: at, Kind: kind, Account: k.Account, Region: k.Region, KeyID: k.ID}
}

// schedule enters that kind happens to k at a moment; the zero time enters nothing. Entering it twice is the same as
// once. An entry that no longer agrees with the key when its moment comes does nothing, so it need not be withdrawn.
func (t *txn) schedule(k *key, kind dueKind, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	d := k.due(kind, at)
	return dueTable.Put(t.w, d.name(), d)
}

// unschedule withdraws an entry.
func (t *txn) unschedule(k *key, kind dueKind, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	return dueTable.Delete(t.w, k.due(kind, at).name())
}

// firstDue is the entry with the earliest moment; found is false if there is none.
func firstDue(r store.Reader) (first due, found bool, err error) {
	err = dueTable.Scan(r, "", "", func(_ string, d due) (bool, error) {
		first, found = d, true
		return false, nil
	})
	return first, found, err
}
