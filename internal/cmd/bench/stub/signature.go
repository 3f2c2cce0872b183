package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	dateForm  = "20060102T150405Z"
	maxSkew   = 5 * time.Minute
)

// mustSign are the headers without which a signature would say too little.
var mustSign = []string{"host", "x-amz-date", "x-amz-target"}

var (
	errUnsigned  = errors.New("the request has no AWS4-HMAC-SHA256 authorization")
	errHeaders   = errors.New("the signature leaves out host, x-amz-date or x-amz-target")
	errOld       = errors.New("the signature is not of now")
	errKey       = errors.New("the access key is not known")
	errSignature = errors.New("the signature does not match")
)

// signer knows one access key.
//
// Source: IAM User Guide, "Create a signed AWS API request".
type signer struct {
	id, secret string
	now        func() time.Time
	derived    sync.Map // scope to signing key
}

// verify recomputes the signature of r, whose body has been read. It serves POST / without a query only.
func (s *signer) verify(r *http.Request, body []byte) error {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok || r.URL.RawQuery != "" {
		return errUnsigned
	}
	var credential, names, signature string
	for part := range strings.SplitSeq(rest, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			names = value
		case "Signature":
			signature = value
		}
	}
	id, scope, _ := strings.Cut(credential, "/")
	if id != s.id {
		return errKey
	}
	signed := strings.Split(names, ";")
	for _, name := range mustSign {
		if !slices.Contains(signed, name) {
			return errHeaders
		}
	}
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(dateForm, stamp)
	if err != nil || s.now().Sub(at).Abs() > maxSkew || !strings.HasPrefix(scope, stamp[:8]) {
		return errOld
	}
	request := sha256.Sum256(canonical(r, signed, names, body))
	text := algorithm + "\n" + stamp + "\n" + scope + "\n" + hex.EncodeToString(request[:])
	want := hex.EncodeToString(mac(s.key(scope), text))
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return errSignature
	}
	return nil
}

func canonical(r *http.Request, signed []string, names string, body []byte) []byte {
	out := make([]byte, 0, 1024)
	out = append(out, r.Method+"\n"+r.URL.EscapedPath()+"\n\n"...)
	for _, name := range signed {
		var value string
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		default:
			value = strings.TrimSpace(r.Header.Get(name))
		}
		out = append(out, name+":"+value+"\n"...)
	}
	payload := sha256.Sum256(body)
	out = append(out, "\n"+names+"\n"...)
	return hex.AppendEncode(out, payload[:])
}

// key derives the signing key of date/region/service/aws4_request, once.
func (s *signer) key(scope string) []byte {
	if key, ok := s.derived.Load(scope); ok {
		return key.([]byte)
	}
	key := []byte("AWS4" + s.secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	s.derived.Store(scope, key)
	return key
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
