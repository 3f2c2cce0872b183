import {
  to = qldbkms_index.vin
  identity = {
    ledger = "orders"
    table  = "Vehicle"
    field  = "VIN"
    region = "eu-west-2"
  }
}
