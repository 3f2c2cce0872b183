package engine

// ReadStored reads bytes as each of the forms in which a ledger keeps something.
func ReadStored(b []byte) {
	if e, err := decodeEntry(b); err == nil {
		if again, err := decodeEntry(e.encode()); err != nil || again.block.BlockHash != e.block.BlockHash {
			panic("an entry does not survive being written and read")
		}
	}
	if r, err := decodeRow(b); err == nil {
		_, _ = r.revision("9DBeKfUQzbaKuOyVvEqGLM")
	}
	_, _ = parsePlace(b)
}
