package protectedledger

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// facts are what plan knows beside configuration and state. The zero value knows nothing: no AWS clients yet.
type facts struct {
	Blind     bool   // AWS cannot be asked: the provider's configuration is not known yet
	Region    string // the provider's Region; "" when not known
	Partition string
	Account   string // "" when not known
	// Caller is the ARN of whoever runs Terraform. It is asked only where a policy is to be judged.
	Caller        string
	CallerUnknown string // why it is not known; "" when it is, or was not asked
	Target        *keyFact
	Adopt         *keyFact
	// Generation is the key behind the planned generation's alias. It is asked only when the ledger is not under the
	// state's own key: then an apply that was cut off may have moved it already.
	Generation *keyFact
	Former     string // the policy of the referenced key that the ledger leaves; "" when not known
	// Absent are the ARNs of roles and users in the policy of an owned key that do not exist, each with the ARN that IAM
	// has under the same name, "" for none. What IAM does not say is left out.
	Absent map[string]string
	// Own asks IAM what principals' own policies say. Nil unless policy_checks.use_iam is set.
	Own func([]simulated) map[simulated]ownAnswer
	// Grants are those of the owned key that the ledger leaves, when it is not to be kept.
	Grants        []preflight.Grant
	GrantsUnknown string // why not all of them are known; "" when they are, or were not asked
	// Uses are the other ledgers of the state's account and Region with their keys, when the plan may end a key.
	Uses        []preflight.Use
	UsesUnknown string // why they are not known; "" when they are, or were not asked
	Now         time.Time
	// TagsAll merges default_tags. Nil when not known.
	TagsAll func(map[string]string) map[string]string
}

// A keyFact is what KMS says about a key that the configuration names.
type keyFact struct {
	preflight.Key
	Policy  string // the policy in force; asked only where it matters
	Missing bool   // KMS knows no such key or alias
	Unknown string // why KMS could not be asked; "" when it answered
	err     error

	PolicyUnknown string // why KMS did not show the policy
}

// gather asks AWS for what plan needs: at most the resolved kms_key, the key to adopt, the policies of keys that the
// ledger comes from and goes to, and who asks. Nothing is asked when the answer cannot matter, and a refusal is a fact,
// not a failure.
func (r *Resource) gather(ctx context.Context, cfg model, st *model, pinned pin) facts {
	f := facts{Now: r.opts.Now()}
	if r.API == nil {
		f.Blind, f.Account = true, knownAccount(st)
		if st != nil {
			f.Partition = partitionOf(st.ARN.ValueString())
		}
		return f
	}
	f.Region, f.TagsAll = r.API.Region(), r.tagsAll
	region := cfg.Region.ValueString()
	if region == "" && !cfg.Region.IsUnknown() {
		region = f.Region
	}
	clients, err := r.API.In(region)
	if err != nil || region == "" {
		return f
	}
	f.Partition = clients.Partition
	if readChecks(cfg.Checks).useIAM.ValueBool() {
		f.Own = simulator(ctx, clients.IAM)
	}
	var asks sync.WaitGroup
	if name := cfg.KMSKey.ValueString(); name != "" && name != awsOwned {
		asks.Go(func() { f.Target = askKey(ctx, clients, pinned.name(name), false) })
	}
	if name := adoptName(cfg, st); name != "" {
		asks.Go(func() { f.Adopt = askKey(ctx, clients, name, true) })
	}
	if alias := generationName(cfg, st); alias != "" {
		asks.Go(func() { f.Generation = askKey(ctx, clients, alias, false) })
	}
	f.Account = knownAccount(st)
	if cfg.Key != nil && !policyStands(cfg, st) {
		asks.Go(func() { r.askCaller(ctx, &f) })
	}
	asks.Wait()
	so := f
	asks.Go(func() { f.Absent = askPrincipals(ctx, clients, cfg, st, so) })
	asks.Go(func() { f.Grants, f.GrantsUnknown = askGrants(ctx, clients, cfg, st) })
	if mayEndKeys(cfg, st) {
		asks.Go(func() { f.Uses, f.UsesUnknown = r.askUses(ctx, *st) })
	}
	r.gatherPolicies(ctx, clients, cfg, st, &f)
	asks.Wait()
	return f
}

func (r *Resource) tagsAll(tags map[string]string) map[string]string {
	all := r.API.TagsAll(tags)
	for key := range all {
		if r.API.Ignored(key) {
			delete(all, key)
		}
	}
	return all
}

// adoptName is the key to ask about: the configured one unless the state already holds its adoption.
func adoptName(cfg model, st *model) string {
	if cfg.Key == nil || !known(cfg.Key.Adopt) {
		return ""
	}
	if st != nil && st.Key != nil && st.Key.Adopt.Equal(cfg.Key.Adopt) {
		return ""
	}
	return cfg.Key.Adopt.ValueString()
}

// generationName is the alias of the planned generation if the ledger may be under its key although the state says
// otherwise.
func generationName(cfg model, st *model) string {
	if cfg.Key == nil || cfg.Key.Generation.IsUnknown() || st == nil || !st.exists() {
		return ""
	}
	if key := st.KMSKeyARN.ValueString(); key == "" || key == awsOwned || key == st.ownKey() {
		return ""
	}
	n := intOr(cfg.Key.Generation, defaultGeneration)
	if st.Key != nil && st.Key.Generation.Equal(n) {
		return ""
	}
	return generationAlias(st.Name.ValueString(), n.ValueInt64())
}

func knownAccount(st *model) string {
	if st == nil {
		return ""
	}
	if account := accountOf(st.ARN.ValueString()); account != "" {
		return account
	}
	return accountOf(st.ownKey())
}

func askKey(ctx context.Context, clients *awsclient.Clients, name string, withPolicy bool) *keyFact {
	info, err := describeKey(ctx, clients.KMS, name)
	switch {
	case isNotFound(err):
		return &keyFact{Missing: true}
	case err != nil:
		return &keyFact{Unknown: awsclient.Cause(err), err: err}
	}
	fact := &keyFact{Key: info.Key}
	if !withPolicy {
		return fact
	}
	fact.Policy, fact.PolicyUnknown = askPolicy(ctx, clients, info.ARN)
	return fact
}

// gatherPolicies asks for the policies of keys that something else manages, when the ledger comes to one or leaves one.
func (r *Resource) gatherPolicies(ctx context.Context, clients *awsclient.Clients, cfg model, st *model, f *facts) {
	var asks sync.WaitGroup
	defer asks.Wait()
	under := ""
	if st != nil && st.exists() {
		under = st.KMSKeyARN.ValueString()
	}
	if t := f.Target; t != nil && t.ARN != "" && (t.ARN != under || !sameChecks(cfg.Checks, st.Checks)) {
		asks.Go(func() { t.Policy, t.PolicyUnknown = askPolicy(ctx, clients, t.ARN) })
		asks.Go(func() { r.askCaller(ctx, f) })
	}
	leaves := cfg.Key != nil && (f.Adopt == nil || f.Adopt.ARN != under) || f.Target != nil && f.Target.ARN != "" &&
		f.Target.ARN != under
	if leaves && under != "" && under != awsOwned && under != st.ownKey() {
		asks.Go(func() { f.Former, _ = askPolicy(ctx, clients, under) })
	}
}

// policyStands says whether the owned key keeps its policy, checked for the same, as far as that can be told before
// the plan is made.
func policyStands(cfg model, st *model) bool {
	if st == nil || !st.exists() || st.ownKey() == "" || !sameChecks(cfg.Checks, st.Checks) ||
		!intOr(cfg.Key.Generation, defaultGeneration).Equal(st.Key.Generation) {
		return false
	}
	at := setting{Partition: partitionOf(st.ownKey()), Account: knownAccount(st), Region: st.Region, Ledger: cfg.Name}
	planned, _ := effectivePolicy(*cfg.Key, at)
	return known(planned) && samePolicy(planned.ValueString(), st.Key.PolicyDocument.ValueString(), st.ownKey())
}

func (r *Resource) askCaller(ctx context.Context, f *facts) {
	id, err := r.API.CallerIdentity(ctx)
	if err != nil {
		f.CallerUnknown = awsclient.Cause(err)
		return
	}
	f.Caller = id.ARN
	if f.Account == "" {
		f.Account = id.Account
	}
}

func askPolicy(ctx context.Context, clients *awsclient.Clients, arn string) (text, unknown string) {
	out, err := clients.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(arn)})
	if err != nil {
		return "", awsclient.Cause(err)
	}
	return aws.ToString(out.Policy), ""
}

// unreachable says whether no key could be asked about because of the connection or the credentials, which concerns
// the whole plan.
func (f facts) unreachable() error {
	for _, k := range []*keyFact{f.Target, f.Adopt} {
		if k == nil || k.err == nil || isDenied(k.err) || errors.Is(k.err, context.Canceled) {
			continue
		}
		if _, _, ok := awsclient.Explain(k.err, "KMS", f.Region); ok {
			return k.err
		}
	}
	return nil
}
