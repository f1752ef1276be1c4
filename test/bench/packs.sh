#!/usr/bin/env bash
# Many packs over many images of one source: time and memory should be those of the
# packs and of the images, not of their product.
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"

# spec PACKS SELECT: & in SELECT is the number of the pack.
spec() {
  printf 'apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n  - {name: golden, type: packer, config: {manifest: packer-manifest.json, runs: all}}\npacks:\n'
  seq "$1" | sed "s/.*/  - {name: p&, pack: generic-byoi, select: {$2}, values: {osName: rhel, osVersion: \"8\"}}/"
}

cd "$(mktemp -d -p "$scratch")"
jq -nc '{builds: [range(1; 20001) | {
  name: "a", builder_type: "amazon-ebs", build_time: (1770000000 + .), files: null,
  artifact_id: "us-east-1:ami-\("00000000000000000\(.)"[-17:])", packer_run_uuid: "\(.)", custom_data: null}], last_run_uuid: "20000"}' >packer-manifest.json

spec 1 'region: us-east-1' >byoos.yaml
measure "render, 1 pack, 20,000 images" "$bin/kubectl-byoos" render
spec 2000 'region: us-east-1, name: "a*"' >byoos.yaml
measure "render, 2,000 packs, all of 20,000 images fit" "$bin/kubectl-byoos" render
spec 2000 'region: us-east-0&' >byoos.yaml
measure "render, 2,000 packs, none of 20,000 images fits" sh -c '"$0" render || test $? = 3' "$bin/kubectl-byoos"
