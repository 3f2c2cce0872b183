# Two roles read or write the ledger; a third manages its key, and cannot decrypt.
data "qldbkms_key_policy" "orders" {
  account_id     = "111122223333"
  ledger         = "orders"
  administrators = ["arn:aws:iam::111122223333:role/ledger-admin"]
  users = [
    "arn:aws:iam::111122223333:role/ledger-reader",
    "arn:aws:iam::111122223333:role/ledger-writer",
  ]
}

output "key_policy" {
  value = data.qldbkms_key_policy.orders.json
}
