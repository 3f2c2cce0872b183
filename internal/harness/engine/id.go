package engine

import (
	"fmt"
	"io"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
)

// newID makes an id.
func (l *Ledger) newID() (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(l.cfg.Rand, raw[:]); err != nil {
		return "", fmt.Errorf("make id: %w", err)
	}
	return journal.UniqueID(raw), nil
}
