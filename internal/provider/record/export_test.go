package record

import "github.com/qldbkms/terraform-provider-qldbkms/internal/ion"

// What tables of documents are tested with.
var (
	Project  = project
	Merge    = merge
	Lossless = lossless
)

// SameJSON is same for the argument document, SameIon for document_ion.
func SameJSON(a, b ion.Value) bool { return same(asJSON, a, b) }

// SameIon is same for the argument document_ion.
func SameIon(a, b ion.Value) bool { return same(asIon, a, b) }
