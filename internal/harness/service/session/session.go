// Package session serves the data plane of Amazon QLDB, whose one operation is SendCommand.
//
// A session belongs to one ledger and one principal. It lives 13 to 17 minutes, however it is used, and has one
// transaction at a time:
//
//	StartSession
//	  (StartTransaction  (ExecuteStatement | FetchPage)*  (CommitTransaction | AbortTransaction))*
//	EndSession
//
// A command goes this way: the request is checked (check.go), the session found by its token (table.go), then it has
// its turn (command.go): commands of one session run one after the other, those of several side by side. Statements,
// digests and conflicts are the engine's; its errors become the service's in faults.go.
//
// Sessions live in memory. After a restart clients learn that theirs is unknown and take a new one, which drivers do
// by themselves. What clients leave behind is given back by Tick: the snapshot and the writes of a transaction that
// has expired, a session some time after its end.
//
// Sources: API reference of Amazon QLDB Session; developer guide, "Session management with the driver", "Quotas and
// limits in Amazon QLDB".
package session

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// ErrNoLedger is returned by Ledgers for a ledger that does not exist, is not ACTIVE or is not the one it was.
var ErrNoLedger = errors.New("no such ledger")

// A PermissionsMode is a word of DescribeLedger.
type PermissionsMode string

// The permissions modes.
const (
	AllowAll PermissionsMode = "ALLOW_ALL" // who may send commands may run any statement
	Standard PermissionsMode = "STANDARD"  // each statement is permitted by itself
)

// A Ledger is an ACTIVE ledger as Ledgers found it.
type Ledger struct {
	ID   string // of this ledger alone, also if another gets its name later
	Name string
	ARN  string // arn:aws:qldb:<region>:<account>:ledger/<name>
	Mode PermissionsMode
	// Engine is where transactions begin. One that began in an earlier Engine of the same ledger fails.
	Engine *engine.Ledger
}

// Ledgers knows the ledgers. Its methods are called by several goroutines. Errors other than ErrNoLedger are
// *wire.Fault, which the client gets as they are, or failures.
//
//	Find         finds an ACTIVE ledger by name in the account and Region of c, opening it if necessary. It is called
//	             for every command, so it must be quick, and what it says must be true now: the mode that the ledger
//	             has by now, ErrNoLedger from the moment on in which its deletion begins, and an AccessDeniedException
//	             while the ledger is impaired, that is, has lost the use of its AWS KMS key.
//	CheckCaller  asks AWS KMS whether the caller of c may decrypt with the ledger's key, and returns an
//	             AccessDeniedException if not. It is called after Find, when a session or a transaction starts.
type Ledgers interface {
	Find(ctx context.Context, c *wire.Call, name string) (Ledger, error)
	CheckCaller(ctx context.Context, c *wire.Call, l Ledger) error
}

// Config is what a Service needs. Ledgers, Clock and Rand are required.
type Config struct {
	Ledgers Ledgers
	Clock   clock.Clock
	Rand    io.Reader // tokens, lifetimes; fit for cryptography, read by several goroutines at once
	// Authorize permits one need of a statement before it has any effect; its error is a *wire.Fault, as in Ledgers.
	// Nil permits everything.
	Authorize func(ctx context.Context, c *wire.Call, l Ledger, need engine.Need) error
	// MaxSessions is the quota of active sessions per ledger; default 3000.
	MaxSessions int
	// StatementCodes adds the member Code to errors of statements for which the service's number is known. Old SDKs
	// take that number for the type of the error, so it is left out by default.
	StatementCodes bool
}

// Service is the data plane of all accounts and Regions. Its methods may be called concurrently.
type Service struct {
	cfg      Config
	sessions table

	stop    sync.RWMutex // read-held by every command, so that Close can wait for them
	stopped bool
}

// New returns a Service over cfg.
func New(cfg Config) (*Service, error) {
	if cfg.Ledgers == nil || cfg.Clock == nil || cfg.Rand == nil {
		return nil, errors.New("session: Config needs Ledgers, Clock and Rand")
	}
	if cfg.MaxSessions < 0 {
		return nil, errors.New("session: MaxSessions in Config is negative")
	}
	if cfg.MaxSessions == 0 {
		cfg.MaxSessions = 3000
	}
	if cfg.Authorize == nil {
		cfg.Authorize = func(context.Context, *wire.Call, Ledger, engine.Need) error { return nil }
	}
	return &Service{cfg: cfg, sessions: newTable()}, nil
}

// MaxBody is the size in bytes of the largest request body that wire must let through: parameters travel in base64.
const MaxBody = 16 << 20

// Wire is the service as the harness's endpoint routes it. It signs as the control plane does, so that only the
// target tells their requests apart. Commands are finished even when their client leaves: whoever has sent a commit
// must not find half of it.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		SigningName: "qldb", Protocol: wire.AWSJSON10, TargetPrefix: "QLDBSession",
		Operations: wire.Table{"SendCommand": wire.Op("qldb:SendCommand", wire.Write, s.SendCommand)},
		RequestID:  journal.UniqueID, // drivers take that of StartSession for the session's id
	}
}

// LedgerOf is the name of the ledger that a command is for, or "" for one that names no session of the caller's, which
// SendCommand refuses.
func (s *Service) LedgerOf(c *wire.Call, in *SendCommandInput) string {
	switch {
	case in.StartSession != nil:
		return in.StartSession.LedgerName
	case in.SessionToken == nil:
		return ""
	}
	key, ok := parseToken(*in.SessionToken)
	if !ok {
		return ""
	}
	x, ok := s.sessions.find(key)
	if !ok || x.region != c.Region || x.principal != c.Caller.ARN {
		return ""
	}
	return x.ledgerName
}

// CloseLedger ends the sessions of a ledger that is being deleted. To be called when Ledgers does not find it any
// more; once it has returned, no command uses the ledger, so that it can be closed.
func (s *Service) CloseLedger(id string) {
	for _, x := range s.sessions.all() {
		if x.ledger == id {
			s.end(x)
		}
	}
}

// Close ends all sessions and waits for the commands that run. Later commands are refused.
func (s *Service) Close() {
	s.stop.Lock()
	s.stopped = true
	s.stop.Unlock()
	for _, x := range s.sessions.all() {
		s.end(x)
	}
}

// end ends a session after its running command.
func (s *Service) end(x *session) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.abort()
	s.sessions.remove(x)
}
