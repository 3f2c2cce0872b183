package policy

import (
	"maps"
	"slices"
	"strings"
)

// RequestContext holds the condition keys of a request: name, in any case, to values. A key with an empty list is
// absent.
//
// What follows from the Caller need not be in it: aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType,
// aws:userid, aws:username, aws:PrincipalIsAWSService, aws:PrincipalServiceName; for KMS actions kms:CallerAccount and
// aws:ViaAWSService (whether there is a kms:ViaService). What it holds is taken as it is.
type RequestContext map[string][]string

// PolicyKind says what a policy is attached to, and so what it can do.
type PolicyKind string

// The kinds of policy.
const (
	KeyPolicy            PolicyKind = "key policy"
	TrustPolicy          PolicyKind = "trust policy"
	IdentityPolicy       PolicyKind = "identity policy"
	PermissionsBoundary  PolicyKind = "permissions boundary"
	SessionPolicy        PolicyKind = "session policy"
	ServiceControlPolicy PolicyKind = "service control policy"
)

// Policies are those that apply to a request. None of them is changed.
type Policies struct {
	Key            *Policy   // of the KMS key acted on; nil is one that allows nothing
	Trust          *Policy   // of the role to be assumed; nil is one that allows nothing
	Identity       []*Policy // of the caller, those of its groups included; what one allows is allowed
	Boundary       *Policy   // nil: the caller has none
	Session        []*Policy // what one allows is allowed; empty: the session has none
	ServiceControl []*Policy // each must allow; empty: the account has none
}

// A Grant is what a KMS grant says about who may do what. Pass those that are in effect for the request.
type Grant struct {
	Grantee    string   // ARN of an account root, user, role, session or federated user, or host name of a service
	Retiring   string   // like Grantee: who may retire the grant besides; "" for nobody
	Issuer     string   // account id of who made the grant: its principals may retire it if their policies allow
	Operations []string // such as "Decrypt"

	// The constraint on the encryption context, at most one of the two; nil for none. Names are compared without
	// regard to case.
	EncryptionContextEquals map[string]string
	EncryptionContextSubset map[string]string
}

// A Request is one action of one caller on one resource.
type Request struct {
	Caller   Caller
	Action   string // IAM action, such as "kms:Decrypt", "kms:ReEncryptFrom", "qldb:SendCommand"
	Resource string // ARN; "*" or "" for an action that is on no resource
	Context  RequestContext
	Policies Policies
	Grants   []Grant // on the key
}

// accountActions are the KMS actions that are on no key: identity policies alone decide them.
//
// Source: KMS Developer Guide, "AWS KMS permissions".
var accountActions = map[string]bool{
	"kms:createkey": true, "kms:listkeys": true, "kms:listaliases": true, "kms:generaterandom": true,
	"kms:listretirablegrants": true, "kms:createcustomkeystore": true, "kms:deletecustomkeystore": true,
	"kms:describecustomkeystores": true, "kms:updatecustomkeystore": true, "kms:connectcustomkeystore": true,
	"kms:disconnectcustomkeystore": true,
}

// acrossAccounts are the actions that principals of other accounts can be allowed.
//
// Source: KMS Developer Guide, "Allowing users in other accounts to use a KMS key".
var acrossAccounts = map[string]bool{
	"kms:encrypt": true, "kms:decrypt": true, "kms:reencryptfrom": true, "kms:reencryptto": true,
	"kms:generatedatakey": true, "kms:generatedatakeywithoutplaintext": true, "kms:generatedatakeypair": true,
	"kms:generatedatakeypairwithoutplaintext": true, "kms:sign": true, "kms:verify": true, "kms:generatemac": true,
	"kms:verifymac": true, "kms:derivesharedsecret": true, "kms:encapsulate": true, "kms:decapsulate": true,
	"kms:creategrant": true, "kms:describekey": true, "kms:getkeyrotationstatus": true, "kms:getpublickey": true,
	"kms:listgrants": true, "kms:retiregrant": true, "kms:revokegrant": true,
}

// trustActions are the actions that a trust policy must allow.
var trustActions = map[string]bool{
	"sts:assumerole": true, "sts:assumerolewithsaml": true, "sts:assumerolewithwebidentity": true,
	"sts:tagsession": true, "sts:setsourceidentity": true, "sts:setcontext": true,
}

// setting is what a request says by itself, before any statement is looked at.
type setting struct {
	action       string     // in lower case
	resourceKind PolicyKind // KeyPolicy, TrustPolicy, or "" where identity policies alone decide
	crossAccount bool
	unsupported  bool // no policy can allow this across accounts
}

func (r *Request) setting() setting {
	s := setting{action: strings.ToLower(r.Action)}
	owner := ""
	if field := strings.SplitN(r.Resource, ":", arnFields); len(field) == arnFields && isAccountID(field[4]) {
		owner = field[4]
	}
	account, isService := r.Caller.Account, r.Caller.Kind == AWSService
	s.crossAccount = !isService && owner != "" && owner != account
	// Where a policy of the resource counts, a resource of nobody and a caller from nowhere are foreign too.
	foreign := !isService && (account == "" || owner != account)
	switch isKMS := strings.HasPrefix(s.action, "kms:"); {
	case isKMS && !accountActions[s.action] && !(aliasActions[s.action] && isAlias(r.Resource)):
		s.crossAccount = foreign
		s.unsupported = foreign && !acrossAccounts[s.action]
		// A key policy cannot allow RetireGrant; the grant says who may.
		if s.action != "kms:retiregrant" {
			s.resourceKind = KeyPolicy
		} else if r.issuedBy(account) {
			s.crossAccount = false
		}
	case trustActions[s.action]:
		s.resourceKind, s.crossAccount = TrustPolicy, foreign
	}
	return s
}

// aliasActions need permission on the alias, which has no policy, and another on the key.
var aliasActions = map[string]bool{"kms:createalias": true, "kms:updatealias": true, "kms:deletealias": true}

func isAlias(arn string) bool {
	field := strings.SplitN(arn, ":", arnFields)
	return len(field) == arnFields && field[2] == "kms" && strings.HasPrefix(field[5], "alias/")
}

func (r *Request) issuedBy(account string) bool {
	return account != "" && slices.ContainsFunc(r.Grants, func(g Grant) bool { return g.Issuer == account })
}

// facts are the condition keys of the request with lower-case names: those given, and those that follow from the
// caller. Two given names that differ only in case, as in an encryption context, are one key with both values.
func (r *Request) facts() map[string][]string {
	f := make(map[string][]string, len(r.Context)+10)
	for name, values := range r.Context {
		f[strings.ToLower(name)] = values
	}
	if len(f) < len(r.Context) { // some differ only in case: join their values, in the order of their names
		clear(f)
		for _, name := range slices.Sorted(maps.Keys(r.Context)) {
			key := strings.ToLower(name)
			f[key] = append(slices.Clip(f[key]), r.Context[name]...)
		}
	}
	for key, value := range r.Caller.facts() {
		if _, given := f[key]; !given {
			f[key] = []string{value}
		}
	}
	if strings.HasPrefix(strings.ToLower(r.Action), "kms:") && r.Caller.Account != "" {
		if _, given := f["kms:calleraccount"]; !given {
			f["kms:calleraccount"] = []string{r.Caller.Account}
		}
	}
	return f
}

// addVia adds aws:ViaAWSService where it is not given. It is a step of its own because it depends on another key.
func addVia(f map[string][]string) {
	if _, given := f["aws:viaawsservice"]; !given {
		value := "false"
		if len(f["kms:viaservice"]) > 0 {
			value = "true"
		}
		f["aws:viaawsservice"] = []string{value}
	}
}

// attached is a policy that applies to a request.
type attached struct {
	kind   PolicyKind
	number int // in its list
	policy *Policy
}

// all lists the policies in the order in which a refusal names them.
func (p *Policies) all(resourceKind PolicyKind) []attached {
	var list []attached
	add := func(kind PolicyKind, policies ...*Policy) {
		for i, p := range policies {
			if p != nil {
				list = append(list, attached{kind, i, p})
			}
		}
	}
	switch resourceKind {
	case KeyPolicy:
		add(KeyPolicy, p.Key)
	case TrustPolicy:
		add(TrustPolicy, p.Trust)
	}
	add(IdentityPolicy, p.Identity...)
	add(PermissionsBoundary, p.Boundary)
	add(SessionPolicy, p.Session...)
	add(ServiceControlPolicy, p.ServiceControl...)
	return list
}
