// Package authorize decides whether a call may go on.
//
// All services ask it, before a call has any effect. It makes the caller's half of a policy.Request out of a call, lets
// package policy decide, and words the refusal in the protocol of the service that was called. What is acted on, its
// policy and its grants are the service's half.
package authorize

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// Authority decides for all accounts. Its methods may be called concurrently.
type Authority struct{ iam *iam.Service }

// New returns an Authority that takes callers' policies from directory. Without one, callers have none: root users may
// do everything in their accounts, all others what policies and grants of keys allow them directly.
func New(directory *iam.Service) *Authority { return &Authority{directory} }

// Request is the caller's half of a request: who calls, its own policies, and the condition keys that any call has. The
// map of condition keys is the caller's to add to. A call without a caller comes from nobody that any policy knows.
func (a *Authority) Request(ctx context.Context, c *wire.Call) (policy.Request, error) {
	p, err := a.principal(ctx, c.Caller)
	if err != nil {
		return policy.Request{}, err
	}
	return policy.Request{Caller: p.Caller, Policies: p.Policies, Context: contextOf(c, p.Context)}, nil
}

func (a *Authority) principal(ctx context.Context, c wire.Caller) (p iam.Principal, err error) {
	switch {
	case c.Service != "":
		return iam.Principal{Caller: policy.NewService(c.Service, everywhere(c.Service)...)}, nil
	case c.ARN == "": // what a service does on its own account, such as to tidy up
		return iam.Principal{}, nil
	case a.iam != nil:
		return a.iam.Principal(ctx, c)
	}
	p.Caller, err = policy.NewCaller(c.ARN, "")
	return p, err
}

// everywhere is the name of a service that has no Region in it, if host has one: a policy may name either.
//
// Source: IAM User Guide, "AWS global condition context keys", aws:PrincipalServiceNamesList.
func everywhere(host string) []string {
	service, rest, _ := strings.Cut(host, ".")
	if _, domain, regional := strings.Cut(rest, "."); regional && domain == "amazonaws.com" {
		return []string{service + "." + domain}
	}
	return nil
}

// contextOf is known with the condition keys that follow from the call alone. A service that calls for a user hides
// where that one called from. No account here is in an organisation, and no call comes through a VPC.
//
// Source: IAM User Guide, "AWS global condition context keys"; KMS Developer Guide, "Condition keys for AWS KMS",
// kms:ViaService.
func contextOf(c *wire.Call, known policy.RequestContext) policy.RequestContext {
	keys := make(policy.RequestContext, len(known)+8)
	maps.Copy(keys, known)
	set := func(name, value string) {
		if value != "" {
			keys[name] = []string{value}
		}
	}
	set("aws:CurrentTime", c.Time.UTC().Format(time.RFC3339))
	set("aws:EpochTime", strconv.FormatInt(c.Time.Unix(), 10))
	set("aws:RequestedRegion", c.Region)
	set("aws:SecureTransport", "true") // as at AWS, which takes nothing else
	set("aws:UserAgent", c.UserAgent)
	set("kms:ViaService", c.ViaService)
	switch {
	case c.Caller.Service != "":
		set("aws:ViaAWSService", "true")
		set("kms:CallerAccount", c.Caller.Account) // for whom it calls: the owner of the ledger
		set("aws:SourceAccount", c.Caller.Account)
		keys["aws:PrincipalServiceNamesList"] = append([]string{c.Caller.Service}, everywhere(c.Caller.Service)...)
	case c.ViaService == "":
		set("aws:SourceIp", c.SourceIP)
		set("aws:referer", c.Referer)
	}
	return keys
}

// Decide decides r, a request that c makes. The error is the refusal, a *wire.Fault.
//
// A service that calls for itself is allowed by grants alone; statements can only deny it.
func (a *Authority) Decide(c *wire.Call, r policy.Request) (policy.Decision, error) {
	d := policy.Decide(r)
	if d.Allowed && r.Caller.Kind == policy.AWSService && len(d.Grants) == 0 {
		d.Allowed, d.Reason = false, policy.NoResourcePolicy
	}
	if d.Allowed {
		return d, nil
	}
	return d, refusal(c, policy.Refusal(r, d))
}

// Allow decides about an action on a resource that has no policy of its own. keys are the condition keys that follow
// from the resource and from the input. The error is nil, a *wire.Fault that refuses, or a failure.
func (a *Authority) Allow(
	ctx context.Context, c *wire.Call, action, resource string, keys policy.RequestContext,
) error {
	r, err := a.Request(ctx, c)
	if err != nil {
		return err
	}
	r.Action, r.Resource = action, resource
	maps.Copy(r.Context, keys)
	if field := strings.SplitN(resource, ":", 6); len(field) == 6 && field[4] != "" {
		r.Context["aws:ResourceAccount"] = field[4:5]
	}
	_, err = a.Decide(c, r)
	return err
}

// IsRefusal tells whether err says that a caller may not do something, rather than that it could not be decided.
func IsRefusal(err error) bool {
	f, ok := errors.AsType[*wire.Fault](err)
	return ok && (f.Code == "AccessDeniedException" || f.Code == "AccessDenied")
}

// refusal has the code and the status that the called service answers with.
func refusal(c *wire.Call, text string) *wire.Fault {
	f := &wire.Fault{Code: "AccessDeniedException", Message: text}
	switch {
	case c.Service == "iam" || c.Service == "sts":
		f.Code, f.Status = "AccessDenied", http.StatusForbidden
	case c.Service == "qldb" && c.Operation != "SendCommand":
		f.Status = http.StatusForbidden
	}
	return f
}

// Bind finds the unique ids of the users and roles that AWS principals of a policy name, and lists those that do not
// exist.
func (a *Authority) Bind(
	ctx context.Context, principals []string,
) (ids map[string]string, missing []string, err error) {
	if a.iam == nil {
		return nil, nil, nil
	}
	return a.iam.Resolve(ctx, principals...)
}

// NameOf is what the user or role with a unique id is called by now: its ARN, or the id of one that is gone.
func (a *Authority) NameOf(ctx context.Context, id string) (string, error) {
	arn, found, err := a.iam.ARN(ctx, id)
	if err == nil && !found {
		arn = id
	}
	return arn, err
}

// Rename is the text of a policy whose principals were bound to ids, with what those are called by now: an ARN, or the
// unique id of one that is gone.
func (a *Authority) Rename(ctx context.Context, text string, ids map[string]string) (string, error) {
	changed := map[string]string{}
	for principal, id := range ids {
		now, err := a.NameOf(ctx, id)
		if err != nil {
			return "", err
		}
		if now != principal {
			changed[principal] = now
		}
	}
	if len(changed) == 0 {
		return text, nil
	}
	return iam.Substitute(text, changed)
}
