import {
  to = qldbkms_protected_ledger.orders
  identity = {
    name   = "orders"
    region = "eu-west-2"
  }
}
