// Package archtest holds the repository's structure as tests.
//
// The import table says which package may import which of ours, with a reason per row; further rules hold package
// comments, sizes, names, forbidden calls, and paths that documents mention. Every rule is run twice: over the
// repository, where it must find nothing, and over a small tree made to break it, where it must find just that.
package archtest
