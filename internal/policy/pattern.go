package policy

import (
	"slices"
	"strings"
)

// Wildcards in a pattern. A pattern is a string of characters in which a wildcard is told from the same character
// meant literally, as a policy variable may bring one in.
const (
	anyOne rune = -1 // "?"
	anyRun rune = -2 // "*"
)

type pattern []rune

// patternOf reads "*" and "?" as wildcards.
func patternOf(text string) pattern {
	p := make(pattern, 0, len(text))
	for _, r := range text {
		switch r {
		case '*':
			r = anyRun
		case '?':
			r = anyOne
		}
		p = append(p, r)
	}
	return p
}

// literal is the pattern with its wildcards as the characters they are written with.
func (p pattern) literal() string {
	var b strings.Builder
	for _, r := range p {
		switch r {
		case anyRun:
			r = '*'
		case anyOne:
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// taken is p with its wildcards taken literally.
func (p pattern) taken() pattern {
	if p.isLiteral() {
		return p
	}
	return pattern(p.literal())
}

func (p pattern) isLiteral() bool { return !slices.ContainsFunc(p, func(r rune) bool { return r < 0 }) }

// match tells whether all of s matches. Its time grows with len(s) + len(p), and for parts between two "*" that are
// longer than 64 characters with len(s) times the part's length / 64: never with the number of "*".
func (p pattern) match(s []rune) bool {
	first := slices.Index(p, anyRun)
	if first < 0 {
		return len(p) == len(s) && p.matchHere(s)
	}
	if len(s) < first || !p[:first].matchHere(s) {
		return false
	}
	p, s = p[first+1:], s[first:]
	for {
		star := slices.Index(p, anyRun)
		if star < 0 {
			return len(s) >= len(p) && p.matchHere(s[len(s)-len(p):])
		}
		// The leftmost place is as good as any: it leaves the most for the rest.
		at := p[:star].find(s)
		if at < 0 {
			return false
		}
		p, s = p[star+1:], s[at+star:]
	}
}

// matchHere compares p, which has no "*", with the beginning of s, which is long enough.
func (p pattern) matchHere(s []rune) bool {
	for i, r := range p {
		if r != anyOne && r != s[i] {
			return false
		}
	}
	return true
}

// find returns where p, which has no "*", first occurs in s, or -1. It is the shift-and algorithm: bit i of at says
// that the last i+1 characters of s matched the first i+1 of p.
func (p pattern) find(s []rune) int {
	if len(p) == 0 {
		return 0
	}
	if len(p) > len(s) {
		return -1
	}
	words := (len(p) + 63) / 64
	any := make([]uint64, words) // positions that take every character
	masks := map[rune][]uint64{}
	for i, r := range p {
		mask := any
		if r != anyOne {
			if masks[r] == nil {
				masks[r] = make([]uint64, words)
			}
			mask = masks[r]
		}
		mask[i/64] |= 1 << (i % 64)
	}
	at := make([]uint64, words)
	last := len(p) - 1
	for i, r := range s {
		mask := masks[r]
		carry := uint64(1)
		for w := range at {
			shifted := at[w]<<1 | carry
			carry = at[w] >> 63
			allowed := any[w]
			if mask != nil {
				allowed |= mask[w]
			}
			at[w] = shifted & allowed
		}
		if at[last/64]>>(last%64)&1 == 1 {
			return i - last
		}
	}
	return -1
}

// arnFields is how many fields an ARN has. The last takes the rest, colons included.
const arnFields = 6

// fields cuts an ARN, or a pattern for ARNs, at its first five colons. ok is false when it has fewer.
func fields(arn []rune) (field [arnFields][]rune, ok bool) {
	for i := range arnFields - 1 {
		colon := slices.Index(arn, ':')
		if colon < 0 {
			return field, false
		}
		field[i], arn = arn[:colon], arn[colon+1:]
	}
	field[arnFields-1] = arn
	return field, true
}

// matchARN compares field by field, so that no wildcard reaches across a colon but in the last field.
//
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators", Amazon Resource Name (ARN) condition
// operators.
func (p pattern) matchARN(s []rune) bool {
	patterns, ok := fields(p)
	values, isARN := fields(s)
	if !ok || !isARN {
		return false
	}
	for i := range patterns {
		if !pattern(patterns[i]).match(values[i]) {
			return false
		}
	}
	return true
}
