package remotekms

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// objectsOnly refuses answers that are no JSON objects. The SDK does not look at the answers of operations that return
// nothing: to it, a page of HTML from something in between says that a grant was retired.
func objectsOnly(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ObjectsOnly", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		response, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok || response.StatusCode >= 300 {
			return out, metadata, err
		}
		body := bufio.NewReader(response.Body)
		if first, _ := body.Peek(1); len(first) == 1 && first[0] != '{' {
			return out, metadata, errors.Join(errors.New("the answer is no JSON object"), response.Body.Close())
		}
		response.Body = struct {
			io.Reader
			io.Closer
		}{body, response.Body}
		return out, metadata, nil
	}), middleware.After)
}
