package diagnose

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// A Problem is a diagnostic in four parts: what happened to which thing, the cause in AWS's words, what exists now,
// what to do. Empty parts are left out.
type Problem struct {
	At      path.Path // the attribute to blame; empty: the object
	Summary string    // under 70 characters, names the object
	Cause   string
	Exists  string // after "Now in the ledger: "
	Next    string
}

func (p Problem) detail() string {
	var rest []string
	if p.Exists != "" {
		rest = append(rest, "Now in the ledger: "+p.Exists)
	}
	if p.Next != "" {
		rest = append(rest, p.Next)
	}
	parts := []string{}
	if p.Cause != "" {
		parts = append(parts, p.Cause)
	}
	if len(rest) > 0 {
		parts = append(parts, strings.Join(rest, " "))
	}
	return strings.Join(parts, "\n\n")
}

// Error is the problem as an error.
func (p Problem) Error() diag.Diagnostic {
	if len(p.At.Steps()) == 0 {
		return diag.NewErrorDiagnostic(p.Summary, p.detail())
	}
	return diag.NewAttributeErrorDiagnostic(p.At, p.Summary, p.detail())
}

// Warning is the problem as a warning.
func (p Problem) Warning() diag.Diagnostic {
	if len(p.At.Steps()) == 0 {
		return diag.NewWarningDiagnostic(p.Summary, p.detail())
	}
	return diag.NewAttributeWarningDiagnostic(p.At, p.Summary, p.detail())
}
