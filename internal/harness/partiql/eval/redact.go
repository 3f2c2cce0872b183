package eval

import (
	"context"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/plan"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// ErrNotEligible is why a Sink refuses to redact a revision: it does not exist, is the
// latest one, or has no data.
var ErrNotEligible error = refused("Revision is not eligible for redaction")

// redact is EXEC REDACT_REVISION. Its answer says which revision was meant.
//
// Source: Amazon QLDB Developer Guide, "Using the REDACT_REVISION stored procedure".
func (r *run) redact(ctx context.Context, s *ast.Redact) (Rows, error) {
	args, err := r.evalAll([]ast.Expr{s.BlockAddress, s.TableID, s.DocumentID})
	if err != nil {
		return nil, err
	}
	address, tableID, documentID := args[0], args[1], args[2]
	strand, sequence := field(address, "strandId"), field(address, "sequenceNo")
	sequenceNo, ok := sequence.ion.Int64()
	if !ok || !strand.isText() || strand.unknown() {
		return nil, fault(s.BlockAddress.Position(), "the block address must be a struct with strandId and sequenceNo")
	}
	if !tableID.isText() || tableID.unknown() {
		return nil, fault(s.TableID.Position(), "the table id must be a string, not %s", tableID.typeName())
	}
	if !documentID.isText() || documentID.unknown() {
		return nil, fault(s.DocumentID.Position(), "the document id must be a string, not %s", documentID.typeName())
	}
	if r.env.Authorize != nil {
		need := plan.Need{Action: "qldb:PartiQLRedact", Object: plan.TableObject, TableID: tableID.ion.Text()}
		if err := r.env.Authorize(need); err != nil {
			return nil, err
		}
	}
	table, ok := r.env.Catalog.TableByID(tableID.ion.Text())
	if !ok {
		return nil, ErrNotEligible
	}
	version, err := r.env.Sink.Redact(ctx, Redaction{
		StrandID: strand.ion.Text(), SequenceNo: sequenceNo, Table: table, DocumentID: documentID.ion.Text(),
	})
	if err != nil {
		return nil, err
	}
	return &made{rows: []ion.Value{ion.Struct(
		ion.F("blockAddress", ion.Struct(
			ion.F("strandId", ion.String(strand.ion.Text())), ion.F("sequenceNo", ion.Int(sequenceNo)))),
		ion.F("tableId", ion.String(table.ID)),
		ion.F("documentId", ion.String(documentID.ion.Text())),
		ion.F("version", ion.Int(version)),
	)}}, nil
}
