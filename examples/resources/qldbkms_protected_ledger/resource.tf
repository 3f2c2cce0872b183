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

# A ledger under a key that something else manages. Where the alias leads elsewhere later, the plan moves the ledger.
resource "qldbkms_protected_ledger" "audit" {
  name    = "audit"
  kms_key = "alias/shared-ledger-key"

  # For pipelines that want a failed exit code while a key is unusable.
  lifecycle {
    postcondition {
      condition     = self.encryption_status == "ENABLED"
      error_message = "The key of ledger audit is not in use yet, or unusable."
    }
  }
}
