package wire

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Credential is one access key as a signature is checked against.
type Credential struct {
	Secret  string
	Token   string // session credentials only: what X-Amz-Security-Token must be
	Caller  Caller
	Active  bool
	Expires time.Time // zero: never
}

// String keeps the secret out of logs.
func (c Credential) String() string { return "credential of " + c.Caller.ARN }

// GoString keeps the secret out of logs.
func (c Credential) GoString() string { return c.String() }

// Credentials finds access keys; found is false for one that does not exist. service/iam implements it.
type Credentials interface {
	Lookup(ctx context.Context, accessKeyID string) (c Credential, found bool, err error)
}

const (
	longestPresigned = 7 * 24 * time.Hour
	defaultPresigned = 15 * time.Minute
)

var regionForm = regexp.MustCompile(`^[a-z]{2,8}(-[a-z]{2,16}){1,3}-[0-9]{1,2}$`)

// authenticate verifies the signature and says who called from where.
func (s *Server) authenticate(x *exchange) error {
	if s.cfg.AuthOff {
		return s.trust(x)
	}
	query, err := parseParams(x.r.URL.RawQuery)
	if err != nil {
		return Faultf("MalformedQueryString", "The query string contains a syntax error.")
	}
	sig, fault := readSignature(x, query)
	if fault == nil {
		fault = s.checkScope(x, sig)
	}
	if fault == nil {
		fault = s.checkAge(x, sig)
	}
	if fault != nil {
		return fault
	}
	if err := s.checkKey(x, sig, query); err != nil {
		return err
	}
	x.call.Region = sig.region
	x.recordCaller()
	return nil
}

func (x *exchange) recordCaller() {
	x.record.set(func(rec *Record) { rec.Account, rec.Region = x.call.Caller.Account, x.call.Region })
}

// trust takes the call for AuthOffCaller's. A web page must not use this: a browser always sends Origin with what
// it posts elsewhere and cannot add Authorization unasked.
func (s *Server) trust(x *exchange) error {
	x.call.Caller, x.call.Region = s.cfg.AuthOffCaller, s.cfg.Region
	header := x.r.Header.Get("Authorization")
	if header == "" && x.r.Header.Get("Origin") != "" {
		return missingToken(x.service)
	}
	sig, _ := parseAuthorization(header)
	if sig.credential == "" {
		query, _ := parseParams(x.r.URL.RawQuery) // what cannot be parsed holds no scope
		sig.credential = query.get("X-Amz-Credential")
	}
	if sig.parseScope() {
		x.call.Caller.AccessKeyID = sig.accessKeyID
		if s.isRegion(sig.region) {
			x.call.Region = sig.region
		}
	}
	x.recordCaller()
	return nil
}

func (s *Server) isRegion(name string) bool {
	return regionForm.MatchString(name) && (len(s.cfg.Regions) == 0 || slices.Contains(s.cfg.Regions, name))
}

// readSignature reads the header form or the presigned form.
func readSignature(x *exchange, query params) (signature, *Fault) {
	headers := x.r.Header.Values("Authorization")
	inQuery := query.has("X-Amz-Algorithm") || query.has("X-Amz-Signature") || query.has("X-Amz-Credential")
	if twice := ambiguous(x, query); twice != "" {
		return signature{}, authFault(x.service, codeIncomplete, "'"+twice+"' must be there once.")
	}
	var sig signature
	var fault *Fault
	switch {
	case len(headers) > 0 && inQuery:
		fault = authFault(x.service, codeIncomplete, "Only one auth mechanism allowed; only the X-Amz-Algorithm query "+
			"parameter or the Authorization header should be specified.")
	case len(headers) > 0:
		sig, fault = readHeader(x, strings.Join(headers, ", "))
	case inQuery:
		sig, fault = readPresigned(x, query)
	default:
		fault = missingToken(x.service)
	}
	if fault != nil {
		return sig, fault
	}
	if !sig.parseScope() {
		return sig, authFault(x.service, codeIncomplete, fmt.Sprintf("Credential must have exactly 5 slash-delimited "+
			"elements, e.g. keyid/date/region/service/term, got '%s'", sig.credential))
	}
	if !sig.signs("host") {
		return sig, authFault(x.service, codeSignature,
			"'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if x.r.Header.Get("X-Amz-Target") != "" && !sig.signs("x-amz-target") { // it names the operation
		return sig, authFault(x.service, codeSignature,
			"'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.")
	}
	var err error
	if sig.at, err = time.Parse(amzTime, sig.date8601); err != nil {
		return sig, authFault(x.service, codeIncomplete, fmt.Sprintf("Date must be in ISO-8601 'basic format'. "+
			"Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", sig.date8601))
	}
	return sig, nil
}

// ambiguous is a header or a parameter that counts once but is there more often, or "". Which of them the service would
// take, and which the signer meant, need not be the same.
func ambiguous(x *exchange, query params) string {
	for _, name := range []string{"X-Amz-Date", "Date", "X-Amz-Security-Token", "X-Amz-Target", "X-Amz-Content-Sha256"} {
		if len(x.r.Header.Values(name)) > 1 {
			return name
		}
	}
	seen := map[string]bool{}
	for _, p := range query {
		if seen[p.name] && strings.HasPrefix(p.name, "X-Amz-") {
			return p.name
		}
		seen[p.name] = true
	}
	return ""
}

// signs says whether a header is among those that the signature covers.
func (sig *signature) signs(header string) bool {
	return slices.ContainsFunc(sig.signedHeaders, func(h string) bool { return strings.EqualFold(h, header) })
}

func readHeader(x *exchange, value string) (signature, *Fault) {
	sig, missing := parseAuthorization(value)
	var text strings.Builder
	for _, name := range missing {
		fmt.Fprintf(&text, "Authorization header requires '%s' parameter. ", name)
	}
	sig.date8601, sig.token = x.r.Header.Get("X-Amz-Date"), x.r.Header.Get("X-Amz-Security-Token")
	if date := x.r.Header.Get("Date"); sig.date8601 == "" && date != "" {
		sig.date8601 = date
		if at, err := http.ParseTime(date); err == nil {
			sig.date8601 = at.UTC().Format(amzTime)
		}
	}
	if sig.date8601 == "" {
		text.WriteString(
			"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if text.Len() > 0 {
		return sig, authFault(x.service, codeIncomplete, text.String()+"Authorization="+value)
	}
	return sig, nil
}

func readPresigned(x *exchange, query params) (signature, *Fault) {
	var text strings.Builder
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders",
		"X-Amz-Date"} {
		if query.get(name) == "" || name == "X-Amz-Algorithm" && query.get(name) != algorithm {
			fmt.Fprintf(&text, "AWS query-string parameters must include '%s'. ", name)
		}
	}
	if text.Len() > 0 {
		text.WriteString("Re-examine the query-string parameters.")
		return signature{}, authFault(x.service, codeIncomplete, text.String())
	}
	sig := signature{presigned: true, expires: defaultPresigned, credential: query.get("X-Amz-Credential"),
		hex: query.get("X-Amz-Signature"), date8601: query.get("X-Amz-Date"), token: query.get("X-Amz-Security-Token"),
		signedHeaders: strings.Split(query.get("X-Amz-SignedHeaders"), ";")}
	if raw := query.get("X-Amz-Expires"); raw != "" {
		seconds, err := strconv.Atoi(raw)
		if err != nil || seconds < 1 || seconds > int(longestPresigned/time.Second) {
			return sig, authFault(x.service, codeIncomplete,
				"X-Amz-Expires must be a number of seconds between 1 and 604800.")
		}
		sig.expires = time.Duration(seconds) * time.Second
	}
	return sig, nil
}

func (s *Server) checkScope(x *exchange, sig signature) *Fault {
	var problems []string
	if date := sig.date8601[:8]; date != sig.date {
		problems = append(problems, fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 "+
			"version of date from HTTP: '%s' != '%s', from '%s'.", sig.date, date, sig.date8601))
	}
	if !s.isRegion(sig.region) {
		problems = append(problems,
			fmt.Sprintf("Credential should be scoped to a valid Region, not '%s'.", sig.region))
	}
	if sig.service != x.service.SigningName {
		problems = append(problems,
			fmt.Sprintf("Credential should be scoped to correct service: '%s'.", x.service.SigningName))
	}
	if sig.terminator != terminator {
		problems = append(problems, fmt.Sprintf("Credential should be scoped with a valid terminator: '%s', not '%s'.",
			terminator, sig.terminator))
	}
	if len(problems) > 0 {
		return authFault(x.service, codeSignature, strings.Join(problems, " "))
	}
	return nil
}

func (s *Server) checkAge(x *exchange, sig signature) *Fault {
	oldest := s.cfg.MaxSkew
	if sig.presigned {
		oldest = sig.expires
	}
	now := s.cfg.SignatureNow().UTC().Truncate(time.Second)
	text := ""
	switch {
	case sig.at.Add(oldest).Before(now):
		text = fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s.)", sig.date8601,
			now.Add(-oldest).Format(amzTime), now.Format(amzTime), inWords(oldest))
	case sig.at.Add(-s.cfg.MaxSkew).After(now):
		text = fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s.)", sig.date8601,
			now.Add(s.cfg.MaxSkew).Format(amzTime), now.Format(amzTime), inWords(s.cfg.MaxSkew))
	default:
		return nil
	}
	return authFault(x.service, codeSignature, text)
}

func inWords(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d sec", d/time.Second)
}

// checkKey compares the signature with the one the access key's secret makes.
func (s *Server) checkKey(x *exchange, sig signature, query params) error {
	key, found, err := s.cfg.Credentials.Lookup(x.r.Context(), sig.accessKeyID)
	if err != nil {
		return fmt.Errorf("look up access key: %w", err)
	}
	if !found || !key.Active || key.Secret == "" || !hmac.Equal([]byte(key.Token), []byte(sig.token)) {
		return authFault(x.service, codeUnknownKey, "The security token included in the request is invalid.")
	}
	if !hashAgrees(x) || !sig.verify(x.r, query, x.body, key.Secret, &s.keys) {
		return authFault(x.service, codeSignature, "The request signature we calculated does not match the signature "+
			"you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation "+
			"for details.")
	}
	if !key.Expires.IsZero() && !x.now.Before(key.Expires) {
		return authFault(x.service, codeExpired, "The security token included in the request is expired")
	}
	x.call.Caller = key.Caller
	x.call.Caller.AccessKeyID = sig.accessKeyID
	return nil
}

// hashAgrees compares the body with X-Amz-Content-Sha256, signed or not.
func hashAgrees(x *exchange) bool {
	sum := sha256.Sum256(x.body)
	for _, claimed := range x.r.Header.Values("X-Amz-Content-Sha256") {
		if claimed != hex.EncodeToString(sum[:]) && claimed != "UNSIGNED-PAYLOAD" {
			return false
		}
	}
	return true
}
