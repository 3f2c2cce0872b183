package qldb

import (
	"regexp"
	"strconv"
	"strings"
)

// blockAddress says where a block stands in the journal.
type blockAddress struct {
	StrandID   string // 22 characters
	SequenceNo int64  // from 0
}

// ionField is one field of a flat Ion struct: a name as symbol, quoted symbol or string, a colon, and a value that is
// a string, an integer or another plain token.
var ionField = regexp.MustCompile(
	`^\s*(?:([A-Za-z_$][A-Za-z0-9_$]*)|'([^'\\\n]*)'|"([^"\\\n]*)")\s*:` +
		`\s*(?:"([^"\\\n]*)"|'[^'\\\n]*'|([^\s,{}\[\]()"':]+))\s*`)

// parseAddress reads a block address, such as {strandId:"BlFTjlSXze9BIh1KOszcE3",sequenceNo:14}.
//
// It reads flat structs alone. Everything else is refused as no Ion, even where it is Ion of another shape.
func parseAddress(member, text string) (blockAddress, error) {
	var a blockAddress
	fields, ok := ionFields(text)
	if !ok {
		return a, invalid(member, textIonInvalid)
	}
	var err error
	a.StrandID = fields["strandId"].text
	a.SequenceNo, err = strconv.ParseInt(fields["sequenceNo"].token, 10, 64)
	if len(fields) != 2 || !isID(a.StrandID) || err != nil || a.SequenceNo < 0 {
		return a, invalid(member, textAddressInvalid)
	}
	return a, nil
}

// ionValue is the value of a field: the content of a string, or the text of another token.
type ionValue struct{ text, token string }

func ionFields(text string) (map[string]ionValue, bool) {
	rest, opened := strings.CutPrefix(strings.TrimSpace(text), "{")
	rest, closed := strings.CutSuffix(rest, "}")
	if !opened || !closed {
		return nil, false
	}
	fields := map[string]ionValue{}
	for strings.TrimSpace(rest) != "" {
		m := ionField.FindStringSubmatch(rest)
		if m == nil {
			return nil, false
		}
		fields[m[1]+m[2]+m[3]] = ionValue{text: m[4], token: m[5]}
		rest = rest[len(m[0]):]
		if rest == "" {
			break
		}
		if rest[0] != ',' { // a trailing comma is fine
			return nil, false
		}
		rest = rest[1:]
	}
	return fields, true
}
