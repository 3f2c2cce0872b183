output "ledger_arn" {
  value = qldbkms_protected_ledger.orders.arn
}

output "key_arn" {
  value = qldbkms_protected_ledger.orders.kms_key_arn
}

output "encryption_status" {
  value = qldbkms_protected_ledger.orders.encryption_status
}
