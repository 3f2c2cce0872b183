locals {
  written = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "111122223333" }
      Action    = ["kms:*"]
      Resource  = "*"
    }]
  })
  # As GetKeyPolicy may return it.
  stored = jsonencode({
    Version = "2012-10-17"
    Statement = {
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Action    = "kms:*"
      Resource  = "*"
    }
  })
}

# true
output "unchanged" {
  value = provider::qldbkms::policy_equal(local.written, local.stored)
}
