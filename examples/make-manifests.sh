#!/usr/bin/env bash
# Makes the manifests of the examples with the real packer program (1.6 or later,
# from Debian: apt install packer jq). The AMI examples talk to the small stand-in
# for EC2 in examples/internal/fakeec2, the one for vSphere to govmomi's simulator
# in examples/internal/vcenter, so no account is needed.
#
# Usage: examples/make-manifests.sh [OUTPUT_FOLDER]
# Without a folder the manifests in examples/ are replaced.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here}
mkdir -p "$to"
to=$(cd "$to" && pwd)
work=$(mktemp -d)
servers=()
finish() {
  if [ ${#servers[@]} -gt 0 ]; then kill "${servers[@]}" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

export CHECKPOINT_DISABLE=1 PACKER_CACHE_DIR=$work/cache PACKER_CONFIG_DIR=$work
unset AWS_PROFILE AWS_DEFAULT_PROFILE
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null

# serve NAME builds and starts a stand-in and waits for its address.
serve() {
  (cd "$here/internal/$1" && go build -o "$work/$1" .)
  "$work/$1" -address-file "$work/$1.address" &
  servers+=($!)
  for _ in $(seq 600); do
    if [ -s "$work/$1.address" ]; then return; fi
    sleep 0.1
  done
  echo "the stand-in $1 did not start" >&2
  return 1
}

serve fakeec2
serve vcenter
endpoint=$(cat "$work/fakeec2.address")
vcenter=$(cat "$work/vcenter.address")

# build EXAMPLE [ARGUMENT...] runs packer in a copy of the example, keeping the
# manifest that earlier runs left there.
build() {
  local example=$1 template
  shift
  mkdir -p "$work/$example"
  template=$(basename "$here/$example"/template.*)
  cp "$here/$example/$template" "$work/$example/"
  if grep -q endpoint "$work/$example/$template"; then set -- "$@" -var "endpoint=$endpoint"; fi
  if grep -q vcenter "$work/$example/$template"; then set -- "$@" -var "vcenter=$vcenter"; fi
  (cd "$work/$example" && packer build -color=false "$@" "$template") >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    return 1
  }
}

# keep EXAMPLE FILE [JQ_FILTER] puts the manifest where it belongs. A filter is
# for builders that cannot run here, and only sets builder_type and artifact_id.
keep() {
  mkdir -p "$to/$1"
  if [ $# -gt 2 ]; then
    jq "$3" "$work/$1/$2" >"$to/$1/$2"
  else
    cp "$work/$1/$2" "$to/$1/$2"
  fi
  echo "$1/$2"
}

build packer-aws
keep packer-aws packer-manifest.json

build packer-aws-regions
keep packer-aws-regions packer-manifest.json

# Two runs: the first one builds both images, the second one a single image again.
build packer-two-runs
sleep 1 # build_time is in seconds
build packer-two-runs -only=rhel-8
keep packer-two-runs packer-manifest.json

build packer-ambiguous
keep packer-ambiguous packer-manifest.json

# azure-arm needs Azure. Its manifest comes from the file builder with the
# custom_data of Kubernetes Image Builder.
build packer-azure
keep packer-azure manifest.json '
  .builds[].builder_type = "azure-arm" | .builds[].artifact_id =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/capi-images/providers/Microsoft.Compute/images/capi-ubuntu-2404-gen2-1795557726"'

build packer-vsphere
keep packer-vsphere packer-manifest.json
