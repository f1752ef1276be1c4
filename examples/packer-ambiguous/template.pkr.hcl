variable "endpoint" {
  default = ""
}

source "amazon-ebs" "rhel-8" {
  access_key              = "AKIAEXAMPLE"
  secret_key              = "example"
  region                  = "us-east-1"
  custom_endpoint_ec2     = var.endpoint
  skip_region_validation  = true
  skip_metadata_api_check = true
  source_ami              = "ami-00000000000000000"
  instance_type           = "t3.large"
  communicator            = "none"
}

build {
  source "amazon-ebs.rhel-8" {
    ami_name = "rhel-8-a"
  }
  post-processor "manifest" {
    output      = "packer-manifest.json"
    custom_data = { distro_arch = "x86_64", distro_name = "rhel", distro_version = "8", variant = "a" }
  }
}

build {
  source "amazon-ebs.rhel-8" {
    ami_name = "rhel-8-b"
  }
  post-processor "manifest" {
    output      = "packer-manifest.json"
    custom_data = { distro_arch = "x86_64", distro_name = "rhel", distro_version = "8", variant = "b" }
  }
}
