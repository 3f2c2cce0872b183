package cloudtrail_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/cloudtrail"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

func by(key, value string) []cloudtrail.LookupAttribute {
	return []cloudtrail.LookupAttribute{{AttributeKey: key, AttributeValue: value}}
}

func TestLookupAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	decrypt, put, alias := w.call("Decrypt"), w.call("PutKeyPolicy"), w.call("CreateAlias")
	put.Caller = user("bob")
	alias.Caller = wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account}
	alias.Touch("arn:aws:kms:eu-west-2:" + account + ":alias/orders")
	ledger := w.call("DeleteLedger")
	ledger.Service = "qldb"
	ledger.Trail = wire.Trail{Resources: []string{"arn:aws:qldb:eu-west-2:" + account + ":ledger/orders"}}
	w.Observe(wire.Observation{Call: decrypt, Access: wire.Read})
	for _, c := range []*wire.Call{put, alias, ledger} {
		w.Observe(wire.Observation{Call: c, Access: wire.Write})
	}
	first := w.look(t, &cloudtrail.LookupEventsInput{}).Events[3]
	for _, test := range []struct {
		key, value string
		want       []string
	}{
		{"EventName", "Decrypt", []string{"Decrypt"}},
		{"EventName", "decrypt", nil},
		{"EventId", first.EventID, []string{"Decrypt"}},
		{"ReadOnly", "true", []string{"Decrypt"}},
		{"ReadOnly", "false", []string{"DeleteLedger", "CreateAlias", "PutKeyPolicy"}},
		{"Username", "alice", []string{"DeleteLedger", "Decrypt"}},
		{"Username", "bob", []string{"PutKeyPolicy"}},
		{"Username", "root", []string{"CreateAlias"}},
		{"AccessKeyId", "AKIABOB", []string{"PutKeyPolicy"}},
		{"EventSource", "qldb.amazonaws.com", []string{"DeleteLedger"}},
		{"ResourceType", "AWS::KMS::Key", []string{"CreateAlias", "PutKeyPolicy", "Decrypt"}},
		{"ResourceType", "AWS::QLDB::Ledger", []string{"DeleteLedger"}},
		{"ResourceName", keyARN, []string{"CreateAlias", "PutKeyPolicy", "Decrypt"}},
		{"ResourceName", "arn:aws:kms:eu-west-2:" + account + ":alias/orders", []string{"CreateAlias"}},
	} {
		got := w.names(t, cloudtrail.LookupEventsInput{LookupAttributes: by(test.key, test.value)})
		if !slices.Equal(got, test.want) {
			t.Errorf("%s %s: got %v, want %v", test.key, test.value, got, test.want)
		}
	}
	want := cloudtrail.Event{
		EventID: first.EventID, EventName: "Decrypt", ReadOnly: "true", AccessKeyID: "AKIAALICE", EventTime: wire.At(start),
		EventSource: "kms.amazonaws.com", Username: "alice", CloudTrailEvent: first.CloudTrailEvent,
		Resources: []cloudtrail.Resource{{Type: "AWS::KMS::Key", Name: keyARN}},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// Events belong to one account and Region.
func TestEventsStayAtHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(0, 1)
	for name, change := range map[string]func(*wire.Call){
		"another account": func(c *wire.Call) { c.Caller.Account = other },
		"another Region":  func(c *wire.Call) { c.Region = "us-east-1" },
	} {
		c := w.call("LookupEvents")
		change(c)
		out, err := w.LookupEvents(t.Context(), c, &cloudtrail.LookupEventsInput{})
		if err != nil || len(out.Events) != 0 {
			t.Errorf("%s: got %v, %v, want no events", name, out, err)
		}
	}
}

func TestLookupErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(0, 3)
	token := w.look(t, &cloudtrail.LookupEventsInput{MaxResults: ptr(1)}).NextToken
	type input = cloudtrail.LookupEventsInput
	const badAttributes, badToken = "InvalidLookupAttributesException", "InvalidNextTokenException"
	for name, test := range map[string]struct {
		in   input
		want string
	}{
		"two attributes": {
			input{LookupAttributes: append(by("EventName", "a"), by("EventName", "b")...)}, badAttributes},
		"unknown key": {input{LookupAttributes: by("eventname", "a")}, badAttributes},
		"no value":    {input{LookupAttributes: by("EventName", "")}, badAttributes},
		"half truth":  {input{LookupAttributes: by("ReadOnly", "True")}, badAttributes},
		"start first": {
			input{StartTime: wire.At(start.Add(1)), EndTime: wire.At(start)}, "InvalidTimeRangeException"},
		"none a page":     {input{MaxResults: ptr(0)}, "InvalidMaxResultsException"},
		"many a page":     {input{MaxResults: ptr(51)}, "InvalidMaxResultsException"},
		"category":        {input{EventCategory: "Management"}, "InvalidEventCategoryException"},
		"garbage token":   {input{NextToken: ptr("garbage")}, badToken},
		"empty token":     {input{NextToken: ptr("")}, badToken},
		"cut token":       {input{NextToken: ptr((*token)[:20])}, badToken},
		"another's token": {input{NextToken: token, LookupAttributes: by("EventName", "Op000")}, badToken},
	} {
		_, err := w.LookupEvents(t.Context(), w.call("LookupEvents"), &test.in)
		fault, ok := errors.AsType[*wire.Fault](err)
		if !ok || fault.Code != test.want || fault.Message == "" {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	if out := w.look(t, &cloudtrail.LookupEventsInput{EventCategory: "insight"}); len(out.Events) != 0 {
		t.Errorf("insights: got %+v, want none", out.Events)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *cloudtrail.Config) { cfg.Delay = 15 * time.Minute })
	w.make(0, 2)
	w.clock.Set(start.Add(15 * time.Minute))
	if got := w.names(t, cloudtrail.LookupEventsInput{}); !slices.Equal(got, []string{"Op000"}) {
		t.Errorf("after 15 minutes: got %v, want the first", got)
	}
}

func TestLookupsPerSecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *cloudtrail.Config) { cfg.LookupsPerSecond = 2 })
	look := func(c *wire.Call) error {
		_, err := w.LookupEvents(t.Context(), c, &cloudtrail.LookupEventsInput{})
		return err
	}
	abroad := w.call("LookupEvents")
	abroad.Region = "us-east-1"
	for _, step := range []struct {
		wait time.Duration
		call *wire.Call
		ok   bool
	}{
		{0, w.call("LookupEvents"), true},
		{time.Second / 2, w.call("LookupEvents"), true},
		{0, w.call("LookupEvents"), false},
		{0, abroad, true},
		{time.Second / 2, w.call("LookupEvents"), true},
		{0, w.call("LookupEvents"), false},
	} {
		w.clock.Advance(step.wait)
		if err := look(step.call); (err == nil) != step.ok {
			t.Errorf("%s in %s: got %v, want success %t", w.clock.Now(), step.call.Region, err, step.ok)
		}
	}
}
