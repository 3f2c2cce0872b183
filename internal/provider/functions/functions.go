// Package functions holds the functions of the provider.
//
// A function computes with its arguments alone: it needs no configured provider, no account and no network, and the
// same arguments give the same result. What is wrong with an argument is said on that argument, with line and column
// where it has them; texts that may be confidential are not repeated.
package functions

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// pure is a function without state.
type pure struct {
	name       string
	definition function.Definition
	run        func(context.Context, function.RunRequest, *function.RunResponse)
}

var _ function.Function = pure{}

// All are the functions, for the provider to hand out.
func All() []func() function.Function {
	all := []pure{
		verifyProof(), ionHash(), ionToJSON(), jsonToIon(), ledgerARNParse(), policyEqual(), policyCheck(), keyPolicy(),
	}
	constructors := make([]func() function.Function, len(all))
	for i, f := range all {
		constructors[i] = func() function.Function { return f }
	}
	return constructors
}

func (p pure) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = p.name
}

func (p pure) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = p.definition
}

func (p pure) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	p.run(ctx, req, resp)
}

// text declares a parameter. Terraform itself refuses null, and does not call a function with unknown arguments.
func text(name, description string) function.StringParameter {
	return function.StringParameter{Name: name, MarkdownDescription: description}
}

// textFunction is a function that makes one text of another; an error of convert is about its only argument.
func textFunction(name string, definition function.Definition, convert func(string) (string, error)) pure {
	definition.Return = function.StringReturn{}
	return pure{name, definition, func(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
		var from string
		if resp.Error = req.Arguments.Get(ctx, &from); resp.Error != nil {
			return
		}
		to, err := convert(from)
		if err != nil {
			resp.Error = function.NewArgumentFuncError(0, err.Error())
			return
		}
		resp.Error = resp.Result.Set(ctx, to)
	}}
}

// located words an error of the readers of package ion: where the fault is, and that what was expected is not there.
// Other errors keep their text.
func located(expected string, err error) error {
	if syntax, ok := errors.AsType[*ion.SyntaxError](err); ok {
		return fmt.Errorf("not %s: line %d, column %d: %s", expected, syntax.Line, syntax.Column, syntax.Reason)
	}
	if count, ok := errors.AsType[*ion.CountError](err); ok {
		return fmt.Errorf("holds %d values, want one", count.Count)
	}
	if limit, ok := errors.AsType[*ion.LimitError](err); ok {
		return fmt.Errorf("too large to be read: more than %s %d", limit.Limit, limit.Max)
	}
	return err
}
