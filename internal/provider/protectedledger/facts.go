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
	Region    string // the provider's Region; "" when not known
	Partition string
	Account   string // "" when not known
	Target    *keyFact
	Adopt     *keyFact
	// Generation is the key behind the planned generation's alias. It is asked only when the ledger is not under the
	// state's own key: then an apply that was cut off may have moved it already.
	Generation *keyFact
	Now        time.Time
	// TagsAll merges default_tags. Nil when not known.
	TagsAll func(map[string]string) map[string]string
}

// A keyFact is what KMS says about a key that the configuration names.
type keyFact struct {
	preflight.Key
	Policy  string // the policy in force; asked only for a key to adopt
	Missing bool   // KMS knows no such key or alias
	Unknown string // why KMS could not be asked; "" when it answered
	err     error
}

// gather asks AWS for what plan needs: at most the resolved kms_key, the key to adopt with its policy, and the account.
// Nothing is asked when the answer cannot matter, and a refusal is a fact, not a failure.
func (r *Resource) gather(ctx context.Context, cfg model, st *model) facts {
	f := facts{Now: r.opts.Now()}
	if r.api == nil {
		return f
	}
	f.Region, f.TagsAll = r.api.Region(), r.tagsAll
	region := cfg.Region.ValueString()
	if region == "" && !cfg.Region.IsUnknown() {
		region = f.Region
	}
	clients, err := r.api.In(region)
	if err != nil || region == "" {
		return f
	}
	f.Partition = clients.Partition
	var asks sync.WaitGroup
	if name := cfg.KMSKey.ValueString(); name != "" && name != awsOwned {
		asks.Go(func() { f.Target = askKey(ctx, clients, name, false) })
	}
	if name := adoptName(cfg, st); name != "" {
		asks.Go(func() { f.Adopt = askKey(ctx, clients, name, true) })
	}
	if alias := generationName(cfg, st); alias != "" {
		asks.Go(func() { f.Generation = askKey(ctx, clients, alias, false) })
	}
	f.Account = knownAccount(st)
	if f.Account == "" && cfg.Key != nil && cfg.Key.Policy.IsNull() {
		asks.Go(func() {
			if id, err := r.api.CallerIdentity(ctx); err == nil {
				f.Account = id.Account
			}
		})
	}
	asks.Wait()
	return f
}

func (r *Resource) tagsAll(tags map[string]string) map[string]string {
	all := r.api.TagsAll(tags)
	for key := range all {
		if r.api.Ignored(key) {
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
	out, err := clients.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(info.ARN)})
	if err == nil {
		fact.Policy = aws.ToString(out.Policy)
	}
	return fact
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
