# Who was refused by the key of the ledgers?
data "qldbkms_key_events" "refused" {
  kms_key     = "alias/shared-ledger-key"
  only_denied = true
}

output "refused" {
  value = [for event in data.qldbkms_key_events.refused.events : "${event.time} ${event.name} ${event.principal}"]
}
