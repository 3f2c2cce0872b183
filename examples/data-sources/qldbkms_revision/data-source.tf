variable "order" {
  description = "metadata.id and blockAddress of a row of _ql_committed_orders."
  type = object({
    document_id   = string
    block_address = string
  })
}

variable "kept" {
  description = "A digest that was taken earlier; the ledger's present one without it."
  type = object({
    digest      = string
    tip_address = string
  })
  default = null
}

data "qldbkms_revision" "order" {
  ledger        = "orders"
  document_id   = var.order.document_id
  block_address = var.order.block_address
  digest        = try(var.kept.digest, null)
  tip_address   = try(var.kept.tip_address, null)
}

# What is shown was proven: otherwise the data source fails.
output "order" {
  value = jsondecode(data.qldbkms_revision.order.data)
}
