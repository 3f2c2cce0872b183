package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/amzn/ion-go/ion"
)

// maxBody is 40 documents of 128 KB in base64, and room.
const maxBody = 8 << 20

// entryBytes is what a transaction appends.
const entryBytes = 512

// disk is the file that transactions go to.
type disk interface {
	io.Writer
	Sync() error
}

// stub answers SendCommand.
type stub struct {
	keys     *signer
	log      disk
	rows     []value // of SELECT
	inserted []value // of INSERT
	number   atomic.Int64
	sessions sync.Map // token to *transaction; drivers send one command of a session at a time
}

// transaction is what is open in a session.
type transaction struct {
	id     string
	digest [32]byte
	ran    bool // a statement
}

func newStub(keys *signer, log disk, document []byte) *stub {
	inserted, err := ion.MarshalBinary(map[string]string{"documentId": strings.Repeat("0", 22)})
	if err != nil {
		panic(err) // a constant
	}
	return &stub{keys: keys, log: log, rows: []value{{document}}, inserted: []value{{inserted}}}
}

type value struct{ IonBinary []byte }

type page struct{ Values []value }

// command is a request; one of its pointers is set.
type command struct {
	SessionToken                                                 string
	StartSession, StartTransaction, AbortTransaction, EndSession *struct{}
	ExecuteStatement                                             *struct {
		TransactionId, Statement string
		Parameters               []value
	}
	CommitTransaction *struct {
		TransactionId string
		CommitDigest  []byte
	}
}

// fault is an error of the protocol.
type fault struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func badRequest(message string) *fault { return &fault{"BadRequestException", message} }

// ServeHTTP implements http.Handler.
func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the connection broke
	}
	answer, failed := s.answer(r, body)
	status := http.StatusOK
	if failed != nil {
		answer, status = failed, http.StatusBadRequest
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("%022d", s.number.Add(1)))
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	w.Write(raw) //nolint:errcheck // the caller went away
}

func (s *stub) answer(r *http.Request, body []byte) (any, *fault) {
	if err := s.keys.verify(r, body); err != nil {
		return nil, &fault{"InvalidSignatureException", err.Error()}
	}
	if target := r.Header.Get("X-Amz-Target"); target != "QLDBSession.SendCommand" {
		return nil, &fault{"UnknownOperationException", target}
	}
	var c command
	if err := json.Unmarshal(body, &c); err != nil {
		return nil, &fault{"SerializationException", err.Error()}
	}
	if c.StartSession != nil {
		token := fmt.Sprintf("%024d", s.number.Add(1))
		s.sessions.Store(token, &transaction{})
		return map[string]any{"StartSession": map[string]any{"SessionToken": token, "TimingInformation": timing}}, nil
	}
	found, ok := s.sessions.Load(c.SessionToken)
	if !ok {
		return nil, &fault{"InvalidSessionException", "no such session"}
	}
	return s.inSession(found.(*transaction), &c)
}

// Every answer tells the same time and cost.
var (
	timing = map[string]int{"ProcessingTimeMilliseconds": 1}
	cost   = map[string]int{"ReadIOs": 1, "WriteIOs": 0}
)

func (s *stub) inSession(tx *transaction, c *command) (any, *fault) {
	switch {
	case c.StartTransaction != nil:
		*tx = transaction{id: fmt.Sprintf("%022d", s.number.Add(1))}
		tx.digest = hashString(tx.id)
		return map[string]any{"StartTransaction": map[string]any{
			"TransactionId": tx.id, "TimingInformation": timing,
		}}, nil
	case c.ExecuteStatement != nil:
		return s.execute(tx, c)
	case c.CommitTransaction != nil:
		return s.commit(tx, c)
	case c.AbortTransaction != nil:
		*tx = transaction{}
		return map[string]any{"AbortTransaction": map[string]any{"TimingInformation": timing}}, nil
	case c.EndSession != nil:
		s.sessions.Delete(c.SessionToken)
		return map[string]any{"EndSession": map[string]any{"TimingInformation": timing}}, nil
	}
	return nil, badRequest("one command is wanted")
}

func (s *stub) execute(tx *transaction, c *command) (any, *fault) {
	if tx.id == "" || c.ExecuteStatement.TransactionId != tx.id {
		return nil, badRequest("no such transaction")
	}
	digest := hashString(c.ExecuteStatement.Statement)
	for _, p := range c.ExecuteStatement.Parameters {
		h, err := hashIon(p.IonBinary)
		if err != nil {
			return nil, badRequest(err.Error())
		}
		digest = dot(digest, h)
	}
	tx.digest = dot(tx.digest, digest)
	tx.ran = true
	values := s.rows
	if strings.HasPrefix(c.ExecuteStatement.Statement, "INSERT") {
		values = s.inserted
	}
	return map[string]any{"ExecuteStatement": map[string]any{
		"FirstPage": page{values}, "TimingInformation": timing, "ConsumedIOs": cost,
	}}, nil
}

func (s *stub) commit(tx *transaction, c *command) (any, *fault) {
	if tx.id == "" || c.CommitTransaction.TransactionId != tx.id {
		return nil, badRequest("no such transaction")
	}
	if !bytes.Equal(c.CommitTransaction.CommitDigest, tx.digest[:]) {
		return nil, badRequest("Digests don't match")
	}
	if tx.ran { // reads too: the journal has a block for every transaction with a statement
		if err := s.append(tx); err != nil {
			return nil, &fault{"InternalFailure", err.Error()}
		}
	}
	*tx = transaction{}
	return map[string]any{"CommitTransaction": map[string]any{
		"TransactionId": c.CommitTransaction.TransactionId, "CommitDigest": c.CommitTransaction.CommitDigest,
		"TimingInformation": timing, "ConsumedIOs": cost,
	}}, nil
}

// append writes one entry. Sessions write side by side: the file system makes one commit of syncs that meet.
func (s *stub) append(tx *transaction) error {
	entry := make([]byte, entryBytes)
	copy(entry, tx.id)
	copy(entry[len(tx.id):], tx.digest[:])
	if _, err := s.log.Write(entry); err != nil {
		return err
	}
	return s.log.Sync()
}
