package kms

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// list is a sorted answer that is given in pages.
type list struct {
	// name is the operation and what its answer depends on, such as "ListGrants <key ARN>": a marker of one listing
	// is garbage in another.
	name   string
	limit  *int
	marker *string
	usual  int // limit if the caller gives none
}

func (l list) size() int {
	if l.limit == nil {
		return l.usual
	}
	return *l.limit
}

func (l list) aad() []byte { return []byte("marker/" + l.name) }

// after is the name of the last item the caller has seen, "" at the beginning. A marker is that name, sealed, so
// nothing but a marker of this listing opens.
func (s *Service) after(l list) (string, error) {
	if l.marker == nil {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(*l.marker)
	if err != nil {
		return "", errMarker()
	}
	name, err := s.cfg.Sealer.Open(sealed, l.aad())
	if err != nil {
		return "", errMarker()
	}
	return string(name), nil
}

func (s *Service) markerAfter(l list, name string) (*string, error) {
	sealed, err := s.cfg.Sealer.Seal([]byte(name), l.aad())
	if err != nil {
		return nil, fmt.Errorf("seal marker of %s: %w", l.name, err)
	}
	marker := base64.RawURLEncoding.EncodeToString(sealed)
	return &marker, nil
}

// page cuts the next page out of items, which it sorts by name. next is nil on the last page.
func page[T any](s *Service, l list, items []T, name func(T) string) (part []T, next *string, err error) {
	after, err := s.after(l)
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(items, func(a, b T) int { return strings.Compare(name(a), name(b)) })
	from := slices.IndexFunc(items, func(item T) bool { return name(item) > after })
	if from < 0 {
		return []T{}, nil, nil
	}
	part = items[from:]
	if len(part) <= l.size() {
		return part, nil, nil
	}
	part = part[:l.size()]
	next, err = s.markerAfter(l, name(part[len(part)-1]))
	return part, next, err
}

func errMarker() error {
	return wire.Faultf("InvalidMarkerException",
		"The marker that specifies where pagination should next begin is not valid.")
}
