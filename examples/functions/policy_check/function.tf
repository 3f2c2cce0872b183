locals {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account delegation"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111122223333:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Ledger users"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { StringEquals = { "kms:ViaService" = "qldb.us-east-1.amazonaws.com" } }
      },
    ]
  })
  findings = provider::qldbkms::policy_check(local.policy, "111122223333", "eu-west-2")
  errors   = [for finding in local.findings : finding if finding.severity == "error"]
}

# ["KP-202 in 2 (\"Ledger users\")", "KP-301 in 2 (\"Ledger users\")"]
output "errors" {
  value = [for error in local.errors : "${error.rule} in ${error.statement}"]
}
