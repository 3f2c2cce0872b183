# By ledger, table and field, in the provider's Region.
terraform import qldbkms_index.vin orders/Vehicle/VIN

# By Region, ledger, table and field.
terraform import qldbkms_index.vin eu-west-2/orders/Vehicle/VIN
