package wire

import (
	"sync"
	"time"
)

// Record is one call as the Recorder saw it. It holds names only, never an input or output.
type Record struct {
	ID        int       `json:"id"` // counts from 1 and never starts again
	RequestID string    `json:"request_id"`
	Start     time.Time `json:"start"` // on the harness clock, which may stand still
	End       time.Time `json:"end,omitzero"`
	// Took is how long the answer took by the clock of the machine, whatever happened to the harness clock; 0 in flight.
	Took time.Duration `json:"took_ns"`
	// Began and Ended number all beginnings and ends in the order they happened: a call ran after another when its
	// Began is greater than the other's Ended. Ended is 0 in flight.
	Began     int    `json:"began"`
	Ended     int    `json:"ended"`
	Service   string `json:"service"`
	Operation string `json:"operation"`         // empty when the request named none the Server knows
	Command   string `json:"command,omitempty"` // what the input asks for, if it is a Commander
	Access    Access `json:"access"`
	Account   string `json:"account"` // empty until the signature was verified
	Region    string `json:"region"`
	Target    string `json:"target"`
	Status    int    `json:"status"` // 0 in flight, or when no answer was sent
	ErrorCode string `json:"error_code"`
	UserAgent string `json:"user_agent"`
	InFlight  bool   `json:"in_flight"`
}

// Recorder keeps the latest calls. Its methods may be called concurrently.
type Recorder struct {
	mu      sync.Mutex
	limit   int
	lastID  int
	events  int
	records []*Record
}

// NewRecorder returns a Recorder of the last limit calls; limit must be positive.
func NewRecorder(limit int) *Recorder { return &Recorder{limit: max(limit, 1)} }

// Calls returns copies of the calls with an ID greater than since, oldest first.
func (r *Recorder) Calls(since int) []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := []Record{}
	for _, rec := range r.kept() {
		if rec.ID > since {
			calls = append(calls, *rec)
		}
	}
	return calls
}

// Reset forgets all calls. IDs go on counting.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = nil
}

// kept is the end of records that is within the limit. r.mu is held.
func (r *Recorder) kept() []*Record { return r.records[max(len(r.records)-r.limit, 0):] }

// recording is the handle with which a call writes its own Record, which may have been dropped from the list.
type recording struct {
	r   *Recorder
	rec *Record
}

func (r *Recorder) begin(now time.Time, userAgent string) *recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.records) >= 2*r.limit { // copy once per limit calls, not on each
		r.records = append([]*Record(nil), r.kept()...)
	}
	r.lastID++
	r.events++
	rec := &Record{ID: r.lastID, Start: now, Began: r.events, UserAgent: userAgent, InFlight: true}
	r.records = append(r.records, rec)
	return &recording{r: r, rec: rec}
}

func (c *recording) set(fill func(*Record)) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	fill(c.rec)
}

func (c *recording) end(now time.Time, took time.Duration, status int, code string) {
	c.set(func(rec *Record) {
		c.r.events++
		rec.Took = took
		rec.End, rec.Ended, rec.Status, rec.ErrorCode, rec.InFlight = now, c.r.events, status, code, false
	})
}

// String implements fmt.Stringer.
func (a Access) String() string {
	switch a {
	case Read:
		return "read"
	case Write:
		return "write"
	}
	return ""
}

// MarshalText implements encoding.TextMarshaler.
func (a Access) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Access) UnmarshalText(text []byte) error {
	*a = map[string]Access{"read": Read, "write": Write}[string(text)]
	return nil
}
