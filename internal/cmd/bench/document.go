package main

import (
	"fmt"
	"strings"

	"github.com/amzn/ion-go/ion"
)

// documentBytes is the size of every document in binary Ion.
const documentBytes = 476

// document is what is inserted, selected and hashed: a vehicle's registration, with some of each type.
type document struct {
	ID      string         `ion:"id"`
	VIN     string         `ion:"VIN"`
	Make    string         `ion:"Make"`
	Model   string         `ion:"Model"`
	Year    int            `ion:"Year"`
	Color   string         `ion:"Color"`
	Mileage int            `ion:"Mileage"`
	Price   *ion.Decimal   `ion:"Price"`
	ValidTo ion.Timestamp  `ion:"ValidTo"`
	Stolen  bool           `ion:"Stolen"`
	Owners  documentOwners `ion:"Owners"`
	Notes   string         `ion:"Notes"`
}

type documentOwners struct {
	Primary   documentOwner   `ion:"PrimaryOwner"`
	Secondary []documentOwner `ion:"SecondaryOwners"`
}

type documentOwner struct {
	PersonID string `ion:"PersonId"`
	City     string `ion:"City"`
}

// padding is the length of Notes that makes a document documentBytes long.
var padding = func() int {
	for n := range documentBytes {
		raw, err := ion.MarshalBinary(newDocument(0, n))
		if err == nil && len(raw) == documentBytes {
			return n
		}
	}
	panic("no padding makes the document long enough")
}()

// documentID is the indexed field of document n; all are of one length.
func documentID(n int) string { return fmt.Sprintf("registration-%09d", n) }

func newDocument(n, padding int) document {
	return document{
		ID: documentID(n), VIN: "1N4AL11D75C109151", Make: "Audi", Model: "A5", Year: 2011, Color: "Silver",
		Mileage: 118_204, Price: ion.MustParseDecimal("12499.50"),
		ValidTo: ion.MustParseTimestamp("2027-11-26T09:30:00.000Z"),
		Owners: documentOwners{
			Primary:   documentOwner{"294jJ3YUoH1IEEm8GSabOs", "Seattle"},
			Secondary: []documentOwner{{"5Ufgdlnj06gF5CWcOIu64s", "Tacoma"}, {"IJYCkdLNFkUOkXHjrJQUcV", "Olympia"}},
		},
		Notes: strings.Repeat("n", padding),
	}
}
