#!/usr/bin/env bash
# Many packs: lock, update and verify should take time in proportion.
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"

spec() {
  printf 'apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n  - {name: golden, type: packer, config: {manifest: packer-manifest.json}}\npacks:\n'
  seq "$1" | sed 's/.*/  - {name: p&, pack: generic-byoi, select: {region: r-&}, values: {osName: rhel, osVersion: "8"}}/'
}

# manifest PACKS RUN
manifest() {
  jq -nc --argjson n "$1" --arg run "$2" '{builds: [range(1; $n + 1) | {
    name: "a", builder_type: "amazon-ebs", build_time: (1790000000 + ($run | tonumber)), files: null,
    artifact_id: "r-\(.):ami-\("00000000000000000\(. * 10 + ($run | tonumber))"[-17:])",
    packer_run_uuid: $run, custom_data: null}], last_run_uuid: $run}'
}

for packs in 500 5000; do
  cd "$(mktemp -d -p "$scratch")"
  spec "$packs" >byoos.yaml
  manifest "$packs" 1 >packer-manifest.json
  measure "lock, $packs packs" "$bin/kubectl-byoos" lock
  measure "verify, $packs packs" "$bin/kubectl-byoos" verify -o name
  manifest "$packs" 2 >packer-manifest.json
  measure "update, $packs packs, all of them change" "$bin/kubectl-byoos" update -o name
  measure "render --locked, one of $packs packs" "$bin/kubectl-byoos" render --locked p7
done
