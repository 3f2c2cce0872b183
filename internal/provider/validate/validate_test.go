package validate_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/provider/validate"
)

func accepts(t *testing.T, v validator.String, value types.String) bool {
	t.Helper()
	var resp validator.StringResponse
	v.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("x"), ConfigValue: value}, &resp)
	for _, d := range resp.Diagnostics {
		if !strings.Contains(d.Detail(), v.Description(t.Context())) {
			t.Errorf("%q does not say %q", d.Detail(), v.Description(t.Context()))
		}
	}
	return !resp.Diagnostics.HasError()
}

func TestValues(t *testing.T) {
	t.Parallel()
	const id = "1234abcd-12ab-34cd-56ef-1234567890ab"
	const mrk = "mrk-1234abcd12ab34cd56ef1234567890ab"
	for _, test := range []struct {
		name      string
		validator validator.String
		good, bad []string
	}{
		{
			"ledger name", validate.LedgerName(),
			[]string{"a", "orders", "Orders-2", "1a", strings.Repeat("a", 32)},
			[]string{"", "123", "-a", "a-", "a--b", "a_b", "ä", "orders\n", strings.Repeat("a", 33)},
		},
		{
			"Region", validate.Region(),
			[]string{"eu-west-2", "us-gov-west-1", "cn-north-1", "ap-southeast-7"},
			[]string{"", "eu-west", "eu-west-2a", "london", "eu-west-2\n"},
		},
		{
			"KMS key", validate.KMSKey(),
			[]string{
				id, mrk, "alias/orders", "alias/aws/qldb", "AWS_OWNED_KMS_KEY",
				"arn:aws:kms:eu-west-2:111122223333:key/" + id, "arn:aws:kms:eu-west-2:111122223333:key/" + mrk,
				"arn:aws-cn:kms:cn-north-1:111122223333:alias/orders",
			},
			[]string{
				"", "orders", "alias/", "alias/a b", "aws_owned_kms_key", strings.ToUpper(id), id + "\n", "key/" + id,
				"arn:aws:kms:eu-west-2:111122223333:key/" + id + "x", "arn:aws:kms:eu-west-2:1111:key/" + id,
				"arn:aws:iam::111122223333:role/r", "arn:aws:kms:eu-west-2:111122223333:" + id,
			},
		},
	} {
		for _, value := range test.good {
			if !accepts(t, test.validator, types.StringValue(value)) {
				t.Errorf("%s: %q is refused", test.name, value)
			}
		}
		for _, value := range test.bad {
			if accepts(t, test.validator, types.StringValue(value)) {
				t.Errorf("%s: %q is accepted", test.name, value)
			}
		}
		for _, value := range []types.String{types.StringNull(), types.StringUnknown()} {
			if !accepts(t, test.validator, value) {
				t.Errorf("%s: %s is refused", test.name, value)
			}
		}
	}
}
