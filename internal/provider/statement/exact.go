package statement

import (
	"bytes"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession"
	"github.com/aws/aws-sdk-go-v2/service/qldbsession/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// An exchange is one transaction as the service must see it.
//
// The driver encodes and hashes parameters with a public Ion library that rounds timestamps to nine digits of a second
// and takes a symbol called $5 for the fifth of a table; a document would be stored as something else than was planned.
// The driver has no other way in. So it runs every statement without parameters, and exact puts the parameters into its
// requests, encoded by this project's Ion, together with the commit digest that belongs to them. Sessions,
// transactions, pages and retries stay the driver's.
type exchange struct {
	parameters []types.ValueHolder // of the statement about to be sent
	digest     [32]byte            // over what was sent since the transaction started
	began      bool                // a transaction was started
}

type exchangeKey struct{}

// with prepares the next statement. Every driver computes the digest in this way.
//
// Source: amazon-qldb-driver-go, qldbdriver/transaction.go.
func (x *exchange) with(text string, parameters []ion.Value) {
	x.parameters = make([]types.ValueHolder, len(parameters))
	hash := ion.Hash(ion.String(text))
	for i, p := range parameters {
		x.parameters[i].IonBinary = ion.EncodeBinary(p)
		hash = ion.Dot(hash, ion.Hash(p))
	}
	x.digest = ion.Dot(x.digest, hash)
}

// exact is a client of the session service whose requests are those of the exchange in their context.
func exact(client *qldbsession.Client) *qldbsession.Client {
	return qldbsession.New(client.Options(), func(o *qldbsession.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("ExactParameters", exchanged), middleware.Before)
		})
	})
}

func exchanged(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	command, isCommand := in.Parameters.(*qldbsession.SendCommandInput)
	if !ok || !isCommand {
		return next.HandleInitialize(ctx, in)
	}
	sent := *command
	var drivers []byte // the commit digest as the driver computes it
	switch {
	case sent.ExecuteStatement != nil:
		execute := *sent.ExecuteStatement
		execute.Parameters = x.parameters
		sent.ExecuteStatement = &execute
	case sent.CommitTransaction != nil:
		commit := *sent.CommitTransaction
		drivers, commit.CommitDigest = commit.CommitDigest, bytes.Clone(x.digest[:])
		sent.CommitTransaction = &commit
	}
	in.Parameters = &sent
	out, metadata, err := next.HandleInitialize(ctx, in)
	if answer, ok := out.Result.(*qldbsession.SendCommandOutput); ok && err == nil {
		switch {
		case answer.StartTransaction != nil:
			x.began, x.digest = true, ion.Hash(ion.String(aws.ToString(answer.StartTransaction.TransactionId)))
		case answer.CommitTransaction != nil && bytes.Equal(answer.CommitTransaction.CommitDigest, x.digest[:]):
			answer.CommitTransaction.CommitDigest = drivers // the driver compares it with its own
		}
	}
	return out, metadata, err
}
