# { registered = "2017-08-21T09:30:00Z", fee = 90.25 }
output "registration" {
  value = jsondecode(provider::qldbkms::ion_to_json("{registered: 2017-08-21T09:30:00Z, fee: 90.25}"))
}
