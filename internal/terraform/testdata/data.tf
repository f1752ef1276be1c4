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

data "spectrocloud_pack" "aws_west" {
  name         = "generic-byoi"
  registry_uid = "reg-7"
}

data "spectrocloud_pack" "aws_old" {
  name         = "generic-byoi"
  version      = "1.0.0"
  registry_uid = data.spectrocloud_registry.public_repo.id
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
    "aws-west" = <<EOT
pack:
  osImageOverride: "ami-0bbbbbbbbbbbbbbbb"
EOT
    "aws-old"  = <<EOT
pack:
  osImageOverride: "ami-0cccccccccccccccc"
EOT
  }
}
