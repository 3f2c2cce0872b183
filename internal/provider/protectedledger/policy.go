package protectedledger

import (
	"strings"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// samePolicy says whether two key policies mean the same. Text that is no policy equals only itself.
func samePolicy(a, b, keyARN string) bool {
	same, err := policy.EqualText(a, b, policy.Context{Partition: partitionOf(keyARN), KeyARN: keyARN})
	return err == nil && same
}

// policyChanges names the statements in which b differs from a. It is empty when one of them is no policy.
func policyChanges(a, b, keyARN string) []string {
	before, err := policy.Parse(a)
	if err != nil {
		return nil
	}
	after, err := policy.Parse(b)
	if err != nil {
		return nil
	}
	var list []string
	for _, c := range policy.Diff(before, after, policy.Context{Partition: partitionOf(keyARN), KeyARN: keyARN}) {
		list = append(list, c.String())
	}
	return list
}

// partitionOf gives the partition of an ARN, "" for other texts.
func partitionOf(arn string) string { return arnPart(arn, 1) }

// accountOf gives the account of an ARN, "" for other texts.
func accountOf(arn string) string { return arnPart(arn, 4) }

func arnPart(arn string, n int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[n]
}

// policyText is the policy document for a key whose ARN is known.
func policyText(k keyModel, arn string) string {
	if known(k.PolicyDocument) {
		return k.PolicyDocument.ValueString()
	}
	return policy.Default(partitionOf(arn), accountOf(arn))
}
