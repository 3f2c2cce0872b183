variable "account_id" {
  description = "The account that owns the keys and the ledger."
  type        = string
  default     = "111122223333"
}

variable "stage" {
  description = "Ends the names of ledger, alias and key policies."
  type        = string
  default     = "poc"
}

variable "key_generation" {
  description = "Raise by one to move the ledger to a new key."
  type        = number
  default     = 1
}

variable "record_roles" {
  description = "Names of the roles that create and get records: they may decrypt with the key."
  type        = list(string)
  default     = ["qldb-kms-create-record-role", "qldb-kms-get-record-role"]
}
