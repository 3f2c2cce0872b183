package comparison_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	home   = "111122223333"
	abroad = "444455556666"
	far    = "777788889999"
	region = "eu-west-2"
)

// A shape is one policy of testdata/policies.txt.
type shape struct {
	name    string // family, and the labels of its parameters
	text    string
	yes, no map[string][]string // by capability: callers who are expected to have it, or not to
}

// family is what the table says of one family, with its parameters in it.
type family struct {
	name       string
	parameters []parameter
	whole      string // of a family that is given as text
	statements []string
	yes, no    []string
}

type parameter struct {
	name           string
	labels, values []string
}

func shapes(t *testing.T) []shape {
	t.Helper()
	raw, err := os.ReadFile("testdata/policies.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []shape
	for _, f := range families(t, string(raw)) {
		all = append(all, f.shapes(t)...)
	}
	return all
}

func families(t *testing.T, table string) []*family {
	t.Helper()
	var list []*family
	var names [][2]string
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		for _, n := range names {
			line = strings.ReplaceAll(line, n[0], n[1])
		}
		word, rest, _ := strings.Cut(line, " ")
		if word == "==" {
			name, source, _ := strings.Cut(rest, ": ")
			if source == "" {
				t.Fatalf("family %s has no source", name)
			}
			list = append(list, &family{name: name})
			continue
		}
		switch f := last(list); word {
		case "", "#":
		case "def":
			name, value, _ := strings.Cut(rest, " ")
			names = append(names, [2]string{name, value})
			slices.SortFunc(names, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
		case "let":
			f.parameters = append(f.parameters, newParameter(rest))
		case "text":
			f.whole = rest
		case "yes":
			f.yes = append(f.yes, rest)
		case "no":
			f.no = append(f.no, rest)
		default:
			f.statements = append(f.statements, line)
		}
	}
	return list
}

func last(list []*family) *family {
	if len(list) == 0 {
		return &family{}
	}
	return list[len(list)-1]
}

func newParameter(line string) parameter {
	name, rest, _ := strings.Cut(line, " ")
	p := parameter{name: name}
	for value := range strings.SplitSeq(rest, " | ") {
		label, labelled, found := strings.Cut(value, "=")
		if !found || strings.ContainsAny(label, `{"/:`) {
			label, labelled = value, value
		}
		p.labels = append(p.labels, label)
		p.values = append(p.values, labelled)
	}
	return p
}

// shapes are the policies of the family, one for each combination of values.
func (f *family) shapes(t *testing.T) []shape {
	t.Helper()
	var list []shape
	var fill func(labels, values []string)
	fill = func(labels, values []string) {
		if i := len(values); i < len(f.parameters) {
			p := f.parameters[i]
			for k := range p.values {
				fill(append(slices.Clip(labels), p.labels[k]), append(slices.Clip(values), p.values[k]))
			}
			return
		}
		var pairs []string
		for i, p := range f.parameters {
			pairs = append(pairs, "{"+p.name+"}", values[i])
		}
		list = append(list, f.shape(t, strings.NewReplacer(pairs...), labels))
	}
	fill(nil, nil)
	return list
}

func (f *family) shape(t *testing.T, filled *strings.Replacer, labels []string) shape {
	t.Helper()
	s := shape{name: f.name, text: filled.Replace(f.whole), yes: expectations(f.yes), no: expectations(f.no)}
	if len(labels) > 0 {
		s.name += "[" + strings.Join(labels, "; ") + "]"
	}
	if f.whole != "" {
		return s
	}
	var statements []string
	for _, line := range f.statements {
		statements = append(statements, statement(t, filled.Replace(line)))
	}
	s.text = `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + "]}"
	return s
}

func expectations(lines []string) map[string][]string {
	wanted := map[string][]string{}
	for _, line := range lines {
		words := strings.Fields(line)
		wanted[words[0]] = append(wanted[words[0]], words[1:]...)
	}
	return wanted
}

// statement writes a line of the table as JSON.
func statement(t *testing.T, line string) string {
	t.Helper()
	head, condition, _ := strings.Cut(line, " if ")
	head, resource, onOne := strings.Cut(head, " on ")
	word := strings.Fields(head)
	if len(word) != 3 {
		t.Fatalf("not a statement: %q", line)
	}
	if !onOne {
		resource = "*"
	}
	s := map[string]any{"Effect": word[0]}
	put := func(element, value string, read func(string) any) {
		value, not := strings.CutPrefix(value, "!")
		if not {
			element = "Not" + element
		}
		s[element] = read(value)
	}
	put("Principal", word[1], principals)
	put("Action", word[2], single)
	put("Resource", resource, single)
	if condition != "" && condition != "{}" {
		s["Condition"] = json.RawMessage(condition)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("encode %q: %v", line, err)
	}
	return string(text)
}

func single(list string) any {
	if values := strings.Split(list, ","); len(values) > 1 {
		return values
	}
	return list
}

func principals(list string) any {
	if list == "bare" {
		return "*"
	}
	who := map[string][]string{}
	for name := range strings.SplitSeq(list, ",") {
		kind, value := "AWS", arn(name)
		if strings.Contains(name, ".") && value == name {
			kind = "Service"
		}
		who[kind] = append(who[kind], value)
	}
	return who
}

// arn is the principal that a name of the table stands for; what stands for nothing is returned as it is.
func arn(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	account, rest, foreign := strings.Cut(name, ":")
	if !foreign {
		account, rest = home, name
	}
	kind, entity, _ := strings.Cut(rest, "/")
	switch {
	case rest == "root":
		return "arn:aws:iam::" + account + ":root"
	case kind == "r":
		return "arn:aws:iam::" + account + ":role/" + entity
	case kind == "u":
		return "arn:aws:iam::" + account + ":user/" + entity
	case kind == "s":
		return "arn:aws:sts::" + account + ":assumed-role/" + entity
	}
	return name
}
