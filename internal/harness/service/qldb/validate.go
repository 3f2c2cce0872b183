package qldb

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// The limits of names, tags and pages. Source: QLDB API reference.
const (
	maxName     = 32
	maxTags     = 50
	maxTagsSent = 200
	maxTagKey   = 128
	maxTagValue = 256
	maxPage     = 100
	minToken    = 4
	maxToken    = 1024
)

// namePattern is shown, not run: RE2 has no lookahead.
const namePattern = `(?!^.*--)(?!^[0-9]+$)(?!^-)(?!.*-$)^[A-Za-z0-9-]+$`

// checkName checks the name of a ledger or stream.
func checkName(member, name string) error {
	switch {
	case name == "":
		return missing(member)
	case len(name) > maxName:
		return constraint(member, name, "Member must have length less than or equal to 32")
	case strings.Trim(name, alphanumeric+"-") != "", strings.Trim(name, "0123456789") == "",
		strings.HasPrefix(name, "-"), strings.HasSuffix(name, "-"), strings.Contains(name, "--"):
		return constraint(member, name, "Member must satisfy regular expression pattern: "+namePattern)
	}
	return nil
}

// checkID checks a unique id.
func checkID(member, id string) error {
	switch {
	case id == "":
		return missing(member)
	case len(id) != journal.IDLength:
		return constraint(member, id, "Member must have length equal to 22")
	case !isID(id):
		return constraint(member, id, "Member must satisfy regular expression pattern: ^[A-Za-z-0-9]+$")
	}
	return nil
}

func checkEnum(member, value string, allowed ...string) error {
	switch {
	case value == "":
		return missing(member)
	case !slices.Contains(allowed, value):
		return constraint(member, value,
			"Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
	}
	return nil
}

func checkARN(member, arn string) error {
	switch {
	case arn == "":
		return missing(member)
	case len(arn) < 20:
		return constraint(member, arn, "Member must have length greater than or equal to 20")
	case len(arn) > maxARN:
		return constraint(member, arn, "Member must have length less than or equal to 1600")
	case !strings.HasPrefix(arn, "arn:") || strings.Count(arn, ":") < 5:
		return invalid(member, "The ARN %s is not valid.", arn)
	}
	return nil
}

// checkTags checks tags as sent and returns them with empty values for null.
func checkTags(member string, sent map[string]*string) (map[string]string, error) {
	if len(sent) > maxTagsSent {
		return nil, constraint(member, strconv.Itoa(len(sent))+" tags",
			"Member must have length less than or equal to 200")
	}
	tags := make(map[string]string, len(sent))
	keys := make([]string, 0, len(sent))
	for key, value := range sent {
		keys = append(keys, key)
		if value != nil {
			tags[key] = *value
		} else {
			tags[key] = ""
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := checkTagKey(member, key); err != nil {
			return nil, err
		}
		if utf8.RuneCountInString(tags[key]) > maxTagValue {
			return nil, constraint(member, tags[key], "Member must have length less than or equal to 256")
		}
	}
	return tags, nil
}

func checkTagKey(member, key string) error {
	switch length := utf8.RuneCountInString(key); {
	case length == 0:
		return constraint(member, key, "Member must have length greater than or equal to 1")
	case length > maxTagKey:
		return constraint(member, key, "Member must have length less than or equal to 128")
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return invalid(member, "aws: prefixed tag key names are not allowed for external use.")
	}
	return nil
}

// page is what a list is asked for: at most size items, those after a name.
type page struct {
	size  int
	after string
}

const tokenPrefix = "after/"

// checkPage reads max_results, nil when absent, and next_token, empty when absent.
func checkPage(maxResults *int32, nextToken string) (page, error) {
	p := page{size: maxPage}
	if maxResults != nil {
		switch n := int(*maxResults); {
		case n < 1:
			return p, constraint("MaxResults", strconv.Itoa(n), "Member must have value greater than or equal to 1")
		case n > maxPage:
			return p, constraint("MaxResults", strconv.Itoa(n), "Member must have value less than or equal to 100")
		default:
			p.size = n
		}
	}
	if nextToken == "" {
		return p, nil
	}
	raw, err := base64.StdEncoding.DecodeString(nextToken)
	after, ours := strings.CutPrefix(string(raw), tokenPrefix)
	if err != nil || !ours || after == "" || len(nextToken) < minToken || len(nextToken) > maxToken {
		return p, invalid("NextToken", "The provided NextToken is not valid.")
	}
	p.after = after
	return p, nil
}

// pageToken is the token for the page after name.
func pageToken(name string) string {
	return base64.StdEncoding.EncodeToString([]byte(tokenPrefix + name))
}

// list shows one page of the values whose names begin with prefix, of those that show wants. next is the token for the
// page after it, empty on the last.
func list[T, D any](
	r store.Reader, of store.Table[T], prefix string, p page, show func(T) (D, bool),
) (shown []D, next string, err error) {
	shown, last := []D{}, ""
	err = of.Scan(r, prefix, p.after, func(name string, v T) (bool, error) {
		d, wanted := show(v)
		switch {
		case !wanted:
			return true, nil
		case len(shown) == p.size:
			next = pageToken(last)
			return false, nil
		}
		shown, last = append(shown, d), name
		return true, nil
	})
	return shown, next, err
}

// checkBucket checks the name of an S3 bucket.
func checkBucket(name string) error {
	switch {
	case name == "":
		return missing("Bucket")
	case len(name) < 3:
		return constraint("Bucket", name, "Member must have length greater than or equal to 3")
	case len(name) > 255:
		return constraint("Bucket", name, "Member must have length less than or equal to 255")
	case strings.Trim(name, alphanumeric+"-_.") != "":
		return constraint("Bucket", name, "Member must satisfy regular expression pattern: ^[A-Za-z-0-9-_.]+$")
	}
	return nil
}
