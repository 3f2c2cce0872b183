package wire

import (
	"encoding/json"
	"iter"
)

// jsonMembers yields the members of an object, in the order they stand in it. raw must be valid JSON without blanks
// around it, and so are the values.
func jsonMembers(raw []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := skipBlanks(raw, 1); raw[i] != '}'; {
			end := skipValue(raw, i)
			name := memberName(raw[i:end])
			i = skipBlanks(raw, skipBlanks(raw, end)+1) // past the colon
			end = skipValue(raw, i)
			if !yield(name, raw[i:end]) {
				return
			}
			if i = skipBlanks(raw, end); raw[i] == ',' {
				i = skipBlanks(raw, i+1)
			}
		}
	}
}

// jsonElements yields the elements of an array; see jsonMembers.
func jsonElements(raw []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := skipBlanks(raw, 1); raw[i] != ']'; {
			end := skipValue(raw, i)
			if !yield(raw[i:end]) {
				return
			}
			if i = skipBlanks(raw, end); raw[i] == ',' {
				i = skipBlanks(raw, i+1)
			}
		}
	}
}

// memberName unquotes a string. Half a surrogate pair in it becomes U+FFFD, which names no member.
func memberName(quoted []byte) string {
	name, err := decodeString(quoted, "String")
	if err != nil {
		_ = json.Unmarshal(quoted, &name) // a valid string can be decoded
	}
	return name
}

func skipBlanks(raw []byte, i int) int {
	for raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\n' || raw[i] == '\r' {
		i++
	}
	return i
}

// skipValue returns where the value that begins at i ends.
func skipValue(raw []byte, i int) int {
	depth := 0
	for ; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '"':
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // after a number or a word
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}
