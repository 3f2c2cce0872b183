import {
  to = qldbkms_table.vehicle
  identity = {
    ledger = "orders"
    name   = "Vehicle"
    region = "eu-west-2"
  }
}
