# A ledger with a key of its own. Raise generation to move the ledger to a new key.
resource "qldbkms_protected_ledger" "orders" {
  name = "orders"

  key = {
    alias      = "alias/orders"
    generation = 1
    old_key    = "retain"
  }

  tags = {
    name = "orders"
  }
}

# A ledger whose key policy is said in words. The plan shows the policy that comes of it, and refuses a change that
# takes access from somebody who has it.
resource "qldbkms_protected_ledger" "bills" {
  name = "bills"

  key = {
    access = {
      administrators = ["arn:aws:iam::111122223333:role/ledger-admin"]
      users = [
        "arn:aws:iam::111122223333:role/ledger-reader",
        "arn:aws:iam::111122223333:role/ledger-writer",
      ]
    }
  }

  # Findings of these rules neither stop nor warn. They stay listed in policy_findings.
  policy_checks = {
    accept = ["KP-309"]
  }
}

# A ledger under a key that something else manages. Where the alias leads elsewhere later, the plan moves the ledger.
resource "qldbkms_protected_ledger" "audit" {
  name    = "audit"
  kms_key = "alias/shared-ledger-key"

  # Who reads or writes the ledger: the plan says if the policy of the key does not let them.
  policy_checks = {
    callers = ["arn:aws:iam::111122223333:role/ledger-reader"]
  }

  # For pipelines that want a failed exit code while a key is unusable.
  lifecycle {
    postcondition {
      condition     = self.encryption_status == "ENABLED"
      error_message = "The key of ledger audit is not in use yet, or unusable."
    }
  }
}
