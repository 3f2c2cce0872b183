package iam

import (
	"encoding/base64"
	"slices"
	"strconv"
)

// list is a list of an answer. Unlike a plain slice it is there when it is empty.
type list[T any] struct {
	Members []T `xml:"member"`
}

// pageInput is how a client asks for a part of a list.
type pageInput struct {
	Marker   string
	MaxItems *int
}

// pageOutput says whether there is more.
type pageOutput struct {
	IsTruncated bool   `xml:"IsTruncated"`
	Marker      string `xml:"Marker,omitempty"`
}

const usualItems, mostItems = 100, 1000

// cut takes the asked part out of items, which are in the order of their names. A marker is the name of the last item
// of the page before, so that a list that changes in between neither repeats nor skips what stays.
func cut[T any](in pageInput, items []T, name func(T) string) (list[T], pageOutput, error) {
	size, err := in.size()
	if err != nil {
		return list[T]{}, pageOutput{}, err
	}
	if in.Marker != "" {
		after, err := base64.RawURLEncoding.DecodeString(in.Marker)
		if err != nil || len(after) == 0 {
			return list[T]{}, pageOutput{}, errValidation("Invalid Marker.")
		}
		from := slices.IndexFunc(items, func(item T) bool { return name(item) > string(after) })
		if from < 0 {
			return list[T]{}, pageOutput{}, nil
		}
		items = items[from:]
	}
	if len(items) <= size {
		return list[T]{items}, pageOutput{}, nil
	}
	items = items[:size]
	marker := base64.RawURLEncoding.EncodeToString([]byte(name(items[size-1])))
	return list[T]{items}, pageOutput{IsTruncated: true, Marker: marker}, nil
}

func (in pageInput) size() (int, error) {
	if in.MaxItems == nil {
		return usualItems, nil
	}
	var c checks
	c.within("maxItems", *in.MaxItems, 1, mostItems)
	return *in.MaxItems, c.err()
}

// span is the asked part of n items that are known by their places: from, and up to but not with to. A marker is how
// many items the pages before had.
func (in pageInput) span(n int) (from, to int, out pageOutput, err error) {
	size, err := in.size()
	if err != nil {
		return 0, 0, out, err
	}
	if in.Marker != "" {
		before, err := base64.RawURLEncoding.DecodeString(in.Marker)
		if err == nil {
			from, err = strconv.Atoi(string(before))
		}
		if err != nil || from < 1 {
			return 0, 0, out, errValidation("Invalid Marker.")
		}
	}
	from = min(from, n)
	if to = min(from+size, n); to < n {
		out = pageOutput{IsTruncated: true, Marker: base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to)))}
	}
	return from, to, out, nil
}
