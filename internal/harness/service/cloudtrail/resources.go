package cloudtrail

import (
	"slices"
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// Resource is something that an event is about, as LookupEvents shows it and finds events by it.
type Resource struct {
	Type string `json:"ResourceType,omitempty"` // such as AWS::KMS::Key
	Name string `json:"ResourceName"`           // an ARN, or the name of a user or role
}

// resourceTypes are the types of resources by service and the first part of the resource in an ARN. Aliases are KMS
// keys in the eyes of CloudTrail.
var resourceTypes = map[string]string{
	"kms:key":     "AWS::KMS::Key",
	"kms:alias":   "AWS::KMS::Key",
	"qldb:ledger": "AWS::QLDB::Ledger",
	"qldb:stream": "AWS::QLDB::Stream",
	"iam:role":    "AWS::IAM::Role",
	"iam:user":    "AWS::IAM::User",
	"iam:group":   "AWS::IAM::Group",
	"iam:policy":  "AWS::IAM::Policy",
}

func resourceOf(arn string) recordResource {
	service, account, resource := splitARN(arn)
	kind, _, _ := strings.Cut(resource, "/")
	return recordResource{AccountID: account, Type: resourceTypes[service+":"+kind], ARN: arn}
}

// resourcesOf are the resources in the record of a call. IAM's records have none. Of another account's resources
// nobody learns that they are there by being refused.
func resourcesOf(o *wire.Observation) []recordResource {
	if o.Call.Service == "iam" {
		return nil
	}
	arns := slices.Clone(o.Call.Trail.Resources)
	if o.Call.Operation == "ReEncrypt" { // finds the destination first; the record names the source first
		slices.Reverse(arns)
	}
	var list []recordResource
	for _, arn := range arns {
		r := resourceOf(arn)
		refused := o.Fault != nil && errorCode("", o.Fault.Code) == "AccessDenied"
		if r.Type == "" || strings.HasSuffix(arn, "*") || refused && r.AccountID != o.Call.Caller.Account {
			continue
		}
		list = append(list, r)
	}
	return list
}

// shown are resources as LookupEvents has them.
func shown(list []recordResource) []Resource {
	var resources []Resource
	for _, r := range list {
		resources = append(resources, Resource{Type: r.Type, Name: r.ARN})
	}
	return resources
}

// foundBy is an event with the resources by which a call is found.
func foundBy(o *wire.Observation, r *record) event {
	switch o.Call.Service {
	case "iam":
		return event{Resources: iamResources(o)}
	case "sts":
		return event{Resources: stsResources(r)}
	}
	return event{Resources: shown(r.Resources)}
}

// iamResources names users, roles and groups by their names, policies by ARN, access keys by id.
func iamResources(o *wire.Observation) []Resource {
	var list []Resource
	for _, arn := range o.Call.Trail.Resources {
		r := resourceOf(arn)
		if r.Type == "" || strings.HasSuffix(arn, "*") {
			continue
		}
		name := lastPart(arn)
		if r.Type == "AWS::IAM::Policy" {
			name = arn
		}
		list = append(list, Resource{Type: r.Type, Name: name})
	}
	if id, ok := camel.members(o.In)["accessKeyId"].(string); ok {
		list = append(list, Resource{Type: "AWS::IAM::AccessKey", Name: id})
	}
	answer := camel.members(o.Out)
	if made, ok := answer["accessKey"].(map[string]any); ok {
		if id, ok := made["accessKeyId"].(string); ok {
			list = append(list, Resource{Type: "AWS::IAM::AccessKey", Name: id})
		}
	}
	return list
}

// stsResources are the credentials that were issued, and the session and the role they stand for.
func stsResources(r *record) []Resource {
	var list []Resource
	add := func(kind string, in any, name string) {
		m, _ := in.(map[string]any)
		if text, ok := m[name].(string); ok {
			list = append(list, Resource{Type: kind, Name: text})
		}
	}
	add("AWS::IAM::AccessKey", r.ResponseElements["credentials"], "accessKeyId")
	add("AWS::STS::AssumedRole", r.ResponseElements["assumedRoleUser"], "assumedRoleId")
	add("AWS::STS::AssumedRole", r.ResponseElements["assumedRoleUser"], "arn")
	return append(list, shown(r.Resources)...)
}
