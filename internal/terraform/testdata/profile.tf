provider "spectrocloud" {
  alias        = "byoos_default"
  project_name = "Default"
}

provider "spectrocloud" {
  alias        = "byoos_team__west_"
  project_name = "Team \"West\""
}

data "spectrocloud_registry" "public_repo_byoos_default" {
  provider = spectrocloud.byoos_default
  name     = "Public Repo"
}

data "spectrocloud_registry" "mirror" {
  name = "Mirror"
}

data "spectrocloud_pack" "aws_east" {
  provider     = spectrocloud.byoos_default
  name         = "generic-byoi"
  version      = "1.0.0"
  registry_uid = data.spectrocloud_registry.public_repo_byoos_default.id
}

data "spectrocloud_pack" "edge" {
  name         = "edge-native-byoi"
  version      = "2.1.0"
  registry_uid = data.spectrocloud_registry.mirror.id
}

data "spectrocloud_pack" "aws_west" {
  provider     = spectrocloud.byoos_team__west_
  name         = "generic-byoi"
  registry_uid = "reg-7"
}

resource "spectrocloud_cluster_profile" "Default_rhel-prod_1_2_0" {
  provider     = spectrocloud.byoos_default
  name         = "rhel-prod"
  version      = "1.2.0"
  context      = "project"
  cloud        = "aws"
  type         = "cluster"
  skip_destroy = true

  pack {
    type         = "spectro"
    name         = data.spectrocloud_pack.aws_east.name
    tag          = data.spectrocloud_pack.aws_east.version
    uid          = data.spectrocloud_pack.aws_east.id
    registry_uid = data.spectrocloud_pack.aws_east.registry_uid
    values = chomp(<<EOT
pack:
  osImageOverride: "ami-0aaaaaaaaaaaaaaaa"
  osName: "rhel"
  osVersion: "8"
EOT
    )
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "spectrocloud_cluster_profile" "stores_1_0_0" {
  name         = "stores"
  version      = "1.0.0"
  context      = "tenant"
  cloud        = "edge-native"
  type         = "cluster"
  skip_destroy = true

  pack {
    type         = "spectro"
    name         = data.spectrocloud_pack.edge.name
    tag          = data.spectrocloud_pack.edge.version
    uid          = data.spectrocloud_pack.edge.id
    registry_uid = data.spectrocloud_pack.edge.registry_uid
    values = chomp(<<EOT
options:
  system.uri: "{{ .spectro.pack.edge-native-byoi.options.system.registry }}/x:$${not} %%{a template}"
EOT
    )
  }

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [pack[0].type]
  }
}

resource "spectrocloud_cluster_profile" "Team__West__core_1_0_0_91ebb1b9" {
  provider     = spectrocloud.byoos_team__west_
  name         = "core"
  version      = "1.0.0"
  context      = "project"
  cloud        = "aws"
  type         = "infra"
  skip_destroy = true

  pack {
    type         = "spectro"
    name         = data.spectrocloud_pack.aws_west.name
    tag          = data.spectrocloud_pack.aws_west.version
    uid          = data.spectrocloud_pack.aws_west.id
    registry_uid = data.spectrocloud_pack.aws_west.registry_uid
    values = chomp(<<EOT
pack:
  osImageOverride: "ami-0bbbbbbbbbbbbbbbb"
EOT
    )
  }

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [pack[0].tag, pack[0].uid, pack[0].type]
  }
}

data "spectrocloud_cluster_profile" "Default_rhel-prod_1_1_0" {
  provider = spectrocloud.byoos_default
  name     = "rhel-prod"
  version  = "1.1.0"
  context  = "project"
}

import {
  to = spectrocloud_cluster_profile.Default_rhel-prod_1_1_0
  id = "rhel-prod:project:1.1.0"
}

resource "spectrocloud_cluster_profile" "Default_rhel-prod_1_1_0" {
  provider     = spectrocloud.byoos_default
  name         = "rhel-prod"
  version      = "1.1.0"
  context      = "project"
  skip_destroy = true

  dynamic "pack" {
    for_each = data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack
    content {
      name   = pack.value.name
      type   = pack.value.type
      tag    = pack.value.tag
      uid    = pack.value.uid
      values = pack.value.name == "generic-byoi" ? local.byoos_values["aws-old"] : pack.value.values

      dynamic "manifest" {
        for_each = pack.value.manifest
        content {
          name    = manifest.value.name
          content = manifest.value.content
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [cloud, description, profile_variables, tags, type]

    precondition {
      condition     = contains(data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack[*].name, "generic-byoi")
      error_message = "Profile rhel-prod 1.1.0 has no layer generic-byoi, which would be left out. Check target.profile, or add the layer, by kubectl byoos apply with target.create: true."
    }

    precondition {
      condition     = length(distinct([for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : layer.uid if length(layer.manifest) > 0])) == length([for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : layer.uid if length(layer.manifest) > 0])
      error_message = "Profile rhel-prod 1.1.0 has several layers of manifests with one pack. The provider mixes these up, and would empty manifests. Use kubectl byoos apply."
    }

    precondition {
      condition     = length(distinct(flatten([for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : layer.manifest[*].name]))) == length(flatten([for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : layer.manifest[*].name]))
      error_message = "Profile rhel-prod 1.1.0 has manifests of one name in several layers. The provider would write one over the other. Use kubectl byoos apply."
    }

    precondition {
      condition     = !contains(flatten([for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : layer.manifest[*].content]), "")
      error_message = "Profile rhel-prod 1.1.0 has a manifest that the provider reads as empty, and would write so. Use kubectl byoos apply."
    }

    precondition {
      condition     = alltrue([for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : length(setsubtract(regexall("\\{\\{(?:[^}]|\\}[^}])*?\\.spectro\\.(?:var|macro)\\b(?:[^}]|\\}[^}])*\\}\\}", layer.values), regexall("\\{\\{(?:[^}]|\\}[^}])*?\\.spectro\\.(?:var|macro)\\b(?:[^}]|\\}[^}])*\\}\\}", local.byoos_values["aws-old"]))) == 0 if layer.name == "generic-byoi"])
      error_message = "Layer generic-byoi of profile rhel-prod 1.1.0 takes a value from a profile variable or a macro, which an image id would replace. Keep it, and give the variable a value, or set target.replace: true."
    }

    precondition {
      condition     = alltrue([for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : can(keys(yamldecode(layer.values))) || !can(regex("(?m)^\\s*[^#\\s]", layer.values)) if layer.name == "generic-byoi"])
      error_message = "Terraform cannot read the values of layer generic-byoi of profile rhel-prod 1.1.0 as YAML, so what they hold beside the rendered ones would go unseen. Use kubectl byoos apply, or set target.replace: true."
    }

    precondition {
      condition     = length(local.byoos_lost["aws-old"]) == 0
      error_message = "Layer generic-byoi of profile rhel-prod 1.1.0 has what the rendered values lack, and would lose it: ${join(", ", local.byoos_lost["aws-old"])}. Use kubectl byoos apply, which keeps it, or set target.replace: true."
    }

    precondition {
      condition     = alltrue([for text in flatten([for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : concat([layer.name == "generic-byoi" ? "" : layer.values], layer.manifest[*].content)]) : !can(regex("^\\s*[ \\t]+\\S", text))])
      error_message = "Profile rhel-prod 1.1.0 has values or a manifest whose first line is indented. The provider would write it without the indentation. Use kubectl byoos apply."
    }
  }
}

locals {
  byoos_values = {
    "aws-old" = chomp(<<EOT
pack:
  osImageOverride: "ami-0cccccccccccccccc"
EOT
    )
  }

  byoos_lost = {
    "aws-old" = flatten([for there in [for layer in data.spectrocloud_cluster_profile.Default_rhel-prod_1_1_0.pack : try(yamldecode(layer.values), null) if layer.name == "generic-byoi"] : [
      try([for key, value in there : key if !contains(["pack"], key)], []),
      try([for key, value in there["pack"] : "pack.${key}" if !contains(["osImageOverride"], key) || contains(["osImageOverride"], key) && !can(tostring(value))], there["pack"] == null ? [] : ["pack"], []),
    ]])
  }
}
