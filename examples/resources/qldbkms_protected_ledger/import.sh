# By name, in the provider's Region.
terraform import qldbkms_protected_ledger.orders orders

# By Region and name.
terraform import qldbkms_protected_ledger.orders eu-west-2/orders

# By ARN.
terraform import qldbkms_protected_ledger.orders arn:aws:qldb:eu-west-2:111122223333:ledger/orders
