package engine

import (
	"fmt"
	"strconv"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// An entry is what the log keeps of one transaction, in Ion binary, sealed:
//
//	{format: 1, block: {...}, places: [block, ordinal, ...], catalog: [...]}
//
// block is the block as the journal defines it. The rest is what the index needs beside it: the place of each
// revision's document, in the order of the block's revisions, and the tables as they are afterwards if the
// transaction changed any.
type entry struct {
	block   journal.Block
	places  []place
	catalog *catalog // nil: unchanged
	// documents are those of the block's revisions as Ion binary, if they are at hand; they are not kept twice.
	documents [][]byte
}

// storable are the limits for documents; stored those for what we wrote ourselves, with the levels that an entry puts
// around a document. Whatever was accepted must be readable for ever.
var (
	storable = ion.Options{MaxBytes: 1 << 20, MaxDepth: 1 << 10, MaxValues: 1 << 20, MaxNumberBytes: 1 << 20}
	stored   = ion.Options{MaxBytes: 1 << 26, MaxDepth: 1<<10 + 16, MaxValues: 1 << 26, MaxNumberBytes: 1 << 20}
)

func logPlace(number uint64) []byte { return strconv.AppendUint([]byte("log/"), number, 10) }

func (e entry) encode() []byte {
	places := make([]ion.Value, 0, 2*len(e.places))
	for _, p := range e.places {
		places = append(places, ion.Int(int64(p.block)), ion.Int(int64(p.ordinal)))
	}
	fields := []ion.Field{
		ion.F("format", ion.Int(1)), ion.F("block", e.block.Ion()), ion.F("places", ion.List(places...)),
	}
	if e.catalog != nil {
		fields = append(fields, ion.F("catalog", e.catalog.ion()))
	}
	return ion.EncodeBinary(ion.Struct(fields...))
}

func decodeEntry(b []byte) (entry, error) {
	v, err := ion.DecodeOne(b, stored)
	if err != nil {
		return entry{}, err
	}
	if format, _ := v.Field("format"); !format.Equal(ion.Int(1)) {
		return entry{}, fmt.Errorf("format %v of an entry is not known", format)
	}
	var e entry
	block, _ := v.Field("block")
	if e.block, err = journal.ParseBlock(block); err != nil {
		return entry{}, err
	}
	list, _ := v.Field("places")
	if e.places, err = parsePlaces(list.Items()); err != nil {
		return entry{}, err
	}
	if len(e.places) != len(e.block.Revisions) {
		return entry{}, fmt.Errorf("entry has %d places for %d revisions", len(e.places), len(e.block.Revisions))
	}
	if c, ok := v.Field("catalog"); ok {
		e.catalog = parseCatalog(c)
	}
	return e, nil
}

// parsePlaces reads pairs of block and ordinal.
func parsePlaces(items []ion.Value) ([]place, error) {
	var places []place
	for i := 0; i+1 < len(items); i += 2 {
		block, ok := items[i].Int64()
		ordinal, ok2 := items[i+1].Int64()
		if !ok || !ok2 || block < 0 || ordinal < 0 || ordinal > 1<<16-1 {
			return nil, fmt.Errorf("place %d is not one", i/2)
		}
		places = append(places, place{uint64(block), uint16(ordinal)})
	}
	return places, nil
}

// tableOf says in which table each document of the block is.
func (e entry) tableOf() map[journal.DocumentID]string {
	tables := make(map[journal.DocumentID]string, len(e.block.Info.Documents))
	for _, d := range e.block.Info.Documents {
		tables[d.ID] = string(d.TableID)
	}
	return tables
}
