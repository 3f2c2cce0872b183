package policy

import "strings"

// maxCoverBytes bounds the lists in which covered patterns are looked for: the work may grow with the square of the
// size. All KMS actions written one by one are half as long.
const maxCoverBytes = 4096

// withoutCovered leaves out of a sorted list what another pattern of the list covers: "kms:*" makes "kms:decrypt"
// superfluous. A longer list than maxCoverBytes is returned as it is.
func withoutCovered(list []Value) []Value {
	total := 0
	wildcard := false
	for _, v := range list {
		total += len(v.Text)
		wildcard = wildcard || strings.ContainsAny(v.Text, "*?")
	}
	if !wildcard || total > maxCoverBytes {
		return list
	}
	dropped := make([]bool, len(list))
	kept := make([]Value, 0, len(list))
	for i, v := range list {
		for j, wide := range list {
			// Two patterns that covered each other would both go, and with them the permission.
			if i != j && !dropped[j] && covers(wide.Text, v.Text) {
				dropped[i] = true
				break
			}
		}
		if !dropped[i] {
			kept = append(kept, v)
		}
	}
	return kept
}

// covers tells whether every string that pattern narrow matches is matched by wide too. It may say no where the
// answer is yes, never the reverse: a "*" in narrow is only ever met by a "*" in wide.
func covers(wide, narrow string) bool {
	w, n := 0, 0
	star, retry := -1, 0 // where the last "*" of wide is, and up to where it reaches in narrow
	for n < len(narrow) {
		switch {
		case w < len(wide) && wide[w] == '*':
			star, retry = w, n
			w++
		case w < len(wide) && (wide[w] == narrow[n] || wide[w] == '?' && narrow[n] != '*'):
			w++
			n++
		case star >= 0:
			retry++
			w, n = star+1, retry
		default:
			return false
		}
	}
	for w < len(wide) && wide[w] == '*' {
		w++
	}
	return w == len(wide)
}

// oneWildcard spells each run of wildcards in a pattern in one way: all its "?", then at most one "*".
func oneWildcard(pattern string) string {
	if !strings.Contains(pattern, "*") {
		return pattern
	}
	var b strings.Builder
	star := false
	for i := range len(pattern) {
		switch c := pattern[i]; {
		case c == '*':
			star = true
		case c == '?':
			b.WriteByte('?')
		default:
			if star {
				b.WriteByte('*')
				star = false
			}
			b.WriteByte(c)
		}
	}
	if star {
		b.WriteByte('*')
	}
	return b.String()
}
