package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/engine"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// SendCommand runs one command.
//
// Source: API reference of Amazon QLDB Session, SendCommand.
func (s *Service) SendCommand(ctx context.Context, c *wire.Call, in *SendCommandInput) (*SendCommandOutput, error) {
	s.stop.RLock()
	defer s.stop.RUnlock()
	if s.stopped {
		return nil, stopping()
	}
	out, err := s.send(ctx, c, in)
	if err != nil {
		return nil, s.faultOf(err)
	}
	return out, nil
}

func (s *Service) send(ctx context.Context, c *wire.Call, in *SendCommandInput) (*SendCommandOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.StartSession != nil {
		return s.startSession(ctx, c, in.StartSession)
	}
	key, ok := parseToken(*in.SessionToken)
	if !ok {
		return nil, invalidParameter("SessionToken")
	}
	x, ok := s.sessions.find(key)
	if !ok || x.region != c.Region || x.principal != c.Caller.ARN {
		return nil, noSuchSession()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	known, active := s.sessions.lives(x, s.cfg.Clock.Now())
	switch {
	case !known:
		return nil, noSuchSession()
	case !active:
		x.abort()
		return nil, sessionExpired(x.id)
	}
	return s.run(ctx, c, x, in)
}

// run runs a command of a session that is alive. What only ends things takes effect even if the ledger is impaired.
func (s *Service) run(
	ctx context.Context, c *wire.Call, x *session, in *SendCommandInput,
) (*SendCommandOutput, error) {
	if in.AbortTransaction != nil || in.EndSession != nil {
		x.letExpire() // so that its id is remembered
		x.abort()
	}
	if in.EndSession != nil {
		s.sessions.remove(x)
	}
	found, err := s.cfg.Ledgers.Find(ctx, c, x.ledgerName)
	if errors.Is(err, ErrNoLedger) || err == nil && found.ID != x.ledger {
		x.abort()
		s.sessions.remove(x)
		return nil, noSuchSession()
	}
	if err != nil {
		return nil, err
	}
	x.turn = turn{ctx: ctx, call: c, ledger: found}
	defer func() { x.turn = turn{} }()
	switch {
	case in.StartTransaction != nil:
		return s.startTransaction(ctx, x)
	case in.ExecuteStatement != nil:
		return s.executeStatement(ctx, x, in.ExecuteStatement)
	case in.FetchPage != nil:
		return s.fetchPage(ctx, x, in.FetchPage)
	case in.CommitTransaction != nil:
		return s.commitTransaction(ctx, x, in.CommitTransaction)
	case in.AbortTransaction != nil:
		return &SendCommandOutput{AbortTransaction: &TimedResult{s.timing(c)}}, nil
	}
	return &SendCommandOutput{EndSession: &TimedResult{s.timing(c)}}, nil
}

func (s *Service) startSession(
	ctx context.Context, c *wire.Call, in *StartSessionRequest,
) (*SendCommandOutput, error) {
	l, err := s.cfg.Ledgers.Find(ctx, c, in.LedgerName)
	if err == nil {
		err = s.cfg.Ledgers.CheckCaller(ctx, c, l)
	}
	if errors.Is(err, ErrNoLedger) {
		return nil, noSuchLedger(in.LedgerName)
	}
	if err != nil {
		return nil, err
	}
	key, err := newSecret(s.cfg.Rand)
	if err != nil {
		return nil, err
	}
	lifetime, err := s.newLifetime()
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock.Now()
	x := &session{
		id: c.RequestID, secret: key, region: c.Region, principal: c.Caller.ARN,
		ledger: l.ID, ledgerName: l.Name, expires: now.Add(lifetime),
	}
	if !s.sessions.add(x, s.cfg.MaxSessions, now) {
		return nil, tooManySessions()
	}
	return &SendCommandOutput{StartSession: &StartSessionResult{key.token(), s.timing(c)}}, nil
}

// newLifetime spreads the ends of sessions, so that those that start together do not end together.
func (s *Service) newLifetime() (time.Duration, error) {
	var b [4]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return 0, fmt.Errorf("choose lifetime of session: %w", err)
	}
	seconds := binary.BigEndian.Uint32(b[:]) % uint32(lifetimeSpread/time.Second+1)
	return minLifetime + time.Duration(seconds)*time.Second, nil
}

func (s *Service) startTransaction(ctx context.Context, x *session) (*SendCommandOutput, error) {
	x.letExpire()
	if x.tx != nil {
		return nil, transactionAlreadyOpen()
	}
	if err := s.cfg.Ledgers.CheckCaller(ctx, x.turn.call, x.turn.ledger); err != nil {
		return nil, err
	}
	// Asked while a statement runs, so the turn is that of the statement.
	allow := func(need engine.Need) error { return s.cfg.Authorize(x.turn.ctx, x.turn.call, x.turn.ledger, need) }
	tx, err := x.turn.ledger.Engine.Begin(ctx, allow)
	if err != nil {
		return nil, err
	}
	x.tx = tx
	return &SendCommandOutput{StartTransaction: &StartTransactionResult{tx.ID(), s.timing(x.turn.call)}}, nil
}

// transaction is the open transaction of x if it has this id.
func (x *session) transaction(id string) (*engine.Tx, error) {
	switch {
	case x.tx != nil && x.tx.ID() == id:
		return x.tx, nil
	case x.expired == id:
		return nil, &engine.ExpiredError{TxID: id}
	}
	return nil, noOpenTransaction()
}

// after lets go of a transaction that has ended with err.
func (x *session) after(err error) error {
	if expired, ok := errors.AsType[*engine.ExpiredError](err); ok {
		x.expired = expired.TxID
		x.abort()
	}
	return err
}

func (s *Service) executeStatement(
	ctx context.Context, x *session, in *ExecuteStatementRequest,
) (*SendCommandOutput, error) {
	tx, err := x.transaction(in.TransactionID)
	if err != nil {
		return nil, err
	}
	params, err := in.values()
	if err != nil {
		return nil, err
	}
	page, err := tx.Execute(ctx, in.Statement, params)
	if err := x.after(err); err != nil {
		return nil, err
	}
	first, read := pageOf(page)
	return &SendCommandOutput{ExecuteStatement: &ExecuteStatementResult{first, s.timing(x.turn.call), read}}, nil
}

func (s *Service) fetchPage(ctx context.Context, x *session, in *FetchPageRequest) (*SendCommandOutput, error) {
	tx, err := x.transaction(in.TransactionID)
	if err != nil {
		return nil, err
	}
	page, err := tx.Fetch(ctx, in.NextPageToken)
	if err := x.after(err); err != nil {
		return nil, err
	}
	next, read := pageOf(page)
	return &SendCommandOutput{FetchPage: &FetchPageResult{next, s.timing(x.turn.call), read}}, nil
}

func (s *Service) commitTransaction(
	ctx context.Context, x *session, in *CommitTransactionRequest,
) (*SendCommandOutput, error) {
	tx, err := x.transaction(in.TransactionID)
	if err != nil {
		return nil, err
	}
	if err := x.after(tx.Commit(ctx, in.CommitDigest)); err != nil {
		if x.tx != nil && !x.tx.Open() { // a wrong digest leaves it open
			x.abort()
		}
		return nil, err
	}
	x.tx = nil
	return &SendCommandOutput{CommitTransaction: &CommitTransactionResult{
		TransactionID: in.TransactionID, CommitDigest: bytes.Clone(in.CommitDigest), TimingInformation: s.timing(x.turn.call),
	}}, nil
}

// timing is how long the command has taken on the harness clock, in whole milliseconds, rounded up.
func (s *Service) timing(c *wire.Call) TimingInformation {
	spent := s.cfg.Clock.Now().Sub(c.Time)
	return TimingInformation{max(1, int64((spent+time.Millisecond-1)/time.Millisecond))}
}

// pageOf is a page as answers carry it.
func pageOf(p engine.Page) (Page, IOUsage) {
	values := make([]ValueHolder, len(p.Values))
	for i, v := range p.Values {
		values[i].IonBinary = v
	}
	return Page{Values: values, NextPageToken: p.Next}, IOUsage{ReadIOs: p.ReadIOs}
}
