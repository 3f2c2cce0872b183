package protectedledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// A simulated is one question to IAM: what a principal's own policies say about kms:Decrypt with a key through QLDB.
type simulated struct {
	principal string // ARN of a role or user
	key       string // ARN
}

// An ownAnswer is IAM's, or why there is none.
type ownAnswer struct {
	own     preflight.Own
	unknown string // in the service's words; "" for an answer
}

// asksAtOnce is how many questions are on their way to IAM, which throttles whoever asks too much.
const asksAtOnce = 8

// side calls ask for every number below n, some side by side.
func side(n int, ask func(int)) {
	inFlight := make(chan struct{}, asksAtOnce)
	var asks sync.WaitGroup
	for i := range n {
		asks.Go(func() {
			inFlight <- struct{}{}
			defer func() { <-inFlight }()
			ask(i)
		})
	}
	asks.Wait()
}

// simulationPatience is how long a plan waits for IAM's simulator, which was asked for by name.
const simulationPatience = 30 * time.Second

// simulator asks IAM's simulator. It lets nobody read or write anything.
func simulator(ctx context.Context, client *iam.Client) func([]simulated) map[simulated]ownAnswer {
	return func(questions []simulated) map[simulated]ownAnswer {
		ctx, cancel := context.WithTimeout(ctx, simulationPatience)
		defer cancel()
		answers := make([]ownAnswer, len(questions))
		side(len(questions), func(i int) { answers[i] = simulate(ctx, client, questions[i]) })
		all := make(map[simulated]ownAnswer, len(questions))
		for i, q := range questions {
			all[q] = answers[i]
		}
		return all
	}
}

// simulate asks one question. The key policy is not part of it: the simulator knows no policies of keys, and none of
// any resource for roles, so that the plan judges the two apart and puts them together.
//
// Source: IAM User Guide, "IAM policy testing with the IAM policy simulator"; IAM API reference,
// SimulatePrincipalPolicy.
func simulate(ctx context.Context, client *iam.Client, q simulated) ownAnswer {
	field := strings.SplitN(q.key, ":", 6)
	switch {
	case len(field) != 6:
		return ownAnswer{unknown: "the key is not known"}
	case client == nil:
		return ownAnswer{unknown: "endpoints sets kms and not iam, so that IAM is not asked"}
	}
	var given []iamtypes.ContextEntry
	suppose := preflight.DecryptContext(field[3], accountOf(q.principal))
	for _, name := range slices.Sorted(maps.Keys(suppose)) {
		kind := iamtypes.ContextKeyTypeEnumString
		switch {
		case name == "aws:ViaAWSService":
			kind = iamtypes.ContextKeyTypeEnumBoolean
		case len(suppose[name]) > 1:
			kind = iamtypes.ContextKeyTypeEnumStringList
		}
		given = append(given, iamtypes.ContextEntry{
			ContextKeyName: aws.String(name), ContextKeyType: kind, ContextKeyValues: suppose[name],
		})
	}
	out, err := client.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(q.principal), ActionNames: []string{"kms:Decrypt"}, ResourceArns: []string{q.key},
		ContextEntries: given,
	})
	switch {
	case err != nil:
		cause, _, _ := strings.Cut(awsclient.Cause(err), " (request id ") // so that the same cause is told once
		return ownAnswer{unknown: cause}
	case len(out.EvaluationResults) != 1:
		return ownAnswer{unknown: fmt.Sprintf("the simulator gave %d results for one question", len(out.EvaluationResults))}
	}
	return readSimulation(out.EvaluationResults[0], strings.Contains(q.principal, ":role/"))
}

// readSimulation understands one result. A key policy that names a role lets it no further than its boundary; a user
// it does.
//
// Source: IAM User Guide, "Permissions boundaries for IAM entities", resource-based policies.
func readSimulation(r iamtypes.EvaluationResult, role bool) ownAnswer {
	bounded := r.PermissionsBoundaryDecisionDetail != nil &&
		!r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary
	switch {
	case len(r.MissingContextValues) > 0:
		return ownAnswer{unknown: "they ask for " + strings.Join(r.MissingContextValues, ", ") +
			", which no simulation knows"}
	case r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed:
		return ownAnswer{own: preflight.OwnAllows}
	case r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny:
		return ownAnswer{own: preflight.OwnDenies}
	case bounded && role:
		return ownAnswer{own: preflight.OwnBounded}
	}
	return ownAnswer{own: preflight.OwnSilent}
}

// identities is what IAM adds to the key policies: findings, which of the others it settles, and what to say besides.
type identities struct {
	found   []preflight.Finding
	settled map[string]bool // principals of whom the key policy alone says too much or too little
	said    []finding
}

// askIdentities asks about everyone whom the plan's comparison is about, in their own account. passages are nil where
// the ledger does not leave a key with a policy.
func askIdentities(st model, f facts, mv move, s subject, passages []preflight.Passage) identities {
	moved := passages != nil
	if !moved {
		passages = ofPolicy(st, mv, s)
	}
	list := standings(passages, mv, s, moved)
	var questions []simulated
	for _, one := range list {
		if isEntityOf(one.Principal, s.in.Account) {
			questions = append(questions, asked(one)...)
		}
	}
	slices.SortFunc(questions, func(a, b simulated) int { return strings.Compare(a.principal+a.key, b.principal+b.key) })
	answers := f.Own(slices.Compact(questions))
	out := identities{settled: map[string]bool{}}
	var lines []string
	open := map[string][]string{} // by cause
	for i := range list {
		one := &list[i]
		name, cause := short(one.Principal, s.in.Account), ""
		for _, q := range asked(*one) {
			answer, known := answers[q]
			switch {
			case !known:
				cause = "no role or user of account " + s.in.Account
			case answer.unknown != "":
				cause = answer.unknown
			}
			if q.key == one.OldKey {
				one.Old = answer.own
			}
			if q.key == one.NewKey {
				one.New = answer.own
			}
		}
		if cause != "" {
			open[cause] = append(open[cause], name)
			continue
		}
		out.settled[one.Principal] = one.Settled()
		lines = append(lines, one.Line(name))
	}
	out.found = preflight.Judged(list)
	out.say(s, moved, lines, open)
	return out
}

// amend puts what IAM says in the place of what the key policy alone says of the same principals.
func (o *identities) amend(found []preflight.Finding, inWords bool) []preflight.Finding {
	about := []string{"KP-205", "KP-206", "KP-207"}
	rest := slices.DeleteFunc(slices.Clone(found), func(one preflight.Finding) bool {
		return o.settled[one.Principal] && slices.Contains(about, one.Rule)
	})
	for _, one := range o.found {
		if inWords {
			what := strings.TrimSuffix(one.Detail, one.Fix)
			one.Fix = strings.Replace(one.Fix, "name it in the key policy", "add it to key.access.users", 1)
			one.Detail = what + one.Fix
		}
		rest = append(rest, one)
	}
	return rest
}

// say words the answers: of a move every line, and always what IAM did not say.
func (o *identities) say(s subject, moved bool, lines []string, open map[string][]string) {
	if moved && len(lines) > 0 {
		o.said = append(o.said, warning(s.at, fmt.Sprintf("Ledger %q: who can read, by key policy and IAM", s.in.Ledger),
			strings.Join(lines, "\n")+"\n\nIAM's simulator was asked what their own policies say about kms:Decrypt through "+
				"QLDB. It does not know the service control policies of an organisation."))
	}
	if len(open) == 0 {
		return
	}
	var rows []string
	for _, cause := range slices.Sorted(maps.Keys(open)) {
		rows = append(rows, strings.Join(open[cause], ", ")+": "+cause)
	}
	o.said = append(o.said, warning(s.at, fmt.Sprintf("Ledger %q: own policies not checked", s.in.Ledger),
		"policy_checks.use_iam is set, but IAM did not say what the own policies of these allow. They are judged by the key "+
			"policy alone:\n  - "+strings.Join(rows, "\n  - ")))
}

// standings are the passages with the keys that they are between.
func standings(passages []preflight.Passage, mv move, s subject, moved bool) []preflight.Standing {
	next := s.in.KeyARN
	if next == "" {
		next = preflight.Unmade(s.in)
	}
	old := next
	if moved {
		old = mv.From.ValueString()
	}
	var list []preflight.Standing
	for _, p := range passages {
		reader := slices.Contains(s.in.Readers, p.Principal)
		list = append(list, preflight.Standing{Passage: p, Reader: reader, OldKey: old, NewKey: next})
	}
	return list
}

// asked are the questions that one principal's standing hinges on: of a key that shuts it out there is none.
func asked(one preflight.Standing) []simulated {
	var list []simulated
	if one.Before != preflight.Unreached {
		list = append(list, simulated{one.Principal, one.OldKey})
	}
	if one.After != preflight.Unreached {
		list = append(list, simulated{one.Principal, one.NewKey})
	}
	return list
}

// ofPolicy compares the policy of a key that the ledger stays under with the planned one, or that one with itself.
func ofPolicy(st model, mv move, s subject) []preflight.Passage {
	before := s.in
	if s.owned && mv.Kind == stays && st.Key != nil && st.Key.PolicyDocument.ValueString() != "" {
		before.Policy = st.Key.PolicyDocument.ValueString()
	}
	list, err := preflight.Passages(preflight.Swap{Old: before, New: s.in, Users: s.in.Readers})
	if err != nil {
		return nil // a text that is no policy is refused in words of its own
	}
	return list
}

func isEntityOf(arn, account string) bool {
	_, resource, _ := strings.Cut(arn, ":iam::"+account+":")
	return strings.HasPrefix(resource, "role/") || strings.HasPrefix(resource, "user/")
}
