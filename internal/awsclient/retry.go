package awsclient

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// A server that cannot be reached is tried this often in all, this far apart. Throttling and server errors
// keep the long schedule: they pass; a wrong endpoint does not.
const (
	dialRetries = 2
	dialDelay   = 250 * time.Millisecond
)

// retryer is the SDK's retryer, made short for what waiting does not heal.
type retryer struct {
	aws.RetryerV2
	backoff func(attempt int) time.Duration
}

// IsErrorRetryable refuses missing credentials: the SDK would see the time-out of the instance metadata
// service underneath and look there again, ten times. A server without TLS, or with a wrong certificate, stays one.
func (r *retryer) IsErrorRetryable(err error) bool {
	var noCredentials *CredentialsError
	var badCertificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	if errors.As(err, &noCredentials) || errors.As(err, &badCertificate) || errors.As(err, &notTLS) ||
		errors.Is(err, http.ErrSchemeMismatch) {
		return false
	}
	return isDialError(err) || r.RetryerV2.IsErrorRetryable(err)
}

// RetryDelay ends the retries of a connection that was never made. Only this method is told the attempt.
func (r *retryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if isDialError(err) && attempt > dialRetries {
		return 0, &retry.MaxAttemptsError{Attempt: attempt, Err: err}
	}
	switch {
	case r.backoff != nil:
		return r.backoff(attempt), nil
	case isDialError(err):
		return dialDelay, nil
	}
	return r.RetryerV2.RetryDelay(attempt, err)
}

// isDialError says whether no connection was made: refused, timed out, or the name has no address.
func isDialError(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}
