package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// model is a policy to be written down in many spellings.
type model struct {
	version, id string
	statements  []*modelStatement
}

type modelStatement struct {
	sid, effect        string
	not                [3]bool // principal, action, resource
	principals         []string
	actions, resources []string
	conditions         map[string]map[string][]string // by operator, then key
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// some picks at least one value of from, each at most once.
func some(r *rand.Rand, from ...string) []string {
	var list []string
	for _, i := range r.Perm(len(from))[:1+r.IntN(len(from))] {
		list = append(list, from[i])
	}
	return list
}

func randomModel(r *rand.Rand) *model {
	m := &model{version: pick(r, policy.Version2008, policy.Version2012), id: pick(r, "", "orders")}
	for i := range 1 + r.IntN(5) {
		s := &modelStatement{
			sid:        pick(r, "", fmt.Sprintf("Sid %d", i), "Ledger users"),
			effect:     pick(r, "Allow", "Deny"),
			not:        [3]bool{r.IntN(5) == 0, r.IntN(5) == 0, r.IntN(5) == 0},
			principals: some(r, "*", root, reader, writer, "AROAEXAMPLEROLEID123"),
			actions:    some(r, "kms:Decrypt", "kms:Encrypt", "kms:Generate*", "kms:CreateGrant", "kms:Describe?ey"),
			resources:  some(r, "*", keyARN+"x"),
			conditions: map[string]map[string][]string{},
		}
		for range r.IntN(3) {
			op := pick(r, "StringEquals", "StringNotLikeIfExists", "ForAnyValue:StringLike", "ArnLike")
			s.conditions[op] = map[string][]string{}
			for range 1 + r.IntN(2) {
				key := pick(r, "kms:ViaService", "aws:PrincipalArn", "kms:EncryptionContext:Ledger")
				s.conditions[op][key] = some(r, "one", "true", "5")
			}
		}
		m.statements = append(m.statements, s)
	}
	return m
}

// A speller writes a model with the freedom that does not change it. faithful leaves out the freedom that
// awspolicyequivalence does not know.
type speller struct {
	*rand.Rand
	faithful bool
}

func (s *speller) coin() bool { return s.IntN(2) == 0 }

func (s *speller) space() string {
	return pick(s.Rand, "", "", " ", "\n", "\t ", "\r\n  ")
}

func (s *speller) string(v string) string {
	b, _ := json.Marshal(v)
	text := string(b)
	if v != "" && s.IntN(4) == 0 { // every character of a policy may be an escape
		text = fmt.Sprintf(`"\u%04X%s`, v[0], text[2:])
	}
	return text
}

func (s *speller) object(members map[string]string) string {
	var list []string
	for name, value := range members {
		list = append(list, s.string(name)+s.space()+":"+s.space()+value)
	}
	s.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return "{" + s.space() + strings.Join(list, s.space()+","+s.space()) + "}"
}

// list shuffles, writes one value as itself or as an array, and may write some values twice.
func (s *speller) list(values []string, one func(string) string) string {
	var list []string
	for _, v := range values {
		list = append(list, one(v))
		if !s.faithful && s.IntN(4) == 0 {
			list = append(list, one(v))
		}
	}
	if len(list) == 1 && s.coin() {
		return list[0]
	}
	s.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return "[" + s.space() + strings.Join(list, s.space()+","+s.space()) + "]"
}

func (s *speller) letterCase(v string) string {
	if s.faithful {
		return v
	}
	return pick(s.Rand, v, strings.ToLower(v), strings.ToUpper(v))
}

func (s *speller) policy(m *model) string {
	var list []string
	for _, st := range m.statements {
		list = append(list, s.statement(st))
		if !s.faithful && s.IntN(8) == 0 {
			list = append(list, s.statement(st))
		}
	}
	s.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	members := map[string]string{"Statement": "[" + strings.Join(list, ",") + "]"}
	if len(list) == 1 && s.coin() {
		members["Statement"] = list[0]
	}
	if s.faithful || m.version != policy.Version2008 || s.coin() {
		members["Version"] = s.string(m.version)
	}
	if m.id != "" || s.coin() {
		members["Id"] = s.string(m.id)
	}
	return s.object(members)
}

func (s *speller) statement(st *modelStatement) string {
	members := map[string]string{
		"Effect":                            s.string(st.effect),
		elementName("Principal", st.not[0]): s.principal(st.principals),
		elementName("Action", st.not[1]): s.list(st.actions, func(v string) string {
			return s.string(s.letterCase(v))
		}),
		elementName("Resource", st.not[2]): s.list(st.resources, s.string),
	}
	if st.sid != "" || s.coin() {
		members["Sid"] = s.string(st.sid)
	}
	if len(st.conditions) > 0 || !s.faithful && s.coin() {
		members["Condition"] = s.condition(st.conditions)
	}
	return s.object(members)
}

func elementName(name string, not bool) string {
	if not {
		return "Not" + name
	}
	return name
}

func (s *speller) principal(values []string) string {
	if !s.faithful && len(values) == 1 && values[0] == "*" && s.coin() {
		return `"*"`
	}
	return s.object(map[string]string{"AWS": s.list(values, func(v string) string {
		if v == root && s.coin() {
			v = account
		}
		return s.string(v)
	})})
}

func (s *speller) condition(conditions map[string]map[string][]string) string {
	operators := map[string]string{}
	for op, keys := range conditions {
		members := map[string]string{}
		for key, values := range keys {
			members[s.letterCase(key)] = s.list(values, func(v string) string {
				if json.Valid([]byte(v)) && s.coin() {
					return v // as a number or a boolean
				}
				return s.string(v)
			})
		}
		if !s.faithful && op == "ArnLike" && s.coin() {
			op = "ArnEquals"
		}
		operators[op] = s.object(members)
	}
	return s.object(operators)
}

// mutate changes the model in one place. The result says whether the change is one of Sids and Id alone.
func mutate(r *rand.Rand, m *model) (name string, semantic bool) {
	s := pick(r, m.statements...)
	changes := map[string]func(){
		"effect":       func() { s.effect = map[string]string{"Allow": "Deny", "Deny": "Allow"}[s.effect] },
		"principal":    func() { s.principals = append(s.principals, "AIDAEXAMPLEUSERID123") },
		"notPrincipal": func() { s.not[0] = !s.not[0] },
		"action":       func() { s.actions = append(s.actions, "kms:PutKeyPolicy") },
		"notAction":    func() { s.not[1] = !s.not[1] },
		"resource":     func() { s.resources = append(s.resources, "other") },
		"notResource":  func() { s.not[2] = !s.not[2] },
		"condition":    func() { s.conditions["Bool"] = map[string][]string{"aws:SecureTransport": {"true"}} },
		"value": func() {
			s.conditions["StringEquals"] = map[string][]string{"kms:ViaService": {"another"}}
		},
		"sid": func() { s.sid += "!" },
		"id":  func() { m.id += "!" },
		"version": func() {
			m.version = map[string]string{
				policy.Version2008: policy.Version2012, policy.Version2012: policy.Version2008,
			}[m.version]
		},
	}
	names := []string{"effect", "principal", "notPrincipal", "action", "notAction", "resource", "notResource",
		"condition", "value", "sid", "id", "version"}
	name = pick(r, names...)
	changes[name]()
	return name, name == "sid" || name == "id"
}

// TestRespelling: shuffling, other spellings and reformatting keep the policy; one change anywhere does not.
func TestRespelling(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := randomModel(r)
		m.statements = m.statements[:1+r.IntN(len(m.statements))]
		s := &speller{Rand: r}
		texts := []string{s.policy(m), s.policy(m)}
		a, b := mustParse(t, texts[0]), mustParse(t, texts[1])
		if !policy.Structural(a, b, ledgerContext) || !policy.Semantic(a, b, ledgerContext) {
			t.Fatalf("seed %d: not equal: %v\n%s\n%s", seed, policy.Diff(a, b, ledgerContext), texts[0], texts[1])
		}
		if changes := policy.Diff(a, b, ledgerContext); len(changes) > 0 {
			t.Fatalf("seed %d: equal, but Diff says %v", seed, changes)
		}

		name, semantic := mutate(r, m)
		changed := s.policy(m)
		c := mustParse(t, changed)
		if policy.Structural(a, c, ledgerContext) || len(policy.Diff(a, c, ledgerContext)) == 0 {
			t.Fatalf("seed %d: change of %s not seen\n%s\n%s", seed, name, texts[0], changed)
		}
		if got := policy.Semantic(a, c, ledgerContext); got != semantic {
			t.Fatalf("seed %d: change of %s: Semantic: got %t, want %t", seed, name, got, semantic)
		}
	}
}

// TestLibraryEqualMeansEqual feeds both sides the spellings the library knows, and near misses.
func TestLibraryEqualMeansEqual(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		m := randomModel(r)
		s := &speller{Rand: r, faithful: r.IntN(4) > 0}
		a, b := s.policy(m), s.policy(m)
		checkLibrary(t, a, b)
		mutate(r, m)
		checkLibrary(t, a, s.policy(m))
	}
}
