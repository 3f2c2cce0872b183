# A ledger under a key of its own: the key, its policy, its alias, automatic rotation and the ledger, kept as one thing.

terraform {
  required_providers {
    qldbkms = {
      source = "qldbkms/qldbkms"
    }
  }
}

# Credentials and the endpoint come from the environment; "qldbkms-harness run" sets them.
provider "qldbkms" {
  region = "eu-west-2"
}

locals {
  root = "arn:aws:iam::${var.account_id}:root"
}

resource "qldbkms_protected_ledger" "orders" {
  name                = "orders"
  permissions_mode    = "STANDARD"
  deletion_protection = false

  key = {
    description             = "Protects the ledger orders"
    generation              = var.key_generation
    alias                   = "alias/orders"
    enable_key_rotation     = true
    old_key                 = "retain"
    deletion_window_in_days = 30

    policy = jsonencode({
      Version = "2012-10-17"
      Id      = "orders-ledger-key"
      Statement = [
        {
          Sid       = "Allow administration of the key"
          Effect    = "Allow"
          Principal = { AWS = local.root }
          Action    = "kms:*"
          Resource  = "*"
        },
        {
          Sid       = "Allow access to principals authorized to use Amazon QLDB"
          Effect    = "Allow"
          Principal = { AWS = "*" }
          Action    = ["kms:DescribeKey", "kms:CreateGrant"]
          Resource  = "*"
          Condition = {
            StringEquals = {
              "kms:ViaService"    = "qldb.eu-west-2.amazonaws.com"
              "kms:CallerAccount" = var.account_id
            }
          }
        },
        {
          Sid       = "Allow access to create and get record roles"
          Effect    = "Allow"
          Principal = { AWS = [for role in var.record_roles : "arn:aws:iam::${var.account_id}:role/${role}"] }
          Action    = "kms:Decrypt"
          Resource  = "*"
        },
      ]
    })
  }

  tags = {
    name = "orders"
  }
}
