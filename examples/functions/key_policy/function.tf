locals {
  policy = provider::qldbkms::key_policy({
    account_id = "111122223333"
    region     = "eu-west-2"
    ledger     = "orders"
    users = [
      "arn:aws:iam::111122223333:role/ledger-reader",
      "arn:aws:iam::111122223333:role/ledger-writer",
    ]
  })
}

# ["Account delegation", "Ledger operators through QLDB", "Ledger users"]
output "statements" {
  value = jsondecode(local.policy).Statement[*].Sid
}
