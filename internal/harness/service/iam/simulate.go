package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

type contextEntry struct {
	ContextKeyName   string
	ContextKeyType   string
	ContextKeyValues []string
}

type simulateInput struct {
	pageInput
	PolicySourceARN                    string `form:"PolicySourceArn"`
	ActionNames                        []string
	ResourceARNs                       []string `form:"ResourceArns"`
	PolicyInputList                    []string
	PermissionsBoundaryPolicyInputList []string
	ResourcePolicy                     string
	CallerARN                          string `form:"CallerArn"`
	ContextEntries                     []contextEntry
}

// Target implements wire.Targeter.
func (in *simulateInput) Target() string { return in.PolicySourceARN }

// The decisions of the simulator. Source: IAM API reference, EvaluationResult.
const (
	simulatedAllow    = "allowed"
	simulatedExplicit = "explicitDeny"
	simulatedImplicit = "implicitDeny"
)

type position struct {
	Line   int `xml:"Line"`
	Column int `xml:"Column"`
}

type matchedStatement struct {
	SourcePolicyID   string   `xml:"SourcePolicyId"`
	SourcePolicyType string   `xml:"SourcePolicyType"`
	StartPosition    position `xml:"StartPosition"`
	EndPosition      position `xml:"EndPosition"`
}

type boundaryDetail struct {
	AllowedByPermissionsBoundary bool `xml:"AllowedByPermissionsBoundary"`
}

type evaluation struct {
	EvalActionName                    string                 `xml:"EvalActionName"`
	EvalResourceName                  string                 `xml:"EvalResourceName"`
	EvalDecision                      string                 `xml:"EvalDecision"`
	MatchedStatements                 list[matchedStatement] `xml:"MatchedStatements"`
	MissingContextValues              list[string]           `xml:"MissingContextValues"`
	PermissionsBoundaryDecisionDetail *boundaryDetail        `xml:"PermissionsBoundaryDecisionDetail"`
}

type simulateOutput struct {
	EvaluationResults list[evaluation] `xml:"EvaluationResults"`
	pageOutput
}

// simulation is what is simulated, for one principal.
type simulation struct {
	caller   policy.Caller
	sources  []source
	policies policy.Policies
	context  policy.RequestContext
}

// simulatePrincipalPolicy decides as the services here do. A resource's policy is taken into account for KMS keys and
// for assuming roles; without one, the simulator supposes that the resource leaves the decision to the account.
// Source: IAM API reference, SimulatePrincipalPolicy.
func (s *Service) simulatePrincipalPolicy(
	ctx context.Context, c *wire.Call, in *simulateInput,
) (*simulateOutput, error) {
	var wrong checks
	wrong.length("policySourceArn", in.PolicySourceARN, 20, 2048)
	if err := in.check(wrong); err != nil {
		return nil, err
	}
	var sim simulation
	err := s.cfg.State.View(ctx, func(r store.Reader) (err error) {
		sim, err = s.simulation(r, c, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return in.run(&sim)
}

// simulateCustomPolicy decides for a user who has the policies of the input and no others.
// Source: IAM API reference, SimulateCustomPolicy.
func (s *Service) simulateCustomPolicy(
	_ context.Context, c *wire.Call, in *simulateInput,
) (*simulateOutput, error) {
	var wrong checks
	if len(in.PolicyInputList) == 0 {
		wrong.add("null", "policyInputList", "Member must not be null")
	}
	if err := in.check(wrong); err != nil {
		return nil, err
	}
	caller, err := policy.NewCaller(arnOf(c.Caller.Account, "user", "/", "simulation"), "")
	if err != nil {
		return nil, err
	}
	return in.run(&simulation{caller: caller, context: policy.RequestContext{}})
}

// run decides about every action on every resource, as far as the page goes.
func (in *simulateInput) run(sim *simulation) (*simulateOutput, error) {
	if err := sim.add(in); err != nil {
		return nil, err
	}
	resources := in.ResourceARNs
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	from, to, page, err := in.span(len(in.ActionNames) * len(resources))
	if err != nil {
		return nil, err
	}
	out := &simulateOutput{pageOutput: page}
	for i := from; i < to; i++ {
		action, resource := in.ActionNames[i/len(resources)], resources[i%len(resources)]
		out.EvaluationResults.Members = append(out.EvaluationResults.Members,
			sim.evaluate(action, resource, in.ResourcePolicy != ""))
	}
	return out, nil
}

// check adds to what is wrong already.
func (in *simulateInput) check(c checks) error {
	if len(in.ActionNames) == 0 {
		c.add("null", "actionNames", "Member must not be null")
	}
	for _, action := range in.ActionNames {
		c.length("actionNames.member", action, 3, 128)
	}
	return c.err()
}

// sourceEntity finds the user, group or role of the caller's account whose policies are asked about.
func sourceEntity(r store.Reader, c *wire.Call, arn string) (entity, error) {
	field := strings.SplitN(arn, ":", 6)
	if len(field) != 6 || field[2] != "iam" {
		return entity{}, errInput("Invalid Entity Arn: %.200s does not clearly define entity type and name.", arn)
	}
	if field[4] != c.Caller.Account {
		return entity{}, fault(403, "AccessDenied", "Policy source %.200s is outside your own account.", arn)
	}
	what, rest, _ := strings.Cut(field[5], "/")
	e, err := find(r, kind(what), field[4], rest[strings.LastIndexByte(rest, '/')+1:])
	if err == nil && e.arn() != arn {
		err = errMissing("The %s with name %s cannot be found.", e.Kind, e.Name)
	}
	return e, err
}

// simulation finds the principal and what is attached to it.
func (s *Service) simulation(r store.Reader, c *wire.Call, in *simulateInput) (simulation, error) {
	e, err := sourceEntity(r, c, in.PolicySourceARN)
	if err != nil {
		return simulation{}, err
	}
	sim := simulation{context: policy.RequestContext{}}
	if sim.sources, err = s.sourcesOf(r, &e); err != nil {
		return sim, err
	}
	if e.Boundary != "" {
		if sim.policies.Boundary, err = s.boundaryPolicy(r, e.Boundary); err != nil {
			return sim, err
		}
	}
	for _, t := range e.Tags {
		sim.context["aws:PrincipalTag/"+t.Key] = []string{t.Value}
	}
	switch e.Kind {
	case role:
		sim.caller, err = policy.NewSession(e.arn(), "simulation", e.ID)
	case user:
		sim.caller, err = policy.NewCaller(e.arn(), e.ID)
	default: // a group calls nothing: its policies are looked at as those of a user of that name
		sim.caller, err = policy.NewCaller(arnOf(e.Account, "user", e.Path, e.Name), "")
	}
	return sim, err
}

// add puts in what the input adds to what is attached.
func (sim *simulation) add(in *simulateInput) error {
	for i, text := range in.PolicyInputList {
		parsed, err := policy.ParseIdentity(text)
		if err != nil {
			return errInput("%s", wordsOf(err))
		}
		sim.sources = append(sim.sources, source{id: fmt.Sprintf("PolicyInputList.%d", i+1), text: text, policy: parsed})
	}
	for _, text := range in.PermissionsBoundaryPolicyInputList {
		parsed, err := policy.ParseIdentity(text)
		if err != nil {
			return errInput("%s", wordsOf(err))
		}
		sim.policies.Boundary = parsed
	}
	if in.ResourcePolicy != "" {
		key, err := policy.Parse(in.ResourcePolicy)
		if err != nil {
			return errInput("%s", wordsOf(err))
		}
		sim.policies.Key, sim.policies.Trust = key, key
	}
	for _, entry := range in.ContextEntries {
		sim.context[entry.ContextKeyName] = entry.ContextKeyValues
	}
	if in.CallerARN != "" {
		caller, err := policy.NewCaller(in.CallerARN, "")
		if err != nil {
			return errInput("Invalid caller ARN: %.200s", in.CallerARN)
		}
		sim.caller = caller
	}
	for _, source := range sim.sources {
		sim.policies.Identity = append(sim.policies.Identity, source.policy)
	}
	return nil
}

// wordsOf is the service's text for a policy that cannot be read.
func wordsOf(err error) string {
	if f, ok := malformed(err).(*wire.Fault); ok {
		return f.Message
	}
	return syntaxErrors
}

func (sim *simulation) evaluate(action, resource string, given bool) evaluation {
	r := policy.Request{Caller: sim.caller, Action: action, Resource: resource, Context: sim.context,
		Policies: sim.policies}
	if !given {
		r.Policies.Key, r.Policies.Trust = sim.delegating(), sim.delegating()
	}
	d := policy.Decide(r)
	e := evaluation{EvalActionName: action, EvalResourceName: resource, EvalDecision: simulatedImplicit}
	switch {
	case d.Allowed:
		e.EvalDecision = simulatedAllow
	case d.Explicit:
		e.EvalDecision = simulatedExplicit
	}
	for _, st := range d.Statements {
		if st.Kind == policy.IdentityPolicy {
			e.MatchedStatements.Members = append(e.MatchedStatements.Members, sim.sources[st.Policy].matched(st.Index))
		}
	}
	e.MissingContextValues.Members = sim.missing()
	if sim.policies.Boundary != nil {
		allowed := slices.ContainsFunc(d.Statements, func(st policy.Deciding) bool {
			return st.Kind == policy.PermissionsBoundary && st.Effect == policy.Allow
		})
		e.PermissionsBoundaryDecisionDetail = &boundaryDetail{allowed}
	}
	return e
}

// ofCaller are the condition keys that follow from the caller, in lower case.
var ofCaller = []string{"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username",
	"aws:principalisawsservice", "aws:principalservicename", "aws:viaawsservice", "kms:calleraccount"}

// missing lists the condition keys that policies ask for and the input does not give, as they spell them.
func (sim *simulation) missing() []string {
	var names []string
	known := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, name) })
	}
	given := slices.Collect(maps.Keys(sim.context))
	for _, p := range append(slices.Clone(sim.policies.Identity), sim.policies.Boundary) {
		if p == nil {
			continue
		}
		for _, statement := range p.Statements {
			for _, c := range statement.Conditions {
				if !known(ofCaller, c.Key) && !known(given, c.Key) && !known(names, c.Key) {
					names = append(names, c.Key)
				}
			}
		}
	}
	return names
}

// delegating is the resource policy that leaves the decision to the caller's account.
func (sim *simulation) delegating() *policy.Policy {
	account := policy.Principal{Type: policy.AWS, Value: sim.caller.Account}
	everything := policy.ListElement{Present: true, List: []policy.Value{{Text: "*"}}}
	return &policy.Policy{Version: policy.Version2012, Statements: []policy.Statement{{
		Effect:    policy.Allow,
		Principal: policy.PrincipalElement{List: []policy.Principal{account}},
		Action:    everything, Resource: everything,
	}}}
}

// matched says where the numbered statement stands in the text.
func (s *source) matched(number int) matchedStatement {
	start := s.policy.Statements[number].Offset
	end := start
	dec := json.NewDecoder(strings.NewReader(s.text[start:]))
	var raw json.RawMessage
	if err := dec.Decode(&raw); err == nil {
		end += int(dec.InputOffset())
	}
	return matchedStatement{SourcePolicyID: s.id, SourcePolicyType: "IAM Policy", StartPosition: positionIn(s.text, start),
		EndPosition: positionIn(s.text, end)}
}

func positionIn(text string, offset int) position {
	before := text[:offset]
	line := strings.Count(before, "\n")
	return position{Line: line + 1, Column: utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1}
}
