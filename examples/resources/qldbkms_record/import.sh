# By ledger, table and document id, in the provider's Region.
terraform import qldbkms_record.registration orders/Vehicle/8F0TPCmdNQ6JTRpiLj2TmW

# By Region, ledger, table and document id.
terraform import qldbkms_record.registration eu-west-2/orders/Vehicle/8F0TPCmdNQ6JTRpiLj2TmW
