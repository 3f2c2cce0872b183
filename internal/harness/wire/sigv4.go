package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	amzTime    = "20060102T150405Z"
)

// signature is what a request says about its own signature.
// Source: IAM User Guide, "AWS Signature Version 4 for API requests".
type signature struct {
	credential    string
	accessKeyID   string
	date          string // of the credential scope, YYYYMMDD
	region        string
	service       string
	terminator    string
	signedHeaders []string
	hex           string
	token         string
	date8601      string // X-Amz-Date, or Date brought into its form
	at            time.Time
	presigned     bool
	expires       time.Duration // presigned only
}

// parseAuthorization reads the value of an Authorization header. missing are the parameters that are not there.
func parseAuthorization(value string) (sig signature, missing []string) {
	values := map[string]string{}
	if rest, ok := strings.CutPrefix(strings.TrimSpace(value), algorithm); ok {
		for part := range strings.SplitSeq(rest, ",") {
			name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			if _, twice := values[name]; twice {
				v = "" // ambiguous: as good as missing
			}
			values[name] = v
		}
	}
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if values[name] == "" {
			missing = append(missing, name)
		}
	}
	sig.credential, sig.hex = values["Credential"], values["Signature"]
	sig.signedHeaders = strings.Split(values["SignedHeaders"], ";")
	return sig, missing
}

// parseScope splits the credential. It reports whether there are five elements.
func (sig *signature) parseScope() bool {
	parts := strings.Split(sig.credential, "/")
	if len(parts) != 5 {
		return false
	}
	sig.accessKeyID, sig.date, sig.region = parts[0], parts[1], parts[2]
	sig.service, sig.terminator = parts[3], parts[4]
	return true
}

// verify says whether sig is what secret makes of the request. The payload's hash is always taken from the body that
// arrived, never from a header.
//
// Signers disagree whether dot segments and double slashes are removed from the path first; both forms are tried.
func (sig *signature) verify(r *http.Request, query params, body []byte, secret string, keys *signingKeys) bool {
	headers := canonicalHeaders(r, sig.signedHeaders)
	bodyHash := sha256.Sum256(body)
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	paths := []string{path}
	if normal := normalizePath(path); normal != path {
		paths = append(paths, normal)
	}
	key := keys.of(sig, secret)
	valid := false
	for _, p := range paths {
		request := strings.Join([]string{r.Method, escape(p, "/"), canonicalQuery(query), headers,
			strings.Join(sig.signedHeaders, ";"), hex.EncodeToString(bodyHash[:])}, "\n")
		requestHash := sha256.Sum256([]byte(request))
		scope := strings.Join([]string{sig.date, sig.region, sig.service, sig.terminator}, "/")
		toSign := strings.Join([]string{algorithm, sig.date8601, scope, hex.EncodeToString(requestHash[:])}, "\n")
		want := hex.EncodeToString(mac(key, toSign))
		valid = hmac.Equal([]byte(want), []byte(sig.hex)) || valid
	}
	return valid
}

func (sig *signature) signingKey(secret string) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{sig.date, sig.region, sig.service, sig.terminator} {
		key = mac(key, part)
	}
	return key
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

// canonicalHeaders lists the signed headers, one a line. One that is not there is as good as empty.
func canonicalHeaders(r *http.Request, names []string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(strings.ToLower(name))
		b.WriteByte(':')
		for i, v := range headerValues(r, name) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(collapse(v))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// headerValues finds a header, also those that net/http takes out of the map.
func headerValues(r *http.Request, name string) []string {
	switch strings.ToLower(name) {
	case "host":
		return []string{r.Host}
	case "content-length":
		if r.ContentLength >= 0 {
			return []string{strconv.FormatInt(r.ContentLength, 10)}
		}
	case "transfer-encoding":
		return r.TransferEncoding
	}
	return r.Header.Values(name)
}

// collapse trims blanks and makes one of several in a row.
func collapse(s string) string {
	if !strings.Contains(s, "  ") && !strings.Contains(s, "\t") {
		return strings.Trim(s, " ")
	}
	return strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == '\t' }), " ")
}

func canonicalQuery(query params) string {
	pairs := make([][2]string, 0, len(query))
	for _, p := range query {
		if p.name != "X-Amz-Signature" {
			pairs = append(pairs, [2]string{escape(p.name, ""), escape(p.value, "")})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	lines := make([]string, len(pairs))
	for i, p := range pairs {
		lines[i] = p[0] + "=" + p[1]
	}
	return strings.Join(lines, "&")
}

// escape percent-encodes every byte of s but the unreserved ones of RFC 3986 and those in keep.
func escape(s, keep string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0,
			strings.IndexByte(keep, c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// normalizePath removes dot segments and empty segments but keeps a slash at the end.
func normalizePath(path string) string {
	var kept []string
	for part := range strings.SplitSeq(path, "/") {
		switch part {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 {
		return "/"
	}
	normal := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") {
		normal += "/"
	}
	return normal
}
