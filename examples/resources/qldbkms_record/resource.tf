resource "qldbkms_table" "vehicle" {
  ledger              = "orders"
  name                = "Vehicle"
  drop_with_documents = true
}

resource "qldbkms_index" "vin" {
  ledger = qldbkms_table.vehicle.ledger
  table  = qldbkms_table.vehicle.name
  field  = "VIN"
}

# A set of reference data. The index keeps the search for an existing document cheap, and the records apart.
resource "qldbkms_record" "vehicle" {
  for_each = {
    "1N4AL11D75C109151" = { Make = "Audi", Model = "A5" }
    "KM8SRDHF6EU074761" = { Make = "Tesla", Model = "Model S" }
  }

  ledger     = qldbkms_index.vin.ledger
  table      = qldbkms_index.vin.table
  document   = jsonencode(merge(each.value, { VIN = each.key }))
  key_fields = ["VIN"]
  if_exists  = "adopt"
}

# What JSON cannot say: a timestamp, a decimal of two digits. Fields that applications add are left alone.
resource "qldbkms_record" "registration" {
  ledger       = qldbkms_table.vehicle.ledger
  table        = qldbkms_table.vehicle.name
  document_ion = "{VIN: \"3HGGK5G53FM761765\", Registered: 2017-09-10T, Fee: 90.25}"
  compare      = "subset"
  verify       = true
}
