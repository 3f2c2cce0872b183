# "8In2TKc7mxYNM/GbB/jQyX1OjkIVwLa4uDbe3Ptlkpo="
output "hash_of_one" {
  value = provider::qldbkms::ion_hash("1")
}

# Order and white space do not matter: true.
output "same_document" {
  value = provider::qldbkms::ion_hash("{vin: \"KM8SRDHF6EU074761\", doors: 5}") == provider::qldbkms::ion_hash(
    jsonencode({ doors = 5, vin = "KM8SRDHF6EU074761" })
  )
}
