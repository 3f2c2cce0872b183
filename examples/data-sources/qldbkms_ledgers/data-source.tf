# Which ledgers would stop working if this key were disabled?
data "qldbkms_ledgers" "under_shared_key" {
  kms_key = "alias/shared-ledger-key"
}

output "ledgers_under_shared_key" {
  value = [for ledger in data.qldbkms_ledgers.under_shared_key.ledgers : ledger.name]
}
