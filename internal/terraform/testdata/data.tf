data "spectrocloud_registry" "public_repo" {
  name = "Public Repo"
}

data "spectrocloud_registry" "mirror" {
  name = "Mirror"
}

data "spectrocloud_pack" "aws_east" {
  name         = "generic-byoi"
  version      = "1.0.0"
  registry_uid = data.spectrocloud_registry.public_repo.id
}

data "spectrocloud_pack" "edge" {
  name         = "edge-native-byoi"
  version      = "2.1.0"
  registry_uid = data.spectrocloud_registry.mirror.id
}

locals {
  byoos_values = {
    "aws-east" = <<EOT
pack:
  osImageOverride: "ami-0aaaaaaaaaaaaaaaa"
  osName: "rhel"
  osVersion: "8"
EOT
    "edge"     = <<EOT
options:
  system.uri: "{{ .spectro.pack.edge-native-byoi.options.system.registry }}/x:$${not} %%{a template}"
EOT
  }
}
