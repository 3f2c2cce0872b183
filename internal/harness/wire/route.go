package wire

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// routes finds the operation of a request.
type routes struct {
	targets  map[string]*Service // by TargetPrefix
	versions map[string]*Service // by Version
	rest     []restRoute
}

type restRoute struct {
	service  *Service
	name     string
	method   string
	segments []string // "ledgers", "{Name}"
}

func newRoutes(services []Service) (routes, error) {
	rs := routes{targets: map[string]*Service{}, versions: map[string]*Service{}}
	for i := range services {
		s := &services[i]
		if err := rs.add(s); err != nil {
			return routes{}, fmt.Errorf("wire: service %s: %w", s.SigningName, err)
		}
	}
	return rs, nil
}

func (rs *routes) add(s *Service) error {
	if s.SigningName == "" {
		return fmt.Errorf("has no signing name")
	}
	for name, op := range s.Operations {
		switch {
		case op.Action == "":
			return fmt.Errorf("operation %s declares no action", name)
		case op.Access != Read && op.Access != Write:
			return fmt.Errorf("operation %s declares no access", name)
		case op.Call == nil || op.NewInput == nil:
			return fmt.Errorf("operation %s has no function", name)
		}
	}
	switch s.Protocol {
	case AWSJSON10, AWSJSON11:
		return claim(rs.targets, s.TargetPrefix, s)
	case Query:
		return claim(rs.versions, s.Version, s)
	case RESTJSON:
		return rs.addREST(s)
	}
	return fmt.Errorf("has no protocol")
}

func claim(m map[string]*Service, key string, s *Service) error {
	if key == "" || m[key] != nil {
		return fmt.Errorf("route %q is missing or declared twice", key)
	}
	m[key] = s
	return nil
}

func (rs *routes) addREST(s *Service) error {
	for name, op := range s.Operations {
		if op.Method == "" || !strings.HasPrefix(op.Path, "/") {
			return fmt.Errorf("operation %s has no method and path", name)
		}
		added := restRoute{service: s, name: name, method: op.Method, segments: strings.Split(op.Path[1:], "/")}
		for _, other := range rs.rest {
			if other.method == added.method && slices.EqualFunc(other.segments, added.segments, sameSegment) {
				return fmt.Errorf("route %s %s is declared twice", op.Method, op.Path)
			}
		}
		rs.rest = append(rs.rest, added)
	}
	return nil
}

func sameSegment(a, b string) bool { return a == b || isLabel(a) && isLabel(b) }

func isLabel(segment string) bool {
	return strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}")
}

// route finds the service and operation of a request: by X-Amz-Target, by form, by path. A request that is not
// found keeps a nameless service, so that the refusal can be framed.
func (s *Server) route(x *exchange) error {
	var err error
	target := x.r.Header.Get("X-Amz-Target")
	switch {
	case target != "" && x.r.Method == http.MethodPost:
		err = s.routes.byTarget(x, target)
	case isForm(x.r) || onlySlashes(x.r.URL.Path) && strings.Contains(x.r.URL.RawQuery, "Action="):
		err = s.routes.byForm(x)
	default:
		err = s.routes.byPath(x)
	}
	if x.service.RequestID != nil {
		x.named(x.service.RequestID(x.id))
	}
	if int64(len(x.body)) > s.cfg.MaxBody {
		return &Fault{Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("The request body is larger than %d bytes.", s.cfg.MaxBody)}
	}
	if err != nil {
		return err
	}
	x.call.Service = x.service.SigningName
	x.call.Action = x.op.Action
	x.record.set(func(rec *Record) {
		rec.Service, rec.Operation, rec.Access = x.call.Service, x.call.Operation, x.op.Access
	})
	return nil
}

// pick chooses the operation called name.
func (x *exchange) pick(s *Service, name string) bool {
	x.service = s
	op, found := s.Operations[name]
	if found {
		x.op, x.call.Operation = &op, name
	}
	return found
}

func (rs *routes) byTarget(x *exchange, target string) error {
	dot := strings.LastIndexByte(target, '.')
	prefix, name := target[:max(dot, 0)], target[dot+1:]
	s := rs.targets[prefix]
	if s == nil {
		s = rs.shortTarget(prefix)
	}
	if s == nil {
		x.service = &Service{Protocol: AWSJSON11}
		if strings.HasPrefix(x.r.Header.Get("Content-Type"), "application/x-amz-json-1.0") {
			x.service.Protocol = AWSJSON10
		}
		return &Fault{Code: "UnknownOperationException"}
	}
	if !x.pick(s, name) {
		return &Fault{Code: "UnknownOperationException"}
	}
	return nil
}

// shortTarget finds the service whose prefix ends in short, as CloudTrail's clients leave out its package.
func (rs *routes) shortTarget(short string) *Service {
	for prefix, s := range rs.targets {
		if short != "" && strings.HasSuffix(prefix, "."+short) {
			return s
		}
	}
	return nil
}

func (rs *routes) byForm(x *exchange) error {
	x.service = &Service{Protocol: Query}
	raw := string(x.body)
	if x.r.Method == http.MethodGet || len(x.body) == 0 {
		raw = x.r.URL.RawQuery
	}
	var err error
	if x.form, err = parseParams(raw); err != nil {
		return &Fault{Code: "MalformedQueryString", Message: "The query string contains a syntax error.", Status: 404}
	}
	action, version := x.form.get("Action"), x.form.get("Version")
	if action == "" {
		return Faultf("MissingAction", "The request is missing an action or a required parameter.")
	}
	s := rs.versions[version]
	if version == "" {
		version = "NO_VERSION_SPECIFIED"
	}
	if s == nil || !x.pick(s, action) {
		return Faultf("InvalidAction", "Could not find operation %s for version %s", action, version)
	}
	return nil
}

// byPath splits the path before it decodes the segments: a label may hold an escaped slash. A client whose endpoint
// ends in a slash sends two in front.
func (rs *routes) byPath(x *exchange) error {
	x.service = &Service{Protocol: RESTJSON}
	segments := strings.Split(strings.TrimLeft(x.r.URL.EscapedPath(), "/"), "/")
	pathFound := false
	for _, route := range rs.rest {
		labels, ok := route.match(segments)
		if !ok {
			continue
		}
		pathFound = true
		if route.method == x.r.Method && x.pick(route.service, route.name) {
			x.labels = labels
			return nil
		}
	}
	if pathFound {
		return &Fault{Code: "UnknownOperationException", Status: http.StatusMethodNotAllowed}
	}
	return &Fault{Code: "UnknownOperationException", Status: http.StatusNotFound}
}

// match returns the labels of segments as name, value, name, value.
func (route restRoute) match(segments []string) (labels []string, ok bool) {
	if len(segments) != len(route.segments) {
		return nil, false
	}
	for i, want := range route.segments {
		value, err := url.PathUnescape(segments[i])
		switch {
		case err != nil || value == "" || !utf8.ValidString(value):
			return nil, false
		case isLabel(want):
			labels = append(labels, want[1:len(want)-1], value)
		case value != want:
			return nil, false
		}
	}
	return labels, true
}

func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded" && onlySlashes(r.URL.Path)
}

// onlySlashes accepts what a client sends whose endpoint ends in a slash.
func onlySlashes(path string) bool { return strings.Trim(path, "/") == "" }
