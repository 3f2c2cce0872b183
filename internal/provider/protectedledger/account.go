package protectedledger

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
)

// astray says whether the calls lead to another account than that of the state: by the ledger of that name that was
// found, or, when none was, by whose credentials they are. To go on would change or destroy somebody else's ledger, or
// forget this one.
func (c *calls) astray(ctx context.Context, st model, found ledgerInfo, err error) (problem, bool) {
	account := knownAccount(&st)
	switch {
	case account == "":
		return problem{}, false
	case err == nil && st.exists() && found.ARN != st.ARN.ValueString():
		return otherAccount(c.name, st.ARN.ValueString(), found.ARN), true
	case !isNotFound(err):
		return problem{}, false
	}
	id, err := c.api.CallerIdentity(ctx)
	if err != nil || id.Account == account {
		return problem{}, false
	}
	return otherCredentials(c.name, account, id.ARN), true
}

// otherCredentials refuses to take the ledger of another account for gone.
func otherCredentials(name, account, caller string) problem {
	return problem{
		At: path.Root("arn"), Summary: fmt.Sprintf("Ledger %q is of another account", name),
		Cause: fmt.Sprintf("It is of account %s; the credentials are %s.", account, caller),
		Next:  fmt.Sprintf("Nothing was changed. Use credentials of account %s.", account),
	}
}

// otherAccount refuses a ledger that only shares its name and Region with the one that is meant: every call names a
// ledger by these two, so that the next apply would change it.
func otherAccount(name, meant, found string) problem {
	return problem{
		At: path.Root("arn"), Summary: fmt.Sprintf("Ledger %q is of another account", name),
		Cause: fmt.Sprintf("%s is meant; the credentials lead to %s, another ledger of that name.", meant, found),
		Next: fmt.Sprintf("Nothing was changed. Use credentials of account %s. If the other ledger is the one to manage, "+
			"run \"terraform state rm\" for this address where it is in the state, and import the ledger by its name.",
			arnPart(meant, 4)),
	}
}
