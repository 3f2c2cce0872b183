# A ledger, its key, the table and the index that two functions work with. Raise key_generation to move the ledger to a
# new key while they go on reading.

terraform {
  required_providers {
    qldbkms = {
      source = "qldbkms/qldbkms"
    }
  }
}

# Credentials and the endpoint come from the environment; "qldbkms-harness run" and "scenario" set them.
provider "qldbkms" {
  region = "eu-west-2"
}

locals {
  # Id of the key policy, by generation of the key.
  policy_ids = {
    1 = "qldb-cmk-${var.stage}"
    2 = "qldb-cmk-delete-${var.stage}"
  }

  administration = {
    Sid       = "Allow administration of the key"
    Effect    = "Allow"
    Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }
  ledgers = {
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
  }
  # One statement, or none when no role is named.
  functions = [for roles in [[for role in var.record_roles : "arn:aws:iam::${var.account_id}:role/${role}"]] : {
    Sid       = "Allow access to create and get record roles"
    Effect    = "Allow"
    Principal = { AWS = roles }
    Action    = "kms:Decrypt"
    Resource  = "*"
  } if length(roles) > 0]
}

resource "qldbkms_protected_ledger" "records" {
  name                = "qldb-kms-ledger-${var.stage}"
  permissions_mode    = "STANDARD"
  deletion_protection = false

  key = {
    description             = "QLDB Ledger CMK"
    generation              = var.key_generation
    alias                   = "alias/qldb-kms-${var.stage}"
    enable_key_rotation     = true
    deletion_window_in_days = 7
    old_key                 = "retain"

    policy = jsonencode({
      Version   = "2012-10-17"
      Id        = lookup(local.policy_ids, var.key_generation, "qldb-cmk-${var.key_generation}-${var.stage}")
      Statement = concat([local.administration, local.ledgers], local.functions)
    })
  }

  tags = {
    name = "qldb-kms-ledger"
  }
}

resource "qldbkms_table" "test" {
  ledger              = qldbkms_protected_ledger.records.name
  name                = "Test"
  drop_with_documents = true
}

resource "qldbkms_index" "id" {
  ledger = qldbkms_table.test.ledger
  table  = qldbkms_table.test.name
  field  = "id"
}
