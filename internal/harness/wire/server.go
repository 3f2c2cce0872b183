package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config is what a Server needs. Services, Now, Rand and, unless AuthOff, Credentials are required.
type Config struct {
	Services    []Service
	Credentials Credentials
	Now         func() time.Time // the harness clock
	// SignatureNow is the clock that dates of signatures are compared with and answers are dated by: the one that
	// clients have. nil means Now. With a clock of its own, moving Now makes no signature stale.
	SignatureNow func() time.Time
	Rand         io.Reader    // request ids
	Log          *slog.Logger // nil discards
	// AuthOff takes every signature for AuthOffCaller's, even a missing one.
	AuthOff       bool
	AuthOffCaller Caller
	Region        string        // of calls without a usable credential scope, with AuthOff; default us-east-1
	Regions       []string      // the Regions that exist; empty allows every well-formed name
	MaxSkew       time.Duration // between a signature's date and SignatureNow; default 5 minutes, as at AWS
	MaxBody       int64         // bytes; default 1 MiB
	// Authorize is asked about every call before it has any effect; its error is the answer. in is the operation's
	// input. nil permits everything.
	Authorize func(ctx context.Context, c *Call, in any) error
	// Observe is told of every call that was decided and answered, refused and failed ones too, before its answer is
	// sent. It must return at once. nil tells nobody.
	Observe func(Observation)
	// Explain says what the user can do about an error that is no Fault, which the answer adds to the service's words;
	// "" adds nothing. nil explains none.
	Explain  func(error) string
	Faults   Faults    // nil injects none
	Recorder *Recorder // nil makes one that keeps 10,000 calls
}

// Server is the single endpoint of all services, an http.Handler.
//
// A call whose access is Write is finished even when its client leaves, as a service in the cloud would do. To drop
// a connection on demand the Server takes it over and closes it; where the ResponseWriter cannot be hijacked it
// panics with http.ErrAbortHandler.
type Server struct {
	cfg    Config
	routes routes
	keys   signingKeys
	randMu sync.Mutex // guards cfg.Rand
}

// New returns a Server over cfg. It refuses operations without a declared action or access and routes that are
// declared twice.
func New(cfg Config) (*Server, error) {
	switch {
	case cfg.Now == nil || cfg.Rand == nil:
		return nil, errors.New("wire: Config needs Now and Rand")
	case cfg.Credentials == nil && !cfg.AuthOff:
		return nil, errors.New("wire: Config needs Credentials unless AuthOff is set")
	case cfg.AuthOff && cfg.AuthOffCaller.Account == "":
		return nil, errors.New("wire: AuthOff needs an AuthOffCaller with an account")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.SignatureNow == nil {
		cfg.SignatureNow = cfg.Now
	}
	if cfg.MaxSkew == 0 {
		cfg.MaxSkew = 5 * time.Minute
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.Recorder == nil {
		cfg.Recorder = NewRecorder(10_000)
	}
	rs, err := newRoutes(cfg.Services)
	if err != nil {
		return nil, err
	}
	return &Server{cfg: cfg, routes: rs}, nil
}

// Recorder returns the list of the calls the Server answered and is answering.
func (s *Server) Recorder() *Recorder { return s.cfg.Recorder }

// exchange is one request on its way through the chain. Each step fills in what the later ones need.
type exchange struct {
	r       *http.Request
	id      [16]byte // of the request
	now     time.Time
	record  *recording
	body    []byte
	form    params   // Query only
	labels  []string // RESTJSON only: name, value, name, value, ...
	service *Service
	op      *Operation
	call    *Call
	in, out any
	decided bool                        // who calls and what for is known: from here on Observe hears of it
	done    bool                        // the operation took effect
	after   func(context.Context) error // what a fault does once the operation took effect
	answer  answer
}

// answer is what goes back to the client.
type answer struct {
	status int
	header map[string]string
	body   []byte
}

// chain is what happens to every request, in this order. A step that returns an error ends it.
var chain = []func(*Server, *exchange) error{
	(*Server).identify,
	(*Server).readBody,
	(*Server).route,
	(*Server).authenticate,
	(*Server).decode,
	(*Server).decide,
	(*Server).disturbBefore,
	(*Server).authorize,
	(*Server).perform,
	(*Server).disturbAfter,
	(*Server).encode,
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.cfg.SignatureNow()
	x := &exchange{r: r, now: s.cfg.Now().UTC(), call: &Call{Partition: "aws", UserAgent: r.UserAgent()}}
	x.call.Time, x.call.SourceIP, x.call.Referer = x.now, sourceIP(r), r.Referer()
	x.record = s.cfg.Recorder.begin(x.now, r.UserAgent())
	err := s.run(x)
	if errors.Is(err, ErrDropped) {
		if x.done {
			s.observe(x, nil)
		}
		x.record.end(s.cfg.Now().UTC(), s.cfg.SignatureNow().Sub(began), 0, "")
		drop(w)
		return
	}
	status, code := x.answer.status, ""
	if err != nil {
		fault := s.faultOf(x, err)
		x.answer = encodeFault(x, fault)
		status, code = x.answer.status, fault.Code
		if r.Context().Err() != nil { // nobody is there to read it
			status, code = 0, ""
		}
		s.observe(x, fault)
	} else {
		s.observe(x, nil)
	}
	// Recorded before it is sent: whoever has the answer must find the call finished in the list.
	x.record.end(s.cfg.Now().UTC(), s.cfg.SignatureNow().Sub(began), status, code)
	s.write(w, x)
}

// run sends x through the chain. A panic comes back as an error, so that one operation cannot take the process down.
func (s *Server) run(x *exchange) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	for _, step := range chain {
		if err := step(s, x); err != nil {
			return err
		}
	}
	return nil
}

type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// identify gives the request its id.
func (s *Server) identify(x *exchange) error {
	x.id = s.randomID()
	x.named(uuid(x.id))
	return nil
}

func (x *exchange) named(id string) {
	x.call.RequestID = id
	x.record.set(func(rec *Record) { rec.RequestID = id })
}

// RequestID makes the id of a request, a random UUID. Without randomness it is the nil UUID, as nothing but logs
// depends on it.
func (s *Server) RequestID() string { return uuid(s.randomID()) }

// randomID is a UUID's 16 bytes.
func (s *Server) randomID() (b [16]byte) {
	s.randMu.Lock()
	_, err := io.ReadFull(s.cfg.Rand, b[:])
	s.randMu.Unlock()
	if err != nil {
		s.cfg.Log.Error("no randomness for a request id", "error", err.Error())
		return [16]byte{}
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return b
}

func uuid(b [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// readBody reads one byte more than the limit; route refuses a body that long once it knows how to say so.
func (s *Server) readBody(x *exchange) error {
	var b bytes.Buffer
	if n := x.r.ContentLength; n > 0 && n <= roomForBody {
		b.Grow(int(n) + bytes.MinRead) // so that its end is found without growing
	}
	if _, err := b.ReadFrom(io.LimitReader(x.r.Body, s.cfg.MaxBody+1)); err != nil {
		return Faultf("SerializationException", "The request body could not be read.")
	}
	x.body = b.Bytes()
	return nil
}

// roomForBody is how many bytes are set aside on a client's word, before it has sent them.
const roomForBody = 64 << 10

func (s *Server) authorize(x *exchange) error {
	if s.cfg.Authorize == nil {
		return nil
	}
	return s.cfg.Authorize(x.r.Context(), x.call, x.in)
}

// perform runs the operation.
func (s *Server) perform(x *exchange) error {
	ctx := x.r.Context()
	if x.op.Access == Write {
		ctx = context.WithoutCancel(ctx)
	}
	var err error
	x.out, err = x.op.Call(ctx, x.call, x.in)
	x.done = err == nil
	return err
}

// faultOf is what the client may know of err. Everything but a Fault is logged and kept from it.
func (s *Server) faultOf(x *exchange, err error) *Fault {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault
	}
	if errors.Is(err, ErrThrottled) {
		return throttled(x.service)
	}
	if x.r.Context().Err() != nil {
		return &Fault{Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable}
	}
	attrs := []any{"request_id", x.call.RequestID, "service", x.call.Service, "operation", x.call.Operation,
		"error", err.Error()}
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, "stack", string(p.stack))
	}
	s.cfg.Log.Error("call ended in an internal error", attrs...)
	answer := internal(x.service)
	if s.cfg.Explain != nil {
		answer.Message = strings.TrimSpace(answer.Message + " " + s.cfg.Explain(err))
	}
	return answer
}

func (s *Server) write(w http.ResponseWriter, x *exchange) {
	h := w.Header()
	for name, value := range x.answer.header {
		h.Set(name, value)
	}
	// Signers correct their clock by this header after a fault about an expired signature.
	h.Set("Date", s.cfg.SignatureNow().UTC().Format(http.TimeFormat))
	h.Set("X-Amzn-Requestid", x.call.RequestID)
	h.Set("Content-Length", strconv.Itoa(len(x.answer.body)))
	w.WriteHeader(x.answer.status)
	_, err := w.Write(x.answer.body)
	if err == nil { // what comes after the call, such as work it made due, is nothing the client should wait for
		err = http.NewResponseController(w).Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.cfg.Log.Debug("client left before its answer", "request_id", x.call.RequestID, "error", err.Error())
	}
}

// drop closes the connection without an answer.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.Close() // nothing was written, so nothing can be lost
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
