package protectedledger

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// A finding is something to tell the user, with the attribute to blame. An empty path blames the resource.
type finding struct {
	Error   bool
	Path    path.Path
	Summary string
	Detail  string
}

func failure(at path.Path, summary, detail string) finding {
	return finding{Error: true, Path: at, Summary: summary, Detail: detail}
}

func warning(at path.Path, summary, detail string) finding {
	return finding{Path: at, Summary: summary, Detail: detail}
}

func addFindings(diags *diag.Diagnostics, list []finding) {
	for _, f := range list {
		switch whole := f.Path.Equal(path.Empty()); {
		case f.Error && whole:
			diags.AddError(f.Summary, f.Detail)
		case f.Error:
			diags.AddAttributeError(f.Path, f.Summary, f.Detail)
		case whole:
			diags.AddWarning(f.Summary, f.Detail)
		default:
			diags.AddAttributeWarning(f.Path, f.Summary, f.Detail)
		}
	}
}

func failed(list []finding) bool {
	for _, f := range list {
		if f.Error {
			return true
		}
	}
	return false
}
