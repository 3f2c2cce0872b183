resource "qldbkms_table" "vehicle" {
  ledger = "orders"
  name   = "Vehicle"

  tags = {
    team = "fleet"
  }
}
