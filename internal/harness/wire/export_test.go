package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// SignForTest signs r, which has no body and a plain path, without any signer's habits.
func SignForTest(r *http.Request, region, service, secret string, at time.Time, headers []string) string {
	sig := signature{date: at.Format("20060102"), region: region, service: service, terminator: terminator}
	lines := canonicalHeaders(r, headers)
	empty, scope := sha256.Sum256(nil), strings.Join([]string{sig.date, region, service, terminator}, "/")
	request := sha256.Sum256([]byte(strings.Join([]string{r.Method, r.URL.Path, "", lines,
		strings.Join(headers, ";"), hex.EncodeToString(empty[:])}, "\n")))
	toSign := strings.Join([]string{algorithm, at.Format(amzTime), scope, hex.EncodeToString(request[:])}, "\n")
	return hex.EncodeToString(mac(sig.signingKey(secret), toSign))
}

// DecodeJSON fills the struct that to points to.
func DecodeJSON(body []byte, to any) error { return decodeJSON(body, reflect.ValueOf(to).Elem()) }

// DecodeForm fills the struct that to points to.
func DecodeForm(form string, to any) error {
	ps, err := parseParams(form)
	if err != nil {
		return err
	}
	return decodeForm(ps, reflect.ValueOf(to).Elem())
}
