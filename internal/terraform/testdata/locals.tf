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
