# By ledger and table, in the provider's Region.
terraform import qldbkms_table.vehicle orders/Vehicle

# By Region, ledger and table.
terraform import qldbkms_table.vehicle eu-west-2/orders/Vehicle
