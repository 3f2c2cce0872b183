package remotekms

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// ask makes one call within the time-out.
func ask[Out any](
	ctx context.Context, k *Keys, operation string, call func(context.Context) (*Out, error),
) (*Out, error) {
	if err := k.gate.check(k.cfg.Machine()); err != nil {
		return nil, k.unasked(operation, err)
	}
	within, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	out, err := call(within)
	if err == nil {
		return out, nil
	}
	if fault := answerOf(err); fault != nil {
		return nil, fault
	}
	if ctx.Err() == nil && timedOut(err) {
		k.gate.shut(k.cfg.Machine(), err)
	}
	return nil, k.unasked(operation, err)
}

func timedOut(err error) bool {
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// unasked says that an operation has no answer about the key. A fault among its causes is not to be found by who looks
// for one: it would be taken for that answer.
func (k *Keys) unasked(operation string, err error) error {
	if code(err) != "" {
		err = errors.New(err.Error())
	}
	return &qldb.UnaskedError{KMS: k.cfg.Where, Operation: operation, Err: err}
}

// answers are the codes with which KMS says something about a key, a grant, a ciphertext or the right to use them.
//
// Source: KMS API reference, the Errors of the operations that Keys call.
var answers = []string{
	"AccessDeniedException", "DisabledException", "IncorrectKeyException", "InvalidArnException",
	"InvalidCiphertextException", "InvalidGrantIdException", "InvalidGrantTokenException", "InvalidKeyUsageException",
	"KeyUnavailableException", "KMSInvalidStateException", "LimitExceededException", "NotFoundException",
	"UnsupportedOperationException", "ValidationException",
}

// answerOf is the fault that err carries, or nil if err is no answer about the key.
func answerOf(err error) *wire.Fault {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || !slices.Contains(answers, api.ErrorCode()) {
		return nil
	}
	fault := &wire.Fault{Code: api.ErrorCode(), Message: api.ErrorMessage()}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		fault.Status = response.HTTPStatusCode()
		if response.RequestID != "" {
			fault.Members = map[string]string{"RequestId": response.RequestID}
		}
	}
	return fault
}

// code is the code of the fault that err is, or empty.
func code(err error) string {
	if fault, ok := errors.AsType[*wire.Fault](err); ok {
		return fault.Code
	}
	return ""
}

// gate is shut for a while after a call that timed out, so that the next ones need not time out as well.
type gate struct {
	pause time.Duration

	mu    sync.Mutex
	until time.Time
	last  error // why it is shut
}

func (g *gate) check(now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.until) {
		return g.last
	}
	return nil
}

func (g *gate) shut(now time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until, g.last = now.Add(g.pause), err
}
