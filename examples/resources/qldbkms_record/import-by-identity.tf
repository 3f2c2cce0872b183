import {
  to = qldbkms_record.registration
  identity = {
    ledger      = "orders"
    table       = "Vehicle"
    document_id = "8F0TPCmdNQ6JTRpiLj2TmW"
    region      = "eu-west-2"
  }
}
