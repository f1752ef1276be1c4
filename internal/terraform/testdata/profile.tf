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

resource "spectrocloud_cluster_profile" "rhel_prod_1_2_0" {
  name    = "rhel-prod"
  version = "1.2.0"
  context = "project"
  cloud   = "aws"
  type    = "cluster"

  pack {
    name         = data.spectrocloud_pack.aws_east.name
    tag          = data.spectrocloud_pack.aws_east.version
    uid          = data.spectrocloud_pack.aws_east.id
    registry_uid = data.spectrocloud_pack.aws_east.registry_uid
    values       = <<EOT
pack:
  osImageOverride: "ami-0aaaaaaaaaaaaaaaa"
  osName: "rhel"
  osVersion: "8"
EOT
  }
}

resource "spectrocloud_cluster_profile" "stores_1_0_0" {
  name    = "stores"
  version = "1.0.0"
  context = "tenant"
  cloud   = "edge-native"
  type    = "cluster"

  pack {
    name         = data.spectrocloud_pack.edge.name
    tag          = data.spectrocloud_pack.edge.version
    uid          = data.spectrocloud_pack.edge.id
    registry_uid = data.spectrocloud_pack.edge.registry_uid
    values       = <<EOT
options:
  system.uri: "{{ .spectro.pack.edge-native-byoi.options.system.registry }}/x:$${not} %%{a template}"
EOT
  }
}
