package policy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Substitute is text, of which p was parsed, with other values in the place of its AWS principals, by the values they
// have in text. A value that a list then has twice stays in its first place alone, as in policies that KMS shows. All
// else stays as it is, to the byte.
func Substitute(p *Policy, text string, values map[string]string) (string, error) {
	var b strings.Builder
	done := 0
	for i := range p.Statements {
		seen := map[Principal]bool{}
		for _, principal := range p.Statements[i].Principal.List {
			if p.Statements[i].Principal.Bare {
				break
			}
			end, err := endOfString(text, principal.Offset)
			if err != nil {
				return "", err
			}
			value, changed := values[principal.Value]
			if changed = changed && principal.Type == AWS; !changed {
				value = principal.Value
			}
			same := Principal{Type: principal.Type, Value: value}
			switch {
			case seen[same]: // never the first of its list, so the comma before it goes with it
				done = end
				continue
			case changed:
				quoted, err := json.Marshal(value)
				if err != nil {
					return "", fmt.Errorf("quote principal: %w", err)
				}
				b.WriteString(text[done:principal.Offset])
				b.Write(quoted)
			default:
				b.WriteString(text[done:end])
			}
			seen[same], done = true, end
		}
	}
	b.WriteString(text[done:])
	return b.String(), nil
}

// endOfString is where the JSON string at offset ends.
func endOfString(text string, offset int) (int, error) {
	var s string
	dec := json.NewDecoder(strings.NewReader(text[offset:]))
	if err := dec.Decode(&s); err != nil {
		return 0, fmt.Errorf("read principal at %d: %w", offset, err)
	}
	return offset + int(dec.InputOffset()), nil
}
