package awsclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// endedQLDB is added where Amazon's own QLDB is asked.
const endedQLDB = "Amazon ended QLDB on 2025-07-31; its endpoints serve no ledgers any more. " + useHarness

const useHarness = "To use a harness, start Terraform through it (qldbkms-harness run -- terraform apply), " +
	"or point the provider at a running one with AWS_ENDPOINT_URL or the provider's endpoints argument."

// Explain words an error that is about reaching a service or being known to it, whichever object was
// asked for: no connection, no credentials, credentials refused, wrong account, no Region. For every other
// error ok is false and the caller, who knows the object, finds the words.
//
// service is the name to print, "QLDB" or "KMS"; region is where it was asked. summary has no full stop and
// stays below 70 characters. Neither text holds a secret: of what a service says about a signature only the
// first sentence is kept, because the rest quotes the signed headers, session token included.
func Explain(err error, service, region string) (summary, detail string, ok bool) {
	var cut *cutOffError
	if errors.As(err, &cut) {
		if summary, detail, ok = Explain(cut.last, service, region); !ok {
			return "", "", false
		}
		return summary, "The time for the call is over; this is how its last attempt ended.\n\n" + detail, true
	}
	at := endpointOf(err)
	for _, explain := range []func(error, string, string, endpoint) (string, string, bool){
		explainConfiguration, explainAccount, explainCredentials, explainRefused, explainUnreachable, explainAnswer,
	} {
		if summary, detail, ok = explain(err, service, region, at); ok {
			break
		}
	}
	if !ok {
		return "", "", false
	}
	toAmazon := at.amazon
	var account *AccountError
	var unsigned *CredentialsError
	switch { // then at is where STS was asked
	case errors.As(err, &account):
		toAmazon = false
	case errors.As(err, &unsigned):
		toAmazon = unsigned.Amazon
	}
	switch {
	case toAmazon && strings.HasPrefix(service, "QLDB"):
		detail += "\n\n" + endedQLDB
	case toAmazon && (service == "KMS" || service == "CloudTrail"):
		detail += "\n\nNo endpoint is configured, so Amazon's own is asked. " + useHarness
	}
	return summary, detail, true
}

// endpoint is where a request went, as far as its error tells.
type endpoint struct {
	url    string // scheme and host; empty: the request never left
	amazon bool   // one of Amazon's own addresses
}

func endpointOf(err error) endpoint {
	var u *url.URL
	var sent *url.Error
	var answered *smithyhttp.ResponseError
	switch {
	case errors.As(err, &sent):
		u, _ = url.Parse(sent.URL)
	case errors.As(err, &answered) && answered.HTTPResponse() != nil &&
		answered.HTTPResponse().Response != nil && answered.HTTPResponse().Request != nil:
		u = answered.HTTPResponse().Request.URL
	}
	if u == nil || u.Host == "" {
		return endpoint{}
	}
	host := u.Hostname()
	amazon := slices.ContainsFunc([]string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu"},
		func(suffix string) bool { return strings.HasSuffix(host, suffix) })
	return endpoint{url: u.Scheme + "://" + u.Host, amazon: amazon}
}

// variable is how environment variables spell a service.
func variable(service string) string { return strings.ToUpper(strings.ReplaceAll(service, " ", "_")) }

// name is the service with its address, or with its Region when no request went out.
func (e endpoint) name(service, region string) string {
	if e.url == "" {
		return service + " in " + region
	}
	return service + " at " + e.url
}

func explainConfiguration(err error, _, _ string, _ endpoint) (string, string, bool) {
	var wrong *RegionError
	var address *EndpointError
	switch {
	case errors.Is(err, ErrNoRegion):
		return "No AWS Region is configured", "Neither the region argument, the provider block, AWS_REGION, " +
			"AWS_DEFAULT_REGION nor the profile names one.\n\nSet region in the provider block, for example " +
			"\"eu-west-2\".", true
	case errors.As(err, &wrong):
		return "Unknown AWS Region", fmt.Sprintf("%s. A Region looks like \"eu-west-2\".", wrong), true
	case errors.As(err, &address):
		return "The address of " + address.Service + " is no URL", fmt.Sprintf("The address must be a URL of http or https "+
			"with a host, for example \"http://127.0.0.1:4566\". It comes from AWS_ENDPOINT_URL_%s, AWS_ENDPOINT_URL or "+
			"the profile.", variable(address.Service)), true
	}
	return "", "", false
}

func explainAccount(err error, service, _ string, _ endpoint) (string, string, bool) {
	var account *AccountError
	if !errors.As(err, &account) {
		return "", "", false
	}
	allowed := strings.Join(account.Allowed, ", ")
	if account.Err == nil {
		return "The credentials belong to an account that is not allowed", fmt.Sprintf(
			"They belong to account %s; allowed_account_ids lists %s. No call was made to %s.\n\n"+
				"Use other credentials, or add the account to allowed_account_ids.",
			account.Account, allowed, service), true
	}
	return "The account of the credentials could not be confirmed", fmt.Sprintf(
		"allowed_account_ids lists %s, so STS was asked whose the credentials are:\n\n%s\n\nNo call was made to %s.",
		allowed, causeFromSTS(account.Err), service), true
}

// causeFromSTS explains a failed call to STS, or repeats what STS said.
func causeFromSTS(err error) string {
	if _, detail, ok := Explain(err, "STS", "the provider's Region"); ok {
		return detail
	}
	return Cause(err)
}

func explainCredentials(err error, service, region string, at endpoint) (string, string, bool) {
	var missing *CredentialsError
	if !errors.As(err, &missing) || ended(err) {
		return "", "", false
	}
	if missing.Role != "" {
		return "A role could not be assumed", fmt.Sprintf("Role %s, needed for %s in %s.\n\n%s\n\n"+
			"Check that the role trusts the credentials that assume it, and that its ARN is right.",
			missing.Role, service, region, causeFromSTS(missing.Err)), true
	}
	return "No AWS credentials were found", fmt.Sprintf("A call to %s in %s must be signed, but no source has "+
		"credentials. Asked, in this order: the provider block, the environment, the shared files, the container, "+
		"the instance.\n\n%s\n\nSet access_key and secret_key or profile in the provider block, or "+
		"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE. A harness prints a pair with "+
		"\"qldbkms-harness env\".",
		service, region, Cause(missing.Err)), true
}

// refusals are the codes by which AWS says that it does not accept who is asking, with what to do about each.
//
// Source: the "Common Errors" pages of the KMS, QLDB and STS API references.
var refusals = map[string]string{
	"ExpiredToken":                        "Renew the session, then run Terraform again.",
	"ExpiredTokenException":               "Renew the session, then run Terraform again.",
	"RequestExpired":                      "Set this machine's clock right.",
	"RequestExpiredException":             "Set this machine's clock right.",
	"InvalidSignatureException":           "Check the secret key, and this machine's clock.",
	"SignatureDoesNotMatch":               "Check the secret key, and this machine's clock.",
	"UnrecognizedClientException":         "Check that the access key exists where the endpoint looks for it.",
	"InvalidClientTokenId":                "Check that the access key exists where the endpoint looks for it.",
	"InvalidClientTokenException":         "Check that the access key exists where the endpoint looks for it.",
	"IncompleteSignature":                 "Check that no proxy changes the request's headers.",
	"IncompleteSignatureException":        "Check that no proxy changes the request's headers.",
	"MissingAuthenticationToken":          "Check that no proxy drops the request's headers.",
	"MissingAuthenticationTokenException": "Check that no proxy drops the request's headers.",
	"OptInRequired":                       "Subscribe the account to the service, or use another Region.",
}

func explainRefused(err error, service, region string, at endpoint) (string, string, bool) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return "", "", false
	}
	advice, ok := refusals[api.ErrorCode()]
	if !ok {
		return "", "", false
	}
	return service + " does not accept the AWS credentials",
		fmt.Sprintf("%s answered:\n\n%s\n\n%s", at.name(service, region), Cause(err), advice), true
}

func explainUnreachable(err error, service, region string, at endpoint) (string, string, bool) {
	if ended(err) {
		return "", "", false
	}
	cause, ok := unreachable(err)
	if !ok {
		return "", "", false
	}
	detail := fmt.Sprintf("%s: %s.", at.name(service, region), cause)
	if !at.amazon {
		detail += "\n\nCheck that a server runs there, and that the address is right: it comes from the provider's " +
			"endpoints argument, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_" + variable(service) + " or the profile."
	}
	return service + " cannot be reached", detail, true
}

// unreachable names the cause of a connection that was not made, or broke before an answer came.
func unreachable(err error) (cause string, ok bool) {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var timeout net.Error
	var send *smithyhttp.RequestSendError
	switch {
	case errors.As(err, &certificate):
		return "its certificate is not trusted (" + certificate.Err.Error() + "); AWS_CA_BUNDLE adds authorities", true
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS; use http:// in the address", true
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name " + dns.Name + " has no address", true
	case errors.As(err, &dns):
		return "the name " + dns.Name + " could not be looked up", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused", true
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time", true
	case errors.As(err, &send):
		return innermost(send).Error(), true
	}
	return "", false
}

func explainAnswer(err error, service, region string, at endpoint) (string, string, bool) {
	var odd *smithy.DeserializationError
	if !errors.As(err, &odd) {
		return "", "", false
	}
	return service + " gave an answer that is not of its API", fmt.Sprintf(
		"%s%s: %s.\n\nCheck that the address belongs to an AWS service or to a harness, not to a proxy or a web server.",
		at.name(service, region), status(err), innermost(odd)), true
}

// status is the HTTP status of an answer that is not a success, to follow the server's name.
func status(err error) string {
	var answered *smithyhttp.ResponseError
	if !errors.As(err, &answered) || answered.HTTPStatusCode() < http.StatusBadRequest {
		return ""
	}
	return fmt.Sprintf(" answered %d %s", answered.HTTPStatusCode(), http.StatusText(answered.HTTPStatusCode()))
}

// ended says whether the caller gave up, by interrupt or by its own time limit; nothing is wrong then.
func ended(err error) bool {
	var canceled *smithy.CanceledError
	return errors.Is(err, context.Canceled) || errors.As(err, &canceled)
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// Cause is an error of the SDK as a person reads it: "DescribeKey: NotFoundException: <AWS's words> (request id
// ...)". Other errors keep their text.
func Cause(err error) string {
	var b strings.Builder
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		b.WriteString(operation.OperationName + ": ")
	}
	var cut *cutOffError
	if errors.As(err, &cut) {
		return b.String() + Cause(cut.last) + "; repeated until the time for the call was over"
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		if operation != nil {
			return b.String() + innermostText(operation)
		}
		return err.Error()
	}
	b.WriteString(api.ErrorCode())
	message := api.ErrorMessage()
	if _, ok := refusals[api.ErrorCode()]; ok {
		message = firstSentence(message)
	}
	if message != "" {
		b.WriteString(": " + message)
	}
	var answered interface{ ServiceRequestID() string }
	if errors.As(err, &answered) && answered.ServiceRequestID() != "" {
		b.WriteString(" (request id " + answered.ServiceRequestID() + ")")
	}
	return b.String()
}

func innermostText(err error) string {
	if cause, ok := unreachable(err); ok {
		return cause
	}
	return innermost(err).Error()
}

func firstSentence(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if before, _, found := strings.Cut(s, ". "); found {
		return before + "."
	}
	return s
}
