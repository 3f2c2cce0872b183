package journal_test

import (
	"errors"
	"os"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// FuzzParseBlock reads anything as a block. What is accepted must be written and read again as the same block, and
// checks must not panic on it.
func FuzzParseBlock(f *testing.F) {
	service, err := os.ReadFile("testdata/service-block.ion")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(service)
	export, err := os.ReadFile("testdata/export/ION_TEXT.data")
	if err != nil {
		f.Fatal(err)
	}
	values, err := ion.Decode(export, ion.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range values {
		f.Add(ion.EncodeBinary(v))
		f.Add(ion.EncodeText(v))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ion.DecodeOne(data, ion.Options{})
		if err != nil {
			return
		}
		b, err := journal.ParseBlock(v)
		var format *journal.FormatError
		if err != nil {
			if !errors.As(err, &format) {
				t.Fatalf("got %T %v, want a *FormatError", err, err)
			}
			return
		}
		if !b.Ion().Equal(v) {
			t.Fatalf("%v was read as %v", v, b.Ion())
		}
		if v, err = ion.DecodeOne(ion.EncodeBinary(b.Ion()), ion.Options{}); err != nil {
			t.Fatal(err)
		}
		again, err := journal.ParseBlock(v)
		if err != nil || !again.Ion().Equal(b.Ion()) {
			t.Fatalf("%v read again: %v, %v", b.Ion(), again.Ion(), err)
		}
		if b.Check() == nil && again.Check() != nil {
			t.Fatal("a block checks before it is written, not after")
		}
	})
}
