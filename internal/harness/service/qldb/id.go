package qldb

import (
	"fmt"
	"io"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
)

func (s *Service) random(n int) ([]byte, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Rand, raw); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return raw, nil
}

// newID makes a unique id.
func (s *Service) newID() (string, error) {
	raw, err := s.random(16)
	if err != nil {
		return "", err
	}
	return journal.UniqueID([16]byte(raw)), nil
}

// newRequestID makes an id of the form of AWS request ids: a random UUID.
func (s *Service) newRequestID() (string, error) {
	raw, err := s.random(16)
	if err != nil {
		return "", err
	}
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]), nil
}

// isID says that text has the form of a unique id.
func isID(text string) bool {
	return len(text) == journal.IDLength && strings.Trim(text, alphanumeric) == ""
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
