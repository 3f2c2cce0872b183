package iam_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamclient "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// TestSimulate asks what a user may.
func TestSimulate(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, ctx := s.root(), t.Context()
	user := must(c.CreateUser(ctx, &iamclient.CreateUserInput{UserName: aws.String("alice")}))(t).User
	text := "{\"Version\":\"2012-10-17\",\"Statement\":[\n" +
		"  {\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\",\n" +
		"   \"Condition\":{\"StringEquals\":{\"kms:ViaService\":\"qldb.eu-west-2.amazonaws.com\"}}},\n" +
		"  {\"Effect\":\"Deny\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}]}"
	must(c.PutUserPolicy(ctx, &iamclient.PutUserPolicyInput{UserName: user.UserName, PolicyName: aws.String("p"),
		PolicyDocument: &text}))(t)
	in := &iamclient.SimulatePrincipalPolicyInput{PolicySourceArn: user.Arn,
		ActionNames:  []string{"kms:Decrypt", "kms:Encrypt", "qldb:ListLedgers"},
		ResourceArns: []string{"arn:aws:kms:eu-west-2:111122223333:key/6f0c1b52-0d7e-4c1a-9a53-2f1f8d1f9a01"}}
	decisions := func() string {
		var got []string
		for _, r := range must(c.SimulatePrincipalPolicy(ctx, in))(t).EvaluationResults {
			got = append(got, string(r.EvalDecision))
		}
		return strings.Join(got, " ")
	}
	if got, want := decisions(), "implicitDeny explicitDeny implicitDeny"; got != want {
		t.Errorf("without context: %s, want %s", got, want)
	}
	absent := must(c.SimulatePrincipalPolicy(ctx, in))(t).EvaluationResults[0].MissingContextValues
	if len(absent) != 1 || absent[0] != "kms:ViaService" {
		t.Errorf("missing %v, want kms:ViaService", absent)
	}
	in.ContextEntries = []types.ContextEntry{{ContextKeyName: aws.String("kms:ViaService"),
		ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{"qldb.eu-west-2.amazonaws.com"}}}
	if got, want := decisions(), "allowed explicitDeny implicitDeny"; got != want {
		t.Errorf("with context: %s, want %s", got, want)
	}
	found := must(c.SimulatePrincipalPolicy(ctx, in))(t).EvaluationResults[0].MatchedStatements
	if len(found) != 1 || *found[0].SourcePolicyId != "user_alice_p" || found[0].StartPosition.Line != 2 ||
		found[0].StartPosition.Column != 3 || found[0].EndPosition.Line != 3 {
		t.Errorf("matched %v, want the first statement", found)
	}
	in.PermissionsBoundaryPolicyInputList = []string{allowing("qldb:*")}
	if got, want := decisions(), "implicitDeny explicitDeny implicitDeny"; got != want {
		t.Errorf("within a boundary: %s, want %s", got, want)
	}
	in.PermissionsBoundaryPolicyInputList, in.PolicyInputList = nil, []string{allowing("qldb:*")}
	if got, want := decisions(), "allowed explicitDeny allowed"; got != want {
		t.Errorf("with one more policy: %s, want %s", got, want)
	}
	in.MaxItems = aws.Int32(2)
	page := must(c.SimulatePrincipalPolicy(ctx, in))(t)
	if in.Marker = page.Marker; !page.IsTruncated || decisions() != "allowed" {
		t.Errorf("the second page is %s, want allowed", decisions())
	}
}
