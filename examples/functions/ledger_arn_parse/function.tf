locals {
  ledger = provider::qldbkms::ledger_arn_parse("arn:aws:qldb:eu-west-2:111122223333:ledger/orders")
}

# "orders in eu-west-2, account 111122223333"
output "where" {
  value = "${local.ledger.name} in ${local.ledger.region}, account ${local.ledger.account_id}"
}
