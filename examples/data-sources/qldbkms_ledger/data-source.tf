data "qldbkms_ledger" "orders" {
  name = "orders"
}

# The key that protects a ledger somebody else owns, and whether it is usable.
output "orders_key" {
  value = {
    arn    = data.qldbkms_ledger.orders.kms_key_arn
    status = data.qldbkms_ledger.orders.encryption_status
  }
}
