package policy

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"
	"strings"
	"unicode"
)

// texts are values for tests that compare text. All end in suffix after at least one character, if there is one.
func (v *variableKey) texts(suffix string) (list []string, ok bool) {
	a := &automaton{}
	literals := true
	for _, t := range v.tests {
		for _, p := range t.patterns {
			literals = literals && p.isLiteral()
			a.add(p, t.kind)
		}
	}
	if literals {
		list = v.literals(string(a.unused()) + suffix)
		if suffix != "" {
			list = slices.DeleteFunc(list, func(s string) bool {
				return len(s) <= len(suffix) || !strings.HasSuffix(s, suffix)
			})
		}
		return list, len(list) <= maxCandidates
	}
	if suffix != "" {
		a.add(append(pattern{anyOne, anyRun}, []rune(suffix)...), globText)
	}
	list, ok = a.words(suffix != "")
	v.work += a.work
	return list, ok
}

// literals are the texts that conditions compare with, in other letter cases too where that matters, and one text that
// is in none of them.
func (v *variableKey) literals(other string) []string {
	list := []string{other}
	exact := map[string]int{} // how many literals differ from this only in letter case
	for _, t := range v.tests {
		for _, p := range t.patterns {
			if t.kind != foldedText {
				list = append(list, p.literal())
				exact[fold(p.literal())]++
			}
		}
	}
	for _, t := range v.tests {
		for _, p := range t.patterns {
			if t.kind == foldedText && len(list) <= maxCandidates {
				list = append(list, spellings(p, exact[p.literal()])...)
			}
		}
	}
	return list
}

// spellings are more than n texts that differ from the lower-case p in letter case only, or as many as there are.
func spellings(p pattern, n int) []string {
	list := []string{p.literal()}
	for toggle := 1; toggle <= n; toggle++ {
		s := slices.Clone(p)
		rest := toggle
		for i := 0; i < len(s) && rest > 0; i++ {
			upper := unicode.ToUpper(s[i])
			if upper == s[i] || unicode.ToLower(upper) != s[i] {
				continue
			}
			if rest&1 == 1 {
				s[i] = upper
			}
			rest >>= 1
		}
		if rest > 0 {
			break
		}
		list = append(list, s.literal())
	}
	return list
}

// end is the position after a pattern, where a text matches.
const end rune = -3

// automaton matches a text with many patterns at once, in every way at once. Its states are sets of positions in the
// patterns laid end to end.
type automaton struct {
	runes  []rune // at each position: the character or wildcard that comes next
	fold   []bool // the character may be of the other letter case
	narrow []bool // the wildcard takes no colon
	starts []int
	ends   []int
	work   int // positions and states looked at
}

// add lays a pattern at the end. An ARN pattern with too few fields matches nothing and is left out.
func (a *automaton) add(p pattern, kind valueKind) {
	if _, ok := fields(p); kind == arnText && !ok {
		return
	}
	a.starts = append(a.starts, len(a.runes))
	colons := 0
	for _, r := range p {
		if r == ':' {
			colons++
		}
		a.push(r, kind == foldedText, kind == arnText && colons < arnFields-1)
	}
	a.ends = append(a.ends, len(a.runes))
	a.push(end, false, false)
}

func (a *automaton) push(r rune, fold, narrow bool) {
	a.runes = append(a.runes, r)
	a.fold = append(a.fold, fold)
	a.narrow = append(a.narrow, narrow)
}

// unused is a character in none of the patterns, in neither letter case.
func (a *automaton) unused() rune {
	const fallback = '\u4e00' // one of thousands that no policy has
	for _, r := range "xyzabcdefghijklmnopqrstuvw0123456789" {
		if !slices.Contains(a.runes, r) && !slices.Contains(a.runes, unicode.ToUpper(r)) {
			return r
		}
	}
	r := fallback
	for slices.Contains(a.runes, r) {
		r++
	}
	return r
}

// A state is a set of positions, one bit each.
type state []uint64

func (s state) has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }

// positions are those in s, ascending.
func (s state) positions() iter.Seq[int] {
	return func(yield func(int) bool) {
		for w, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(w*64 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// enter adds position i, and those that a "*" there lets pass without a character.
func (a *automaton) enter(s state, i int) {
	s[i/64] |= 1 << (i % 64)
	for ; a.runes[i] == anyRun; i++ {
		s[(i+1)/64] |= 1 << ((i + 1) % 64)
	}
}

// step sets in next the positions that character c leads to from s.
func (a *automaton) step(s state, c rune, next state) {
	for i := range s.positions() {
		a.work++
		switch r := a.runes[i]; {
		case r == end:
		case r < 0 && c == ':' && a.narrow[i]:
		case r == anyRun:
			a.enter(next, i)
		case r == anyOne, r == c, a.fold[i] && r == unicode.ToLower(c):
			a.enter(next, i+1)
		}
	}
}

// choices are characters that lead from s to every state there is one step further: those some position waits for,
// and other, which stands for all the rest.
func (a *automaton) choices(s state, other rune) []rune {
	list := []rune{other}
	for i := range s.positions() {
		switch r := a.runes[i]; {
		case r == end:
		case r < 0:
			if a.narrow[i] {
				list = append(list, ':')
			}
		case a.fold[i]:
			list = append(list, r, unicode.ToUpper(r))
		default:
			list = append(list, r)
		}
	}
	slices.Sort(list[1:])
	return slices.Compact(list)
}

// Bounds of the automaton: patterns with many wildcards can have a great many states.
const (
	maxPositions = 4096
	maxStates    = 2048
)

// A word is a state and how it was reached first.
type word struct {
	state state
	from  int // the word before its last character, -1 for the empty one
	last  rune
}

// words are, for every combination of patterns that some text matches, one such text of the shortest. With within, the
// last pattern must be among them. ok is false when there are too many states.
func (a *automaton) words(within bool) (list []string, ok bool) {
	if len(a.runes) > maxPositions {
		return nil, false
	}
	other := a.unused()
	begin := make(state, (len(a.runes)+63)/64)
	for _, i := range a.starts {
		a.enter(begin, i)
	}
	queue := []word{{state: begin, from: -1}}
	visited := map[string]bool{string(begin.key(nil)): true}
	found := map[string]bool{}
	next := make(state, len(begin))
	var key []byte
	for n := 0; n < len(queue); n++ {
		if n > 0 {
			list = a.emit(list, queue, n, within, found)
		}
		for _, c := range a.choices(queue[n].state, other) {
			clear(next)
			a.work += len(next) * 8
			a.step(queue[n].state, c, next)
			if key = next.key(key[:0]); visited[string(key)] {
				continue
			}
			if len(queue) == maxStates {
				return nil, false
			}
			visited[string(key)] = true
			queue = append(queue, word{state: slices.Clone(next), from: n, last: c})
		}
	}
	return a.emit(list, queue, 0, within, found), true // the empty text last: it explains little
}

// emit adds word n to the list if it is the first to match its combination of patterns.
func (a *automaton) emit(list []string, words []word, n int, within bool, found map[string]bool) []string {
	s := words[n].state
	if within && !s.has(a.ends[len(a.ends)-1]) {
		return list
	}
	matched := make(state, (len(a.ends)+63)/64)
	for i, at := range a.ends {
		if s.has(at) {
			matched[i/64] |= 1 << (i % 64)
		}
	}
	key := string(matched.key(nil))
	if found[key] {
		return list
	}
	found[key] = true
	var text []rune
	for ; words[n].from >= 0; n = words[n].from {
		text = append(text, words[n].last)
	}
	slices.Reverse(text)
	return append(list, string(text))
}

// key appends the bytes of s to b.
func (s state) key(b []byte) []byte {
	for _, w := range s {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}
