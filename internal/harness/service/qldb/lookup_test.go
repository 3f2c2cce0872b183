package qldb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
)

// The texts of GetBlock and GetRevision that need the journal.
//
// Source: QLDB developer guide, "Common errors for verification".
func TestLookupsBeyondTheJournal(t *testing.T) {
	t.Parallel()
	d := newDelivered(t)
	d.ledger("orders")
	digest, err := d.service.GetDigest(t.Context(), call(), &qldb.GetDigestInput{Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	last := digest.DigestTipAddress.IonText
	_, strand, _ := strings.Cut(last, `strandId:"`)
	strand, _, _ = strings.Cut(strand, `"`)
	at := func(sequence int) *qldb.ValueHolder {
		return &qldb.ValueHolder{IonText: fmt.Sprintf(`{strandId:"%s",sequenceNo:%d}`, strand, sequence)}
	}
	const beyond = " is beyond the strand's latest committed record."
	for name, tt := range map[string]struct {
		block, tip *qldb.ValueHolder
		document   string
		want       string
	}{
		"the block": {at(99), nil, "", "The sequence number of the provided block address" + beyond},
		"the tip":   {at(1), at(99), "", "The sequence number of the provided digest tip address" + beyond},
		"the document": {at(1), at(1), strings.Repeat("0", 22), "The provided Document ID is not found in the block at " +
			"the specified block address."},
	} {
		var err error
		if tt.document == "" {
			_, err = d.service.GetBlock(t.Context(), call(), &qldb.GetBlockInput{
				Name: "orders", BlockAddress: tt.block, DigestTipAddress: tt.tip,
			})
		} else {
			_, err = d.service.GetRevision(t.Context(), call(), &qldb.GetRevisionInput{
				Name: "orders", BlockAddress: tt.block, DigestTipAddress: tt.tip, DocumentID: tt.document,
			})
		}
		if code(err) != "InvalidParameterException" || !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}
