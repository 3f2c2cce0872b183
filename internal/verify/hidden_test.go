package verify_test

import (
	"strings"
	"testing"
)

// A block of the service may show of a revision its hash alone. It checks all the same, as its entries say what the
// hash has to be.
func TestHiddenRevision(t *testing.T) {
	t.Parallel()
	p := goodProbes(t)["service-block"]
	from := strings.Index(p.block, "revisions:[")
	hash := strings.Index(p.block[from:], "hash:") + from
	end := strings.Index(p.block[hash:], "}}") + hash + len("}}")
	p.block = p.block[:from] + "revisions:[{" + p.block[hash:end] + "}]}"
	if err := p.check(); err != nil {
		t.Errorf("got %v, want it to be proven", err)
	}
}
