package cloudtrail

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// record is one record, with its members in the order in which CloudTrail writes them.
//
// Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events".
type record struct {
	EventVersion        string            `json:"eventVersion"`
	UserIdentity        identity          `json:"userIdentity"`
	EventTime           string            `json:"eventTime"` // whole seconds, ISO 8601
	EventSource         string            `json:"eventSource"`
	EventName           string            `json:"eventName"`
	AWSRegion           string            `json:"awsRegion"`
	SourceIPAddress     string            `json:"sourceIPAddress"`
	UserAgent           string            `json:"userAgent"`
	ErrorCode           string            `json:"errorCode,omitempty"`
	ErrorMessage        string            `json:"errorMessage,omitempty"`
	RequestParameters   map[string]any    `json:"requestParameters"`
	ResponseElements    map[string]any    `json:"responseElements"`
	AdditionalEventData map[string]string `json:"additionalEventData,omitempty"`
	RequestID           string            `json:"requestID,omitempty"`
	EventID             string            `json:"eventID"`
	ReadOnly            bool              `json:"readOnly"`
	Resources           []recordResource  `json:"resources,omitempty"`
	EventType           string            `json:"eventType"`
	ManagementEvent     bool              `json:"managementEvent"`
	RecipientAccountID  string            `json:"recipientAccountId"`
	SharedEventID       string            `json:"sharedEventID,omitempty"`
	ServiceEventDetails map[string]string `json:"serviceEventDetails,omitempty"`
	EventCategory       string            `json:"eventCategory"`
}

// recordResource is something that a call acted on.
type recordResource struct {
	AccountID string `json:"accountId"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

const (
	eventVersion = "1.11"
	awsInternal  = "AWS Internal"
	// What is longer is not recorded.
	//
	// Source: CloudTrail User Guide, the page of the record's contents: userAgent, errorMessage, requestParameters.
	maxText    = 1 << 10
	maxMembers = 100 << 10
)

// event is a record as it is kept, with what LookupEvents goes by.
type event struct {
	Account     string // whose event it is
	Region      string
	Time        time.Time
	Order       uint64 // in which they were recorded; set by trail.add
	ID          string
	Name        string
	Source      string
	ReadOnly    bool
	Username    string          `json:",omitempty"`
	AccessKeyID string          `json:",omitempty"`
	Resources   []Resource      `json:",omitempty"`
	Record      json.RawMessage // the record's text
}

// size is about how many bytes of memory e takes.
func (e *event) size() int { return len(e.Record) + 512 }

// eventsOf are the events of what was in the queue: one for each account that it concerns.
func (s *Service) eventsOf(i item) ([]event, error) {
	if i.event != nil {
		return s.eventsOfService(i.event)
	}
	return s.eventsOfCall(i.call)
}

func (s *Service) eventsOfCall(o *wire.Observation) ([]event, error) {
	c := o.Call
	who, err := s.identify(c)
	if err != nil {
		return nil, fmt.Errorf("record %s of %s: %w", c.Operation, c.Service, err)
	}
	r := &record{
		EventVersion: eventVersion, UserIdentity: who, EventTime: wholeSeconds(c.Time),
		EventSource: c.Service + ".amazonaws.com", EventName: c.Operation, AWSRegion: c.Region,
		SourceIPAddress: c.SourceIP, UserAgent: cut(c.UserAgent, maxText), RequestID: c.RequestID,
		RequestParameters: bounded(requestParameters(o)), ResponseElements: bounded(responseElements(o)),
		AdditionalEventData: additional(o), ReadOnly: isReadOnly(o), Resources: resourcesOf(o),
		EventType: "AwsApiCall", ManagementEvent: true, EventCategory: "Management", RecipientAccountID: c.Caller.Account,
	}
	if service := invokedBy(c); service != "" {
		r.UserIdentity.InvokedBy, r.SourceIPAddress, r.UserAgent = service, service, service
	}
	if c.Service == "iam" {
		r.AWSRegion = globalRegion
	}
	if o.Fault != nil {
		r.ErrorCode, r.ErrorMessage = errorCode(c.Service, o.Fault.Code), cut(o.Fault.Message, maxText)
	}
	found := foundBy(o, r)
	found.Username, found.AccessKeyID = who.username(), c.Caller.AccessKeyID
	return s.copies(r, found, c.Time)
}

// globalRegion is where what belongs to no Region is recorded: IAM.
//
// Source: CloudTrail User Guide, "Global service events".
const globalRegion = "us-east-1"

// copies gives r to the account that called and, as a copy with an id of its own, to every other that owns what the
// call acted on. Refused and failed calls are only the caller's affair.
//
// Source: KMS Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail"; IAM User Guide, "Logging IAM and AWS
// STS API calls with AWS CloudTrail".
func (s *Service) copies(r *record, found event, at time.Time) ([]event, error) {
	recipients := []string{r.RecipientAccountID}
	if r.ErrorCode == "" {
		for _, resource := range r.Resources {
			if !slices.Contains(recipients, resource.AccountID) {
				recipients = append(recipients, resource.AccountID)
			}
		}
	}
	var err error
	if len(recipients) > 1 || r.UserIdentity.Type == typeService {
		if r.SharedEventID, err = s.newID(); err != nil {
			return nil, err
		}
	}
	var events []event
	for i, account := range recipients {
		copied, e := *r, found
		if i > 0 && r.UserIdentity.Type != typeService {
			copied.UserIdentity = r.UserIdentity.abroad()
			e.Username, e.AccessKeyID = "", ""
		}
		if copied.EventID, err = s.newID(); err != nil {
			return nil, err
		}
		copied.RecipientAccountID = account
		e.Account, e.Region, e.Time, e.ID = account, r.AWSRegion, at.UTC(), copied.EventID
		e.Name, e.Source, e.ReadOnly = r.EventName, r.EventSource, r.ReadOnly
		if e.Record, err = encode(copied); err != nil {
			return nil, fmt.Errorf("encode the record of %s: %w", r.EventName, err)
		}
		events = append(events, e)
	}
	return events, nil
}

// eventsOfService are the events of what a service did by itself.
func (s *Service) eventsOfService(happened *ServiceEvent) ([]event, error) {
	field := strings.SplitN(happened.ResourceARN, ":", 6)
	if len(field) != 6 {
		return nil, fmt.Errorf("record %s: %q is no ARN", happened.Name, happened.ResourceARN)
	}
	r := &record{
		EventVersion: eventVersion, UserIdentity: identity{AccountID: field[4], InvokedBy: awsInternal},
		EventTime: wholeSeconds(happened.At), EventSource: happened.Service + ".amazonaws.com", EventName: happened.Name,
		AWSRegion: field[3], SourceIPAddress: awsInternal, UserAgent: awsInternal,
		Resources: []recordResource{resourceOf(happened.ResourceARN)}, EventType: "AwsServiceEvent",
		ManagementEvent: true, RecipientAccountID: field[4], ServiceEventDetails: happened.Details,
		EventCategory: "Management",
	}
	return s.copies(r, event{Resources: shown(r.Resources)}, happened.At)
}

func encode(r record) (json.RawMessage, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(r)
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n")), err
}

func wholeSeconds(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// cut shortens text to at most size bytes, and not inside a character.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// bounded leaves out members that are too long to be recorded, and says how long they were.
func bounded(m map[string]any) map[string]any {
	raw, err := json.Marshal(m)
	if err == nil && len(raw) <= maxMembers {
		return m
	}
	return map[string]any{"omitted": true, "originalSize": len(raw), "reason": "the members are over 100 KB"}
}

// newID makes a random UUID.
func (s *Service) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("draw the id of an event: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
