output "ledger" {
  value = qldbkms_protected_ledger.records.name
}

output "key_arn" {
  value = qldbkms_protected_ledger.records.key.arn
}

output "key_generation" {
  value = qldbkms_protected_ledger.records.key.generation
}

output "retained_keys" {
  value = [for key in qldbkms_protected_ledger.records.retained_keys : key.arn]
}
