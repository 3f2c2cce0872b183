package functions

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

func policyEqual() pure {
	definition := function.Definition{
		Summary: "Whether two key policies are the same policy.",
		MarkdownDescription: "True if two key policies are the same policy in different spellings: order and repetition of " +
			"statements, principals, actions and values; one value or a list of one; an account id or the ARN of its root " +
			"user; the case of actions; `true` or `\"true\"`. `Sid`, `Id` and `Version` count.\n\nUse it where KMS returns a " +
			"policy in another form than the one that was written. A text that KMS would refuse as a key policy is an error.",
		Parameters: []function.Parameter{
			text("a", "Key policy, JSON."),
			text("b", "Key policy, JSON."),
		},
		Return: function.BoolReturn{},
	}
	return pure{"policy_equal", definition, func(
		ctx context.Context, req function.RunRequest, resp *function.RunResponse,
	) {
		var texts [2]string
		if resp.Error = req.Arguments.Get(ctx, &texts[0], &texts[1]); resp.Error != nil {
			return
		}
		var policies [2]*policy.Policy
		for i, text := range texts {
			var err error
			if policies[i], err = policy.Parse(text); err != nil {
				resp.Error = function.NewArgumentFuncError(int64(i), fmt.Sprintf("not a key policy: %s", err))
				return
			}
		}
		in := policy.Context{Partition: partitionOf(texts[0] + texts[1])}
		resp.Error = resp.Result.Set(ctx, policy.Structural(policies[0], policies[1], in))
	}}
}

// partitionOf is the partition that policies speak of, or "". An account id stands for the root user of its own
// partition, which only the ARNs of other principals show here.
func partitionOf(policies string) string {
	before, _, _ := strings.Cut(policies, ":iam::")
	if name := before[strings.LastIndexByte(before, ':')+1:]; strings.HasPrefix(name, "aws") {
		return name
	}
	return ""
}
