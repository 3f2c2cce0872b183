# The digest was kept when it was taken:
#   aws qldb get-digest --name vehicle-registration > digest.json
# The revision was read later, for that digest's tip:
#   aws qldb get-revision --name vehicle-registration --document-id ... \
#     --block-address ... --digest-tip-address ... > revision.json
locals {
  digest   = jsondecode(file("${path.module}/digest.json"))
  revision = jsondecode(file("${path.module}/revision.json"))
}

# True, or the plan fails with the step that failed. For a warning, put it as can(...) into a check block.
output "proven" {
  value = provider::qldbkms::verify_proof(
    local.revision.Revision.IonText,
    local.revision.Proof.IonText,
    local.digest.Digest,
    local.digest.DigestTipAddress.IonText,
  )
}
