// Package diagnose words errors of AWS calls as Terraform diagnostics.
//
// What concerns the connection or the credentials reads the same wherever it is met; what concerns the object
// starts with the caller's words, goes on with AWS's, code and request id included, and ends with what to do.
package diagnose

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// A Call is a request to AWS on behalf of one object.
type Call struct {
	Service string    // "QLDB", "KMS", "STS"
	Region  string    // for example "eu-west-2"
	Blame   path.Path // the argument to show; empty: the whole object
	Failed  string    // summary: what did not happen to which thing, below 70 characters, no full stop
	Advice  string    // what to do; empty: nothing beyond AWS's words
}

// Error is err as a diagnostic.
func (c Call) Error(err error) diag.Diagnostic {
	if summary, detail, ok := awsclient.Explain(err, c.Service, c.Region); ok {
		return diag.NewErrorDiagnostic(summary, c.Failed+".\n\n"+detail)
	}
	detail := awsclient.Cause(err)
	if c.Advice != "" {
		detail += "\n\n" + c.Advice
	}
	if len(c.Blame.Steps()) == 0 {
		return diag.NewErrorDiagnostic(c.Failed, detail)
	}
	return diag.NewAttributeErrorDiagnostic(c.Blame, c.Failed, detail)
}
