package policy

import "fmt"

const defaultText = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:%s:iam::%s:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

// Default returns the text of the policy that KMS gives a key created without one, as GetKeyPolicy returns it.
//
// partition is such as "aws", account has 12 digits.
//
// Source: KMS Developer Guide, "Default key policy", when you create the key with the API.
func Default(partition, account string) string {
	return fmt.Sprintf(defaultText, partition, account)
}
