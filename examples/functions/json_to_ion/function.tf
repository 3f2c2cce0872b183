# {fee:90.25,owners:["Ada"]}
output "registration" {
  value = provider::qldbkms::json_to_ion(jsonencode({ fee = 90.25, owners = ["Ada"] }))
}
