#!/usr/bin/env bash
# Manifests of 1 to 400 MB with the current run at their end: time per MB and peak
# memory should stay flat.
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$root"
HOME=$(getent passwd "$(id -u)" | cut -d: -f6) go build -o "$scratch/generate" ./plugins/byoos-source-packer/internal/manifest/manifesttest/generate
for mb in 1 10 100 400; do
  "$scratch/generate" -mb "$mb" >"$scratch/packer-manifest.json"
  measure "images of a manifest of $mb MB" "$bin/kubectl-byoos" images --source packer --set "manifest=$scratch/packer-manifest.json" -o name
done
