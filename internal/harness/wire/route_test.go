package wire_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	fn := func(context.Context, *wire.Call, *wire.Empty) (*wire.Empty, error) { return nil, nil }
	kms := func(ops wire.Table) wire.Service {
		return wire.Service{SigningName: "kms", Protocol: wire.AWSJSON11, TargetPrefix: "TrentService", Operations: ops}
	}
	qldb := func(ops wire.Table) wire.Service {
		return wire.Service{SigningName: "qldb", Protocol: wire.RESTJSON, Operations: ops}
	}
	good := kms(wire.Table{"A": wire.Op("kms:A", wire.Read, fn)})
	for name, tc := range map[string]struct {
		services []wire.Service
		want     string
	}{
		"no action":   {[]wire.Service{kms(wire.Table{"A": wire.Op("", wire.Read, fn)})}, "operation A declares no action"},
		"no access":   {[]wire.Service{kms(wire.Table{"A": wire.Op("kms:A", 0, fn)})}, "operation A declares no access"},
		"no function": {[]wire.Service{kms(wire.Table{"A": {Action: "a", Access: wire.Read}})}, "A has no function"},
		"same target": {[]wire.Service{good, good}, `route "TrentService" is missing or declared twice`},
		"no version":  {[]wire.Service{{SigningName: "sts", Protocol: wire.Query}}, `route "" is missing`},
		"no protocol": {[]wire.Service{{SigningName: "sts"}}, "has no protocol"},
		"no name":     {[]wire.Service{{Protocol: wire.RESTJSON}}, "has no signing name"},
		"no path":     {[]wire.Service{qldb(wire.Table{"A": wire.Op("qldb:A", wire.Read, fn)})}, "A has no method and path"},
		"same route": {[]wire.Service{qldb(wire.Table{
			"A": wire.REST("GET", "/ledgers/{Name}", "qldb:A", wire.Read, fn),
			"B": wire.REST("GET", "/ledgers/{Other}", "qldb:B", wire.Read, fn),
		})}, "is declared twice"},
	} {
		_, err := wire.New(wire.Config{Services: tc.services, Credentials: keys(), Rand: &counter{},
			Now: func() time.Time { return start }})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

// exchange is what a raw request must be answered with.
type exchange struct {
	name   string
	send   request
	status int
	code   string // X-Amzn-ErrorType
	body   string
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, tc := range append(targetExchanges(), append(formExchanges(), pathExchanges()...)...) {
		res := tc.send.send(t, h.url)
		body := readAll(t, res)
		body = strings.ReplaceAll(body, res.Header.Get("X-Amzn-Requestid"), "ID")
		got := []string{fmt.Sprint(res.StatusCode), res.Header.Get("X-Amzn-Errortype"), body}
		if diff := cmp.Diff([]string{fmt.Sprint(tc.status), tc.code, tc.body}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if len(res.Header.Get("X-Amzn-Requestid")) != 36 {
			t.Errorf("%s: request id %q, want a UUID", tc.name, res.Header.Get("X-Amzn-Requestid"))
		}
	}
}

func target(name, body string) request {
	q := kmsRequest()
	q.header["X-Amz-Target"], q.body = name, body
	return q
}

func targetExchanges() []exchange {
	describe := func(id string) request { return target("TrentService.DescribeKey", `{"KeyId":"`+id+`"}`) }
	session := target("QLDBSession.SendCommand", "{}")
	session.service, session.path = "qldb", "//"
	unknown10 := target("Nobody.X", "{}")
	unknown10.header["Content-Type"] = "application/x-amz-json-1.0"
	return []exchange{
		{"empty output", target("TrentService.EnableKey", `{"KeyId":"k"}`), 200, "", ""},
		{"output", target("TrentService.CreateKey", `{"Description":"<a&b>"}`), 200, "",
			`{"KeyMetadata":{"KeyId":"id","Description":"<a&b>","CreationDate":1767608100}}`},
		{"fault", describe("nope"), 400, "NotFoundException",
			`{"__type":"NotFoundException","message":"Invalid keyId 'nope'"}`},
		{"fault in both spellings", describe("denied"), 400, "AccessDeniedException",
			`{"Message":"User is not authorized","__type":"AccessDeniedException","message":"User is not authorized"}`},
		{"fault without text", describe("silent"), 400, "UnsupportedOperationException",
			`{"__type":"UnsupportedOperationException"}`},
		{"defect", describe("broken"), 500, "KMSInternalException", `{"__type":"KMSInternalException","message":"The ` +
			`request was rejected because an internal exception occurred. The request can be retried."}`},
		{"bad JSON", target("TrentService.EnableKey", `{"KeyId":`), 400, "SerializationException",
			`{"__type":"SerializationException","message":"The request body is not a well-formed JSON document."}`},
		{"wrong type", target("TrentService.EnableKey", `{"KeyId":5}`), 400, "SerializationException",
			`{"__type":"SerializationException","message":"NUMBER_VALUE can not be converted to a String"}`},
		{"unknown operation", target("TrentService.Nope", "{}"), 400, "UnknownOperationException",
			`{"__type":"UnknownOperationException"}`},
		{"unknown service", target("Nobody.X", "{}"), 400, "UnknownOperationException",
			`{"__type":"UnknownOperationException"}`},
		{"unknown service, JSON 1.0", unknown10, 400, "UnknownOperationException",
			`{"__type":"UnknownOperationException"}`},
		{"target without a dot", target("EnableKey", "{}"), 400, "UnknownOperationException",
			`{"__type":"UnknownOperationException"}`},
		{"JSON 1.0 at //", session, 400, "BadRequestException",
			`{"Message":"Digests don't match","__type":"BadRequestException"}`},
	}
}

func formExchanges() []exchange {
	const ns = `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"`
	form := func(body string) request {
		q := stsRequest()
		q.body = body
		return q
	}
	get := request{service: "sts", method: "GET", path: "/?Version=2011-06-15&Action=GetCallerIdentity"}
	fault := func(ns, kind, code, text string) string {
		return "<ErrorResponse" + ns + "><Error><Type>" + kind + "</Type><Code>" + code + "</Code><Message>" + text +
			"</Message></Error><RequestId>ID</RequestId></ErrorResponse>"
	}
	arn := "<Arn>arn:aws:iam::111122223333:root</Arn>"
	answer := func(result string) string {
		return "<GetCallerIdentityResponse " + ns + "><GetCallerIdentityResult>" + result + "</GetCallerIdentityResult>" +
			"<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
	}
	return []exchange{
		{"form", form("Version=2011-06-15&Action=GetCallerIdentity"), 200, "", answer(arn + "<Tags></Tags>")},
		{"GET", get, 200, "", answer(arn + "<Tags></Tags>")},
		{"list", form("Version=2011-06-15&Action=GetCallerIdentity&Tags.member.1.Key=a%3Cb&Tags.member.2.Key=c"), 200, "",
			answer(arn + "<Tags><member><Key>a&lt;b</Key><Value></Value></member>" +
				"<member><Key>c</Key><Value></Value></member></Tags>")},
		{"no result", form("Action=NoResult&Version=2011-06-15"), 200, "", "<NoResultResponse " + ns +
			"><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></NoResultResponse>"},
		{"unknown action", form("Action=Nope&Version=2011-06-15"), 400, "", fault(" "+ns, "Sender", "InvalidAction",
			"Could not find operation Nope for version 2011-06-15")},
		{"unknown version", form("Action=GetUser&Version=1"), 400, "", fault("", "Sender", "InvalidAction",
			"Could not find operation GetUser for version 1")},
		{"no version", form("Action=GetUser"), 400, "", fault("", "Sender", "InvalidAction",
			"Could not find operation GetUser for version NO_VERSION_SPECIFIED")},
		{"no action", form("Version=2011-06-15"), 400, "", fault("", "Sender", "MissingAction",
			"The request is missing an action or a required parameter.")},
		{"bad escape", form("Action=%zz"), 404, "", fault("", "Sender", "MalformedQueryString",
			"The query string contains a syntax error.")},
		{"wrong type", form("Action=GetCallerIdentity&Version=2011-06-15&MaxItems=x"), 400, "", fault(" "+ns, "Sender",
			"MalformedInput", "STRING_VALUE can not be converted to an Integer")},
	}
}

func pathExchanges() []exchange {
	rest := func(method, path, body string) request {
		return request{service: "qldb", method: method, path: path, body: body}
	}
	const unknown = "UnknownOperationException"
	return []exchange{
		{"REST", rest("PATCH", "/ledgers/orders", `{"Name":"other"}`), 200, "", `{"Name":"orders"}`},
		{"REST without body", rest("PATCH", "/ledgers/orders", ""), 200, "", `{"Name":"orders"}`},
		{"REST escaped", rest("PATCH", "/ledgers/a%2Fb%25", ""), 200, "", `{"Name":"a/b%"}`},
		{"REST empty object", rest("GET", "/ledgers", ""), 200, "", "{}"},
		{"REST fault", rest("GET", "/ledgers/x", ""), 404, "ResourceNotFoundException",
			`{"Message":"Ledger not found","ResourceName":"x","ResourceType":"Ledger"}`},
		{"REST bad query", rest("GET", "/ledgers?max_results=x", ""), 400, "SerializationException",
			`{"Message":"STRING_VALUE can not be converted to an Integer"}`},
		{"unknown path", rest("GET", "/nope", ""), 404, unknown, "{}"},
		{"unescaped slash", rest("PATCH", "/ledgers/a/b", ""), 404, unknown, "{}"},
		{"slash at the end", rest("GET", "/ledgers/", ""), 404, unknown, "{}"},
		{"label not UTF-8", rest("PATCH", "/ledgers/%ff", ""), 404, unknown, "{}"},
		{"other method", rest("PUT", "/ledgers/x", ""), 405, unknown, "{}"},
		{"root", rest("GET", "/", ""), 404, unknown, "{}"},
	}
}

func TestShortCloudTrailTarget(t *testing.T) {
	t.Parallel()
	called := 0
	h := newHarness(t, func(cfg *wire.Config) {
		cfg.Services = append(cfg.Services, wire.Service{SigningName: "cloudtrail", Protocol: wire.AWSJSON11,
			TargetPrefix: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
			Operations: wire.Table{"LookupEvents": wire.Op("cloudtrail:LookupEvents", wire.Read,
				func(context.Context, *wire.Call, *wire.Empty) (*wire.Empty, error) { called++; return nil, nil })}})
	})
	for _, prefix := range []string{"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101"} {
		q := target(prefix+".LookupEvents", "{}")
		q.service = "cloudtrail"
		if res := q.send(t, h.url); res.StatusCode != 200 {
			t.Errorf("%s: got %d %s", prefix, res.StatusCode, readAll(t, res))
		}
	}
	if called != 2 {
		t.Errorf("called %d times, want 2", called)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(cfg *wire.Config) { cfg.MaxBody = 100 })
	fits := target("TrentService.EnableKey", `{"KeyId":"`+strings.Repeat("x", 88)+`"}`)
	if res := fits.send(t, h.url); res.StatusCode != 200 {
		t.Errorf("100 bytes: got %d %s", res.StatusCode, readAll(t, res))
	}
	fits.body += " "
	res := fits.send(t, h.url)
	if body := readAll(t, res); res.StatusCode != 413 || !strings.Contains(body, "larger than 100 bytes") {
		t.Errorf("101 bytes: got %d %s, want 413", res.StatusCode, body)
	}
	if n := h.count(); n != 1 {
		t.Errorf("%d operations ran, want 1", n)
	}
}

func TestBrokenRand(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(cfg *wire.Config) { cfg.Rand = strings.NewReader("") })
	res := kmsRequest().send(t, h.url)
	id := res.Header.Get("X-Amzn-Requestid")
	if body := readAll(t, res); res.StatusCode != 200 || id != "00000000-0000-0000-0000-000000000000" ||
		!strings.Contains(h.log.String(), io.EOF.Error()) {
		t.Errorf("got %d %s, id %s, want success, the nil UUID and a log line", res.StatusCode, body, id)
	}
}
