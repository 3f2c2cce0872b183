package delivery

import (
	"fmt"
	"strings"
)

// maxPart is the length of the longest part of a key, in bytes as written. File systems take 255; the name of a file
// that is not yet complete is a little longer than the one it gets.
const maxPart = 240

// partial begins the name of a file that is not yet complete. No written part begins so: there, two hexadecimal
// digits follow every %, or nothing.
const partial = "%new-"

// parts are the names of the directories and, last, of the file for a key. The error says that one is too long.
func parts(key string) ([]string, error) {
	list := strings.Split(key, "/")
	for i, part := range list {
		list[i] = escape(part)
		if len(list[i]) > maxPart {
			return nil, fmt.Errorf("part %d of the key is %d bytes long, at most %d fit", i+1, len(list[i]), maxPart)
		}
	}
	return list, nil
}

// escape writes a part of a key such that it names a file in every directory, and no other part gets the same name.
func escape(part string) string {
	switch part {
	case "":
		return "%"
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	var b strings.Builder
	for i := range len(part) {
		if c := part[i]; c < ' ' || c == 0x7F || strings.IndexByte(`\:%*?"<>|`, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
