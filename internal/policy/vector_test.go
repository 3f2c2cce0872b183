package policy_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// A vector is one block of a table in testdata; evaluation.txt says how to read it.
type vector struct {
	name  string // the whole first line
	lines map[string][]string
}

func (v *vector) one(kind, otherwise string) string {
	if len(v.lines[kind]) == 0 {
		return otherwise
	}
	return v.lines[kind][0]
}

// id is the name of the vector without what is particular about it.
func (v *vector) id() string { return strings.Fields(v.name)[0] }

func readVectors(t *testing.T, file string) []vector {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	let := map[string]string{}
	var list []vector
	begin := true
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		kind, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "":
			begin = true
		case strings.HasPrefix(line, "#"):
		case kind == "let":
			name, value, _ := strings.Cut(rest, "=")
			let[strings.TrimSpace(name)] = strings.TrimSpace(value)
		case begin:
			list = append(list, vector{name: line, lines: map[string][]string{}})
			begin = false
		default:
			if kind == "twin" {
				words := strings.SplitN(rest, " ", 3)
				if words[0] != "+" && words[0] != "-" {
					words = append([]string{"="}, strings.SplitN(rest, " ", 2)...)
				}
				rest = words[0] + " " + words[1] + " " + expanded(let, words[2])
			} else {
				rest = expanded(let, rest)
			}
			list[len(list)-1].lines[kind] = append(list[len(list)-1].lines[kind], rest)
		}
	}
	return list
}

// expanded has in place of the name it begins with what that stands for.
func expanded(let map[string]string, rest string) string {
	name, more, _ := strings.Cut(rest, " ")
	if body, ok := let[name]; ok {
		return strings.TrimSpace(body + " " + more)
	}
	return rest
}

// twin is the vector with the one change that its twin line says, which leads to the other answer.
func (v *vector) twin(t *testing.T, answer string) vector {
	t.Helper()
	if len(v.lines["twin"]) != 1 {
		t.Fatalf("%s has %d twins, want one in which one change allows it", v.name, len(v.lines["twin"]))
	}
	words := strings.SplitN(v.lines["twin"][0], " ", 3)
	kind, line := words[1], words[2]
	lines := maps.Clone(v.lines)
	switch at := slices.Index(lines[kind], line); {
	case words[0] == "+":
		lines[kind] = append(slices.Clip(lines[kind]), line)
	case words[0] == "-" && at >= 0:
		lines[kind] = slices.Delete(slices.Clone(lines[kind]), at, at+1)
	case words[0] == "=" && len(lines[kind]) < 2 && at < 0:
		lines[kind] = []string{line}
	default:
		t.Fatalf("%s: the change %q is none", v.name, v.lines["twin"][0])
	}
	delete(lines, "twin")
	lines["answer"] = []string{answer}
	return vector{name: v.name + ", twin", lines: lines}
}

const foreign = "444455556666"

var entityForm = regexp.MustCompile(`\b(r|u|s|root)\((?:([AB]):)?([^)]*)\)`)

// long writes out the short names of a table.
func long(s string) string {
	accounts := map[string]string{"": account, "A": account, "B": foreign}
	s = entityForm.ReplaceAllStringFunc(s, func(short string) string {
		m := entityForm.FindStringSubmatch(short)
		iam, sts := "arn:aws:iam::"+accounts[m[2]], "arn:aws:sts::"+accounts[m[2]]
		switch m[1] {
		case "r":
			return iam + ":role/" + m[3]
		case "u":
			return iam + ":user/" + m[3]
		case "s":
			return sts + ":assumed-role/" + m[3]
		}
		return "arn:aws:iam::" + accounts[m[3]] + ":root"
	})
	switch s {
	case "A", "B":
		return accounts[s]
	case "K":
		return keyARN
	}
	return strings.Replace(s, ":A:", ":"+account+":", 1)
}

func longList(s string) []string {
	list := strings.Split(s, "|")
	for i := range list {
		list[i] = long(list[i])
	}
	return list
}

// put writes a list as the element of that name, or as its negation.
func put(s map[string]any, element, list string) {
	if inner, ok := strings.CutPrefix(list, "not("); ok {
		element, list = "Not"+element, strings.TrimSuffix(inner, ")")
	}
	if element != "Principal" && element != "NotPrincipal" {
		s[element] = longList(list)
		return
	}
	if host, ok := strings.CutPrefix(list, "service("); ok {
		s[element] = map[string]any{"Service": strings.TrimSuffix(host, ")")}
		return
	}
	s[element] = map[string]any{"AWS": longList(list)}
}

// statementOf reads the notation of a statement.
func statementOf(line string, withPrincipal bool) map[string]any {
	head, conditions, _ := strings.Cut(line, " if ")
	words := strings.Fields(head)
	s := map[string]any{"Effect": words[0], "Resource": "*"}
	words = words[1:]
	if withPrincipal {
		put(s, "Principal", words[0])
		words = words[1:]
	}
	put(s, "Action", words[0])
	if len(words) == 3 && words[1] == "on" {
		delete(s, "Resource")
		if words[2] != "nothing" {
			put(s, "Resource", words[2])
		}
	}
	if conditions != "" {
		block := map[string]map[string][]string{}
		for _, c := range strings.Split(conditions, " and ") {
			w := strings.Fields(c)
			if block[w[0]] == nil {
				block[w[0]] = map[string][]string{}
			}
			block[w[0]][w[1]] = longList(w[2])
		}
		s["Condition"] = block
	}
	return s
}

// policyOf makes a policy of lines of a vector, nil if there are none. parse is nil for a key policy.
func policyOf(t *testing.T, lines []string, parse func(string) (*policy.Policy, error)) *policy.Policy {
	t.Helper()
	if len(lines) == 0 {
		return nil
	}
	var list []any
	for _, line := range lines {
		list = append(list, statementOf(line, parse == nil))
	}
	text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": list})
	if err != nil {
		t.Fatal(err)
	}
	if parse == nil {
		parse = policy.Parse
	}
	p, err := parse(string(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// callerOf makes the caller that a short name stands for. Roles have the id AROANEWROLENEWROLE00.
func callerOf(t *testing.T, short string) policy.Caller {
	t.Helper()
	id := ""
	if strings.HasPrefix(short, "s(") {
		id = "AROANEWROLENEWROLE00"
	}
	c, err := policy.NewCaller(long(short), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (v *vector) request(t *testing.T) policy.Request {
	t.Helper()
	r := policy.Request{
		Caller:   callerOf(t, v.one("caller", "s(ledger-admin/ci)")),
		Action:   v.one("request", "kms:PutKeyPolicy"),
		Resource: keyARN,
		Context:  policy.RequestContext{},
		Policies: policy.Policies{
			Key:      policyOf(t, v.lines["key"], nil),
			Boundary: policyOf(t, v.lines["boundary"], policy.ParseIdentity),
		},
	}
	if r.Action == "kms:CreateKey" {
		r.Resource = "*"
	}
	for _, c := range v.lines["context"] {
		key, values, _ := strings.Cut(c, "=")
		r.Context[key] = longList(values)
	}
	if p := policyOf(t, v.lines["identity"], policy.ParseIdentity); p != nil {
		r.Policies.Identity = []*policy.Policy{p}
	}
	if p := policyOf(t, v.lines["session"], policy.ParseIdentity); p != nil {
		r.Policies.Session = []*policy.Policy{p}
	}
	for _, line := range v.lines["grant"] {
		w := strings.Fields(line)
		g := policy.Grant{Grantee: long(w[0]), Operations: strings.Split(w[1], "|")}
		pairs := map[string]string{}
		for _, pair := range w[3:] {
			name, value, _ := strings.Cut(pair, "=")
			pairs[name] = value
		}
		if w[2] == "equals" {
			g.EncryptionContextEquals = pairs
		} else {
			g.EncryptionContextSubset = pairs
		}
		r.Grants = append(r.Grants, g)
	}
	return r
}
