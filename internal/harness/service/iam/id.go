package iam

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"regexp"
)

// The prefixes of unique ids. Source: IAM User Guide, "Understanding unique ID prefixes".
const (
	userPrefix   = "AIDA"
	groupPrefix  = "AGPA"
	rolePrefix   = "AROA"
	policyPrefix = "ANPA"

	profilePrefix = "AIPA"
)

var prefixOf = map[kind]string{user: userPrefix, group: groupPrefix, role: rolePrefix, profile: profilePrefix}

const (
	idLetters   = 17
	idBytes     = 11 // at least idLetters of base32
	keyIDBytes  = 10 // 16 of base32
	secretBytes = 30 // 40 of base64
)

var idForm = regexp.MustCompile(`^A(IDA|GPA|ROA|NPA|IPA)[A-Z2-7]{17}$`)

func (s *Service) newID(prefix string) (string, error) {
	var random [idBytes]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return "", fmt.Errorf("generate id %s: %w", prefix, err)
	}
	return prefix + base32.StdEncoding.EncodeToString(random[:])[:idLetters], nil
}

// idFor is the id that name always has.
func idFor(prefix, name string) string {
	sum := sha256.Sum256([]byte(prefix + name))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:idLetters]
}
