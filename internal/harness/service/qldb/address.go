package qldb

import (
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// parseAddress reads a block address, such as {strandId:"BlFTjlSXze9BIh1KOszcE3",sequenceNo:14}.
//
// Source: QLDB developer guide, Common errors for verification, for the two texts.
func parseAddress(member, text string) (journal.BlockAddress, error) {
	v, err := ion.ParseOne(text, ion.Options{})
	if err != nil {
		return journal.BlockAddress{}, invalid(member, textIonInvalid)
	}
	a, err := journal.ParseBlockAddress(v)
	if err != nil || !isID(string(a.StrandID)) || a.SequenceNo < 0 {
		return a, invalid(member, textAddressInvalid)
	}
	return a, nil
}
