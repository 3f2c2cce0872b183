// Package ion is the Amazon Ion data model as values in memory.
//
// A Value keeps everything the wire carries: its type (also of a null), its annotations, the exponent and the
// negative zero of a decimal, the precision and the offset of a timestamp, the order and the repetition of struct
// fields, integers of any size. Values do not change once made, so they may be shared between goroutines.
//
//	values, err := ion.Decode(data, ion.Options{})       // binary or text, a stream of values
//	doc, err := ion.DecodeOne(data, ion.Options{})       // exactly one
//	lit, err := ion.ParseOne("{a: 1.50}", ion.Options{}) // text only
//	data := ion.EncodeBinary(doc)                        // Ion 1.0 binary with a local symbol table
//	text := doc.String()                                 // compact Ion text
//	sum := ion.Hash(doc)                                 // Ion hash with SHA-256
//
// Every reader has limits on size, depth and number of values, see Options.
//
// Promises: what a reader accepts, the writers give back equal; Equal is the data model's equivalence, and two values
// are equal exactly when their Hash is. Not promised: the bytes and the symbol numbers of the input, comments, the
// width of a float, the name of a symbol whose text only an absent shared table knows (such input is refused).
//
// BUG(ion): a top-level value that Ion itself reads as a symbol table ($ion_symbol_table::{...}) or as a version
// marker ($ion_1_0) cannot be told from one; the encoders write it, and readers then leave it out.
//
// Sources: Amazon Ion Specification 1.0 (text, binary, symbols), Amazon Ion Hash Specification 1.0.
package ion
