package protectedledger

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
)

// A problem is a diagnostic in four parts: what happened to which thing, the cause in AWS's words, what exists now,
// what to do. Empty parts are left out.
type problem struct {
	At      path.Path // the attribute to blame; empty: the resource
	Summary string    // under 70 characters, names the ledger
	Cause   string
	Exists  string
	Next    string
}

func (p problem) detail() string {
	var parts []string
	if p.Cause != "" {
		parts = append(parts, p.Cause)
	}
	var rest []string
	if p.Exists != "" {
		rest = append(rest, "Now in your account: "+p.Exists)
	}
	if p.Next != "" {
		rest = append(rest, p.Next)
	}
	if len(rest) > 0 {
		parts = append(parts, strings.Join(rest, " "))
	}
	return strings.Join(parts, "\n\n")
}

func (p problem) failure() finding { return failure(p.At, p.Summary, p.detail()) }
func (p problem) warning() finding { return warning(p.At, p.Summary, p.detail()) }

func (p problem) fail(diags *diag.Diagnostics) { addFindings(diags, []finding{p.failure()}) }
func (p problem) warn(diags *diag.Diagnostics) { addFindings(diags, []finding{p.warning()}) }

func lines(list []string) string { return strings.Join(list, "\n  - ") }

// cause words an error: how a wait ended, or what AWS answered.
func cause(err error, service, region string) string {
	var waited *waitError
	if errors.As(err, &waited) {
		return waited.words(service, region)
	}
	var differs *policyDiffersError
	var taken *aliasTakenError
	var foreign *foreignAliasError
	var inUse *keyInUseError
	switch {
	case errors.As(err, &differs):
		return differs.Error()
	case errors.As(err, &taken):
		return sentence(taken.Error())
	case errors.As(err, &foreign):
		return sentence(foreign.Error())
	case errors.As(err, &inUse):
		return sentence(inUse.Error())
	}
	if _, detail, ok := awsclient.Explain(err, service, region); ok {
		return detail
	}
	return awsclient.Cause(err)
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func (e *waitError) words(service, region string) string {
	after := e.Elapsed.Round(time.Second).String()
	switch {
	case errors.Is(e.Err, errTimeout):
		return fmt.Sprintf("Waited %s for %s; last seen: %s.", after, e.For, e.Last)
	case errors.Is(e.Err, errInterrupted):
		return fmt.Sprintf("Interrupted after waiting %s for %s; last seen: %s.", after, e.For, e.Last)
	case errors.Is(e.Err, errVanished):
		return fmt.Sprintf("Waited %s for %s; it is gone. Last seen: %s.", after, e.For, e.Last)
	case errors.Is(e.Err, errImpaired):
		return fmt.Sprintf("Waited %s for %s; the service cannot use its key. Last seen: %s.", after, e.For, e.Last)
	}
	return fmt.Sprintf("Waited %s for %s; last seen: %s. Then: %s", after, e.For, e.Last, cause(e.Err, service, region))
}

// account words what is in the account, from the state that is saved.
func (m model) account() string {
	var list []string
	name := m.Name.ValueString()
	if arn := m.ownKey(); arn != "" {
		key := "key " + keyID(arn) + ", " + generationAlias(name, m.Key.Generation.ValueInt64())
		if alias := m.Key.Alias.ValueString(); alias != "" {
			key += ", " + alias
		}
		list = append(list, key)
	}
	if m.exists() {
		text := fmt.Sprintf("ledger %q (%s", name, m.State.ValueString())
		if status := m.EncryptionStatus.ValueString(); status != "" {
			text += ", encryption " + status
		}
		list = append(list, text+")")
	} else {
		list = append(list, "no ledger")
	}
	for _, key := range m.Retained {
		list = append(list, fmt.Sprintf("key %s of generation %d (%s)", keyID(key.ARN.ValueString()),
			key.Generation.ValueInt64(), key.State.ValueString()))
	}
	return strings.Join(list, "; ") + "."
}

func protectedText(name string) string {
	return fmt.Sprintf("deletion_protection is on, so nothing was deleted. To destroy ledger %q with its history, first "+
		"apply deletion_protection = false, then destroy. If its block is already gone from the configuration, put it back "+
		"for that.", name)
}
