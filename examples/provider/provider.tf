terraform {
  required_providers {
    qldbkms = {
      source = "qldbkms/qldbkms"
    }
  }
}

# Credentials, Region and endpoint come from the environment, as for every AWS tool.
provider "qldbkms" {
  default_tags = {
    tags = {
      team = "ledgers"
    }
  }
}
