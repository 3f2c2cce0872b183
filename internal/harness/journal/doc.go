// Package journal defines the blocks of a ledger's journal: their fields, their hashes, their Ion form.
//
// A journal is one strand; a strand is a sequence of blocks counted from 0; a block is one committed transaction.
// README.md draws the format. Everything here is a pure function of values: nothing is stored, no clock is read.
//
//	block, err := journal.Build(journal.Genesis(strand), commit) // the first block
//	block, err = journal.Build(block.Next(), commit)             // the one after
//	data := ion.EncodeBinary(block.Ion())                        // as it is kept
//	block, err = journal.ParseBlock(value)                       // strict: only what Ion writes
//	err = block.CheckAt(position)                                // every hash in it, and that it is the next one
//
// Promised: a block that Build made, encoded, parsed and checked is the same block with the same hashes, whatever the
// process; Redact changes no hash. Not promised: secrecy (blocks are plaintext here), nor that blockTimestamp and
// blockAddress are covered by hashes: they are not, see README.md.
//
// Sources: Amazon QLDB developer guide, "Journal contents in Amazon QLDB" and "Data verification in Amazon QLDB";
// output of get-block and get-revision in the AWS CLI reference; amazon-qldb-dmv-sample-java.
package journal
