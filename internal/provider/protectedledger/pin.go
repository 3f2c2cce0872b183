package protectedledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// A pin is what the alias in kms_key stood for when the ledger was read last. It is in the private state, so that the
// plan that Terraform makes again right before an apply starts from what the first one saw. An alias that moved in
// between would otherwise end in Terraform's own words, which blame the provider.
type pin struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
}

const pinKey = "kms_key"

// privateState is the private state of a request or a response.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// readPin is the zero pin when there is none, or none that can be read.
func readPin(ctx context.Context, private privateState) (p pin) {
	text, diags := private.GetKey(ctx, pinKey)
	if diags.HasError() || json.Unmarshal(text, &p) != nil {
		return pin{}
	}
	return p
}

// writePin pins what was seen of the alias that kms_key names. What could not be seen takes the former pin away.
func writePin(ctx context.Context, private privateState, st model, s sight) diag.Diagnostics {
	p := pin{Name: st.KMSKey.ValueString(), ARN: s.alias.ARN}
	if st.Key != nil || s.aliasErr != nil || p.ARN == "" {
		p = pin{}
	}
	if p == readPin(ctx, private) {
		return nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil // two strings always encode
	}
	return private.SetKey(ctx, pinKey, text)
}

// name is what to ask KMS about: the pinned key for its alias.
func (p pin) name(asked string) string {
	if asked == p.Name && p.ARN != "" {
		return p.ARN
	}
	return asked
}

// isAlias says whether kms_key names an alias, which may be moved to another key.
func isAlias(name string) bool { return strings.Contains(name, "alias/") }

// aliasFails refuses, before the first write, an apply to an alias that does not exist, or that stands for another key
// by now than the plan showed.
func (w *work) aliasFails(ctx context.Context) bool {
	name := w.plan.KMSKey.ValueString()
	if !w.movesKey() || !isAlias(name) {
		return false
	}
	p := problem{At: path.Root("kms_key"), Exists: w.now.account(), Next: "Nothing was changed. "}
	switch now, err := w.findKey(ctx, name); {
	case isNotFound(err):
		p.Summary = fmt.Sprintf("Ledger %q: the alias does not exist", w.name)
		p.Cause = cause(err, "KMS", w.region)
		p.Next += "If this configuration makes the alias, let the ledger depend on it, and apply again."
	case err != nil || !known(w.plan.KMSKeyARN) || now.ARN == w.plan.KMSKeyARN.ValueString():
		return false // what KMS does not say, the service finds out
	default:
		p.Summary = fmt.Sprintf("Ledger %q: the alias moved after the plan", w.name)
		p.Cause = fmt.Sprintf("The plan puts the ledger under %s; %s stands for %s by now.",
			w.plan.KMSKeyARN.ValueString(), name, now.ARN)
		p.Next += "Plan again to see what the ledger would move to."
	}
	p.fail(w.diags)
	return true
}
