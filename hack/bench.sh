#!/usr/bin/env bash
# Measures speed and memory: `make bench`, or hack/bench.sh PART... for some parts.
# Ratios are taken within one run, since a machine's speed drifts.
set -euo pipefail
cd "$(dirname "$0")/.."

parts=("$@")
if ((${#parts[@]} == 0)); then
  parts=(startup plugins manifests packs lock aws azure oci)
fi
for program in hyperfine /usr/bin/time jq; do
  command -v "$program" >/dev/null || { echo "install $program (Debian: hyperfine, time, jq)" >&2; exit 1; }
done

echo "machine: $(nproc) cores, $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | xargs), $(uname -sm), $(go version | cut -d' ' -f3); date: $(date +%F)"
for part in "${parts[@]}"; do
  printf '\n== %s\n' "$part"
  "./test/bench/$part.sh"
done
