package keyevents

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	trail "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// record is what is read of the record of an event.
//
// Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events".
type record struct {
	UserIdentity struct {
		Type        string
		ARN         string
		AccountID   string
		PrincipalID string
		InvokedBy   string
	}
	SourceIPAddress   string
	ErrorCode         string
	ErrorMessage      string
	RequestID         string
	RequestParameters struct {
		EncryptionContext map[string]string
	}
}

// An event with its record taken apart.
type event struct {
	trail.Event
	record record
}

func parse(e trail.Event) (event, error) {
	found := event{Event: e}
	if err := json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &found.record); err != nil {
		return event{}, fmt.Errorf("read the record of event %s: %w", aws.ToString(e.EventId), err)
	}
	return found, nil
}

// denied says whether the call was refused for want of a permission. KMS's records say AccessDenied; some services
// write the name of the exception.
func (e *event) denied() bool { return strings.HasPrefix(e.record.ErrorCode, "AccessDenied") }

// principal is who called.
func (e *event) principal() string {
	who := e.record.UserIdentity
	switch {
	case who.ARN != "":
		return who.ARN
	case who.Type == "AWSAccount":
		return who.AccountID
	case who.InvokedBy != "":
		return who.InvokedBy
	}
	return who.PrincipalID
}

func (e *event) model() eventModel {
	r := &e.record
	m := eventModel{
		EventID: types.StringPointerValue(e.EventId), Time: types.StringValue(e.EventTime.UTC().Format(time.RFC3339)),
		Name: types.StringPointerValue(e.EventName), ReadOnly: types.BoolValue(aws.ToString(e.ReadOnly) == "true"),
		Principal: orNull(e.principal()), PrincipalType: orNull(r.UserIdentity.Type),
		InvokedBy: orNull(r.UserIdentity.InvokedBy), SourceIP: orNull(r.SourceIPAddress),
		ErrorCode: orNull(r.ErrorCode), ErrorMessage: orNull(r.ErrorMessage), RequestID: orNull(r.RequestID),
		JSON: types.StringPointerValue(e.CloudTrailEvent), EncryptionContext: types.MapNull(types.StringType),
	}
	if len(r.RequestParameters.EncryptionContext) > 0 {
		values := map[string]attr.Value{}
		for name, value := range r.RequestParameters.EncryptionContext {
			values[name] = types.StringValue(value)
		}
		m.EncryptionContext = types.MapValueMust(types.StringType, values)
	}
	return m
}

func orNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
