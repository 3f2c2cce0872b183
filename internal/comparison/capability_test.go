package comparison_test

import (
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// A capability is something that callers try, and the requests to KMS that it takes.
type capability struct {
	name string
	who  string // who tries it: every answer costs a call
	try  func(*play, *actor) error
	asks []ask
}

// An ask is one request to KMS. known are the condition keys that follow from the call; told are those that only who
// makes it can know, so that a plan does not.
type ask struct {
	action      string
	through     bool // QLDB asks for the caller
	itself      bool // QLDB asks for itself, by its grant
	known, told policy.RequestContext
}

func one(v string) []string  { return []string{v} }
func viaQLDB() string        { return "qldb." + region + ".amazonaws.com" }
func dryRun(err error) error { return passed(err, "DryRunOperationException") }

// passed is nil for the fault that says that all was well.
func passed(err error, ok string) error {
	if code(err) == ok {
		return nil
	}
	return err
}

// ledgerContext is the encryption context of QLDB; the values are not known in advance.
var ledgerContext = []string{"key-hierarchy-node-id", "key-hierarchy-node-version"}

// grantedToQLDB are the operations of QLDB's grant.
var grantedToQLDB = []string{"Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
	"ReEncryptFrom", "ReEncryptTo", "RetireGrant"}

// ledgerValues are told of a use of QLDB's keys.
var ledgerValues = policy.RequestContext{"kms:EncryptionContext:key-hierarchy-node-id": one("AnyIdOfANode"),
	"kms:EncryptionContext:key-hierarchy-node-version": one("1")}

// cipher is told of every use of a symmetric key.
//
// Source: KMS Developer Guide, "kms:EncryptionAlgorithm".
var cipher = policy.RequestContext{"kms:EncryptionAlgorithm": one("SYMMETRIC_DEFAULT")}

// opening is QLDB's own use of the key of a ledger whose data it reads or writes.
var opening = ask{action: "kms:Decrypt", itself: true, told: merged(ledgerValues, cipher),
	known: policy.RequestContext{"kms:EncryptionContextKeys": ledgerContext}}

// capabilities are the columns of verdicts.txt.
var capabilities = []capability{
	{
		name: "put", who: "root admin reader nobody",
		try: func(p *play, a *actor) error { return p.putPolicy(a, true) },
		asks: []ask{{action: "kms:PutKeyPolicy",
			known: policy.RequestContext{"kms:BypassPolicyLockoutSafetyCheck": one("true")}}},
	},
	{
		name: "describe", who: "reader nobody guest",
		try: func(p *play, a *actor) error {
			_, err := a.kms.DescribeKey(p.t.Context(), &kms.DescribeKeyInput{KeyId: &p.key})
			return err
		},
		asks: []ask{{action: "kms:DescribeKey"}},
	},
	{
		name: "grant", who: "admin reader nobody",
		try: func(p *play, a *actor) error { return dryRun(p.createGrant(a)) },
		asks: []ask{{action: "kms:CreateGrant", known: policy.RequestContext{
			"kms:GrantIsForAWSResource": one("false"), "kms:GrantOperations": one("Decrypt"),
			"kms:GranteePrincipal": one(arn("u/nobody")), "kms:RetiringPrincipal": nil, "kms:GrantConstraintType": nil,
		}}},
	},
	{
		name: "decrypt", who: "root admin reader writer nobody partner guest stranger scoped bounded grantee",
		try: func(p *play, a *actor) error {
			_, err := a.kms.Decrypt(p.t.Context(), &kms.DecryptInput{KeyId: &p.key, CiphertextBlob: p.ciphertext})
			return err
		},
		asks: []ask{{action: "kms:Decrypt", told: cipher}},
	},
	{
		name: "generate", who: "reader partner bounded",
		try: func(p *play, a *actor) error {
			_, err := a.kms.GenerateDataKey(p.t.Context(), &kms.GenerateDataKeyInput{
				KeyId: &p.key, KeySpec: kmstypes.DataKeySpecAes256, DryRun: aws.Bool(true),
				EncryptionContext: map[string]string{"app": "orders"},
			})
			return dryRun(err)
		},
		asks: []ask{{action: "kms:GenerateDataKey", told: cipher,
			known: policy.RequestContext{"kms:EncryptionContextKeys": one("app"),
				"kms:EncryptionContext:app": one("orders")},
		}},
	},
	{
		name: "read", who: "admin reader writer nobody scoped bounded grantee", try: (*play).startSession,
		asks: []ask{opening, {action: "kms:Decrypt", through: true, told: merged(ledgerValues, cipher),
			known: policy.RequestContext{"kms:EncryptionContextKeys": ledgerContext}}},
	},
	{
		name: "ledger", who: "admin writer nobody partner",
		try: func(p *play, a *actor) error { return p.create(a, p.ledger+a.name) },
		asks: []ask{
			opening,
			{action: "kms:DescribeKey", through: true},
			{action: "kms:CreateGrant", through: true, known: policy.RequestContext{
				"kms:GrantIsForAWSResource": one("true"), "kms:GrantOperations": grantedToQLDB,
				"kms:GranteePrincipal": one(viaQLDB()), "kms:RetiringPrincipal": one(viaQLDB()),
				"kms:GrantConstraintType": nil}},
			{action: "kms:GenerateDataKey", itself: true, told: merged(ledgerValues, cipher),
				known: policy.RequestContext{"kms:EncryptionContextKeys": ledgerContext}},
		},
	},
}

// merged has the keys of all.
func merged(all ...policy.RequestContext) policy.RequestContext {
	m := policy.RequestContext{}
	for _, keys := range all {
		maps.Copy(m, keys)
	}
	return m
}

// request is what a plan knows of an ask that a makes about the key of p.
func (p *play) request(a *actor, q ask, key *policy.Policy) policy.Request {
	r := policy.Request{Caller: a.caller, Action: q.action, Resource: p.key, Policies: policy.Policies{Key: key}}
	if a.identity != nil {
		r.Policies.Identity = []*policy.Policy{a.identity}
	}
	if r.Policies.Boundary = a.boundary; a.scope != nil {
		r.Policies.Session = []*policy.Policy{a.scope}
	}
	if a.granted {
		r.Grants = []policy.Grant{{Grantee: a.caller.ARN, Issuer: home, Operations: one("Decrypt")}}
	}
	switch {
	case q.itself:
		r.Caller, r.Policies = policy.NewService(viaQLDB(), "qldb.amazonaws.com"), policy.Policies{Key: key}
		r.Grants = []policy.Grant{{Grantee: viaQLDB(), Operations: grantedToQLDB}}
		r.Context = merged(q.known, policy.RequestContext{"aws:ViaAWSService": one("true"), "kms:ViaService": nil,
			"kms:CallerAccount": one(a.caller.Account), "aws:SourceIp": nil, "aws:SourceVpc": nil, "aws:SourceVpce": nil})
	case q.through:
		r.Context = merged(q.known, policy.RequestContext{"aws:ViaAWSService": one("true"),
			"kms:ViaService": one(viaQLDB()), "aws:SourceIp": nil, "aws:SourceVpc": nil, "aws:SourceVpce": nil,
			"aws:CalledVia": nil})
	default:
		r.Context = merged(q.known, policy.RequestContext{"aws:ViaAWSService": one("false"), "kms:ViaService": nil})
	}
	return r
}

// circumstances completes a request by all that there is to be known: the test calls from this machine, now, as the
// cast, whose accounts are in no organisation.
//
// Source: IAM User Guide, "AWS global condition context keys".
func (p *play) circumstances(a *actor, q ask, r policy.Request) policy.Request {
	now := time.Now().UTC()
	r.Context = merged(r.Context, q.told, policy.RequestContext{
		"aws:SecureTransport": one("true"), "aws:RequestedRegion": one(region), "aws:ResourceAccount": one(home),
		"aws:CurrentTime": one(now.Format(time.RFC3339)), "aws:UserAgent": one("aws-sdk-go-v2"),
		"kms:KeySpec": one("SYMMETRIC_DEFAULT"), "kms:KeyUsage": one("ENCRYPT_DECRYPT"), "kms:KeyOrigin": one("AWS_KMS"),
		"kms:MultiRegion": one("false"), "aws:EpochTime": one("1800000000"),
	})
	if q.itself {
		return r
	}
	maps.Copy(r.Context, a.tags)
	if !q.through {
		r.Context["aws:SourceIp"] = one("127.0.0.1")
	}
	if a.caller.Kind == policy.RoleSession {
		r.Context["aws:MultiFactorAuthPresent"] = one("false")
		r.Context["aws:TokenIssueTime"] = one(now.Format(time.RFC3339))
	}
	return r
}
