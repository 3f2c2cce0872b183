resource "qldbkms_table" "vehicle" {
  ledger = "orders"
  name   = "Vehicle"
}

resource "qldbkms_index" "vin" {
  ledger = qldbkms_table.vehicle.ledger
  table  = qldbkms_table.vehicle.name
  field  = "VIN"
}
