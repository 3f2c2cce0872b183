package functions

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/verify"
)

// The positions of verify_proof's arguments.
const (
	revisionArgument = iota
	proofArgument
	digestArgument
	tipArgument
)

func verifyProof() pure {
	definition := function.Definition{
		Summary: "Whether a digest covers a revision of a document.",
		MarkdownDescription: "True if the revision is, bit for bit, one that the digest stands for. Anything else is an " +
			"error that names the step that failed: `address`, `revision hash`, `proof length` or `digest`; in a condition, " +
			"`can` makes it false.\n\nThe check is made here, with hashes only; nothing is asked of AWS. All four texts are " +
			"as `GetRevision` and `GetDigest` of QLDB return them, and as `qldbkms_revision` and `qldbkms_digest` show them. " +
			"The proof must have been made for the tip of this digest.",
		Parameters: []function.Parameter{
			text("revision", "Revision in Ion text: `Revision.IonText` of `GetRevision`."),
			text("proof", "Proof in Ion text, a list of hashes: `Proof.IonText` of `GetRevision`."),
			text("digest", "Digest in base64: `Digest` of `GetDigest`."),
			text("tip", "Address of the block that the digest ends at, in Ion text: `DigestTipAddress.IonText` of `GetDigest`."),
		},
		Return: function.BoolReturn{},
	}
	return pure{"verify_proof", definition, runVerifyProof}
}

func runVerifyProof(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var revisionText, proofText, digestText, tipText string
	if resp.Error = req.Arguments.Get(ctx, &revisionText, &proofText, &digestText, &tipText); resp.Error != nil {
		return
	}
	revision, err := verify.ParseRevision([]byte(revisionText))
	resp.Error = function.ConcatFuncErrors(resp.Error, malformed(revisionArgument, err))
	proof, err := verify.ParseProof([]byte(proofText))
	resp.Error = function.ConcatFuncErrors(resp.Error, malformed(proofArgument, err))
	digest, err := verify.ParseDigest(digestText)
	resp.Error = function.ConcatFuncErrors(resp.Error, malformed(digestArgument, err))
	tip, err := verify.ParseAddress([]byte(tipText))
	resp.Error = function.ConcatFuncErrors(resp.Error, malformed(tipArgument, err))
	if resp.Error != nil {
		return
	}
	if err := verify.Inclusion(revision, proof, digest, tip); err != nil {
		resp.Error = unproven(err)
		return
	}
	resp.Error = resp.Result.Set(ctx, true)
}

// malformed says what is wrong with an argument that is not what the service returns.
func malformed(argument int64, err error) *function.FuncError {
	if err == nil {
		return nil
	}
	format, ok := errors.AsType[*verify.FormatError](err)
	if ok && format.Err != nil {
		if cause := located("Ion", format.Err); cause != format.Err {
			return function.NewArgumentFuncError(argument, fmt.Sprintf("%s is %s", format.What, cause))
		}
	}
	return function.NewArgumentFuncError(argument, err.Error())
}

// unproven puts a failed step on the argument to look at first.
func unproven(err error) *function.FuncError {
	mismatch, ok := errors.AsType[*verify.MismatchError](err)
	if !ok {
		return function.NewFuncError(err.Error())
	}
	var argument int64
	var meaning string
	switch mismatch.Step {
	case verify.StepAddress:
		argument, meaning = tipArgument, "the digest does not reach the block of the revision"
	case verify.StepRevisionHash:
		argument, meaning = revisionArgument, "its data or metadata are not those that were committed"
	case verify.StepProofLength:
		argument, meaning = proofArgument, "the proof was made for another block or another tip"
	default:
		argument, meaning = digestArgument, "the proof leads to another digest: one of the four was changed, or they do "+
			"not belong together"
	}
	return function.NewArgumentFuncError(argument, fmt.Sprintf("%s is not proven: %s. Step %q failed: got %s, want %s",
		mismatch.Object, meaning, mismatch.Step, mismatch.Got, mismatch.Want))
}
