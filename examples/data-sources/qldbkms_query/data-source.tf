data "qldbkms_query" "vehicle" {
  ledger     = "orders"
  statement  = "SELECT v.Make, v.Model FROM Vehicle AS v WHERE v.VIN = ?"
  parameters = [jsonencode("1N4AL11D75C109151")]
}

output "vehicle" {
  value = [for row in data.qldbkms_query.vehicle.rows : jsondecode(row)]
}
