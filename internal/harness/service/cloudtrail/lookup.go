package cloudtrail

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

const (
	maxPage  = 50 // and what a page holds unless fewer are asked for
	maxValue = 2000
)

// LookupEventsInput is the input of LookupEvents.
type LookupEventsInput struct {
	LookupAttributes []LookupAttribute `json:"LookupAttributes"` // at most one
	StartTime        *wire.Time        `json:"StartTime"`
	EndTime          *wire.Time        `json:"EndTime"`
	MaxResults       *int              `json:"MaxResults"` // 1 to 50, default 50
	NextToken        *string           `json:"NextToken"`
	EventCategory    string            `json:"EventCategory"` // nothing, for management events, or "insight"
}

// LookupAttribute is what an event must have to be found.
type LookupAttribute struct {
	AttributeKey   string `json:"AttributeKey"` // a key of attributes
	AttributeValue string `json:"AttributeValue"`
}

// LookupEventsOutput is the output of LookupEvents, newest first.
type LookupEventsOutput struct {
	Events    []Event `json:"Events"`
	NextToken *string `json:"NextToken,omitempty"`
}

// Event is an event as LookupEvents shows it.
type Event struct {
	EventID         string     `json:"EventId"`
	EventName       string     `json:"EventName"`
	ReadOnly        string     `json:"ReadOnly"` // "true" or "false"
	AccessKeyID     string     `json:"AccessKeyId,omitempty"`
	EventTime       *wire.Time `json:"EventTime"`
	EventSource     string     `json:"EventSource"`
	Username        string     `json:"Username,omitempty"`
	Resources       []Resource `json:"Resources"`
	CloudTrailEvent string     `json:"CloudTrailEvent"` // the record, as JSON
}

// attributes say whether an event has a value, by the keys of LookupAttribute.
var attributes = map[string]func(e *event, value string) bool{
	"EventId":     func(e *event, value string) bool { return e.ID == value },
	"EventName":   func(e *event, value string) bool { return e.Name == value },
	"ReadOnly":    func(e *event, value string) bool { return fmt.Sprint(e.ReadOnly) == value },
	"Username":    func(e *event, value string) bool { return e.Username == value },
	"EventSource": func(e *event, value string) bool { return e.Source == value },
	"AccessKeyId": func(e *event, value string) bool { return e.AccessKeyID == value },
	"ResourceType": func(e *event, value string) bool {
		return slices.ContainsFunc(e.Resources, func(r Resource) bool { return r.Type == value })
	},
	"ResourceName": func(e *event, value string) bool {
		return slices.ContainsFunc(e.Resources, func(r Resource) bool { return r.Name == value })
	},
}

// LookupEvents finds the management events of an account in a Region, of the last 90 days, newest first.
//
// Source: CloudTrail API reference, LookupEvents.
func (s *Service) LookupEvents(
	ctx context.Context, c *wire.Call, in *LookupEventsInput,
) (*LookupEventsOutput, error) {
	q, err := s.query(c, in)
	if err != nil {
		return nil, err
	}
	if !s.limiter.admit(c.Caller.Account+"/"+c.Region, s.cfg.Clock.Now()) {
		return nil, errRate()
	}
	out := &LookupEventsOutput{Events: []Event{}}
	if in.EventCategory != "" { // there are no insights here
		return out, nil
	}
	if err := s.caughtUp(ctx); err != nil {
		return nil, err
	}
	found, err := s.trail.find(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(found) > q.size {
		found = found[:q.size]
		if out.NextToken, err = s.tokenAfter(&found[len(found)-1], q); err != nil {
			return nil, err
		}
	}
	for i := range found {
		out.Events = append(out.Events, found[i].shown())
	}
	return out, nil
}

func (e *event) shown() Event {
	resources := e.Resources
	if resources == nil {
		resources = []Resource{}
	}
	return Event{
		EventID: e.ID, EventName: e.Name, ReadOnly: fmt.Sprint(e.ReadOnly), AccessKeyID: e.AccessKeyID,
		EventTime: wire.At(e.Time.Truncate(time.Second)), EventSource: e.Source, Username: e.Username,
		Resources: resources, CloudTrailEvent: string(e.Record),
	}
}

// query is what to look for.
type query struct {
	account, region string
	key, value      string    // of the attribute; "" is any event
	from, to        time.Time // whole seconds of the events; zero is no bound
	seen            time.Time // the newest that can be seen already
	after           position  // of the last event of the page before; zero at the beginning
	size            int
	asked           []byte // what a token belongs to
}

// position is where an event stands among all, newest first.
type position struct {
	Time  time.Time
	Order uint64
	ID    string
}

func (e *event) position() position { return position{e.Time, e.Order, e.ID} }

// compare is negative if p comes before q: it is newer.
func (p position) compare(q position) int {
	switch {
	case !p.Time.Equal(q.Time):
		return q.Time.Compare(p.Time)
	case p.Order != q.Order && p.Order > q.Order:
		return -1
	case p.Order != q.Order:
		return 1
	case p.ID == q.ID:
		return 0
	case p.ID > q.ID:
		return -1
	}
	return 1
}

// query checks the input.
func (s *Service) query(c *wire.Call, in *LookupEventsInput) (query, error) {
	now := s.cfg.Clock.Now()
	q := query{
		account: c.Caller.Account, region: c.Region, seen: now.Add(-s.cfg.Delay), size: maxPage,
		from: now.Add(-window), asked: tokenAAD(c, in),
	}
	if len(in.LookupAttributes) > 1 {
		return q, errAttributes("Invalid lookup attributes: there can be one, and there are %d.", len(in.LookupAttributes))
	}
	for _, a := range in.LookupAttributes {
		if q.key, q.value = a.AttributeKey, a.AttributeValue; attributes[q.key] == nil {
			return q, errAttributes("Invalid lookup attribute key: %.100q.", q.key)
		}
		isTruth := q.value == "true" || q.value == "false"
		if q.value == "" || len(q.value) > maxValue || q.key == "ReadOnly" && !isTruth {
			return q, errAttributes("Invalid value of lookup attribute %s: %.100q.", q.key, q.value)
		}
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(in.EndTime.Time) {
		return q, errTimeRange()
	}
	if in.StartTime != nil && in.StartTime.After(q.from) {
		q.from = in.StartTime.Time
	}
	if in.EndTime != nil {
		q.to = in.EndTime.Time
	}
	if in.MaxResults != nil {
		if q.size = *in.MaxResults; q.size < 1 || q.size > maxPage {
			return q, errMaxResults(q.size)
		}
	}
	if in.EventCategory != "" && in.EventCategory != "insight" {
		return q, errCategory(in.EventCategory)
	}
	if in.NextToken == nil {
		return q, nil
	}
	var err error
	q.after, err = s.position(*in.NextToken, q.asked)
	return q, err
}

// tokenAAD binds a token to what was asked for, but for the size of the page: a token of one request is garbage in
// another.
func tokenAAD(c *wire.Call, in *LookupEventsInput) []byte {
	asked, err := json.Marshal([]any{
		"LookupEvents", c.Caller.Account, c.Region, in.LookupAttributes, in.StartTime, in.EndTime, in.EventCategory,
	})
	if err != nil { // such values always encode
		panic(fmt.Sprintf("encode a query: %v", err))
	}
	return asked
}

func (s *Service) tokenAfter(last *event, q query) (*string, error) {
	plain, err := json.Marshal(last.position())
	if err != nil {
		return nil, fmt.Errorf("encode a token: %w", err)
	}
	sealed, err := s.cfg.Sealer.Seal(plain, q.asked)
	if err != nil {
		return nil, fmt.Errorf("seal a token: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(sealed)
	return &token, nil
}

// position is where a token says to go on.
func (s *Service) position(token string, asked []byte) (p position, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return p, errNextToken()
	}
	plain, err := s.cfg.Sealer.Open(sealed, asked)
	if err != nil {
		return p, errNextToken()
	}
	if err := json.Unmarshal(plain, &p); err != nil {
		return p, fmt.Errorf("decode a token: %w", err)
	}
	return p, nil
}
